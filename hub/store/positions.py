"""What a tenancy has open: charge lines to be paid and credits to be used, loaded for a batch of tenancies at once."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, String, cast, literal_column, select

from hub.ledger.allocation import OpenCharge
from hub.store.lookup import among
from hub.store.tables import charge, charge_line, credit

#: Written into the statement: for a value sent beside it, PostgreSQL cannot know that the index of open rows will do.
_NOTHING: ColumnElement[int] = literal_column("0")


class Position:
    """Open charges, oldest due first, and credits as (entry id, øre left), oldest first."""

    __slots__ = ("_last", "charges", "credits")

    def __init__(self) -> None:
        self.charges: list[OpenCharge] = []
        self._last: OpenCharge | None = None
        self.credits: list[tuple[int, int]] = []

    def add_open_line(self, due_date: str, charge_id: int, reference: str, line_id: int, remaining: int) -> None:
        """A line of the charge that was added last, or of another one, which takes its place among them."""
        charges = self.charges
        if self._last is not None and self._last.id == charge_id:
            self._last.add_line(line_id, remaining)
            return
        self._last = OpenCharge(due_date, charge_id, reference, line_id, remaining)
        if charges and self._last < charges[-1]:
            insort(charges, self._last)
        else:
            charges.append(self._last)


def load_positions(conn: Connection, paying: Collection[int], owing: Collection[int]) -> defaultdict[int, Position]:
    """Positions by tenancy id: open charges of those that pay, credits of those that are charged."""
    positions: defaultdict[int, Position] = defaultdict(Position)
    if paying:
        _load_charges(conn, paying, positions)
    if owing:
        query = (
            select(credit.c.tenancy_id, credit.c.entry_id, credit.c.remaining)
            .where(among(conn, credit.c.tenancy_id, list(owing)), credit.c.remaining > _NOTHING)
            .order_by(credit.c.entry_id)
        )
        for tenancy_id, entry_id, left in conn.execute(query).all():
            positions[tenancy_id].credits.append((entry_id, left))
    return positions


def _load_charges(conn: Connection, tenancies: Collection[int], positions: defaultdict[int, Position]) -> None:
    query = (
        select(
            charge_line.c.tenancy_id,
            cast(charge.c.due_date, String),
            charge.c.id,
            charge.c.reference,
            charge_line.c.id,
            charge_line.c.remaining,
        )
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(among(conn, charge_line.c.tenancy_id, list(tenancies)), charge_line.c.remaining > _NOTHING)
        .order_by(charge.c.due_date, charge.c.id, charge_line.c.seq)
    )
    for tenancy_id, *line in conn.execute(query).all():
        positions[tenancy_id].add_open_line(*line)
