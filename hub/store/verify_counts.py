"""How much ``hub verify`` has proved beside entries and postings, for a person to hold against what he expects."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.store.tables import (
    batch,
    charge_line,
    collection,
    collection_result,
    consumption_account,
    consumption_result,
    customer_number,
    delivery,
    event,
    exported,
    file,
    journal_export,
    mandate,
    mandate_event,
    match_rule,
    portfolio_change,
    reading,
    slip,
)


class Count(NamedTuple):
    what: str
    rows: int


def counts(conn: Connection, allocations: int) -> list[Count]:
    """``allocations`` are those that the chain covers."""
    before = select(func.count()).select_from(batch).where(batch.c.allocated.is_(None))
    found = [
        Count("allocations in the chain", allocations),
        Count("batches of before allocations were in it", conn.execute(before).scalar_one()),
    ]
    for what, table in (
        ("charge lines", charge_line),
        ("files", file),
        ("readings", reading),
        ("events", event),
        ("posting journals", journal_export),
        ("entries exported", exported),
        ("customer numbers", customer_number),
        ("remembered matches", match_rule),
        ("changes of the portfolio", portfolio_change),
        ("deliveries", delivery),
        ("collections", collection),
        ("answers to collections", collection_result),
        ("mandates", mandate),
        ("events of mandates", mandate_event),
        ("payment slips", slip),
        ("consumption accounts", consumption_account),
        ("results of consumption accounts", consumption_result),
    ):
        found.append(Count(what, conn.execute(select(func.count()).select_from(table)).scalar_one()))
    return found
