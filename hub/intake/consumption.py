"""Booking of meter companies' results (R26, R28, R30, R31)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from hub.intake.booking import Booking, HeldError, given
from hub.intake.matching import Matched
from hub.ledger import kinds
from hub.plugin import ConsumptionResult
from hub.store.entries import Movement, NewLine

#: An additional charge falls due on the first day of this month after the booking's: sheet item 03.06 (R28).
DUE_MONTHS_AFTER = 2
#: Until consumption accounts exist, every result is the first of its account (R5, R31).
_REVISION = 0

Period = tuple[date, date]


class ConsumptionDesk:
    """Books results of one reading; ``period`` is that of results which carry none (R30)."""

    def __init__(self, booking: Booking, period: Period | None) -> None:
        self._booking = booking
        self._period = period
        self._due_date = first_of_month_after(booking.today, DUE_MONTHS_AFTER).isoformat()

    def book(self, records: Sequence[ConsumptionResult]) -> None:
        """One batch in file order. Raises HeldError."""
        free = self._booking.free(self._booking.matcher.results(records))
        by_company: defaultdict[int, list[Movement]] = defaultdict(list)
        for place, key in self._booking.new(free, [self._key(place) for place in free]):
            if not key.endswith("#1"):
                reason = f"line {place.record.record}: its tenancy stands twice in the file"
                raise HeldError(place.scopes[-1], reason)
            by_company[place.company_id].append(self._movement(place, key))
            self._booking.counts.booked += 1
            self._booking.amount += place.record.amount
            self._booking.currency = self._booking.site.company(place.company_number).currency
        for company_id, movements in by_company.items():
            self._booking.books.post(company_id, movements)

    def _key(self, place: Matched[ConsumptionResult]) -> str:
        assert place.tenancy is not None, "an unknown tenancy holds its property"
        first, last = self._period_of(place.record)
        return f"result|{place.record.charge_type}|{place.tenancy.key}|{first}..{last}|{_REVISION}"

    def _movement(self, place: Matched[ConsumptionResult], key: str) -> Movement:
        """Effective when booked: a charge due in the second month, or credit that the next rent uses up (R26, R28)."""
        record, booking = place.record, self._booking
        first, last = self._period_of(record)
        today = booking.today.isoformat()
        company = booking.site.company(place.company_number)
        type_ = company.charge_type(record.charge_type)
        words = booking.books.words(place.company_id)
        named = type_.text if record.charge_type in company.charge_types else words.result
        line = NewLine(record.charge_type, record.amount, first.isoformat(), last.isoformat(), claim=type_.claim)
        income = kinds.income_code(record.charge_type)
        return Movement(
            kinds.RESULT,
            place.tenancy,
            record.amount,
            today,
            max(today, booking.first_open_day(place.company_number)),
            booking.books.shared_account(place.company_id, kinds.INCOME, income),
            today,
            key,
            given(record.amount),
            f"{named} {words.period.format(first=first, last=last)}",
            record.record,
            due_date=self._due_date,
            lines=(line,),
        )

    def _period_of(self, record: ConsumptionResult) -> Period:
        period = period_of(record, self._period)
        assert period is not None, "the check refuses a file whose period nobody knows"
        return period


def period_of(record: ConsumptionResult, given_period: Period | None) -> Period | None:
    """The period that the file carries, else the one given by option or config (R30)."""
    if record.period_from is not None and record.period_to is not None:
        return record.period_from, record.period_to
    return given_period


def first_of_month_after(day: date, months: int) -> date:
    """The first day of the month that many months after the month of ``day``."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
