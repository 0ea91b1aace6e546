"""Opening consumption accounts: one of a property, consumption type and period, none of whose days is in another."""

from __future__ import annotations

from datetime import date, datetime
from itertools import groupby

from sqlalchemy import Connection

from hub.consumption.on_account import on_account_of
from hub.consumption.tenants import moved_out_by, tenants_of
from hub.errors import HubError
from hub.settings import CompanyConfig, ConsumptionType
from hub.settings.consumption import CONSUMPTION_TYPES
from hub.store.consumption import results
from hub.store.consumption.accounts import (
    AccountRow,
    accounts_overlapping,
    add_account,
    open_accounts,
    set_account_state,
)


class OverlapError(HubError):
    """Two accounts of one property and type would have days in common."""


def type_by_result(company: CompanyConfig, charge_type: str) -> tuple[str, ConsumptionType] | None:
    """The company's consumption type whose results stand on this charge type, with its name (R26)."""
    types = {**CONSUMPTION_TYPES, **company.consumption}
    return next(((name, one) for name, one in types.items() if one.result == charge_type), None)


def account_for(
    conn: Connection,
    property_id: int,
    type: str,
    period: tuple[date, date],
    *,
    opened_by: str,
    now: datetime,
) -> AccountRow:
    """The account of exactly this period, opened where there is none or it was withdrawn.

    The caller has locked the property. Raises OverlapError.
    """
    given_up = None
    for other in accounts_overlapping(conn, property_id, type, period):
        its_own = (other.period_from, other.period_to) == period
        if other.state == "withdrawn":
            given_up = other if its_own else given_up
            continue
        if its_own:
            return other
        raise OverlapError(
            f"the {type} account {other.id} of {other.period_from}..{other.period_to} has days of "
            f"{period[0]}..{period[1]}",
            why="what was asked on account for those days would be settled twice (R27)",
            do="give the period of that account, or one that begins after it; where that account is the mistake: "
            f"hub consumption withdraw {other.id}",
        )
    if given_up is not None:
        set_account_state(conn, given_up.id, "open")
        return given_up._replace(state="open")
    return add_account(conn, property_id, type, period, opened_by=opened_by, at=now)


def the_open_one(conn: Connection, property_id: int, type: str) -> AccountRow | None:
    """The account that a result without a period is of (R30); None = there is none, or more than one."""
    found = open_accounts(conn, property_id, type)
    return found[0] if len(found) == 1 else None


def carry_over(conn: Connection, account: AccountRow, type_: ConsumptionType) -> None:
    """Takes over what was booked of the account before there were accounts: it is never booked again (R31).

    For an account without revisions. Each reading that had booked some of it is a revision, so that a file can be taken
    back as before; one that was taken back already is there as withdrawn, and its business keys are not made again.
    """
    key = f"|{account.period_from}..{account.period_to}|0#"
    found = [
        one
        for one in results.booked_before(conn, account.property_id)
        if one.key.startswith(f"result|{type_.result}|{one.tenancy}{key}")
    ]
    if not found:
        return
    period = (account.period_from, account.period_to)
    asked = on_account_of(conn, account.property_id, type_.on_account, period)
    cut_off = moved_out_by(account.opened_at.date(), type_.moved_out_months)
    tenants = tenants_of(conn, account.property_id, period, moved_out_by=cut_off, vacant=type_.vacant)
    standings = {one.ref.id: one.standing for one in tenants}
    for reading_id, of_reading in groupby(found, key=lambda one: one.reading_id):
        entries = list(of_reading)
        first = entries[0]
        state: results.State = "booked" if any(one.stands for one in entries) else "withdrawn"
        made = results.add_revision(
            conn,
            account.id,
            "carried",
            vendor=first.vendor,
            actor=account.actor,
            at=account.opened_at,
            state=state,
            booked_at=first.booked_at,
        )
        results.add_lines(conn, made.id, reading_id, map(_carried, entries))
        by_record = {one.record: one for one in entries}
        kept = results.lines_of(conn, [made.id])
        results.set_entries(conn, [(line.id, by_record[line.record].entry_id) for line in kept])
        charged = {id_: one.charged for id_, one in asked.items()}
        results.set_figures(
            conn,
            [
                line._replace(
                    standing=standings.get(line.tenancy_id or 0, "present"),
                    on_account=charged.get(line.tenancy_id or 0, 0),
                )
                for line in kept
            ],
        )
        if state == "booked":
            set_account_state(conn, account.id, "booked")


def _carried(one: results.BookedBefore) -> results.NewLine:
    _, _, unit, tenant = one.tenancy.split("-")
    charge_type = one.key.split("|")[1]
    return results.NewLine(unit, tenant, one.tenancy_id, charge_type, "balance", one.amount, None, one.record)
