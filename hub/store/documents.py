"""Documents of tenancies and properties: filed, taken off again, and announced by a vendor's index file."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, func, insert, select, update

from hub.store.lookup import among
from hub.store.tables import document, document_named, event, file, reading

#: A meter company's statement, or what a person has chosen to go with it (R37).
What: TypeAlias = Literal["statement", "attachment"]


class Place(NamedTuple):
    """Whose a document is; ``tenancy_id`` None = the property's own."""

    property_id: int
    tenancy_id: int | None
    charge_type: str
    period_from: date
    period_to: date
    what: What = "statement"


class Standing(NamedTuple):
    """A filed document. ``by_hand``: a person has said whose it is."""

    file_id: int
    name: str
    place: Place
    dropped_at: datetime | None
    by_hand: bool


_PLACE = [document.c[name] for name in Place._fields]
_NAMED = [document_named.c[name] for name in Place._fields[:-1]]


def file_document(conn: Connection, file_id: int, place: Place) -> None:
    """Files the document; anew where it was dropped or lay elsewhere: a file has one place."""
    values = {**place._asdict(), "dropped_at": None}
    if not conn.execute(update(document).where(document.c.file_id == file_id).values(values)).rowcount:
        conn.execute(insert(document).values(file_id=file_id, **values))


def is_document(conn: Connection, file_id: int) -> bool:
    """Whether it is one, or was."""
    return bool(conn.execute(select(document.c.id).where(document.c.file_id == file_id)).first())


def is_dropped(conn: Connection, file_id: int) -> bool:
    dropped = select(document.c.id).where(document.c.file_id == file_id, document.c.dropped_at.is_not(None))
    return bool(conn.execute(dropped).first())


def drop(conn: Connection, file_id: int, at: datetime) -> None:
    """Takes the document off: its file is ``reversed``, and may be filed anew."""
    conn.execute(update(document).where(document.c.file_id == file_id).values(dropped_at=at))
    booked = (reading.c.file_id == file_id, reading.c.booked > 0, reading.c.reversed_at.is_(None))
    conn.execute(update(reading).where(*booked).values(reversed_at=at))
    conn.execute(update(file).where(file.c.id == file_id).values(state="reversed"))


def standing(conn: Connection, file_id: int) -> Standing | None:
    found = _standing(conn, document.c.file_id == file_id)
    return found[0] if found else None


def of_account(
    conn: Connection, property_id: int, charge_types: Collection[str], period: tuple[date, date]
) -> list[Standing]:
    """Statements of the property and its tenants, dropped ones too, of these types and within the period."""
    return _standing(
        conn,
        (document.c.property_id == property_id)
        & (document.c.what == "statement")
        & document.c.charge_type.in_(charge_types)
        & (document.c.period_from >= period[0])
        & (document.c.period_to <= period[1]),
    )


def dropped_last_of(conn: Connection, account_id: int) -> list[int]:
    """Files that the last drop of the consumption account took off, and that nobody has filed anew since."""
    of_account_ = (event.c.what == "reversed", event.c.detail["account"].as_integer() == account_id)
    last = select(func.max(event.c.at)).join(document, document.c.file_id == event.c.file_id).where(*of_account_)
    query = (
        select(document.c.file_id)
        .join(event, event.c.file_id == document.c.file_id)
        .where(*of_account_, event.c.at == document.c.dropped_at, document.c.dropped_at == last.scalar_subquery())
        .order_by(document.c.file_id)
    )
    return list(conn.scalars(query))


def same_bytes_at(conn: Connection, sha256: str, place: Place) -> int | None:
    """The file of these bytes that is filed at this very place."""
    where = [document.c[name] == value for name, value in place._asdict().items()]
    query = select(file.c.id).join(document).where(file.c.sha256 == sha256, document.c.dropped_at.is_(None), *where)
    return conn.execute(query.limit(1)).scalar_one_or_none()


def named(conn: Connection, vendor: str, name: str) -> Place | None:
    """Whose the vendor's index says that the file of this name (in NFC) is."""
    query = select(*_NAMED).where(
        document_named.c.vendor == vendor, document_named.c.name == name, ~document_named.c.withdrawn
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else Place(*row)


def announce(
    conn: Connection, vendor: str, names: dict[str, tuple[int, Place]], reading_id: int
) -> list[tuple[str, int]]:
    """Keeps what an index says: by name, 1-based record and place. What it says anew takes the place of the earlier.

    Gives the files that are filed under these names somewhere else: name and file.
    """
    rows = conn.execute(
        select(document_named.c.id, document_named.c.name, *_NAMED).where(
            document_named.c.vendor == vendor,
            ~document_named.c.withdrawn,
            among(conn, document_named.c.name, names.keys()),
        )
    ).all()
    before = {name: (id_, Place(*place)) for id_, name, *place in rows}
    changed = {name for name, (_, place) in names.items() if name not in before or before[name][1] != place}
    gone = [before[name][0] for name in changed & before.keys()]
    conn.execute(update(document_named).where(among(conn, document_named.c.id, gone)).values(withdrawn=True))
    for name in sorted(changed):
        record, place = names[name]
        said = {key: value for key, value in place._asdict().items() if key != "what"}
        told = {"vendor": vendor, "name": name, "reading_id": reading_id, "record": record, "withdrawn": False}
        conn.execute(insert(document_named).values(**told, **said))
    filed = conn.execute(
        select(file.c.name, file.c.id, *_PLACE)
        .join_from(document, file, file.c.id == document.c.file_id)
        .where(file.c.vendor == vendor, document.c.dropped_at.is_(None), among(conn, file.c.name, changed))
    )
    return [(name, id_) for name, id_, *place in filed if Place(*place) != names[name][1]]


def withdraw_names(conn: Connection, readings: Collection[int]) -> int:
    """What these readings of an index have announced holds no longer; how many names that were."""
    standing_ = (document_named.c.reading_id.in_(readings), ~document_named.c.withdrawn)
    return conn.execute(update(document_named).where(*standing_).values(withdrawn=True)).rowcount


def waiting_for(conn: Connection, index_id: int) -> list[int]:
    """Quarantined files that this index file has a name for."""
    query = (
        select(file.c.id)
        .join_from(
            document_named,
            file,
            (file.c.vendor == document_named.c.vendor) & (file.c.name == document_named.c.name),
        )
        .join(reading, reading.c.id == document_named.c.reading_id)
        .where(reading.c.file_id == index_id, ~document_named.c.withdrawn, file.c.state == "quarantined")
        .order_by(file.c.id)
    )
    return list(conn.scalars(query))


def _standing(conn: Connection, where: object) -> list[Standing]:
    """By hand = no plug-in has read it when it was filed last."""
    last = (
        select(reading.c.plugin_version)
        .where(reading.c.file_id == document.c.file_id, reading.c.booked > 0)
        .order_by(reading.c.id.desc())
        .limit(1)
        .correlate(document)
        .scalar_subquery()
    )
    query = (
        select(file.c.id, file.c.name, document.c.dropped_at, last.label("version"), *_PLACE)
        .join_from(document, file, file.c.id == document.c.file_id)
        .where(where)  # type: ignore[arg-type]
        .order_by(file.c.id)
    )
    return [
        Standing(id_, name, Place(*place), dropped_at, version is None)
        for id_, name, dropped_at, version, *place in conn.execute(query)
    ]
