"""Whose earlier money of the same payer a person has said it was: by the number that he gave, or by his account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from hub.ledger import kinds
from hub.store.lookup import among
from hub.store.portfolio import tenancies_of_posted
from hub.store.tables import bank_line, entry, suspense
from hub.store.taking_back import Corrector, history_of
from hub.store.views import Unmatched

#: Of a company's payers at once, the newest: who pays for many tenants from one account has thousands.
_EARLIER_MAX = 1_000


class Earlier(NamedTuple):
    """Of one payment: whose money an earlier one of its payer was, and how that is known."""

    payment: Unmatched
    tenancy_id: int
    text: str


def earlier_of_payers(conn: Connection, company_id: int, payments: Sequence[Unmatched]) -> Iterator[Earlier]:
    """For each payment and each tenancy that has money of its payer by a match that stands: the newest such."""
    rows = [*_by_number(conn, company_id, payments), *_by_account(conn, company_id, payments)]
    if not rows:
        return
    history = history_of(conn, {row.id for row in rows})
    holders = {row.id: history.holder_of(Corrector(row.id, row.kind, row.key)) for row in rows}
    matches = {
        id_: one.id for id_, one in holders.items() if one.kind == kinds.MATCH and history.taken_back_by(one.id) is None
    }
    whose = tenancies_of_posted(conn, set(matches.values()))
    latest: defaultdict[str, dict[int, Row[Any]]] = defaultdict(dict)
    for row in rows:
        if row.id in matches:
            latest[row.payer].setdefault(whose[matches[row.id]].id, row)
    for one in payments:
        for payer in _payers_of(one):
            for tenancy_id, row in latest.get(payer, {}).items():
                match = matches[row.id]
                text = f"payment {row.id} of {row.value_date} from the same payer was its money (match {match})"
                yield Earlier(one, tenancy_id, text)


def _payers_of(one: Unmatched) -> list[str]:
    """By what its payer is known: he may have given his account for a number."""
    told = (one.customer, one.bank.payer_account if one.bank else "")
    return list(dict.fromkeys(payer for payer in told if payer.strip()))


def _by_number(conn: Connection, company_id: int, payments: Sequence[Unmatched]) -> Sequence[Row[Any]]:
    customers = {one.customer for one in payments if one.customer.strip()}
    if not customers:
        return ()
    query = _entries(suspense.c.customer).where(among(conn, suspense.c.customer, customers))
    return conn.execute(_newest(query, company_id)).all()


def _by_account(conn: Connection, company_id: int, payments: Sequence[Unmatched]) -> Sequence[Row[Any]]:
    accounts = {one.bank.payer_account for one in payments if one.bank and one.bank.payer_account.strip()}
    if not accounts:
        return ()
    query = _entries(bank_line.c.payer_account).join(bank_line, bank_line.c.entry_id == suspense.c.entry_id)
    return conn.execute(_newest(query.where(among(conn, bank_line.c.payer_account, accounts)), company_id)).all()


def _entries(payer: Any) -> Select[Any]:
    columns = (payer.label("payer"), entry.c.id, entry.c.kind, entry.c.key, entry.c.value_date)
    return select(*columns).select_from(suspense.join(entry, entry.c.id == suspense.c.entry_id))


def _newest(query: Select[Any], company_id: int) -> Select[Any]:
    return query.where(suspense.c.company_id == company_id).order_by(suspense.c.entry_id.desc()).limit(_EARLIER_MAX)
