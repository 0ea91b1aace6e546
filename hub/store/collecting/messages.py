"""Messages that stand before and after the specification of collections: of a company, a property, a tenancy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, func, insert, select

from hub.store.portfolio import TenancyRef
from hub.store.tables import message

Place = Literal["before", "after"]
PLACES: tuple[Place, ...] = ("before", "after")


class Scope(NamedTuple):
    """Whose collections carry it; without property and tenancy all of the company's."""

    company_id: int
    property_id: int | None = None
    tenancy_id: int | None = None


class Message(NamedTuple):
    scope: Scope
    place: Place
    #: For payment slips alone, in place of what else is said there.
    on_slips: bool
    lines: tuple[str, ...]
    at: datetime
    actor: str


class Messages:
    """Those in force of a company."""

    def __init__(self, found: Sequence[Message]) -> None:
        self._lines = {(one.scope, one.place, one.on_slips): one.lines for one in found}

    def around(self, tenancy: TenancyRef, place: Place, *, slip: bool) -> tuple[str, ...]:
        """The company's lines, then the property's, then the tenant's own; on a slip each's own for slips first."""
        company = Scope(tenancy.company_id)
        scopes = (
            company,
            company._replace(property_id=tenancy.property_id),
            company._replace(tenancy_id=tenancy.id),
        )
        lines: list[str] = []
        for scope in scopes:
            own = self._lines.get((scope, place, True)) if slip else None
            lines += own if own is not None else self._lines.get((scope, place, False), ())
        return tuple(lines)


def set_message(
    conn: Connection, scope: Scope, place: Place, on_slips: bool, lines: Sequence[str], *, now: datetime, actor: str
) -> None:
    """From now on; no lines take the earlier message away. What was said before is kept."""
    text = "".join(f"{line}\n" for line in lines)
    values = {**scope._asdict(), "place": place, "on_slips": on_slips, "lines": text, "at": now, "actor": actor}
    conn.execute(insert(message).values(values))


def messages_of(conn: Connection, company_id: int, at: datetime | None = None) -> list[Message]:
    """Those in force, now or at a moment, the company's own first."""
    said = message.c.company_id == company_id
    last = (
        select(func.max(message.c.id))
        .where(said if at is None else said & (message.c.at <= at))
        .group_by(message.c.property_id, message.c.tenancy_id, message.c.place, message.c.on_slips)
    )
    query = select(message).where(message.c.id.in_(last), message.c.lines != "").order_by(message.c.id)
    found = [
        Message(
            Scope(row.company_id, row.property_id, row.tenancy_id),
            row.place,
            row.on_slips,
            tuple(row.lines.split("\n")[:-1]),
            row.at,
            row.actor,
        )
        for row in conn.execute(query)
    ]
    return sorted(found, key=lambda one: (one.scope.property_id or 0, one.scope.tenancy_id or 0))
