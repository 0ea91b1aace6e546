"""What a meter company is to be told: who lived in a property, when, and what was asked of them on account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from hub.acts.act import Acting
from hub.consumption.accounts import account_for
from hub.consumption.on_account import OnAccount, on_account_of, straddling
from hub.consumption.tenants import AccountTenant, moved_out_by, tenants_of
from hub.errors import HubError
from hub.plugin import ConsumptionTenancy
from hub.settings import ConsumptionSection, ConsumptionType, Site, VendorConfig, vendor_file
from hub.store.consumption.accounts import AccountRow
from hub.store.portfolio import PropertyRef, lock_properties, refs_with
from hub.store.views.scope import property_of

#: A year is settled; who asks for more than two has most likely mistyped one.
_YEARS_MAX = 2


class ExportRefusedError(HubError):
    """There is no file to be made as it was asked for."""


@dataclass(frozen=True)
class ExportAsked:
    """A file of one vendor instance; ``property`` is company-property, ``period`` has both ends in."""

    instance: str
    property: str
    period: tuple[date, date]


class Told(NamedTuple):
    tenant: AccountTenant
    #: Øre (R27).
    on_account: int


class LeftOut(NamedTuple):
    """What was asked on account and the file does not say; øre."""

    tenancy: str
    amount: int
    why: str


class Telling(NamedTuple):
    asked: ExportAsked
    section: ConsumptionSection
    type: str
    property_ref: PropertyRef
    account: AccountRow
    told: tuple[Told, ...]
    left: tuple[LeftOut, ...]

    @property
    def on_account(self) -> int:
        """Of all, øre."""
        return sum(one.on_account for one in self.told)


def plan(acting: Acting, asked: ExportAsked) -> Telling:
    """Opens the account where there is none yet, locks the property and gathers what is to be told.

    Raises ExportRefusedError, OverlapError, and HubError where there is no such property.
    """
    config = _exporting(acting.site, asked.instance)
    owner = property_of(acting.conn, asked.property)
    _judge_scope(config, asked.instance, owner)
    today = acting.site.today(owner.company_number, acting.now)
    _judge_period(asked.period, today)
    type_name, of_type = _type_of(acting.site, config, asked.instance, owner)
    lock_properties(acting.conn, {owner.id})
    account = account_for(acting.conn, owner.id, type_name, asked.period, opened_by=acting.actor, now=acting.now)
    cut_off = moved_out_by(today, of_type.moved_out_months)
    tenants = tenants_of(acting.conn, owner.id, asked.period, moved_out_by=cut_off, vacant=of_type.vacant)
    on_account = on_account_of(acting.conn, owner.id, of_type.on_account, asked.period)
    told = tuple(_told(config.consumption, tenants, on_account))
    if not told:
        raise ExportRefusedError(
            f"nobody lived in property {asked.property} from {asked.period[0]} to {asked.period[1]}",
            why="there is nothing to tell",
            do="see the days on which tenants moved in and out: hub portfolio history",
        )
    left = (*_not_told(acting, told, on_account), *_not_counted(acting, owner, of_type, asked.period))
    return Telling(asked, config.consumption, type_name, owner, account, told, left)


def records_of(telling: Telling) -> Iterator[ConsumptionTenancy]:
    """In the order of the file."""
    for number, (tenant, on_account) in enumerate(telling.told, start=1):
        facts = tenant.facts
        gone = tenant.standing == "moved_out"
        # Who moves out later than the cut-off is told of as one who lives there, unless the account ends after he does.
        leaves = gone or (facts.move_out is not None and facts.move_out <= telling.asked.period[1])
        yield ConsumptionTenancy(
            record=number,
            company=facts.company,
            property=facts.property,
            unit=facts.unit,
            tenant=facts.tenant,
            amount=on_account,
            currency=facts.currency,
            move_in=facts.move_in,
            move_out=facts.move_out if leaves else None,
            name=facts.name,
            second_name=facts.second_name,
            street=facts.street,
            postal_code=facts.postal_code,
            city=facts.city,
            new_address=facts.new_address if gone else "",
            new_postal_code=facts.new_postal_code if gone else "",
            new_city=facts.new_city if gone else "",
            vat="1" if facts.vat_registered else "0",
            period_from=telling.asked.period[0],
            period_to=telling.asked.period[1],
        )


def _exporting(site: Site, instance: str) -> VendorConfig:
    config = site.vendors.get(instance)
    if config is None:
        raise ExportRefusedError(
            f"there is no vendor instance {instance}", do=f"there are: {', '.join(sorted(site.vendors)) or 'none'}"
        )
    if not config.consumption.export:
        raise ExportRefusedError(
            "export is off",
            where=f"{vendor_file(instance)}, consumption.export",
            why="a meter company gets files only where somebody has agreed with it on their layout (R2, R36)",
            do="set export = true and type in [consumption]",
        )
    return config


def _judge_scope(config: VendorConfig, instance: str, owner: PropertyRef) -> None:
    named = f"{owner.company_number}-{owner.number}"
    for setting, served, wanted in (
        ("companies", config.companies, owner.company_number),
        ("properties", config.properties, named),
    ):
        if served and wanted not in served:
            raise ExportRefusedError(
                f"property {named} is not among those that this vendor instance serves",
                where=f"{vendor_file(instance)}, {setting}",
                why="another company reads its meters, and would not know these tenants (R2)",
                do=f"name the instance that serves it, or add {wanted} to {setting}",
            )


def _judge_period(period: tuple[date, date], today: date) -> None:
    first, last = period
    said = f"{first}..{last}"
    if (last.year, last.month, last.day) >= (first.year + _YEARS_MAX, first.month, first.day):
        raise ExportRefusedError(
            f"the period {said} is longer than {_YEARS_MAX * 12} months",
            why="an account is settled once a year; a year was mistyped",
            do="give the first and last day of the account",
        )
    if first > today:
        raise ExportRefusedError(
            f"the period {said} has not begun",
            why=f"today is {today}: nobody has lived there in it or was asked for anything",
            do="export when it has",
        )


def _type_of(site: Site, config: VendorConfig, instance: str, owner: PropertyRef) -> tuple[str, ConsumptionType]:
    name = config.consumption.type
    # What a config that exports has: see hub.settings.consumption.
    assert name is not None
    found = site.company(owner.company_number).consumption_type(name)
    if found is None:
        raise ExportRefusedError(
            f"company {owner.company_number} has no consumption type {name}",
            where=f"{vendor_file(instance)}, consumption.type",
            why="what was asked on account is known by the charge types of a consumption type (R26)",
            do=f"set [consumption.{name}] in the company's settings, or name a type that it has",
        )
    return name, found


def _told(
    section: ConsumptionSection, tenants: Sequence[AccountTenant], on_account: Mapping[int, OnAccount]
) -> Iterator[Told]:
    """All but vacancies, and garages and the like of which nothing was asked: nobody reads a meter there."""
    for tenant in tenants:
        asked = on_account.get(tenant.ref.id, OnAccount())
        if tenant.standing != "vacant" and (asked.charged or not tenant.facts.accessory):
            yield Told(tenant, asked.paid if section.basis == "paid" else asked.charged)


def _not_told(acting: Acting, told: Sequence[Told], on_account: Mapping[int, OnAccount]) -> Iterator[LeftOut]:
    """Who was asked for something and is not in the file: a vacancy, or somebody who did not live there then."""
    named = {one.tenant.ref.id for one in told}
    asked = {id_: one.charged for id_, one in on_account.items() if one.charged and id_ not in named}
    refs = refs_with(acting.conn, asked.keys())
    why = "was charged on account for these days, and is vacant or did not live there then"
    yield from sorted(LeftOut(refs[id_].key, charged, why) for id_, charged in asked.items())


def _not_counted(
    acting: Acting, owner: PropertyRef, of_type: ConsumptionType, period: tuple[date, date]
) -> Iterator[LeftOut]:
    """Lines that are for days of the account and for others."""
    for one in straddling(acting.conn, owner.id, of_type.on_account, period):
        yield LeftOut(
            one.tenancy, one.amount, f"charged for {one.first}..{one.last}, which no account holds whole (R27)"
        )
