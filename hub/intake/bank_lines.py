"""Booking of a bank's lines: on the tenancy that each names, else to suspense with all that the bank says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from hub.intake.bank_matching import LineMatcher
from hub.intake.booking import Booking, given
from hub.intake.continuity import Part
from hub.intake.matching import Matched
from hub.intake.money import ISO, Differing
from hub.ledger import kinds
from hub.plugin import BankLine
from hub.store.chargebacks import NoPayment, SecondChargebackError, Taken, find_payment, take_back_differences
from hub.store.clearing.noting import note_lines
from hub.store.collecting.matching import add_results, collection_of
from hub.store.entries import Correction, Movement
from hub.store.match_rules import unmarked
from hub.store.results import LOUD

_Item: TypeAlias = tuple[Matched[BankLine], str]
_DOUBT = "for nothing proves that this statement goes on from the one with a line alike, or tells of the same money"
_TO_DO = "take in the statements between, then: hub files retry; see: hub reconcile"


class BankDesk:
    """Books the bank lines of one reading."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking
        self._matcher = LineMatcher(booking.conn, booking.site, booking.vendor, booking.config, booking.matcher)
        self._differing = Differing(booking)

    def book(self, lines: Sequence[BankLine], part: Part | None) -> None:
        """Of one batch those of one statement, in file order, what takes an earlier line back after all others.

        ``part`` None = they stand in no statement. Raises HeldError.
        """
        free = self._booking.free(self._matcher.match(lines))
        new = self._booking.new(free, [place.record.key for place in free], part)
        backs = [item for item in new if _takes_back(item[0].record)]
        self._post([item for item in new if not _takes_back(item[0].record)] if backs else new)
        for place, key in backs:
            self._take_back(place, key)

    def finish(self) -> None:
        """At the end of the reading."""
        self._differing.tell()
        doubted = self._booking.tally.doubted
        if doubted:
            count = "1 line is" if len(doubted) == 1 else f"{len(doubted)} lines are"
            self._booking.tally.notes.append(f"{LOUD}{count} held, {_DOUBT}; first {doubted[0]}; {_TO_DO}")

    def _post(self, items: Sequence[_Item]) -> None:
        by_company: defaultdict[int, list[Matched[BankLine]]] = defaultdict(list)
        movements: defaultdict[int, list[Movement]] = defaultdict(list)
        for place, key in items:
            by_company[place.company_id].append(place)
            movements[place.company_id].append(self._movement(place, key))
            self._booking.tally.count(place.record.amount, place.record.currency, on_tenancy=place.tenancy is not None)
        conn = self._booking.conn
        for company_id, places in by_company.items():
            ids = self._booking.books.post(company_id, movements[company_id])
            booked = list(zip(ids, places, strict=True))
            note_lines(conn, self._booking.vendor, [(entry_id, company_id, place.record) for entry_id, place in booked])
            answers = [(id_, place.answer.collection.id) for id_, place in booked if place.answer is not None]
            add_results(conn, answers)

    def _movement(self, place: Matched[BankLine], key: str) -> Movement:
        booking, line = self._booking, place.record
        value_date = ISO[line.value_date]
        text = unmarked(line.text)
        if place.rule:
            booking.rule_uses[place.rule] += 1
            text = f"{text} {booking.books.words(place.company_id).by_rule.format(rule=place.rule)}"
        demanded: tuple[tuple[int, int], ...] = ()
        if place.answer is not None:
            demanded = place.answer.demanded
            self._differing.look(line, place.answer)
        return Movement(
            kinds.PAYMENT if line.amount > 0 else kinds.PAYOUT,
            place.tenancy,
            -line.amount,
            value_date,
            max(value_date, booking.first_open_day(place.company_number)),
            booking.books.shared_account(place.company_id, kinds.BANK, kinds.bank_code(line.account)),
            ISO[line.booking_date],
            key,
            given(line.amount),
            text,
            line.record,
            place.named or line.reference,
            customer=line.payment_id or line.customer,
            vendor=booking.vendor,
            reason=place.reason,
            demanded=demanded,
        )

    def _take_back(self, place: Matched[BankLine], key: str) -> None:
        """Debits whoever has the payment (R9); without one that can be taken back, somebody has to look at it."""
        booking, line = self._booking, place.record
        taken = self._payment_of(place)
        if isinstance(taken, str):
            self._post([(place._replace(reason=taken), key)])
            return
        movement = self._movement(place, key)._replace(
            kind=kinds.CHARGEBACK, tenancy=taken.tenancy, corrects=taken.entry_id, corrects_key=taken.key
        )
        correction = Correction(movement, taken.own, taken.tenancy, taken.paid, taken.unused)
        entry_id = booking.books.correct(place.company_id, correction)
        take_back_differences(booking.books, taken, movement)
        note_lines(booking.conn, booking.vendor, [(entry_id, place.company_id, line)])
        answered = collection_of(booking.conn, taken.entry_id)
        if answered is not None:
            add_results(booking.conn, [(entry_id, answered)])
        booking.tally.count(line.amount, line.currency, on_tenancy=taken.tenancy is not None)

    def _payment_of(self, place: Matched[BankLine]) -> Taken | str:
        """The payment that a line takes back; or why there is none to take it from."""
        line = place.record
        try:
            taken = find_payment(self._booking.conn, place.company_id, line.takes_back, -line.amount)
        except SecondChargebackError as error:
            return f"it takes back an earlier line: {error}"
        return place.reason if isinstance(taken, NoPayment) else taken


def _takes_back(line: BankLine) -> bool:
    """A slip that is none that can be, or that another file books, takes nothing from anybody by itself."""
    return line.takes_back != "" and line.amount < 0 and not line.slip_fault
