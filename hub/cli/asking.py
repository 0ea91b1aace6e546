"""What commands that read the books ask alike: whose, as of when, how many; and the answers that they share."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import typer

from hub.cli.context import as_unicode, now
from hub.errors import HubError
from hub.money import AmountError, format_amount, parse_amount
from hub.place import place

if TYPE_CHECKING:
    from hub.ledger.ageing import Ageing
    from hub.settings import Site
    from hub.store.clearing.bank_lines import BankSaid
    from hub.store.views import Source


def unicode_or_none(text: str | None) -> str | None:
    return None if text is None else as_unicode(text)


AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Up to and including this day, YYYY-MM-DD. Default: today."),
]
RecordedOption = Annotated[
    str | None,
    typer.Option(
        "--recorded",
        metavar="DATE|TIME",
        help="As the books stood at the end of this day, or at this moment, e.g. 2026-11-22T14:30. Default: now.",
    ),
]
FromOption = Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day, YYYY-MM-DD.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day, YYYY-MM-DD.")]
CompanyOption = Annotated[
    str | None, typer.Option("--company", metavar="NUMBER", callback=unicode_or_none, help="As in the portfolio.")
]
PropertyOption = Annotated[
    str | None,
    typer.Option("--property", metavar="PROPERTY", callback=unicode_or_none, help="company-property, e.g. 1-12"),
]
TenancyOption = Annotated[
    str | None,
    typer.Option(
        "--tenancy", metavar="TENANCY", callback=unicode_or_none, help="company-property-unit-tenant, e.g. 1-12-304-2"
    ),
]
LimitOption = Annotated[
    int, typer.Option("--limit", metavar="COUNT", min=1, max=100_000, help="Show so many at most; the rest is counted.")
]
NowOption = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="TIME",
        help="As if it were this moment: ISO, with its zone. On a production site with --check alone.",
    ),
]

#: Business days of any books are among these; beyond them days cannot be counted on.
_YEAR_MIN, _YEAR_MAX = 1900, 9000
_BRIEF_MAX = 40
#: ISO has other ways to write a day, which nobody means.
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


#: Around an amount, as people write it.
_CURRENCY = re.compile(r"(?i)^(?:kr\.?|dkk|sek)\s*|\s*(?:kr\.?|kroner|kronor|dkk|sek|,-)$")
#: As banks print what is taken off.
_SIGN_BEHIND = re.compile(r"^([\d.,\s]*\d)\s*-$", re.ASCII)
_BY_BLANKS = re.compile(r"([+-]?\d{1,3}(?:\s\d{3})+)([.,]\d{1,2})?", re.ASCII)
_BY_POINTS = re.compile(r"([+-]?\d{1,3}(?:\.\d{3})+)(,\d{1,2})?", re.ASCII)
_BY_COMMAS = re.compile(r"([+-]?\d{1,3}(?:,\d{3})+)(\.\d{1,2})?", re.ASCII)


class ClockError(HubError):
    """What is written on a production site would be dated by another clock than its own."""


class When(NamedTuple):
    """Up to and including ``as_of``, as the books stood at ``recorded``; None = now."""

    as_of: date
    recorded: datetime | None


def day_of(text: str | None, option: str) -> date | None:
    return None if text is None else required_day(text, option)


def required_day(text: str, option: str) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise typer.BadParameter(f"{text!r} is no day: write YYYY-MM-DD", param_hint=option)
    if not _YEAR_MIN <= day.year <= _YEAR_MAX:
        raise typer.BadParameter(f"{text} is no day of any books", param_hint=option)
    return day


def span_of(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """``--from`` and ``--to``."""
    begin, end = day_of(first, "--from"), day_of(last, "--to")
    if begin is not None and end is not None and end < begin:
        raise typer.BadParameter(f"{last} is before {first}", param_hint="--to")
    return begin, end


class AmountSaid(NamedTuple):
    """An amount that is looked for: øre, and how it was read where it could have meant something else."""

    ore: int
    doubt: str = ""


def amount_said(text: str) -> AmountSaid | None:
    """What an amount is taken for, in whatever way it is written: ``kr. 6.412,50``, ``6 412,50-``, ``DKK 6,412.50``.

    ``6.412`` and ``6,412`` are 6412.00, as no amount has three decimals; ``doubt`` says so. None: this is no amount.
    """
    plain = _CURRENCY.sub("", " ".join(text.replace("\u2212", "-").split())).strip()
    plain = _SIGN_BEHIND.sub(r"-\1", plain)
    for grouped in (_BY_BLANKS, _BY_POINTS, _BY_COMMAS):
        if match := grouped.fullmatch(plain):
            whole = re.sub(r"[ .,]", "", match[1])
            ore = _ore(whole + (match[2] or ""))
            doubtful = grouped is not _BY_BLANKS and match[2] is None and len(whole.lstrip("+-")) <= 6
            doubt = f"{text} is read as {format_amount(ore)}: no amount has three decimals" if ore and doubtful else ""
            return None if ore is None else AmountSaid(ore, doubt)
    ore = _ore(plain)
    return None if ore is None else AmountSaid(ore)


def _ore(text: str) -> int | None:
    try:
        return parse_amount(text)
    except AmountError:
        return None


def when_of(site: Site, key: str | None, as_of: str | None, recorded: str | None) -> When:
    """What ``--as-of`` and ``--recorded`` say, in the time of the company that ``key`` begins with; None = the site's.

    Books asked as they stood at a moment answer for the day of that moment, unless another is named.
    """
    zone = zone_of(site, key)
    moment = None if recorded is None else _moment(recorded, zone)
    day = day_of(as_of, "--as-of")
    return When(day or (moment or now()).astimezone(zone).date(), moment)


def moment_of(text: str | None) -> datetime | None:
    """What ``--now`` says."""
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no moment: write 2026-11-20T10:59+01:00", param_hint="--now")
    return given


def refuse_other_clocks(site: Site, moment: datetime | None) -> None:
    """Nothing is written on a production site as of a ``moment`` that is not now. Raises ClockError."""
    if moment is not None and site.hub.site.production:
        raise ClockError(
            f"--now {moment.isoformat()} on a production site",
            why="the books would say that it was done then, and a vendor's deadline that has passed would not be seen",
            do="leave --now out; with --check it shows what would be, and writes nothing",
        )


def zone_of(site: Site, key: str | None) -> ZoneInfo:
    number = key.partition("-")[0].lstrip("0") if key else ""
    company = site.companies.get(number)
    return ZoneInfo(company.timezone) if company is not None and company.timezone else site.zone


def ageing_document(ageing: Ageing) -> dict[str, str]:
    return {name: format_amount(ore) for name, ore in ageing._asdict().items()}


def source_document(source: Source) -> dict[str, object]:
    return {"file": source.file, "record": source.record, "file_id": source.file_id}


def source_text(source: Source) -> str:
    """Empty for an act of a person."""
    return place(source.file, source.record)


def bank_document(said: BankSaid | None) -> dict[str, Any] | None:
    """What the bank says of money; None where it came another way."""
    if said is None:
        return None
    return {
        "account": said.account,
        "booked_on": said.booking_date.isoformat(),
        "code": said.code,
        "payer": said.payer,
        "payer_account": said.payer_account,
        "reference": said.servicer_reference,
        "text": said.text,
    }


def bank_text(said: BankSaid) -> str:
    """Who paid, from where, and what he and the bank have written, with a middle dot between."""
    return " · ".join(filter(None, (said.payer, said.payer_account, said.text)))


def iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def brief(text: str) -> str:
    """As much of a text as a table has room for."""
    return text if len(text) <= _BRIEF_MAX else f"{text[: _BRIEF_MAX - 1]}…"


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """The end of a day, or a moment; without an offset it is that of ``zone``."""
    try:
        moment = datetime.combine(date.fromisoformat(text), time.max)
    except ValueError:
        moment = _written_moment(text)
    if not _YEAR_MIN <= moment.year <= _YEAR_MAX:
        raise typer.BadParameter(f"{text} is no day of any books", param_hint="--recorded")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _written_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no day and no moment: write YYYY-MM-DD or YYYY-MM-DDTHH:MM", param_hint="--recorded"
        ) from error
