"""What a tenancy has open: charge lines to be paid and credits to be used, loaded for a batch of tenancies at once."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, Connection, String, cast, literal_column, select

from hub.ledger.allocation import OpenCharge
from hub.ledger.terms import RANKS
from hub.store.lookup import among, fetched
from hub.store.tables import charge, charge_line, credit, entry

#: Written into the statement: for a value sent beside it, PostgreSQL cannot know that the index of open rows will do.
NOTHING: ColumnElement[int] = literal_column("0")


class Position:
    """Open charges in the order of its policy, and credits (entry id, øre left, ISO value date), oldest first."""

    __slots__ = ("_last", "charges", "credits")

    def __init__(self) -> None:
        self.charges: list[OpenCharge] = []
        self._last: OpenCharge | None = None
        self.credits: list[tuple[int, int, str]] = []

    def add_open_line(
        self, rank: int, due_date: str, charge_id: int, reference: str, line_id: int, remaining: int
    ) -> None:
        """A line of the charge and rank that were added last, or of another, which takes its place among them."""
        charges, last = self.charges, self._last
        if last is not None and last.id == charge_id and last.rank == rank:
            last.add_line(line_id, remaining)
            return
        self._last = last = OpenCharge(rank, due_date, charge_id, reference, line_id, remaining)
        if charges and last < charges[-1]:
            insort(charges, last)
        else:
            charges.append(last)


def load_positions(conn: Connection, paying: Mapping[int, str], owing: Collection[int]) -> defaultdict[int, Position]:
    """Positions by tenancy id: open charges of those that pay, by their policy; credits of those that are charged."""
    positions: defaultdict[int, Position] = defaultdict(Position)
    if paying:
        _load_charges(conn, paying, positions)
    if owing:
        query = (
            select(credit.c.tenancy_id, credit.c.entry_id, credit.c.remaining, cast(entry.c.value_date, String))
            .join_from(credit, entry, entry.c.id == credit.c.entry_id)
            .where(among(conn, credit.c.tenancy_id, list(owing)), credit.c.remaining > NOTHING)
            .order_by(credit.c.entry_id)
        )
        for tenancy_id, *its in fetched(conn, query):
            positions[tenancy_id].credits.append(tuple(its))
    return positions


def _load_charges(conn: Connection, policies: Mapping[int, str], positions: defaultdict[int, Position]) -> None:
    query = (
        select(
            charge_line.c.tenancy_id,
            charge_line.c.claim,
            cast(charge.c.due_date, String),
            charge.c.id,
            charge.c.reference,
            charge_line.c.id,
            charge_line.c.remaining,
        )
        .join(charge, charge.c.id == charge_line.c.charge_id)
        .where(among(conn, charge_line.c.tenancy_id, list(policies)), charge_line.c.remaining > NOTHING)
        .order_by(charge.c.due_date, charge.c.id, charge_line.c.seq)
    )
    for tenancy_id, claim, due, charge_id, reference, line_id, remaining in fetched(conn, query):
        rank = RANKS[policies[tenancy_id]][claim]
        positions[tenancy_id].add_open_line(rank, due, charge_id, reference, line_id, remaining)
