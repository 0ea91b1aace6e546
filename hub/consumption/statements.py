"""Statements of a consumption account: who has none, and which of them are taken off to begin again (R37)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.acts.act import Acting
from hub.consumption.tenants import AccountTenant, moved_out_by, tenants_of
from hub.errors import HubError, NotFoundError
from hub.settings import ConsumptionType, Site
from hub.store import documents, journal
from hub.store.consumption.accounts import account_with
from hub.store.documents import Standing
from hub.store.portfolio import PropertyRef, plain_key, property_by_numbers, property_with


class DocumentRefusedError(HubError):
    """The document is not there, or cannot be dealt with so."""


class Scope(NamedTuple):
    """What statements are asked about: all of one property, consumption type and period."""

    house: PropertyRef
    type: str
    settled: ConsumptionType
    period: tuple[date, date]

    @property
    def key(self) -> str:
        """company-property"""
        return f"{self.house.company_number}-{self.house.number}"

    @property
    def charge_types(self) -> tuple[str, str]:
        """What a statement of it is filed under: by its letter (R26), or by the result that it explains."""
        return self.settled.on_account, self.settled.result


class Without(NamedTuple):
    """A tenant without a statement, and how many there are of the account's, present and moved out."""

    tenants: list[AccountTenant]
    of: int


def scope_of(conn: Connection, site: Site, property_key: str, type: str, period: tuple[date, date]) -> Scope:
    """Raises HubError for a property that is not there, and a type that its company has not."""
    company, _, number = plain_key(property_key).partition("-")
    found = property_by_numbers(conn, company, number)
    if found is None:
        raise HubError(f"property {property_key} is not in the portfolio", do="write company-property, e.g. 1-12")
    return Scope(found, type, type_of(site, company, type), period)


def scope_of_account(conn: Connection, site: Site, account_id: int) -> Scope:
    """Raises HubError."""
    account = account_with(conn, account_id)
    if account is None:
        raise NotFoundError(f"there is no consumption account {account_id}", do="see: hub consumption list")
    found = property_with(conn, account.property_id)
    settled = type_of(site, found.company_number, account.type)
    return Scope(found, account.type, settled, (account.period_from, account.period_to))


def type_of(site: Site, company: str, name: str) -> ConsumptionType:
    """Raises HubError."""
    settled = site.company(company).consumption_type(name)
    if settled is None:
        raise HubError(f"company {company} has no consumption type {name!r}", do="heat, water, electricity, or its own")
    return settled


def without_statement(conn: Connection, scope: Scope, today: date) -> Without:
    """The account's tenants, present and moved out, whom no statement of it is filed on (R32: a vacancy needs none)."""
    cut_off = moved_out_by(today, scope.settled.moved_out_months)
    all_ = tenants_of(conn, scope.house.id, scope.period, moved_out_by=cut_off, vacant=scope.settled.vacant)
    tenants = [one for one in all_ if one.standing != "vacant"]
    have = {one.place.tenancy_id for one in statements(conn, scope) if one.dropped_at is None}
    return Without([one for one in tenants if one.ref.id not in have], len(tenants))


def statements(conn: Connection, scope: Scope) -> list[Standing]:
    """The property's and its tenants', those that were taken off too."""
    return documents.of_account(conn, scope.house.id, scope.charge_types, scope.period)


def drop(acting: Acting, file_ids: Sequence[int], reason: str, account_id: int | None = None) -> dict[str, Any]:
    """Takes these documents off; their bytes are kept, and they may be filed anew. All or none.

    ``account_id``: the consumption account whose statements they are, taken off together. Raises DocumentRefusedError.
    """
    if not reason.strip():
        raise DocumentRefusedError("a document is taken off for a reason", do='write --reason "..."')
    for file_id in file_ids:
        found = documents.standing(acting.conn, file_id)
        file = journal.get_file(acting.conn, file_id)
        if found is None or file is None:
            raise DocumentRefusedError(f"file {file_id} is nobody's document", do="see: hub documents PROPERTY")
        journal.lock_blob(acting.conn, file.sha256)
        file = journal.get_file(acting.conn, file_id)
        if file is None or file.state is None or journal.open_claim_on(acting.conn, file_id) is not None:
            raise DocumentRefusedError(f"file {file_id} is being worked on", do="try again when it has ended")
        if found.dropped_at is not None:
            raise DocumentRefusedError(f"file {file_id} was taken off at {journal.moment(found.dropped_at)}")
        documents.drop(acting.conn, file_id, acting.now)
        detail = {"reason": reason, "document": found.name} | ({} if account_id is None else {"account": account_id})
        journal.add_event(
            acting.conn, at=acting.now, actor=acting.actor, what="reversed", file_id=file_id, detail=detail
        )
    return {"dropped": list(file_ids), "reason": reason}
