"""What a vendor says of mandates: kept for good, and what each is after it. Full lists change nothing (R16)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import TypeAlias

from hub.errors import HubError
from hub.intake.booking import Booking
from hub.intake.hub import Hub
from hub.intake.matching import MandatePlace, Matcher
from hub.plugin import MandateChange, Record
from hub.store import journal
from hub.store.collecting.mandate_events import (
    CANCELLED,
    Agreement,
    Event,
    Span,
    new_keys,
    open_mandate,
    say,
)
from hub.store.collecting.mandate_lists import UNLISTED, Difference, FullLists, agreement_of
from hub.store.collecting.mandates import AUTOMATIC, Mandate, of_customers
from hub.store.collecting.orders import CANCEL, CREATE, DONE, Order, settle, unanswered_of
from hub.store.portfolio import customer_key

#: What a full list says of each of its agreements.
_ACTIVE = "active"
#: What is named one by one in the reasons of a reading; the rest is counted.
_NAMED_MAX = 3
_SAID_BEFORE = "said before, nothing changes"

_Identity: TypeAlias = tuple[str, str, str, str, str]


class NoListError(HubError):
    """The file is no full list of agreements, or cannot be asked any more."""


def mandates_in(records: Sequence[Record]) -> list[MandateChange]:
    return [record for record in records if isinstance(record, MandateChange)]


class MandateDesk:
    """Keeps the mandate changes of one reading."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking
        self._conn = booking.conn
        self._lists = FullLists(booking.conn, booking.today)
        self._differing: Counter[str] = Counter()
        self._unknown: list[str] = []

    def book(self, changes: Sequence[MandateChange]) -> None:
        """One batch in file order. Raises HeldError."""
        if not changes:
            return
        free = self._free(self._booking.matcher.mandates(changes))
        self._compare([place for place in free if place.change.change == _ACTIVE])
        self._change([place for place in free if place.change.change != _ACTIVE])

    def close(self) -> None:
        """At the end: what a person should know of the whole file."""
        if self._unknown:
            named = ", ".join(self._unknown[:_NAMED_MAX])
            self._booking.tally.notes.append(
                f"mandates of customers that nobody here is: {len(self._unknown)}, first {named}; "
                "see: hub mandates list --unassigned"
            )
        if not self._lists.records:
            return
        for difference in self._lists.unlisted():
            self._differing[difference.text] += 1
        differing = "; ".join(f"{count} {text}" for text, count in sorted(self._differing.items()))
        self._booking.tally.notes.append(
            f"a full list of {self._lists.records} agreements: {differing or 'as they are here'}"
            + ("; nothing was changed (R16), see: hub mandates compare" if differing else "")
        )

    def _free(self, places: Sequence[MandatePlace]) -> list[MandatePlace]:
        self._booking.refuse_new_trouble()
        free = []
        for place in places:
            if held := self._booking.held_because(place.scopes):
                self._booking.note_held(place.change, held, place.owner and place.owner.key)
            else:
                free.append(place)
        return free

    def _compare(self, places: Sequence[MandatePlace]) -> None:
        for same in _by_section(places):
            found = self._lists.compare(same[0].company_id, [place.change for place in same])
            for place, difference in zip(same, found, strict=True):
                if difference is not None:
                    self._differing[difference.text] += 1
                more = "as it is here" if difference is None else f"{difference.text}; nothing was changed (R16)"
                self._booking.note_kept(place.change, more, place.owner and place.owner.key)

    def _change(self, places: Sequence[MandatePlace]) -> None:
        if not places:
            return
        keys = new_keys(self._conn, [place.change.key for place in places])
        ours = self._ours(places)
        waiting = unanswered_of(self._conn, {place.owner.tenancy_id for place in places if place.owner is not None})
        for place in places:
            change, owner = place.change, place.owner
            # What the same file says twice, it says once.
            key = keys.pop(change.key, None)
            if key is None:
                self._booking.note_kept(change, _SAID_BEFORE, owner and owner.key)
                continue
            event = Event(
                change.change,
                Span(change.start, change.end),
                change.text,
                self._booking.now,
                self._booking.actor,
                self._booking.reading_id,
                change.record,
                key,
            )
            agreement = agreement_of(place.company_id, change)
            before = ours.get(_identity(agreement))
            if before is None:
                now = open_mandate(self._conn, agreement, owner and owner.tenancy_id, event)
            else:
                now = say(self._conn, before, event)
            ours[_identity(agreement)] = now
            self._booking.tally.changed_mandates = True
            self._booking.note_kept(change, self._came_of(place, now), owner and owner.key)
            if owner is not None and (order := waiting.get(owner.tenancy_id)) is not None:
                self._answer(order, change, now)

    def _ours(self, places: Sequence[MandatePlace]) -> dict[_Identity, Mandate]:
        found: dict[_Identity, Mandate] = {}
        for same in _by_section(places):
            its = agreement_of(same[0].company_id, same[0].change)
            keys = {customer_key(place.change.customer) for place in same}
            rows = of_customers(self._conn, its.company_id, its.creditor, its.debtor_group, keys)
            found.update({(its.creditor, its.debtor_group, *key): row for key, row in rows.items()})
        return found

    def _came_of(self, place: MandatePlace, now: Mandate) -> str:
        change, owner = place.change, place.owner
        if now.tenancy_id is None:
            self._unknown.append(f"customer {change.customer} in record {change.record}")
            return f"mandate {now.id}, {place.reason}: hub mandates assign"
        if owner is not None and owner.move_out is not None and change.change != CANCELLED:
            late = change.start is None or change.start > owner.move_out
            if late:
                self._booking.tally.notes.append(
                    f"record {change.record}: customer {change.customer} is {owner.key}, who moved out on "
                    f"{owner.move_out}; the number and its mandate stay with that tenancy (R15)"
                )
        return f"mandate {now.id}"

    def _answer(self, order: Order, change: MandateChange, now: Mandate) -> None:
        """An order is done when the vendor says that what it asked for is so."""
        if now.agreement != AUTOMATIC or (order.creditor, order.debtor_group) != (now.creditor, now.debtor_group):
            return
        ended = now.last_day is not None and now.last_day < self._booking.today
        if order.what == CREATE and change.change != CANCELLED and not ended:
            settle(self._conn, order.id, DONE, change.text, number=now.number)
        elif order.what == CANCEL and change.change == CANCELLED and order.number == now.number:
            settle(self._conn, order.id, DONE, change.text)


def differences_of(hub: Hub, file_id: int) -> list[Difference]:
    """A full list that was taken in, read again and held against the mandates of today.

    Raises NoListError, Malformed, VendorFault.
    """
    with hub.db.read() as conn:
        file = journal.get_file(conn, file_id)
        if file is None:
            raise NoListError(f"there is no file {file_id}", do="see: hub files")
        instance = hub.vendors.instances.get(file.vendor or "")
        if instance is None or file.kind is None:
            raise NoListError(f"file {file_id} is of no vendor instance at work", do="see: hub check")
        matcher = Matcher(conn, hub.site, instance.name, instance.config)
        lists = FullLists(conn, hub.clock().astimezone(hub.site.zone).date())
        found: list[Difference] = []
        with closing(instance.read(hub.blob_path(file.sha256), file.name, file.kind, options={})) as batches:
            for same in _sections(matcher, batches):
                compared = lists.compare(same[0].company_id, [place.change for place in same])
                found += [difference for difference in compared if difference is not None]
        if not lists.records:
            raise NoListError(f"file {file_id} ({file.name}) has no full list of agreements of a company here")
        found += lists.unlisted()
    return sorted(found, key=lambda one: (one.what == UNLISTED, one.record or 0))


def _sections(matcher: Matcher, batches: Generator[list[Record]]) -> Generator[list[MandatePlace]]:
    for batch in batches:
        listed = [change for change in mandates_in(batch) if change.change == _ACTIVE]
        yield from _by_section([place for place in matcher.mandates(listed) if place.company_id])


def _by_section(places: Sequence[MandatePlace]) -> list[list[MandatePlace]]:
    """Those of one company, creditor and debtor group together."""
    found: defaultdict[tuple[int, str, str], list[MandatePlace]] = defaultdict(list)
    for place in places:
        found[place.company_id, place.change.creditor, place.change.group].append(place)
    return list(found.values())


def _identity(agreement: Agreement) -> _Identity:
    return (
        agreement.creditor,
        agreement.debtor_group,
        customer_key(agreement.customer),
        agreement.agreement,
        agreement.number,
    )
