"""Payment slips that the vendor has made (section 0217): by their ids a payment names the collection it answers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError

from hub.intake.booking import Booking
from hub.intake.matching import Matched
from hub.money import format_amount
from hub.plugin import Record, SlipIssued
from hub.store.bulk import ClashError
from hub.store.collecting.matching import KnownSlip, SlipId, known_slips
from hub.store.collecting.slips import VENDOR, NewSlip, add_slips

#: What is named one by one in the reasons of a reading; the rest is counted.
_NAMED_MAX = 3
_SAID_BEFORE = "said before, nothing changes"


def slips_in(records: Sequence[Record]) -> list[SlipIssued]:
    return [record for record in records if isinstance(record, SlipIssued)]


class SlipDesk:
    """Keeps the slips that one reading tells of."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking
        self._unknown: list[str] = []

    def book(self, slips: Sequence[SlipIssued]) -> None:
        """One batch in file order: each id once, as it was said first. Raises HeldError, ClashError."""
        if not slips:
            return
        places = self._booking.matcher.money(slips)
        self._booking.refuse_new_trouble()
        known = known_slips(self._booking.conn, {_id_of(slip) for slip in slips})
        new: list[Matched[SlipIssued]] = []
        for place in places:
            slip = place.record
            if held := self._booking.held_because(place.scopes):
                self._booking.note_held(slip, held, place.tenancy and place.tenancy.key)
                continue
            now = KnownSlip(place.company_id, slip.amount, slip.due_date)
            before = known.setdefault(_id_of(slip), now)
            if before is now:
                new.append(place)
                self._booking.note_kept(slip, self._came_of(place), place.tenancy and place.tenancy.key)
            else:
                self._repeat(place, before, now)
        self._add(new)

    def close(self) -> None:
        """At the end: what a person should know of the whole file."""
        if self._unknown:
            named = ", ".join(self._unknown[:_NAMED_MAX])
            count = len(self._unknown)
            slips = "1 payment slip is" if count == 1 else f"{count} payment slips are"
            self._booking.tally.notes.append(
                f"{slips} of nobody here, first {named}: what is paid with it goes to suspense"
            )

    def _came_of(self, place: Matched[SlipIssued]) -> str:
        if place.tenancy is None:
            self._unknown.append(f"customer {place.record.customer} in record {place.record.record}")
            return place.reason
        return "" if place.answer is None else f"collection {place.answer.collection.id}"

    def _repeat(self, place: Matched[SlipIssued], before: KnownSlip, now: KnownSlip) -> None:
        slip = place.record
        if before == now:
            self._booking.note_kept(slip, _SAID_BEFORE, place.tenancy and place.tenancy.key)
            return
        conflict = (
            f"payment id {slip.payment_id} was said to be of {format_amount(before.amount)} due {before.due_date}, "
            f"and now of {format_amount(now.amount)} due {now.due_date}"
            + ("" if before.company_id == now.company_id else ", in another company")
            + ": kept as it was; ask the vendor which holds"
        )
        self._booking.tally.notes.append(f"record {slip.record}: {conflict}")
        self._booking.note_kept(slip, conflict, place.tenancy and place.tenancy.key)

    def _add(self, places: Sequence[Matched[SlipIssued]]) -> None:
        booking = self._booking
        slips = [_new(place) for place in places]
        records = [place.record.record for place in places]
        try:
            add_slips(
                booking.conn,
                slips,
                at=booking.now,
                actor=booking.actor,
                reading_id=booking.reading_id,
                records=records,
            )
        except IntegrityError as error:
            # Another hub has kept one of them meanwhile: the next pass finds it.
            raise ClashError(str(error.orig)) from error


def _new(place: Matched[SlipIssued]) -> NewSlip:
    slip, answer = place.record, place.answer
    return NewSlip(
        place.company_id,
        slip.slip_creditor,
        slip.card_type,
        slip.payment_id,
        None if place.tenancy is None else place.tenancy.id,
        VENDOR,
        None,
        None if answer is None else answer.collection.id,
        slip.amount,
        slip.due_date,
    )


def _id_of(slip: SlipIssued) -> SlipId:
    return SlipId(slip.slip_creditor, slip.card_type, slip.payment_id)
