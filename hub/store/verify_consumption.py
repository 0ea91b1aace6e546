"""That consumption accounts are what was booked of them: each result its entry, each on-account amount settled once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, exists, func, or_, select, union

from hub.ledger import kinds
from hub.money import format_amount
from hub.store.consumption.results import stands
from hub.store.tables import (
    account,
    charge_line,
    consumption_account,
    consumption_result,
    consumption_revision,
    consumption_settled,
    entry,
    posting,
    tenancy,
)
from hub.store.verify_rule import OWN, kr, told_by, zero


def wrong_consumption(conn: Connection) -> Iterator[str]:
    """A sentence for each account, result or entry that does not fit the others."""
    for query, told in (
        (_results(), _tell_result),
        (_states(), _tell_state),
        (_accounts(), _tell_account),
        (_figures(), _tell_figures),
        (_cleared(), _tell_cleared),
        (_settled(), _tell_settled),
        (_settled_twice(), _tell_settled_twice),
    ):
        yield from told_by(conn, query, told)
    yield from _lost_entries(conn)
    yield from _replaced(conn)


_OF_RESULT = (
    select(
        consumption_result.c.id,
        consumption_result.c.unit,
        consumption_result.c.tenant,
        consumption_result.c.entry_id,
        consumption_result.c.result,
        consumption_revision.c.account_id,
        consumption_revision.c.seq,
        consumption_revision.c.state,
        consumption_revision.c.what,
    )
    .join_from(consumption_result, consumption_revision)
    .join(consumption_account, consumption_account.c.id == consumption_revision.c.account_id)
)


def _named(row: Row[Any]) -> str:
    return f"consumption account {row.account_id}, revision {row.seq}, {row.unit}-{row.tenant}"


def _results() -> Select[Any]:
    """What is said to be booked is: by a result of exactly that, on the tenancy or, of a vacancy, on the owner."""
    own = OWN.subquery()
    on_tenancy = own.c.account_id == tenancy.c.account_id
    on_owner = and_(tenancy.c.id.is_(None), own.c.account_kind == kinds.VACANCY)
    fits = and_(own.c.kind == kinds.RESULT, own.c.amount == consumption_result.c.result, or_(on_tenancy, on_owner))
    return (
        _OF_RESULT.add_columns(own.c.amount)
        .outerjoin(tenancy, tenancy.c.id == consumption_result.c.tenancy_id)
        .outerjoin(own, own.c.id == consumption_result.c.entry_id)
        .where(consumption_result.c.entry_id.is_not(None), func.coalesce(~fits, True))
    )


def _tell_result(row: Row[Any]) -> str:
    has = "is no result of his" if row.amount is None else f"is of {kr(row.amount)} or another's"
    return f"{_named(row)}: says that entry {row.entry_id} books {kr(row.result)}, which {has}"


def _states() -> Select[Any]:
    """What waits has no entries; what is booked has one wherever there is something to book; withdrawn, none stands."""
    has = consumption_result.c.entry_id.is_not(None)
    state = consumption_revision.c.state
    return _OF_RESULT.where(
        or_(
            and_(state == "waits", has),
            and_(
                state == "booked", ~has, or_(consumption_result.c.result != 0, consumption_revision.c.what == "first")
            ),
            and_(state == "withdrawn", has, stands(consumption_result.c.entry_id)),
        )
    )


def _tell_state(row: Row[Any]) -> str:
    entry_ = f"entry {row.entry_id} of it stands" if row.entry_id else f"nothing books its {kr(row.result)}"
    return f"{_named(row)}: it is {row.state}, and {entry_}"


def _accounts() -> Select[Any]:
    """What waits keeps its account open; one that is booked has something booked, of one withdrawn nothing stands."""
    of_it = consumption_revision.c.account_id == consumption_account.c.id
    waits = exists().where(of_it, consumption_revision.c.state == "waits")
    booked = exists().where(of_it, consumption_revision.c.state == "booked")
    state = consumption_account.c.state
    return select(consumption_account.c.id, state).where(
        or_(and_(state == "booked", or_(waits, ~booked)), and_(state == "withdrawn", or_(waits, booked)))
    )


def _tell_account(row: Row[Any]) -> str:
    says = "nothing of it stands" if row.state == "withdrawn" else "all of it is booked"
    return f"consumption account {row.id} says that {says}, and its revisions do not"


def _figures() -> Select[Any]:
    """A first result is the balance, or the cost less what was on account (R28); so is one that adds."""
    full = consumption_result.c.amount - case(
        (consumption_result.c.measure == "cost", consumption_result.c.on_account), else_=0
    )
    return _OF_RESULT.add_columns(full.label("full")).where(
        consumption_revision.c.what != "replaces", consumption_result.c.result != full
    )


def _tell_figures(row: Row[Any]) -> str:
    return f"{_named(row)}: comes to {kr(row.full)} by its own figures, and books {kr(row.result)}"


def _lost_entries(conn: Connection) -> Iterator[str]:
    """Whatever result was booked is that of a revision; but of before there were accounts, where none is there yet."""
    of_revision = exists().where(consumption_result.c.entry_id == entry.c.id)
    own = (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0)
    query = (
        select(entry.c.id, entry.c.key, tenancy.c.property_id)
        .join_from(entry, posting, own)
        .outerjoin(tenancy, tenancy.c.account_id == posting.c.account_id)
        .where(entry.c.kind == kinds.RESULT, ~of_revision)
    )
    accounts: set[tuple[int | None, str, str]] | None = None
    for id_, key, property_id in conn.execute(query):
        accounts = _accounts_with_results(conn) if accounts is None else accounts
        if not _is_of_before(key) or (property_id, *_type_and_period(key)) in accounts:
            yield f"entry {id_} ({key}) is a result of no revision of a consumption account"


def _is_of_before(key: str) -> bool:
    """Whether a program without accounts has made this key: then every result was the first of its account (R31)."""
    parts = key.split("|")
    return len(parts) == 5 and parts[4].startswith("0#")


def _type_and_period(key: str) -> tuple[str, str]:
    _, charge_type, _, period, _ = key.split("|")
    return charge_type, period


def _accounts_with_results(conn: Connection) -> set[tuple[int | None, str, str]]:
    """Property, charge type, and period as keys have it."""
    its = consumption_account.c
    query = (
        select(its.property_id, consumption_result.c.charge_type, its.period_from, its.period_to)
        .join_from(consumption_account, consumption_revision)
        .join(consumption_result, consumption_result.c.revision_id == consumption_revision.c.id)
        .distinct()
    )
    return {(of, charge_type, f"{first}..{last}") for of, charge_type, first, last in conn.execute(query)}


def _cleared() -> Select[Any]:
    """What a result takes out of holdings is what it settles of that which had filled them."""
    fills = or_(consumption_settled.c.line_id.is_(None), charge_line.c.holding.is_not(None))
    settled = (
        select(consumption_settled.c.entry_id, func.sum(consumption_settled.c.amount).label("total"))
        .outerjoin_from(consumption_settled, charge_line, charge_line.c.id == consumption_settled.c.line_id)
        .where(fills)
        .group_by(consumption_settled.c.entry_id)
        .subquery()
    )
    # By the accounts of holdings to their postings: on them is little of all that is posted.
    holdings = select(account.c.id).where(account.c.kind == kinds.HOLDING)
    taken = (
        select(posting.c.entry_id, func.sum(posting.c.amount).label("total"))
        .join_from(posting, entry, entry.c.id == posting.c.entry_id)
        .where(posting.c.account_id.in_(holdings), entry.c.kind == kinds.RESULT)
        .group_by(posting.c.entry_id)
        .subquery()
    )
    involved = union(select(taken.c.entry_id), select(settled.c.entry_id)).subquery()
    return (
        select(entry.c.id, entry.c.key, zero(taken.c.total).label("taken"), zero(settled.c.total).label("settled"))
        .join_from(involved, entry, entry.c.id == involved.c.entry_id)
        .join(taken, taken.c.entry_id == involved.c.entry_id, isouter=True)
        .join(settled, settled.c.entry_id == involved.c.entry_id, isouter=True)
        .where(zero(taken.c.total) != zero(settled.c.total))
    )


def _tell_cleared(row: Row[Any]) -> str:
    return f"entry {row.id} ({row.key}) takes {kr(row.taken)} out of holdings, and settles {kr(row.settled)} of them"


def _settled() -> Select[Any]:
    """It is settled by a result of the tenancy that was asked, and of no more than was asked."""
    return (
        select(consumption_settled.c.id, consumption_settled.c.line_id, consumption_settled.c.entry_id)
        .outerjoin_from(
            consumption_settled, consumption_result, consumption_result.c.entry_id == consumption_settled.c.entry_id
        )
        .outerjoin(charge_line, charge_line.c.id == consumption_settled.c.line_id)
        .where(
            or_(
                consumption_result.c.id.is_(None),
                and_(
                    consumption_settled.c.line_id.is_not(None),
                    or_(
                        charge_line.c.id.is_(None),
                        charge_line.c.tenancy_id != consumption_result.c.tenancy_id,
                        consumption_settled.c.amount > charge_line.c.amount,
                    ),
                ),
                consumption_settled.c.amount < 0,
            )
        )
    )


def _tell_settled(row: Row[Any]) -> str:
    return f"charge line {row.line_id} is said to be settled by entry {row.entry_id}, and cannot be"


def _settled_twice() -> Select[Any]:
    return (
        select(consumption_settled.c.line_id, func.count().label("times"))
        .where(consumption_settled.c.line_id.is_not(None), stands(consumption_settled.c.entry_id))
        .group_by(consumption_settled.c.line_id)
        .having(func.count() > 1)
    )


def _tell_settled_twice(row: Row[Any]) -> str:
    return f"charge line {row.line_id} is settled by {row.times} results, and was asked once"


def _replaced(conn: Connection) -> Iterator[str]:
    """What revised accounts have booked adds up to what the last one says (R29).

    Where a person has taken back one of their entries, the rest is his to answer for.
    """
    revised = (
        select(consumption_revision.c.account_id)
        .where(consumption_revision.c.what == "replaces", consumption_revision.c.state == "booked")
        .distinct()
    )
    query = (
        _OF_RESULT.add_columns(
            consumption_result.c.measure,
            consumption_result.c.amount,
            consumption_result.c.on_account,
            or_(consumption_result.c.entry_id.is_(None), stands(consumption_result.c.entry_id)).label("stands"),
        )
        .where(consumption_revision.c.account_id.in_(revised), consumption_revision.c.state == "booked")
        .where(consumption_result.c.tenancy_id.is_not(None))
        .order_by(consumption_result.c.unit, consumption_result.c.tenant, consumption_revision.c.seq)
        .order_by(consumption_result.c.id)
    )
    booked: dict[tuple[int, str, str], int] = {}
    touched: set[tuple[int, str, str]] = set()
    for row in conn.execute(query):
        whose = (row.account_id, row.unit, row.tenant)
        booked[whose] = booked.get(whose, 0) + row.result
        if not row.stands:
            touched.add(whose)
        full = row.amount - (row.on_account if row.measure == "cost" else 0)
        if row.what == "replaces" and whose not in touched and booked[whose] != full:
            yield (
                f"{_named(row)}: its revisions have booked {format_amount(booked[whose])}, and it says "
                f"{format_amount(full)}"
            )
