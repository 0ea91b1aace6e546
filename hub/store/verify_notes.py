"""That credit notes are what they credit, and holdings whose they say they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, literal, or_, select

from hub.ledger import kinds
from hub.store.tables import account, charge_line, credited, entry, tenancy
from hub.store.verify_rule import OWN, kr, told_by, zero


def wrong_notes(conn: Connection) -> Iterator[str]:
    """A sentence for each credit note or holding that is not what it should be."""
    yield from told_by(conn, _credited_lines(), _tell_credited_line)
    yield from told_by(conn, _credit_notes(), _tell_credit_note)
    yield from told_by(conn, _holdings(), _tell_holding)
    yield from told_by(conn, _no_holdings(), _tell_no_holding)
    yield from told_by(conn, _kinds(), _tell_kind)


def _credited_lines() -> Select[Any]:
    """Of a charge line no more is credited than it demanded."""
    total = func.sum(credited.c.amount)
    return (
        select(charge_line.c.id, charge_line.c.amount, total.label("total"))
        .join_from(credited, charge_line, charge_line.c.id == credited.c.line_id)
        .group_by(charge_line.c.id, charge_line.c.amount)
        .having(or_(total < 0, total > charge_line.c.amount))
    )


def _tell_credited_line(row: Row[Any]) -> str:
    return f"charge line {row.id} demanded {kr(row.amount)}, credit notes take back {kr(row.total)}"


def _credit_notes() -> Select[Any]:
    """A credit note is the sum of what it credits, and so is its reversal."""
    sums = select(credited.c.entry_id, func.sum(credited.c.amount).label("total")).group_by(credited.c.entry_id)
    lines = sums.subquery()
    credits_lines = entry.c.id.in_(select(credited.c.entry_id))
    # That a credit note corrects, its leaf says: this leads to the few there are by their index.
    is_note = and_(entry.c.kind == kinds.CREDIT_NOTE, entry.c.corrects.is_not(None))
    own = OWN.where(or_(is_note, credits_lines)).subquery()
    return (
        select(own.c.id, own.c.key, own.c.amount, zero(lines.c.total).label("total"))
        .join_from(own, lines, lines.c.entry_id == own.c.id, isouter=True)
        .where(own.c.amount != -zero(lines.c.total))
    )


def _tell_credit_note(row: Row[Any]) -> str:
    return f"entry {row.id} ({row.key}) is {kr(row.amount)}, and credits lines for {kr(row.total)}"


def _holdings() -> Select[Any]:
    """A holding is named after the tenancy whose money it is."""
    named = literal(":") + tenancy.c.key
    return (
        select(account.c.code, tenancy.c.key)
        .join_from(account, tenancy, tenancy.c.id == account.c.tenancy_id, isouter=True)
        .where(
            account.c.kind == kinds.HOLDING,
            or_(tenancy.c.id.is_(None), ~account.c.code.endswith(named), tenancy.c.company_id != account.c.company_id),
        )
    )


def _tell_holding(row: Row[Any]) -> str:
    return f"account {row.code} is a holding of {row.key or 'no tenancy'}"


def _no_holdings() -> Select[Any]:
    """A receivable is named by its tenancy, which says so itself, and all others are a company's own."""
    return (
        select(account.c.code, tenancy.c.key)
        .join_from(account, tenancy, tenancy.c.id == account.c.tenancy_id)
        .where(account.c.kind != kinds.HOLDING)
    )


def _tell_no_holding(row: Row[Any]) -> str:
    return f"account {row.code} is said to hold money of {row.key}, and is no holding"


def _kinds() -> Select[Any]:
    """An account's code begins with its kind."""
    begins = or_(account.c.code == account.c.kind, account.c.code.startswith(account.c.kind + literal(":")))
    return select(account.c.code, account.c.kind).where(~begins)


def _tell_kind(row: Row[Any]) -> str:
    return f"account {row.code} says that it is of the kind {row.kind}"
