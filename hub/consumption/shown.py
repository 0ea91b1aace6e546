"""A consumption account as a person looks at it: every tenant's on-account, cost and result, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.consumption.booking import due_day
from hub.consumption.judging import Finding, judge, key_of, tenants_in
from hub.consumption.known import Known, known
from hub.errors import NotFoundError
from hub.settings import Site
from hub.store.consumption import results
from hub.store.consumption.accounts import AccountRow, account_with, accounts
from hub.store.consumption.results import Line, Revision, taken_back
from hub.store.portfolio import PropertyRef, property_with


class Shown(NamedTuple):
    """An account in a list; øre."""

    account: AccountRow
    of: PropertyRef
    #: Revisions that wait for a person.
    waiting: int
    #: What all that is booked of it comes to: positive = the tenants pay.
    booked: int


class TenantShown(NamedTuple):
    """One tenant's line of a revision, or a tenant without any; øre."""

    #: company-property-unit-tenant
    tenancy: str
    name: str
    #: present, moved_out, vacant
    standing: str
    #: None = there is no result.
    revision: int | None
    on_account: int
    cost: int | None
    #: Of a revised account, the difference that it books (R29).
    result: int | None
    #: no result, waits, unchanged, booked, reversed
    state: str
    due: date | None
    entry: int | None


class RevisionShown(NamedTuple):
    revision: Revision
    findings: Sequence[Finding]
    contradictions: Sequence[str]


class Detail(NamedTuple):
    account: AccountRow
    of: PropertyRef
    revisions: Sequence[RevisionShown]
    tenants: Sequence[TenantShown]


def listed(conn: Connection, property_id: int | None, state: str | None) -> list[Shown]:
    found = []
    for account in accounts(conn, property_id, state):
        waiting = sum(one.state == "waits" for one in results.revisions_of(conn, account.id))
        booked = sum(results.booked_so_far(conn, account.id).values())
        found.append(Shown(account, property_with(conn, account.property_id), waiting, booked))
    return found


def detail(conn: Connection, site: Site, account_id: int, now: datetime) -> Detail:
    """What waits is judged as our books stand now. Raises HubError where there is no such account."""
    account = account_with(conn, account_id)
    if account is None:
        raise NotFoundError(f"there is no consumption account {account_id}", do="see: hub consumption list")
    of = property_with(conn, account.property_id)
    today = site.today(of.company_number, now)
    revisions: list[RevisionShown] = []
    rows: list[TenantShown] = []
    newest: Known | None = None
    for revision in results.revisions_of(conn, account.id, standing=True):
        found: Sequence[Finding] = ()
        wrong: Sequence[str] = ()
        if revision.state == "waits":
            newest, lines, found, wrong = judge(conn, site, account, revision, today)
        else:
            newest, lines = known(conn, site, account, revision), results.lines_of(conn, [revision.id])
        revisions.append(RevisionShown(revision, found, wrong))
        rows += _lines(conn, site, newest, revision, lines)
    if newest is None:
        newest = known(conn, site, account, _none_yet(account, now))
    return Detail(account, of, revisions, _with_names(newest, conn, rows, today))


def _lines(conn: Connection, site: Site, of: Known, revision: Revision, lines: Sequence[Line]) -> list[TenantShown]:
    gone = taken_back(conn, [line.entry_id for line in lines if line.entry_id is not None])
    zone = site.company(of.of.company_number).timezone
    booked_on = None
    if revision.booked_at is not None:
        booked_on = revision.booked_at.astimezone(ZoneInfo(zone) if zone else site.zone).date()
    found = []
    for line in lines:
        if line.entry_id is None:
            state = "waits" if revision.state == "waits" else "unchanged"
        else:
            state = "reversed" if line.entry_id in gone else "booked"
        due = due_day(of, line, booked_on) if booked_on is not None and line.entry_id is not None else None
        cost = line.amount if line.measure == "cost" else line.amount + line.on_account
        key, seq = key_of(of, line), revision.seq
        figures = (line.on_account, cost, line.result)
        found.append(TenantShown(key, "", line.standing, seq, *figures, state, due, line.entry_id))
    return found


def _with_names(of: Known, conn: Connection, rows: Sequence[TenantShown], today: date) -> list[TenantShown]:
    """Everybody who lived there in the period, in the order of units; then whoever else has a line."""
    by_key: dict[str, list[TenantShown]] = {}
    for row in rows:
        by_key.setdefault(row.tenancy, []).append(row)
    found = []
    for one in tenants_in(conn, of, today):
        asked = of.asked.get(one.ref.id)
        on_account = asked.charged if asked is not None else 0
        none = TenantShown(one.key, "", one.standing, None, on_account, None, None, "no result", None, None)
        lines = by_key.pop(one.key, [none])
        found += [line._replace(name=one.facts.name) for line in lines]
    return [*found, *(line for lines in by_key.values() for line in lines)]


def _none_yet(account: AccountRow, now: datetime) -> Revision:
    return Revision(0, account.id, 0, "first", "", "waits", now, account.actor, None, None)
