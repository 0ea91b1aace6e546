"""Takes meter companies' results into consumption accounts, and books what nothing speaks against (R26 to R32)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from hub.acts.act import Acting
from hub.consumption.accounts import OverlapError, account_for, the_open_one, type_by_result
from hub.consumption.booking import Booked, book_revision
from hub.consumption.judging import key_of
from hub.consumption.taking_in import Taken, TakingIn, TwiceError
from hub.intake.booking import Booking, HeldError
from hub.intake.matching import Matched, Matcher
from hub.plugin import ConsumptionResult
from hub.settings import ConsumptionType, Site
from hub.store.consumption.accounts import AccountRow, account_with
from hub.store.consumption.results import Line, NewLine
from hub.store.portfolio import plain_number
from hub.store.results import LOUD

Period = tuple[date, date]


class Periods:
    """The accounting period of results (R30).

    The file's own, else the one given by option or config, else that of the account into which an earlier reading of
    the file has put them, else that of the property's one open account, unless the record's last day is none of its.
    """

    def __init__(self, conn: Connection, site: Site, given: Period | None, taken_before: Mapping[int, int]) -> None:
        self._conn = conn
        self._site = site
        self._given = given
        self._taken_before = taken_before
        self._open: dict[tuple[int, str], Period | None] = {}

    def of(self, record: ConsumptionResult, property_id: int) -> Period | None:
        """None = nobody knows it."""
        if record.period_from is not None and record.period_to is not None:
            return record.period_from, record.period_to
        if self._given is not None:
            return self._given
        if (account_id := self._taken_before.get(record.record)) is not None:
            return _period(account_with(self._conn, account_id))
        type_ = type_by_result(self._site.company(plain_number(record.company)), record.charge_type)
        if type_ is None:
            return None
        of = (property_id, type_[0])
        if of not in self._open:
            self._open[of] = _period(the_open_one(self._conn, *of))
        period = self._open[of]
        if period is not None and record.last_day is not None and not period[0] <= record.last_day <= period[1]:
            return None
        return period


class _Of(NamedTuple):
    """What a result is of."""

    property_id: int
    type: str
    period: Period


class ConsumptionDesk:
    """Takes in the results of one reading, and at its end books them property by property."""

    def __init__(self, booking: Booking, periods: Periods) -> None:
        self._booking = booking
        self._periods = periods
        self._accounts: dict[_Of, AccountRow] = {}
        self._scopes: dict[int, str] = {}
        site, now = booking.site, booking.now
        self._taking = TakingIn(
            booking.conn, site, reading_id=booking.reading_id, vendor=booking.vendor, actor=booking.actor, now=now
        )
        self._acting = Acting(
            booking.conn, site, booking.actor, now, f"consumption book|{booking.reading_id}", booking.books
        )

    def take(self, records: Sequence[ConsumptionResult]) -> None:
        """One batch in file order; books nothing yet. Raises HeldError."""
        by_account: defaultdict[_Of, list[NewLine]] = defaultdict(list)
        types: dict[_Of, ConsumptionType] = {}
        for place in self._booking.free(self._booking.matcher.results(records)):
            of, type_ = self._of(place)
            types[of] = type_
            by_account[of].append(_line(place))
        for of, lines in by_account.items():
            try:
                self._taking.add(self._account(of), types[of], lines)
            except (TwiceError, OverlapError) as error:
                raise HeldError(self._scopes[of.property_id], str(error)) from error

    def finish(self) -> None:
        """At the end of the reading. Raises HeldError, ChangedError."""
        taken = list(self._taking.finish())
        for one in taken:
            for line in one.lines:
                self._booking.refuse_entered(line.record, f"of the {one.of.place}")
        troubles = {self._scopes[one.of.account.property_id]: one.trouble for one in taken if one.trouble}
        if troubles:
            scope, reason = next(iter(troubles.items()))
            raise HeldError(scope, reason, troubles)
        for one in taken:
            self._tell_repeated(one)
            if one.revision is not None:
                self._end(one)

    def _of(self, place: Matched[ConsumptionResult]) -> tuple[_Of, ConsumptionType]:
        record = place.record
        found = self._booking.matcher.property_of(record)
        type_ = type_by_result(self._booking.site.company(place.company_number), record.charge_type)
        assert found is not None, "the matcher holds what is of no property"
        assert type_ is not None, "the matcher holds what is of no consumption type"
        self._scopes[found.id] = place.scopes[-1]
        period = self._periods.of(record, found.id)
        if period is None:
            raise HeldError(place.scopes[-1], f"period unknown: record {record.record} carries none (R30)")
        return _Of(found.id, type_[0], period), type_[1]

    def _account(self, of: _Of) -> AccountRow:
        """Raises OverlapError."""
        if of not in self._accounts:
            booking = self._booking
            self._accounts[of] = account_for(booking.conn, *of, opened_by=booking.actor, now=booking.now)
        return self._accounts[of]

    def _tell_repeated(self, one: Taken) -> None:
        for line, seq in one.repeated:
            self._booking.tally.counts.duplicate += 1
            reason = f"said before: revision {seq} of consumption account {one.of.account.id}, {one.of.place}"
            self._booking.note_result(line.record, "duplicate", reason, key_of(one.of, line), line.amount)

    def _end(self, one: Taken) -> None:
        assert one.revision is not None
        booking, account_id = self._booking, one.of.account.id
        if one.findings or one.of.section.book == "by_hand":
            booking.tally.took_in = True
            why = "waits for a person's word"
            where = f"consumption account {account_id} ({one.of.place})"
            if one.findings:
                first = one.findings[0]
                why = f"{len(one.findings)} findings, first {first.tenancy or 'the account'}: {first.text}"
            see = f"hub consumption show {account_id}"
            booking.tally.notes.append(f"{LOUD if one.findings else ''}{where} waits: {why}; see: {see}")
            for line in one.lines:
                self._keep(one, line, f"waits in {where}")
            return
        for booked in book_revision(
            self._acting, one.of, one.revision, one.lines, day=booking.today, by_file=True, accepted=None
        ):
            self._count(one, booked)

    def _count(self, one: Taken, booked: Booked) -> None:
        line, booking = booked.line, self._booking
        if booked.entry_id is None:
            self._keep(one, line, f"changes nothing in consumption account {one.of.account.id}")
            return
        booking.tally.counts.booked += 1
        booking.tally.amount += line.result
        booking.tally.beside += line.result - line.amount
        booking.tally.currency = one.of.company.currency

    def _keep(self, one: Taken, line: Line, reason: str) -> None:
        self._booking.tally.counts.kept += 1
        self._booking.note_result(line.record, "kept", reason, key_of(one.of, line), line.amount)


def period_unknown_at(matcher: Matcher, periods: Periods, places: Sequence[Matched[ConsumptionResult]]) -> int | None:
    """The first record whose period nobody knows; what is held for another reason is left out."""
    for place in places:
        found = matcher.property_of(place.record)
        if found is None or place.scopes[-1] in matcher.troubles:
            continue
        if periods.of(place.record, found.id) is None:
            return place.record.record
    return None


def _period(account: AccountRow | None) -> Period | None:
    return None if account is None else (account.period_from, account.period_to)


def _line(place: Matched[ConsumptionResult]) -> NewLine:
    record = place.record
    return NewLine(
        plain_number(record.unit),
        plain_number(record.tenant),
        None if place.tenancy is None else place.tenancy.id,
        record.charge_type,
        record.measure,
        record.amount,
        record.on_account,
        record.record,
    )
