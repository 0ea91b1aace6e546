"""Payments that another source books (R17): seen here, they move nothing, and confirm what that has booked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from hub.intake.bank_matching import slip_bookers
from hub.intake.booking import Booking, net_of
from hub.intake.matching import Matched, MoneyRecord
from hub.plugin import Chargeback, Payment, PaymentSeen, Record
from hub.store.clearing.witnesses import Sight, note_witnesses, seen_before, witnessed_records
from hub.store.portfolio import creditor_number, slip_creditor_of

Item: TypeAlias = tuple[Matched[MoneyRecord], str]
#: What may have come by slip.
_BY_SLIP = (Payment, Chargeback)


class _Seen(NamedTuple):
    record: MoneyRecord | PaymentSeen
    sight: Sight
    reason: str


def seen_in(records: Sequence[Record]) -> list[PaymentSeen]:
    return [record for record in records if isinstance(record, PaymentSeen)]


class WitnessDesk:
    """Keeps what one reading has seen."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking
        self._bookers = slip_bookers(booking.site)
        #: By company.
        self._slip_creditors: dict[int, str] = {}

    def without_seen(self, items: list[Item]) -> list[Item]:
        """What is to be booked; payments by slip that another source books, and their charge-backs, are kept."""
        if not any(isinstance(place.record, _BY_SLIP) and place.record.payment_id for place, _ in items):
            return items
        rest: list[Item] = []
        seen: list[_Seen] = []
        for item in items:
            place = item[0]
            record = place.record
            booker = ""
            if isinstance(record, _BY_SLIP) and record.payment_id:
                booker = self._booked_elsewhere(place.company_id, record.creditor)
            if booker and isinstance(record, _BY_SLIP):
                reference = record.archive_reference if isinstance(record, Payment) else ""
                told = (record.creditor, record.payment_id, net_of(record), record.booking_date, reference)
                reason = f"{record.text}: seen here, {booker} books payments by this company's slips (R17)"
                seen.append(_Seen(record, Sight(place.company_id, *told), reason))
            else:
                rest.append(item)
        self._keep(seen)
        return rest

    def take(self, records: Sequence[PaymentSeen]) -> None:
        """One batch in file order. Raises HeldError."""
        companies = self._booking.matcher.companies
        places = [companies.judged_account(record.account, record.currency) for record in records]
        self._booking.refuse_new_trouble()
        seen: list[_Seen] = []
        for record, place in zip(records, places, strict=True):
            held = self._booking.held_because((place.scope,))
            if held or place.found is None:
                self._booking.note_held(record, held or place.trouble)
                continue
            told = (record.creditor, record.payment_id, record.amount, record.booking_date, record.servicer_reference)
            seen.append(_Seen(record, Sight(place.found.company_id, *told), f"{record.text}: seen here (R17)"))
        self._keep(seen)

    def _keep(self, seen: Sequence[_Seen]) -> None:
        """What another file of ours has told of before, as often, is told once; a second payment is a second one."""
        if not seen:
            return
        booking = self._booking
        before = seen_before(booking.conn, booking.vendor, booking.file_id, {one.sight for one in seen})
        ours = witnessed_records(booking.conn, booking.file_id, {one.record.record for one in seen})
        shown = Counter(booking.shown([one.record.key for one in seen]))
        new: list[tuple[int, Sight]] = []
        for record, sight, reason in seen:
            shown[record.key] += 1
            repeated = shown[record.key] <= before[sight]
            if not repeated and record.record not in ours:
                new.append((record.record, sight))
            told = f"{record.text}: another file has told of it before" if repeated else reason
            booking.note_seen(record, told, record.key, before=repeated)
        note_witnesses(booking.conn, booking.vendor, booking.reading_id, new)
        booking.tally.witnessed |= bool(new)

    def _booked_elsewhere(self, company_id: int, creditor: str) -> str:
        """Who else books payments by the company's slips, which this one is told of under ``creditor``; "" = nobody."""
        slip_creditor = self._slip_creditors.get(company_id)
        if slip_creditor is None:
            found = slip_creditor_of(self._booking.conn, company_id)
            slip_creditor = self._slip_creditors[company_id] = found
        # By the slip's own creditor number only a bank tells of it.
        by_bank = creditor_number(creditor) == slip_creditor
        booker = self._bookers.get(slip_creditor, "Betalingsservice" if by_bank else "")
        return "" if booker == self._booking.vendor else booker
