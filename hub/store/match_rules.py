"""Matches that a person has told the hub to remember: a payer's number, and whose money it is."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from hub.ledger.words import WORDS
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef, refs_with
from hub.store.tables import company, match_rule, tenancy

#: As long as the column.
CUSTOMER_CHARACTERS_MAX = 40


_MARKED = [
    re.compile(re.escape(words.by_rule).replace(re.escape("{rule}"), r"(\d{1,18})") + "$", re.ASCII)
    for words in WORDS.values()
]


def rule_marked(text: str) -> int | None:
    """The rule that the text of a payment says it was booked by."""
    found = next(filter(None, (mark.search(text) for mark in _MARKED)), None)
    return None if found is None else int(found[1])


def unmarked(text: str) -> str:
    """What a file says of a payment, as its entry may say it: what :func:`rule_marked` would read gets a full stop.

    Or what a payer writes would be counted and explained as a payment that a rule has booked.
    """
    return text if text[-1:] != ")" or rule_marked(text) is None else f"{text}."


class Rule(NamedTuple):
    """``uses`` counts the payments that it has booked."""

    id: int
    company: str
    customer: str
    tenancy: str
    at: datetime
    actor: str
    entry: int
    uses: int
    forgotten_at: datetime | None


def has_rules(conn: Connection, company_id: int) -> bool:
    query = select(match_rule.c.id).where(match_rule.c.company_id == company_id, match_rule.c.forgotten_at.is_(None))
    return conn.execute(query.limit(1)).first() is not None


def tenancies_by_rule(
    conn: Connection, company_id: int, customer_keys: Collection[str]
) -> dict[str, tuple[int, TenancyRef]]:
    """Rule and tenancy by customer key, of those that a rule in use knows."""
    rules = conn.execute(
        select(match_rule.c.id, match_rule.c.customer_key, match_rule.c.tenancy_id).where(
            match_rule.c.company_id == company_id,
            match_rule.c.forgotten_at.is_(None),
            among(conn, match_rule.c.customer_key, customer_keys),
        )
    ).all()
    refs = refs_with(conn, {row.tenancy_id for row in rules}) if rules else {}
    return {row.customer_key: (row.id, refs[row.tenancy_id]) for row in rules}


def rules(conn: Connection) -> list[Rule]:
    """All there ever were, oldest first."""
    return [Rule._make(row) for row in conn.execute(_rules().order_by(match_rule.c.id))]


def rule_with(conn: Connection, rule_id: int) -> Rule | None:
    row = conn.execute(_rules().where(match_rule.c.id == rule_id)).one_or_none()
    return None if row is None else Rule._make(row)


def _rules() -> Select[Any]:
    return (
        select(
            match_rule.c.id,
            company.c.number,
            match_rule.c.customer_key,
            tenancy.c.key,
            match_rule.c.at,
            match_rule.c.actor,
            match_rule.c.entry_id,
            match_rule.c.uses,
            match_rule.c.forgotten_at,
        )
        .join_from(match_rule, company, company.c.id == match_rule.c.company_id)
        .join(tenancy, tenancy.c.id == match_rule.c.tenancy_id)
    )
