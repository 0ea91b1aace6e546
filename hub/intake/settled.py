"""What a vendor keeps of the money that it settles, and what it passes on to our bank: both off its clearing (R18)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from hub.intake.booking import Booking, given, net_of
from hub.intake.matching import Matched
from hub.intake.money import ISO
from hub.ledger import kinds
from hub.plugin import Fee, Payout, Record
from hub.store.clearing.noting import note_payouts
from hub.store.entries import Account, Movement

_Entered: TypeAlias = tuple[Account, Movement]


def settled_in(records: Sequence[Record]) -> list[Fee | Payout]:
    return [record for record in records if isinstance(record, Fee | Payout)]


class SettledDesk:
    """Books the fees and payouts of one reading."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking

    def book(self, records: Sequence[Fee | Payout]) -> None:
        """One batch in file order. Raises HeldError."""
        booking = self._booking
        free = booking.free(booking.matcher.settled(records))
        by_company: defaultdict[int, list[tuple[_Entered, Fee | Payout]]] = defaultdict(list)
        for place, key in booking.new(free, [place.record.key for place in free]):
            record = place.record
            entered = self._fee(place, record, key) if isinstance(record, Fee) else self._payout(place, record, key)
            by_company[place.company_id].append((entered, record))
            booking.tally.count(net_of(record), record.currency, on_tenancy=True)
        for company_id, ours in by_company.items():
            ids = booking.books.enter_all(company_id, [entered for entered, _ in ours])
            payouts = [
                (entry_id, company_id, record)
                for entry_id, (_, record) in zip(ids, ours, strict=True)
                if isinstance(record, Payout)
            ]
            note_payouts(booking.conn, booking.vendor, payouts)

    def _fee(self, place: Matched[Fee | Payout], record: Fee, key: str) -> _Entered:
        named = kinds.named_code(self._booking.config.clearing.fee_account)
        own = self._booking.books.shared_account(place.company_id, kinds.NAMED, named)
        return own, self._movement(place, kinds.FEE, ISO[record.value_date], key, record.text)

    def _payout(self, place: Matched[Fee | Payout], record: Payout, key: str) -> _Entered:
        """On both accounts from the day that the vendor says: both are its clearing (R10)."""
        books = self._booking.books
        code = kinds.clearing_code(self._booking.plugin, record.creditor, kinds.IN_TRANSIT)
        own = books.shared_account(place.company_id, kinds.CLEARING, code)
        text = record.text
        if record.bank_text and record.bank_text not in text:
            text = f"{text} {books.words(place.company_id).bank_text.format(text=record.bank_text)}"
        return own, self._movement(place, kinds.SETTLEMENT, ISO[record.booking_date], key, text)

    def _movement(self, place: Matched[Fee | Payout], kind: str, value_date: str, key: str, text: str) -> Movement:
        booking, record = self._booking, place.record
        code = kinds.clearing_code(booking.plugin, record.creditor, record.group)
        return Movement(
            kind,
            None,
            record.amount,
            value_date,
            max(value_date, booking.first_open_day(place.company_number)),
            booking.books.shared_account(place.company_id, kinds.CLEARING, code),
            ISO[record.booking_date],
            key,
            given(record.amount),
            text,
            record.record,
        )
