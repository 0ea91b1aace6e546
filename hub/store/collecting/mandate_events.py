"""What is said of mandates: kept for good, one row an event, and what a mandate is after them.

Files come late, twice, or after what they tell of has ended. So a mandate's days are not what was said last, but what
all that was said comes to (:func:`after`): proved anew by ``hub verify``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select, update

from hub.plugin.records import DAY_FIRST
from hub.store import bulk
from hub.store.collecting.mandates import Mandate, of_customers
from hub.store.lookup import among
from hub.store.portfolio import customer_key
from hub.store.tables import mandate, mandate_event, reading

REGISTERED, CANCELLED, ADOPTED, ASSIGNED, IMPORTED, TAKEN_BACK = (
    *("registered", "cancelled", "adopted", "assigned", "imported", "taken_back"),
)
#: In the key of an event that a file says anew after it was reversed.
_ANEW = "~"


class Span(NamedTuple):
    """First and last day; None = since ever, until further notice."""

    first: date | None
    last: date | None


#: Of a mandate of which nothing stands any more: it covers no day.
NEVER = Span(None, DAY_FIRST)


@dataclass(frozen=True)
class Event:
    """What is said of a mandate; ``at`` and ``actor`` say when the hub heard it, and who is answerable."""

    what: str
    span: Span
    text: str
    at: datetime
    actor: str
    reading_id: int | None = None
    record: int | None = None
    #: The vendor's business key, or that with its number of times (:func:`new_keys`).
    key: str | None = None


class Agreement(NamedTuple):
    """What tells one mandate from another."""

    company_id: int
    #: Eight digits.
    creditor: str
    #: Five digits; "" = none.
    debtor_group: str
    customer: str
    number: str
    agreement: str


def after(span: Span | None, what: str, said: Span) -> Span | None:
    """A mandate's days once this is said too; None = nothing has been said of them yet.

    A cancellation ends it, whatever was known of its beginning. A registration opens it from its first day; one that
    began before what is known is old news, and one that a known end belongs to does not undo that end. What a person
    adopts, or the portfolio says while the vendor is silent, is as they say.
    """
    if what == CANCELLED:
        return Span(span.first if span else None, said.last)
    if what == REGISTERED:
        return _opened(span, said)
    if what in (ADOPTED, IMPORTED):
        return said
    return span


def _opened(span: Span | None, said: Span) -> Span:
    if span is None or said.first is None:
        return span or said
    if span.first is not None and said.first <= span.first:
        return Span(span.first, said.last or span.last) if said.first == span.first else span
    ended = span.first is None and span.last is not None and said.first <= span.last
    return Span(said.first, said.last or (span.last if ended else None))


def open_mandate(conn: Connection, agreement: Agreement, tenancy_id: int | None, event: Event) -> Mandate:
    """A mandate of which this is the first that is heard. Raises ClashError where another hub is just doing that."""
    span = after(None, event.what, event.span) or NEVER
    values = {
        **agreement._asdict(),
        "customer_key": customer_key(agreement.customer),
        "tenancy_id": tenancy_id,
        "first_day": span.first,
        "last_day": span.last,
    }
    if not bulk.insert_if_new(conn, mandate, **values):
        raise bulk.ClashError(f"another hub has opened the mandate of customer {agreement.customer} meanwhile")
    key = (values["customer_key"], agreement.agreement, agreement.number)
    made = of_customers(conn, agreement.company_id, agreement.creditor, agreement.debtor_group, {key[0]})[key]
    _add(conn, made.id, event)
    return made


def say(conn: Connection, one: Mandate, event: Event) -> Mandate:
    """The mandate after the event."""
    _add(conn, one.id, event)
    span = after(Span(one.first_day, one.last_day), event.what, event.span) or NEVER
    if span == (one.first_day, one.last_day):
        return one
    return _set_span(conn, one, span)


def assign(conn: Connection, one: Mandate, tenancy_id: int, tenancy_key: str, event: Event) -> Mandate:
    """To the tenancy whose it is."""
    _add(conn, one.id, replace(event, text=tenancy_key))
    conn.execute(update(mandate).where(mandate.c.id == one.id).values(tenancy_id=tenancy_id))
    return one._replace(tenancy_id=tenancy_id)


def new_keys(conn: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Under which key each event is to be kept; those that stand already, by whatever file, are left out (R5).

    What a reversed file had said is said by nobody, but its key is used: said anew, it has a number behind it.
    """
    found: dict[str, str] = {}
    wanted = {key: key for key in keys}
    time = 1
    while wanted:
        query = (
            select(mandate_event.c.key, reading.c.reversed_at)
            .outerjoin(reading, reading.c.id == mandate_event.c.reading_id)
            .where(among(conn, mandate_event.c.key, wanted.keys()))
        )
        kept: dict[str, datetime | None] = dict(conn.execute(query).all())
        found.update({said: full for full, said in wanted.items() if full not in kept})
        time += 1
        wanted = {f"{wanted[full]}{_ANEW}{time}": wanted[full] for full, undone in kept.items() if undone is not None}
    return found


def take_back(conn: Connection, reading_ids: Collection[int], *, text: str, at: datetime, actor: str) -> int:
    """What these readings said of mandates counts no more: each is what the rest comes to. Gives how many mandates.

    The readings are marked as reversed by then.
    """
    said = (
        select(mandate_event.c.mandate_id, mandate_event.c.reading_id)
        .where(among(conn, mandate_event.c.reading_id, reading_ids), mandate_event.c.what != TAKEN_BACK)
        .distinct()
        .order_by(mandate_event.c.mandate_id)
    )
    touched = conn.execute(said).all()
    for mandate_id, reading_id in touched:
        _add(conn, mandate_id, Event(TAKEN_BACK, Span(None, None), text, at, actor, reading_id))
    ids = {mandate_id for mandate_id, _ in touched}
    spans: dict[int, Span | None] = dict.fromkeys(ids)
    for row in conn.execute(standing_events().where(among(conn, mandate_event.c.mandate_id, ids))):
        spans[row.mandate_id] = after(spans[row.mandate_id], row.what, Span(row.first_day, row.last_day))
    for mandate_id, span in spans.items():
        first, last = span or NEVER
        conn.execute(update(mandate).where(mandate.c.id == mandate_id).values(first_day=first, last_day=last))
    return len(ids)


def standing_events() -> Select[Any]:
    """What was said of each mandate, in order, but for what reversed files said."""
    return (
        select(
            mandate_event.c.mandate_id,
            mandate_event.c.what,
            mandate_event.c.first_day,
            mandate_event.c.last_day,
            mandate_event.c.text,
        )
        .outerjoin(reading, reading.c.id == mandate_event.c.reading_id)
        .where(reading.c.reversed_at.is_(None))
        .order_by(mandate_event.c.mandate_id, mandate_event.c.id)
    )


def _set_span(conn: Connection, one: Mandate, span: Span) -> Mandate:
    conn.execute(update(mandate).where(mandate.c.id == one.id).values(first_day=span.first, last_day=span.last))
    return one._replace(first_day=span.first, last_day=span.last)


def _add(conn: Connection, mandate_id: int, event: Event) -> None:
    values = {
        "mandate_id": mandate_id,
        "what": event.what,
        "first_day": event.span.first,
        "last_day": event.span.last,
        "text": event.text,
        "reading_id": event.reading_id,
        "record": event.record,
        "key": event.key,
        "at": event.at,
        "actor": event.actor,
    }
    if not bulk.insert_if_new(conn, mandate_event, **values):
        raise bulk.ClashError(f"another hub has heard {event.key} meanwhile")
