"""Booking of payments, failed payments and charge-backs (R9, R10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from hub.intake.answering import Answer
from hub.intake.booking import Booking, HeldError, given
from hub.intake.matching import Matched, MoneyRecord
from hub.intake.witnessing import WitnessDesk
from hub.ledger import kinds
from hub.money import format_amount
from hub.plugin import BankLine, Chargeback, Payment, PaymentFailed
from hub.store.chargebacks import NoPayment, SecondChargebackError, find_payment, take_back_differences
from hub.store.clearing.noting import note_slip_payments
from hub.store.collecting.matching import add_results, collection_of
from hub.store.entries import Account, Correction, Movement
from hub.store.match_rules import unmarked

_Item = tuple[Matched[MoneyRecord], str]
#: Half the time of calling the class, and this is made for every payment there is.
_new_movement = partial(tuple.__new__, Movement)


class IsoDates(dict[date, str]):
    """ISO text of dates; there are only so many days in a file."""

    def __missing__(self, day: date) -> str:
        text = self[day] = day.isoformat()
        return text


ISO = IsoDates()


class _Way(NamedTuple):
    """What the money of one creditor number and group has in common in a company."""

    #: A vendor's payment goes through its clearing account, never the bank directly (R18).
    clearing: Account
    #: The first day that may be posted to (R22), ISO; "" when every day may.
    open_from: str


class Differing:
    """What of a reading is paid otherwise than its collection demands: a person may want to look at it."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking
        self._count = 0
        self._first = ""

    def look(self, record: Payment | BankLine, answer: Answer) -> None:
        asked = answer.collection
        if asked.withdrawn:
            paid = format_amount(record.amount)
            self._booking.tally.notes.append(
                f"record {record.record}: {paid} answers collection {asked.id}, which was withdrawn"
            )
        if record.amount != asked.amount:
            self._count += 1
            self._first = self._first or (
                f"record {record.record}: {format_amount(record.amount)} for collection {asked.id} of "
                f"{format_amount(asked.amount)}"
            )

    def tell(self) -> None:
        """At the end of the reading."""
        if self._count:
            count = "1 payment differs" if self._count == 1 else f"{self._count} payments differ"
            self._booking.tally.notes.append(
                f"{count} from what the collection demands, first {self._first}; see: hub collections list"
            )


class MoneyDesk:
    """Books money records of one reading."""

    def __init__(self, booking: Booking, witnesses: WitnessDesk) -> None:
        self._booking = booking
        self._witnesses = witnesses
        self._ways: dict[tuple[int, str, str], _Way] = {}
        self._differing = Differing(booking)

    def book(self, records: Sequence[MoneyRecord]) -> None:
        """One batch in file order. Raises HeldError."""
        free = self._booking.free(self._booking.matcher.money(records))
        new = self._witnesses.without_seen(self._booking.new(free, [place.record.key for place in free]))
        # A tenant's charge-backs and payments must meet in file order; everyone else's go in bulk.
        taken_back = {place.record.customer for place, _ in new if isinstance(place.record, Chargeback)}
        if not taken_back:
            self._post(new)
            return
        self._post([item for item in new if item[0].record.customer not in taken_back])
        for place, key in new:
            if isinstance(place.record, Chargeback):
                self._charge_back(place, place.record, key)
            elif place.record.customer in taken_back:
                self._post([(place, key)])

    def _post(self, items: Sequence[_Item]) -> None:
        by_company: defaultdict[int, list[_Item]] = defaultdict(list)
        for item in items:
            by_company[item[0].company_id].append(item)
        for company_id, ours in by_company.items():
            self._post_in(company_id, ours)

    def _post_in(self, company_id: int, items: Sequence[_Item]) -> None:
        movements: list[Movement] = []
        #: Which of the movements answers which collection, and which are payments by slip.
        answers: list[tuple[int, int]] = []
        by_slip: list[tuple[int, Payment]] = []
        for place, key in items:
            record = place.record
            if place.answer is not None:
                answers.append((len(movements), place.answer.collection.id))
            if isinstance(record, Payment):
                if record.payment_id:
                    by_slip.append((len(movements), record))
                movements.append(self._payment(place, record, key))
            elif isinstance(record, PaymentFailed):
                self._booking.tally.counts.failed += 1
                if place.tenancy is None:
                    self._booking.note_outcome(place, "failed", f"{record.text}: {place.reason}")
                else:
                    movements.append(self._failure(place, record, key))
        ids = self._booking.books.post(company_id, movements)
        if answers:
            add_results(self._booking.conn, [(ids[at], answered) for at, answered in answers])
        if by_slip:
            note_slip_payments(self._booking.conn, company_id, [(ids[at], payment) for at, payment in by_slip])

    def _payment(self, place: Matched[MoneyRecord], record: Payment, key: str) -> Movement:
        booking = self._booking
        amount, tenancy, text = record.amount, place.tenancy, unmarked(record.text)
        booking.tally.count(amount, record.currency, on_tenancy=tenancy is not None)
        clearing, open_from = self._ways.get((place.company_id, record.creditor, record.group)) or self._way_of(
            place, record
        )
        value_date = ISO[record.value_date]
        if place.rule:
            booking.rule_uses[place.rule] += 1
            text = f"{text} {booking.books.words(place.company_id).by_rule.format(rule=place.rule)}"
        demanded: tuple[tuple[int, int], ...] = ()
        if place.answer is not None:
            demanded = place.answer.demanded
            self._differing.look(record, place.answer)
        return _new_movement(
            (
                kinds.PAYMENT if amount >= 0 else kinds.PAYOUT,
                tenancy,
                -amount,
                value_date,
                value_date if value_date > open_from else open_from,
                clearing,
                ISO[record.booking_date],
                key,
                given(amount),
                text,
                record.record,
                place.named or record.reference,
                "",
                (),
                record.customer,
                booking.vendor,
                place.reason,
                (),
                kinds.OTHER,
                None,
                (),
                demanded,
                (),
                None,
                "",
                "",
            )
        )

    def finish(self) -> None:
        """At the end of the reading: tells of what was paid otherwise than it was demanded."""
        self._differing.tell()

    def _failure(self, place: Matched[MoneyRecord], record: PaymentFailed, key: str) -> Movement:
        """Books nothing (R9): an entry of 0.00 on the due date, so that the tenant's movements show it."""
        clearing, open_from = self._way_of(place, record)
        due = ISO[record.due_date]
        return Movement(
            kinds.PAYMENT_FAILED,
            place.tenancy,
            0,
            due,
            max(due, open_from),
            clearing,
            due,
            key,
            given(record.amount),
            f"{record.text} ({self._booking.books.words(place.company_id).amount(record.amount)})",
            record.record,
            record.reference,
        )

    def _charge_back(self, place: Matched[MoneyRecord], record: Chargeback, key: str) -> None:
        """Debits whoever had the payment and reopens what it had paid; books as well where there was none (R9)."""
        clearing, open_from = self._way_of(place, record)
        value_date = ISO[record.value_date]
        movement = Movement(
            kinds.CHARGEBACK,
            place.tenancy,
            record.amount,
            value_date,
            max(value_date, open_from),
            clearing,
            ISO[record.booking_date],
            key,
            given(record.amount),
            record.text,
            record.record,
            record.reference,
            customer=record.customer,
            vendor=self._booking.vendor,
            reason=place.reason,
        )
        try:
            taken = find_payment(self._booking.conn, place.company_id, record.link, record.amount)
        except SecondChargebackError as error:
            raise HeldError(place.scopes[-1], f"conflict: record {record.record}: {error}") from error
        if isinstance(taken, NoPayment):
            self._booking.tally.notes.append(_loose(record, taken))
            (entry_id,) = self._booking.books.post(place.company_id, [movement])
            on_tenancy = place.tenancy is not None
            answered = None if place.answer is None else place.answer.collection.id
        else:
            movement = movement._replace(tenancy=taken.tenancy, corrects=taken.entry_id, corrects_key=taken.key)
            correction = Correction(movement, taken.own, taken.tenancy, taken.paid, taken.unused)
            entry_id = self._booking.books.correct(place.company_id, correction)
            take_back_differences(self._booking.books, taken, movement)
            on_tenancy = taken.tenancy is not None
            # Whatever the record says: what the payment has answered, or a person has said that it does.
            asks = self._booking.matcher.asks(record.creditor)
            answered = collection_of(self._booking.conn, taken.entry_id) if asks else None
        if answered is not None:
            add_results(self._booking.conn, [(entry_id, answered)])
        self._booking.tally.count(-record.amount, record.currency, on_tenancy=on_tenancy)

    def _way_of(self, place: Matched[MoneyRecord], record: MoneyRecord) -> _Way:
        known = self._ways.get((place.company_id, record.creditor, record.group))
        if known is None:
            booking = self._booking
            code = kinds.clearing_code(booking.plugin, record.creditor, record.group)
            clearing = booking.books.shared_account(place.company_id, kinds.CLEARING, code)
            known = _Way(clearing, booking.first_open_day(place.company_number))
            self._ways[place.company_id, record.creditor, record.group] = known
        return known


def _loose(record: Chargeback, found: NoPayment) -> str:
    told = f"record {record.record}: charge-back of {format_amount(record.amount)}"
    if found.reversed is not None:
        payment, reversal = found.reversed
        return f"{told} booked as a debit of its own: its payment {payment} was reversed by entry {reversal}"
    told += " without an earlier payment"
    others = ", ".join(map(format_amount, found.others))
    return f"{told} of that amount, booked as a debit of its own; paid was {others}" if others else told
