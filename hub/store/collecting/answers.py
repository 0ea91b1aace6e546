"""What became of collections: the entries that the vendor's answers have made, and what those come to today.

Nothing is kept of a state: it is derived from what stands. Whatever takes an answer back (a charge-back, a reversal,
the reversal of either) is counted with it, so that what a collection has brought is what the balance has of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, true

from hub.errors import HubError, NotFoundError
from hub.ledger import kinds
from hub.store.lookup import among
from hub.store.positions import NOTHING
from hub.store.tables import (
    batch,
    charge,
    charge_line,
    collection,
    collection_line,
    collection_result,
    company,
    delivery,
    entry,
    file,
    posting,
    property_,
    reading,
    slip,
    tenancy,
)
from hub.store.taking_back import History, history_of
from hub.store.views import Scope

State = Literal["waiting", "paid", "part paid", "overpaid", "failed", "charged back", "withdrawn"]
STATES: tuple[State, ...] = ("waiting", "paid", "part paid", "overpaid", "failed", "charged back", "withdrawn")
#: The channel of what goes out by itself.
OWN_SLIP = "own_slip"
VENDOR_SLIP = "vendor_slip"
#: Looked at together.
_AT_ONCE = 2_000
#: Collections of one reference that an error names.
_NAMED_MAX = 5


class Asked(NamedTuple):
    """A collection as it was made. Øre, positive = the tenant pays."""

    id: int
    company: str
    tenancy: str
    name: str
    channel: str
    creditor: str
    debtor_group: str
    customer: str
    #: "" = none.
    mandate: str
    due_date: date
    amount: int
    currency: str
    reference: str
    #: None = an own slip.
    delivery: int | None
    delivery_state: str | None
    withdrawn_at: datetime | None


class AnsweringEntry(NamedTuple):
    """An entry that says what became of a collection; ``amount`` is its effect on the tenant's balance (R19)."""

    entry: int
    kind: str
    value_date: date
    amount: int
    text: str
    #: The file and line that say so; None where a person did it.
    file: str | None
    file_id: int | None
    record: int | None
    #: What has taken it back.
    taken_back_by: int | None


class Came(NamedTuple):
    """What a collection has come to: øre that the tenant has paid on it, below zero = was paid out."""

    state: State
    paid: int
    entries: tuple[AnsweringEntry, ...]


class AskedLine(NamedTuple):
    """One charge line that a collection demands, ``amount`` øre of it."""

    charge: int
    charge_entry: int
    reference: str
    charge_type: str
    text: str
    due_date: date
    amount: int
    #: What of the whole line is open now.
    remaining: int


class SlipOf(NamedTuple):
    card_type: str
    slip_creditor: str
    payment_id: str
    origin: str


class AskedDetail(NamedTuple):
    asked: Asked
    came: Came
    lines: tuple[AskedLine, ...]
    slips: tuple[SlipOf, ...]


class AskedQuery(NamedTuple):
    """Which collections are looked for."""

    scope: Scope = Scope()
    due: date | None = None
    delivery_id: int | None = None
    state: State | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        wanted = [self.scope.condition]
        if self.due is not None:
            wanted.append(collection.c.due_date == self.due)
        if self.delivery_id is not None:
            wanted.append(collection.c.delivery_id == self.delivery_id)
        return and_(true(), *wanted)


def collections(conn: Connection, query: AskedQuery, limit: int) -> tuple[list[tuple[Asked, Came]], int]:
    """The latest due first, ``limit`` at most; and how many more there are."""
    ordered = _SELECTED.where(query.condition).order_by(collection.c.due_date.desc(), collection.c.id)
    if query.state is None:
        some = [Asked._make(row) for row in conn.execute(ordered.limit(limit))]
        joined = collection.join(tenancy, tenancy.c.id == collection.c.tenancy_id)
        joined = joined.join(property_, property_.c.id == tenancy.c.property_id)
        all_ = select(func.count()).select_from(joined).where(query.condition)
        came = came_of(conn, some)
        return [(one, came[one.id]) for one in some], conn.execute(all_).scalar_one() - len(some)
    found: list[tuple[Asked, Came]] = []
    more = 0
    for rows in conn.execute(ordered, execution_options={"yield_per": _AT_ONCE}).partitions():
        part = [Asked._make(row) for row in rows]
        came = came_of(conn, part)
        fitting = [(one, came[one.id]) for one in part if came[one.id].state == query.state]
        room = limit - len(found)
        found += fitting[:room]
        more += len(fitting[room:])
    return found, more


def collection_detail(conn: Connection, named: str) -> AskedDetail:
    """The collection with this reference of nine digits, or this id. Raises HubError where none has it, or several."""
    text = named.strip()
    if len(text) == _REFERENCE_DIGITS:
        rows = conn.execute(_SELECTED.where(collection.c.reference == text).order_by(collection.c.id)).all()
    else:
        number = text.removeprefix("#")
        wanted = int(number) if number.isascii() and number.isdigit() and len(number) < _ID_DIGITS else 0
        rows = conn.execute(_SELECTED.where(collection.c.id == wanted)).all()
    if not rows:
        raise NotFoundError(f"there is no collection {named}", do="see: hub collections list")
    if len(rows) > 1:
        told = ", ".join(f"#{row.id} of {row.tenancy}" for row in rows[:_NAMED_MAX])
        raise HubError(f"{len(rows)} collections have reference {named}: {told}", do="name one of them by its id")
    one = Asked._make(rows[0])
    return AskedDetail(one, came_of(conn, [one])[one.id], _lines(conn, one.id), _slips(conn, one.id))


def answered_by(conn: Connection, entry_id: int) -> Asked | None:
    """The collection that an entry answers."""
    query = _SELECTED.join(collection_result, collection_result.c.collection_id == collection.c.id)
    row = conn.execute(query.where(collection_result.c.entry_id == entry_id)).one_or_none()
    return None if row is None else Asked._make(row)


def asking_for(conn: Connection, charge_id: int) -> tuple[Asked, ...]:
    """The collections that have demanded something of a charge, oldest first."""
    lines = (
        select(collection_line.c.collection_id)
        .join_from(charge_line, collection_line, collection_line.c.line_id == charge_line.c.id)
        .where(charge_line.c.charge_id == charge_id)
    )
    rows = conn.execute(_SELECTED.where(collection.c.id.in_(lines)).order_by(collection.c.id))
    return tuple(map(Asked._make, rows))


def still_asking(conn: Connection, collection_ids: Collection[int]) -> dict[int, Asked]:
    """Those of them that ask still, by id: live, and no answer stands.

    An own slip asks until it is given up: the tenant has it, and nobody answers for it.
    """
    live = collection.c.withdrawn_at.is_(None)
    rows = conn.execute(_SELECTED.where(live, among(conn, collection.c.id, collection_ids)))
    asked = [Asked._make(row) for row in rows]
    came = came_of(conn, asked)
    return {one.id: one for one in asked if one.channel == OWN_SLIP or came[one.id].state == "waiting"}


def asked_already(conn: Connection, tenancy_ids: Collection[int]) -> dict[int, Asked]:
    """By open charge line of these tenancies, the collection that asks for it still, the latest due of several."""
    query = (
        select(collection_line.c.line_id, collection.c.id)
        .join_from(charge_line, collection_line, collection_line.c.line_id == charge_line.c.id)
        .join(collection, collection.c.id == collection_line.c.collection_id)
        .where(
            among(conn, charge_line.c.tenancy_id, tenancy_ids),
            charge_line.c.remaining > NOTHING,
            collection.c.withdrawn_at.is_(None),
        )
        .order_by(collection.c.due_date, collection.c.id)
    )
    rows = conn.execute(query).all()
    asking = still_asking(conn, {id_ for _, id_ in rows})
    return {line_id: asking[id_] for line_id, id_ in rows if id_ in asking}


def open_payouts(conn: Connection, tenancy_ids: Collection[int]) -> dict[int, int]:
    """By tenancy, øre that collections are to pay out of its credit, and that no answer tells of."""
    query = select(collection.c.id, collection.c.tenancy_id).where(
        among(conn, collection.c.tenancy_id, tenancy_ids),
        collection.c.amount < NOTHING,
        collection.c.withdrawn_at.is_(None),
    )
    tenancies: dict[int, int] = {row.id: row.tenancy_id for row in conn.execute(query)}
    found: dict[int, int] = {}
    for one in still_asking(conn, tenancies).values():
        whose = tenancies[one.id]
        found[whose] = found.get(whose, 0) - one.amount
    return found


def came_of(conn: Connection, asked: Sequence[Asked]) -> dict[int, Came]:
    """By collection id."""
    entries = _entries(conn, [one.id for one in asked])
    answers = [entry.entry for of_it in entries.values() for entry in of_it]
    history = history_of(conn, answers) if answers else History({}, {}, ())
    effects = _effects(conn, set(_with_what_takes_back(history, answers)))
    return {one.id: _came(one, entries[one.id], history, effects) for one in asked}


def _came(
    asked: Asked, entries: Sequence[AnsweringEntry], history: History, effects: dict[int, tuple[str, int]]
) -> Came:
    counted = set(_with_what_takes_back(history, [one.entry for one in entries]))
    paid = -sum(effects[id_][1] for id_ in counted)
    standing = {effects[id_][0] for id_ in counted if history.taken_back_by(id_) is None}
    backs = {id_: history.taken_back_by(id_) for id_ in (one.entry for one in entries)}
    told = tuple(one._replace(taken_back_by=back.id if (back := backs[one.entry]) else None) for one in entries)
    return Came(_state(asked, paid, standing), paid, told)


def _state(asked: Asked, paid: int, standing: set[str]) -> State:
    """``standing`` are the kinds of what has answered it, taken it back, and is not taken back itself."""
    part = paid if asked.amount >= 0 else -paid
    if part <= 0:
        if kinds.CHARGEBACK in standing:
            return "charged back"
        if kinds.PAYMENT_FAILED in standing:
            return "failed"
        return "waiting" if asked.withdrawn_at is None else "withdrawn"
    if part == abs(asked.amount):
        return "paid"
    return "part paid" if part < abs(asked.amount) else "overpaid"


def _with_what_takes_back(history: History, entry_ids: Collection[int]) -> Iterator[int]:
    """These, what takes them back, what takes that back, and so on."""
    for id_ in entry_ids:
        yield id_
        yield from _with_what_takes_back(history, [one.id for one in history.of(id_) if one.kind in kinds.TAKING_BACK])


def _effects(conn: Connection, entry_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """Kind and øre on its own account, by entry."""
    query = select(entry.c.id, entry.c.kind, posting.c.amount).join(
        posting, and_(posting.c.entry_id == entry.c.id, posting.c.seq == 0)
    )
    return {id_: (kind, amount) for id_, kind, amount in conn.execute(query.where(among(conn, entry.c.id, entry_ids)))}


def _entries(conn: Connection, collection_ids: Collection[int]) -> defaultdict[int, list[AnsweringEntry]]:
    """In the order in which they were booked."""
    query = (
        select(
            collection_result.c.collection_id,
            entry.c.id,
            entry.c.kind,
            entry.c.value_date,
            posting.c.amount,
            entry.c.text,
            file.c.name,
            file.c.id,
            entry.c.record,
        )
        .join_from(collection_result, entry, entry.c.id == collection_result.c.entry_id)
        .join(posting, and_(posting.c.entry_id == entry.c.id, posting.c.seq == 0))
        .join(batch, batch.c.id == entry.c.batch_id)
        .outerjoin(reading, reading.c.id == batch.c.reading_id)
        .outerjoin(file, file.c.id == reading.c.file_id)
        .where(among(conn, collection_result.c.collection_id, collection_ids))
        .order_by(entry.c.id)
    )
    found: defaultdict[int, list[AnsweringEntry]] = defaultdict(list)
    for collection_id, *facts in conn.execute(query):
        found[collection_id].append(AnsweringEntry._make((*facts, None)))
    return found


def _lines(conn: Connection, collection_id: int) -> tuple[AskedLine, ...]:
    rows = conn.execute(
        select(
            charge.c.id,
            charge.c.entry_id,
            charge.c.reference,
            charge_line.c.charge_type,
            func.coalesce(func.nullif(charge_line.c.text, ""), charge.c.text),
            charge.c.due_date,
            collection_line.c.amount,
            charge_line.c.remaining,
        )
        .join_from(collection_line, charge_line, charge_line.c.id == collection_line.c.line_id)
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(collection_line.c.collection_id == collection_id)
        .order_by(charge.c.due_date, charge.c.id, charge_line.c.seq)
    )
    return tuple(map(AskedLine._make, rows))


def _slips(conn: Connection, collection_id: int) -> tuple[SlipOf, ...]:
    columns = [slip.c[name] for name in SlipOf._fields]
    rows = conn.execute(select(*columns).where(slip.c.collection_id == collection_id).order_by(slip.c.id))
    return tuple(map(SlipOf._make, rows))


_REFERENCE_DIGITS = 9
#: An id of more digits is none of a database.
_ID_DIGITS = 19
_SELECTED: Select[tuple[object, ...]] = (
    select(
        collection.c.id,
        company.c.number.label("company"),
        tenancy.c.key.label("tenancy"),
        tenancy.c.name,
        collection.c.channel,
        collection.c.creditor,
        collection.c.debtor_group,
        collection.c.customer,
        collection.c.mandate,
        collection.c.due_date,
        collection.c.amount,
        company.c.currency,
        collection.c.reference,
        collection.c.delivery_id,
        delivery.c.state,
        collection.c.withdrawn_at,
    )
    .join_from(collection, tenancy, tenancy.c.id == collection.c.tenancy_id)
    .join(property_, property_.c.id == tenancy.c.property_id)
    .join(company, company.c.id == collection.c.company_id)
    .outerjoin(delivery, delivery.c.id == collection.c.delivery_id)
)
