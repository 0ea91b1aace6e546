"""Pairs what is certain, a company at a time: slips, payouts, clearing days, then what a bank's rules say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.acts.act import Acting, perform
from hub.reconciling.days import settle_days
from hub.reconciling.payouts import settle_payouts
from hub.reconciling.rules import apply_rules
from hub.reconciling.settling import Explained, Run
from hub.reconciling.slips import confirm_witnesses, settle_slips
from hub.settings import Site
from hub.store.clearing.items import clearing_accounts
from hub.store.clearing.lines import locked_lines, waiting_companies
from hub.store.database import Database
from hub.store.tables import company


class Reconciled(NamedTuple):
    """What one run has found."""

    explained: tuple[Explained, ...]
    #: Payments seen by a second witness that are known now to be booked (R17).
    confirmed: int


class _DryRunError(Exception):
    """Takes the transaction of a dry run back."""


def reconcile(
    database: Database,
    site: Site,
    *,
    actor: str,
    now: datetime,
    company_ids: Collection[int] | None = None,
    dry_run: bool = False,
) -> Reconciled:
    """Explains what of the open bank lines is certain, each company in a transaction of its own; None = all companies.

    Done twice, or by two hubs at once, nothing is explained twice. Returns at once where no line and no witness is
    open. A company that is closed, or whose books are in another currency than its settings say, is left alone. A dry
    run tells what it would do, and writes nothing.
    """
    with database.read() as conn:
        waiting = waiting_companies(conn, company_ids)
    explained: list[Explained] = []
    confirmed = 0
    for company_id in waiting:
        found = _reconcile_company(database, site, company_id, actor=actor, now=now, dry_run=dry_run)
        explained += found.explained
        confirmed += found.confirmed
    return Reconciled(tuple(explained), confirmed)


def _reconcile_company(
    database: Database, site: Site, company_id: int, *, actor: str, now: datetime, dry_run: bool
) -> Reconciled:
    found = Reconciled((), 0)

    def do(acting: Acting) -> Mapping[str, Any]:
        nonlocal found
        found = _explain(acting, company_id)
        if dry_run:
            raise _DryRunError
        return {}

    with suppress(_DryRunError):
        perform(database, site, "reconcile", {"company": company_id}, do, actor=actor, now=now)
    return found


def _explain(acting: Acting, company_id: int) -> Reconciled:
    """In the order of certainty; what one step has explained, the next ones do not see."""
    conn = acting.conn
    theirs = conn.execute(select(company.c.number, company.c.currency).where(company.c.id == company_id)).one()
    config = acting.site.company(theirs.number)
    if config.closed or config.currency != theirs.currency:
        return Reconciled((), 0)
    run = Run(acting, company_id, config)
    lines = locked_lines(conn, company_id)
    confirmed = confirm_witnesses(run)
    if lines:
        settle_slips(run, [line for line in lines if not line.handled])
        accounts = clearing_accounts(conn, [company_id])
        settle_payouts(run, run.still_open(lines), accounts)
        settle_days(run, run.still_open(lines), accounts)
        apply_rules(run, lines)
    return Reconciled(tuple(run.explained), confirmed)
