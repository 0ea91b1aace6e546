"""What a meter company's file says of consumption accounts becomes revisions of them (R29, R31)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from hub.consumption.accounts import carry_over
from hub.consumption.judging import Finding, findings, tenants_in, with_standing
from hub.consumption.known import Known, contradictions, figured, known
from hub.money import format_amount
from hub.settings import ConsumptionType, Site
from hub.store.consumption import results
from hub.store.consumption.accounts import AccountRow, set_account_state
from hub.store.consumption.results import Line, NewLine, Revision, What

#: Contradictions of one property that are told one by one.
_TOLD_MAX = 5


class TwiceError(Exception):
    """One tenancy stands twice in a file; ``record`` is the second time."""

    def __init__(self, record: int) -> None:
        super().__init__(f"record {record}: its tenancy stands twice in the file")


class Repeated(NamedTuple):
    """A line that says what is known of the account already."""

    line: Line
    #: The account's revision that said it.
    seq: int


class Taken(NamedTuple):
    """What a file has come to in one account."""

    of: Known
    #: None = it says nothing new.
    revision: Revision | None
    lines: Sequence[Line]
    repeated: Sequence[Repeated]
    findings: Sequence[Finding]
    #: Why nothing of its property may be booked; "" = nothing is wrong.
    trouble: str


class TakingIn:
    """Of one reading. Lines go into the database as they come, so that memory does not grow with the file."""

    def __init__(
        self, conn: Connection, site: Site, *, reading_id: int, vendor: str, actor: str, now: datetime
    ) -> None:
        self._conn = conn
        self._site = site
        self._reading_id = reading_id
        self._vendor = vendor
        self._actor = actor
        self._now = now
        self._revisions: dict[int, tuple[AccountRow, Revision]] = {}

    def add(self, account: AccountRow, type_: ConsumptionType, lines: Sequence[NewLine]) -> None:
        """Raises TwiceError."""
        revision = self._revision(account, type_)
        ids = {line.tenancy_id for line in lines if line.tenancy_id is not None}
        there: set[int | None] = set(results.tenancies_in(self._conn, revision.id, ids))
        for line in lines:
            if line.tenancy_id is not None and line.tenancy_id in there:
                raise TwiceError(line.record)
            there.add(line.tenancy_id)
        results.add_lines(self._conn, revision.id, self._reading_id, lines)

    def finish(self) -> Iterator[Taken]:
        """Account by account, in the order in which the file came to them."""
        for account, revision in self._revisions.values():
            yield self._sorted_out(account, revision)

    def _revision(self, account: AccountRow, type_: ConsumptionType) -> Revision:
        if account.id not in self._revisions:
            if not results.revisions_of(self._conn, account.id):
                carry_over(self._conn, account, type_)
            made = results.add_revision(
                self._conn, account.id, "first", vendor=self._vendor, actor=self._actor, at=self._now
            )
            self._revisions[account.id] = account, made
        return self._revisions[account.id][1]

    def _sorted_out(self, account: AccountRow, revision: Revision) -> Taken:
        conn = self._conn
        of = known(conn, self._site, account, revision)
        lines = results.lines_of(conn, [revision.id])
        seqs = {one.id: one.seq for one in results.revisions_of(conn, account.id)}
        same = {line.id: seqs[found.revision_id] for line in lines if (found := _same(of, line)) is not None}
        changed = [line for line in lines if line.id not in same and (line.unit, line.tenant) in of.before]
        repeated: list[Repeated] = []
        if not changed:
            repeated = [Repeated(line, same[line.id]) for line in lines if line.id in same]
            lines = [line for line in lines if line.id not in same]
            results.drop_lines(conn, same.keys())
        if not lines:
            results.drop_revision(conn, revision.id)
            return Taken(of, None, (), repeated, (), "")
        what = _what(of, changed)
        trouble = _refusal(of, changed)
        revision = revision._replace(what=what)
        tenants = tenants_in(conn, of, self._site.today(of.of.company_number, self._now))
        lines = with_standing(figured(of, what, lines), tenants)
        trouble = trouble or _told(contradictions(of, what, lines))
        results.set_what(conn, revision.id, what)
        results.set_figures(conn, lines)
        set_account_state(conn, account.id, "open")
        return Taken(of, revision, lines, repeated, findings(of, revision, lines, tenants), trouble)


def _same(of: Known, line: Line) -> Line | None:
    """A revised account may come back to what an earlier one said: there only the last of them counts."""
    said = (line.measure, line.amount, line.charge_type)
    earlier = of.before.get((line.unit, line.tenant), ())
    earlier = earlier[-1:] if of.type.later_results == "replace" else earlier
    return next((one for one in earlier if (one.measure, one.amount, one.charge_type) == said), None)


def _what(of: Known, changed: Sequence[Line]) -> What:
    if not of.before:
        return "first"
    return "replaces" if changed and of.type.later_results == "replace" else "adds"


def _refusal(of: Known, changed: Sequence[Line]) -> str:
    """Why a later result cannot be taken in; "" = it can."""
    refused = of.type.later_results == "refused"
    for line in changed:
        earlier = of.before[line.unit, line.tenant]
        waits = any(one.revision_id in of.waiting for one in earlier)
        if not (refused or waits):
            continue
        said = (
            f"conflict: record {line.record} says {format_amount(line.amount)}, and consumption account "
            f"{of.account.id} ({of.place}) has {format_amount(earlier[-1].amount)}"
        )
        if refused:
            return f"{said}; later results are refused by the company's settings: ask the vendor which holds (R5, R29)"
        return (
            f"{said}, which waits: book that first with hub consumption book {of.account.id}, or take its file back "
            "with hub files reverse (R29)"
        )
    return ""


def _told(wrong: Sequence[str]) -> str:
    more = [f"and {len(wrong) - _TOLD_MAX} more"] if len(wrong) > _TOLD_MAX else []
    return "; ".join([*wrong[:_TOLD_MAX], *more])
