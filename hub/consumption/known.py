"""What our books know of a consumption account, for judging and booking what a meter company says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Connection

from hub.consumption.on_account import OnAccount, Straddling, on_account_of, straddling
from hub.errors import HubError
from hub.money import format_amount
from hub.settings import CompanyConfig, ConsumptionSection, ConsumptionType, Site
from hub.store.consumption import results
from hub.store.consumption.accounts import AccountRow
from hub.store.consumption.exports import last_told
from hub.store.consumption.results import Line, Revision
from hub.store.consumption.settled import Unsettled, unsettled
from hub.store.holdings import holdings_among
from hub.store.portfolio import PropertyRef, property_with

_NOTHING = OnAccount()


class NoSuchTypeError(HubError):
    """The account is of a consumption type that its company has no longer."""


class Asked(NamedTuple):
    """Øre that a tenancy was asked for on account and no result has settled."""

    charged: int = 0
    paid: int = 0


@dataclass(frozen=True)
class Known:
    """Of one account, at one time. Øre."""

    account: AccountRow
    of: PropertyRef
    company: CompanyConfig
    type: ConsumptionType
    section: ConsumptionSection
    #: By tenancy id: all that was asked on account, and what of it no result has settled yet.
    asked: Mapping[int, OnAccount]
    open: Sequence[Unsettled]
    #: What was asked for days of this account and of others: no result settles it.
    straddling: Sequence[Straddling]
    #: What the vendor was told last, by tenancy id (R28).
    told: Mapping[int, int]
    #: Lines of what came before and stands, by unit and tenant.
    before: Mapping[tuple[str, str], Sequence[Line]]
    #: What of them is booked and stands.
    booked: Mapping[tuple[str, str], int]
    #: Tenancies whose on-account money a result without accounts has taken into account (R31).
    carried: Collection[int]
    #: Revisions whose lines take the place of those before.
    replacing: Collection[int]
    #: Revisions that wait.
    waiting: Collection[int]
    #: What is held, by tenancy id and name of the holding, of whoever has something on account that is not settled.
    held: Mapping[tuple[int, str], int]

    @property
    def place(self) -> str:
        """As a person reads it: ``heat of property 1-12, 2025-06-01..2026-05-31``."""
        period = f"{self.account.period_from}..{self.account.period_to}"
        return f"{self.account.type} of property {self.of.company_number}-{self.of.number}, {period}"

    def on_account(self, what: results.What, line: Line) -> int:
        """What the tenant of a line has coming against his cost (R27): all of it once, of a further result the rest."""
        if line.tenancy_id is None:
            return 0
        tenancy_id, paid_only = line.tenancy_id, self.section.basis == "paid"
        if what != "adds":
            all_of_it = self.asked.get(tenancy_id, _NOTHING)
            return self.told.get(tenancy_id, all_of_it.paid) if paid_only else all_of_it.charged
        if tenancy_id in self.carried:
            return 0
        rest = self.rest.get(tenancy_id, Asked())
        if not paid_only:
            return rest.charged
        came_before = bool(self.before.get((line.unit, line.tenant)))
        return rest.paid if came_before else self.told.get(tenancy_id, rest.paid)

    @cached_property
    def rest(self) -> Mapping[int, Asked]:
        found: defaultdict[int, Asked] = defaultdict(Asked)
        for one in self.open:
            charged, paid = found[one.tenancy_id]
            found[one.tenancy_id] = Asked(charged + one.asked, paid + one.asked - one.unpaid)
        return found


def known(conn: Connection, site: Site, account: AccountRow, revision: Revision) -> Known:
    """All but ``revision`` itself, and what came after it. Raises NoSuchTypeError."""
    of = property_with(conn, account.property_id)
    company = site.company(of.company_number)
    type_ = company.consumption_type(account.type)
    if type_ is None:
        raise NoSuchTypeError(
            f"company {of.company_number} has no consumption type {account.type!r}",
            where=f"consumption account {account.id}",
            do=f"set [consumption.{account.type}] in the company's settings",
        )
    vendor = site.vendors.get(revision.vendor)
    period = (account.period_from, account.period_to)
    earlier = [one for one in results.revisions_of(conn, account.id, standing=True) if one.seq < revision.seq]
    lines = results.lines_of(conn, [one.id for one in earlier])
    open_ = unsettled(conn, account, type_.on_account)
    before: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        before[line.unit, line.tenant].append(line)
    carried = {one.id for one in earlier if one.what == "carried"}
    return Known(
        account,
        of,
        company,
        type_,
        vendor.consumption if vendor is not None else ConsumptionSection(),
        on_account_of(conn, account.property_id, type_.on_account, period),
        open_,
        list(straddling(conn, account.property_id, type_.on_account, period)),
        last_told(conn, account.id, revision.vendor),
        before,
        results.booked_so_far(conn, account.id),
        {line.tenancy_id for line in lines if line.revision_id in carried and line.tenancy_id is not None},
        {one.id for one in earlier if one.what == "replaces"},
        {one.id for one in earlier if one.state == "waits"},
        {
            (tenancy_id, one.name): one.held
            for tenancy_id, found in holdings_among(conn, {one.tenancy_id for one in open_}).items()
            for one in found
        },
    )


def figured(of: Known, what: results.What, lines: Sequence[Line]) -> list[Line]:
    """The lines with what is on account, and what each books (R28, R29)."""
    booked = dict(of.booked)
    found = []
    for line in lines:
        on_account = of.on_account(what, line)
        result = line.amount - on_account if line.measure == "cost" else line.amount
        if what == "replaces":
            result -= booked.pop((line.unit, line.tenant), 0)
        found.append(line._replace(on_account=on_account, result=result))
    return found


def contradictions(of: Known, what: results.What, lines: Sequence[Line]) -> list[str]:
    """Where the file gives back another on-account amount than it was told, or than our books have (R28)."""
    found = []
    for line in lines:
        told = line.on_account_told
        again = what == "adds" and (line.unit, line.tenant) in of.before
        if told is None or line.tenancy_id is None or again:
            continue
        exported = of.told.get(line.tenancy_id)
        differs_from_export = exported is not None and told != exported
        limit = of.type.tenant_difference
        # What was told counts where only what is paid does: more may have been paid since.
        fixed = exported is not None and of.section.basis == "paid"
        differs_from_books = not fixed and abs(told - line.on_account) > limit
        if differs_from_export or differs_from_books:
            ours = f"our books have {format_amount(line.on_account)}"
            export = "" if exported is None else f"it was told {format_amount(exported)}, "
            found.append(
                f"record {line.record}: the file says {format_amount(told)} on account of "
                f"{of.of.company_number}-{of.of.number}-{line.unit}-{line.tenant}, {export}{ours} (R28)"
            )
    return found
