"""A site's configuration: hub.toml, one file a company, one file a vendor instance.

A site is a folder. Everything the hub keeps lies under it, except a PostgreSQL database. Whatever is wrong in any file
is reported at once, as a :class:`Problem` each.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, StringConstraints, ValidationError, field_validator

from hub.calendar import Country
from hub.ledger.terms import Terms
from hub.ledger.words import Language
from hub.settings.clearing import BankRule, ClearingSection, OwnReference, SlipCreditor
from hub.settings.collecting import CollectionSection, DeliverySection
from hub.settings.company import CompanyConfig, CompanyNumber, PropertyNumber, known_zone
from hub.settings.consumption import ConsumptionSection, ConsumptionType
from hub.settings.exchange import (
    ExchangeSection,
    FolderSection,
    MailSection,
    MailServerSection,
    NoticesSection,
    PackingSection,
    PgpSection,
    SftpSection,
    parse_expectation,
)
from hub.settings.model import HIDDEN, ConfigError, Model, Problem, Secret, is_secret, problems_of, shown

__all__ = [
    "HIDDEN",
    "BankRule",
    "ClearingSection",
    "CollectionSection",
    "CompanyConfig",
    "ConfigError",
    "ConsumptionSection",
    "ConsumptionType",
    "DeliverySection",
    "Door",
    "ExchangeSection",
    "FolderSection",
    "HubConfig",
    "IntakeSection",
    "MailSection",
    "MailServerSection",
    "NoticesSection",
    "PackingSection",
    "PgpSection",
    "PluginSection",
    "Problem",
    "Secret",
    "SftpSection",
    "Site",
    "VendorConfig",
    "is_secret",
    "load_site",
    "parse_period",
    "problems_of",
    "read_site",
    "shown",
    "vendor_file",
]


class SiteSection(Model):
    name: str = "Hub"
    timezone: str = "Europe/Copenhagen"
    language: Language = "da"
    #: False on a site that is for trying things out: there alone tests are delivered.
    production: bool = True

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)


class IntakeSection(Model):
    #: A file is taken when size and mtime were equal over this many looks and it is at least this old.
    settle_looks: int = Field(2, ge=1, le=100)
    settle_age_seconds: float = Field(2.0, ge=0, le=86_400)
    #: The reconciling scan, whatever events say.
    scan_seconds: float = Field(5.0, gt=0, le=3_600)
    #: Network mounts send no events: poll them.
    polling: bool = False
    #: How long a claim holds without a sign of life before another hub may take it over.
    lease_seconds: int = Field(120, ge=10, le=86_400)
    file_bytes_max: int = Field(2 * 1024**3, ge=1)
    #: Of one zip with all that is zipped in it: members, bytes of one, bytes of all, and times the zip's own bytes.
    zip_members_max: int = Field(5_000, ge=1, le=100_000)
    zip_member_bytes_max: int = Field(256 * 1024**2, ge=1)
    zip_bytes_max: int = Field(2 * 1024**3, ge=1)
    zip_ratio_max: int = Field(200, ge=1, le=2_000)
    #: How deep zips within a zip are taken apart; 0 = they are refused.
    zip_depth_max: int = Field(1, ge=0, le=5)


class PluginSection(Model):
    """Limits on the child process of each instance."""

    no_progress_seconds: float = Field(30.0, gt=0, le=3_600)
    memory_megabytes: int = Field(512, ge=64)
    read_budget_bytes: int = Field(1024 * 1024, ge=65_536)


class LogSection(Model):
    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class HubConfig(Model):
    """config/hub.toml."""

    site: SiteSection = SiteSection()
    #: An SQLAlchemy URL, relative sqlite paths from the site's folder; or where the URL is kept.
    database: str | Secret = "sqlite:///hub.db"
    intake: IntakeSection = IntakeSection()
    plugins: PluginSection = PluginSection()
    exchange: ExchangeSection = ExchangeSection()
    #: None = nothing is mailed.
    mail: MailServerSection | None = None
    #: None = nothing is decrypted or encrypted.
    pgp: PgpSection | None = None
    notices: NoticesSection = NoticesSection()
    log: LogSection = LogSection()


#: Names an instance and its folder: safe on every file system and never out of the inbox.
_PLAIN_NAME = r"^[^\W_][\w.-]*$"


class Door(Model):
    """Where an instance's files come in (R1). Its own inbox always; the common inbox where the name fits."""

    #: Folder below inbox/; default: the instance's name.
    folder: Annotated[str, StringConstraints(pattern=_PLAIN_NAME)] | None = None
    #: Shell pattern of file names in the common inbox; "" = nothing from there.
    pattern: str = "*"


_M = TypeVar("_M", bound=BaseModel)
_PERIOD = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")


def parse_period(text: str) -> tuple[date, date]:
    """``2025-06-01..2026-05-31`` as first and last day. Raises ValueError."""
    match = _PERIOD.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no period: write FROM..TO, e.g. 2025-06-01..2026-05-31")
    first, last = date.fromisoformat(match[1]), date.fromisoformat(match[2])
    if last < first:
        raise ValueError(f"{text!r} ends before it begins")
    return first, last


class VendorConfig(Model):
    """config/vendors/NAME.toml: one instance of a plug-in."""

    plugin: str
    enabled: bool = True
    #: Companies (``1``) and properties (``1-12``) served (R2); empty = all.
    companies: tuple[CompanyNumber, ...] = ()
    properties: tuple[PropertyNumber, ...] = ()
    #: Book at once or after a person's approval (R8).
    book: Literal["auto", "after_approval"] = "auto"
    door: Door = Door()
    #: What the vendor calls us, where the portfolio does not say it: a MobilePay sales unit, a bank account without
    #: blanks = a company (``1``) or one property (``1-12``), for R7.
    numbers: Mapping[str, CompanyNumber | PropertyNumber] = {}
    #: What a payer's own words may name, each to the letter: a tenancy's customer number, the one charge with this
    #: reference, a tenancy's key. What names two tenancies is nobody's.
    match: tuple[OwnReference, ...] = ("customer",)
    #: Creditor numbers of payment slips that this instance books on tenants (R17): no other instance does then.
    books_slips_of: tuple[SlipCreditor, ...] = ()
    clearing: ClearingSection = ClearingSection()
    #: Of a bank: what lines that name nobody are, the first that fits.
    rules: tuple[BankRule, ...] = ()
    #: The accounting period of results whose files carry none (R30), FROM..TO.
    period: str | None = None
    #: What our deliveries to it are made with; none = nothing is delivered.
    delivery: DeliverySection | None = None
    #: Ways of our deliveries to it, each of which gets every one; none = they wait in outbox/ for a person.
    sftp: SftpSection | None = None
    folder: FolderSection | None = None
    mail: MailSection = MailSection()
    packing: PackingSection = PackingSection()
    #: Whose bank days its schedules follow.
    country: Country = "DK"
    #: When a file of its is missed: "by 12:00 on bank days".
    expect: str | None = None
    #: Not missed while the vendor's clearing account stands at 0.00.
    expect_unless_zero: bool = False
    #: How its results settle consumption accounts, and what it is told.
    consumption: ConsumptionSection = ConsumptionSection()
    #: The plug-in's own settings, judged by its model.
    settings: Mapping[str, Any] = {}

    @field_validator("period")
    @classmethod
    def _readable_period(cls, value: str | None) -> str | None:
        if value is not None:
            parse_period(value)
        return value

    @field_validator("rules")
    @classmethod
    def _named_once(cls, value: tuple[BankRule, ...]) -> tuple[BankRule, ...]:
        names = [rule.name for rule in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are called {', '.join(twice)}: their uses could not be told apart")
        return value

    @field_validator("expect")
    @classmethod
    def _readable_expectation(cls, value: str | None) -> str | None:
        if value is not None:
            parse_expectation(value)
        return value


@dataclass(frozen=True)
class Site:
    root: Path
    hub: HubConfig = field(default_factory=HubConfig)
    companies: Mapping[str, CompanyConfig] = field(default_factory=dict)
    vendors: Mapping[str, VendorConfig] = field(default_factory=dict)

    @property
    def inbox(self) -> Path:
        """The common inbox; every instance's own inbox is a folder in it."""
        return self.root / "inbox"

    @property
    def content(self) -> Path:
        """Every file that ever came, under its sha256; never changed."""
        return self.root / "content"

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def outbox(self) -> Path:
        """What we deliver, a folder an instance; its bytes are in the content store."""
        return self.root / "outbox"

    @property
    def lists(self) -> Path:
        """Payment and error lists (R8)."""
        return self.root / "lists"

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.hub.site.timezone)

    def own_inbox(self, vendor: str) -> Path:
        return self.inbox / (self.vendors[vendor].door.folder or vendor)

    def company(self, number: str) -> CompanyConfig:
        """Its settings, or the defaults. Of any number, also one that no company can have: the portfolio says which."""
        return self.companies.get(number) or CompanyConfig.model_construct(number=number)

    def other_currency(self, number: str, books: str) -> str:
        """What is wrong where a company's books are in another currency than its settings say; "" = nothing is."""
        said = self.company(number).currency
        if said == books:
            return ""
        return f"company {number} has its books in {books}, which cannot be changed, and its settings say {said}"

    def company_with_language(self, number: str) -> CompanyConfig:
        """As :meth:`company`, with the site's language where it has none of its own."""
        return self.company(number).model_copy(update={"language": self.language(number)})

    def terms_of(self, number: str) -> Terms:
        return self.company(number).allocation.terms._replace(language=self.language(number))

    def today(self, number: str, now: datetime) -> date:
        """The business day that ``now`` falls on for this company."""
        return self.local(number, now).date()

    def local(self, number: str, now: datetime) -> datetime:
        """``now`` by this company's clock."""
        zone = self.company(number).timezone
        return now.astimezone(ZoneInfo(zone) if zone else self.zone)

    def language(self, number: str) -> Language:
        """Of this company's entries, letters and statements."""
        return self.company(number).language or self.hub.site.language

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL with a relative sqlite path made absolute below the site."""
        url = self.hub.database
        text = url.reveal(self.root) if isinstance(url, Secret) else url
        prefix = "sqlite:///"
        if text.startswith(prefix) and not text.startswith(prefix + "/"):
            return f"{prefix}{self.root.resolve() / text[len(prefix) :]}"
        return text


def load_site(root: Path) -> Site:
    """Reads config/ below ``root``. Raises ConfigError with all problems of all files."""
    site, problems = read_site(root)
    if problems:
        raise ConfigError(problems)
    return site


def read_site(root: Path) -> tuple[Site, list[Problem]]:
    """What can be read of config/ below ``root``, and all that is wrong with the rest of it."""
    root = root.resolve()
    config = root / "config"
    if not (config / "hub.toml").is_file():
        return Site(root), [Problem("config/hub.toml", "the file", "", f"is missing: run: hub init {root}")]
    problems: list[Problem] = []
    hub = _load(config / "hub.toml", root, HubConfig, problems) or HubConfig()
    companies: dict[str, CompanyConfig] = {}
    for path in sorted((config / "companies").glob("*.toml")):
        company = _load(path, root, CompanyConfig, problems)
        if company is None:
            continue
        if company.number in companies:
            problems.append(Problem(_relative(path, root), "number", company.number, "another file has this number"))
        companies[company.number] = company
    vendors: dict[str, VendorConfig] = {}
    for path in sorted((config / "vendors").glob("*.toml")):
        if not re.fullmatch(_PLAIN_NAME, path.stem):
            problems.append(Problem(_relative(path, root), "the file's name", path.stem, "letters, digits and . _ -"))
            continue
        instance = _load(path, root, VendorConfig, problems)
        if instance is not None and instance.enabled:
            vendors[path.stem] = instance
    return Site(root, hub, companies, vendors), problems


def vendor_file(name: str) -> str:
    """The config file of an instance, from the site's folder."""
    return f"config/vendors/{name}.toml"


def _load(path: Path, root: Path, model: type[_M], problems: list[Problem]) -> _M | None:
    file = _relative(path, root)
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        problems.append(Problem(file, "the file", "", f"cannot be read: {error.strerror}"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(file, "the file", "", f"no TOML: {error}"))
    except ValidationError as error:
        problems.extend(problems_of(error, file, model))
    return None


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
