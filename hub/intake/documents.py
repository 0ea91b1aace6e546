"""A file that is somebody's document: filed on the tenancy or property that its name says (R35)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from hub.intake.hub import Hub
from hub.plugin import Document, Malformed
from hub.settings import VendorConfig
from hub.store import journal
from hub.store.ids import Ids
from hub.store.journal import FileRow
from hub.store.portfolio import plain_number, property_by_numbers, tenancy_by_key
from hub.store.results import Counts, Result
from hub.vendors import Instance


class _Place(NamedTuple):
    property_id: int
    tenancy_id: int | None


class _NoPlaceError(Exception):
    """Says why the document cannot be filed."""


def read_document(
    hub: Hub, instance: Instance, file: FileRow, *, actor: str, now: datetime, dry_run: bool = False
) -> Result:
    """Files the document, or quarantines it with the reason; on a dry run only says which.

    Raises Malformed and VendorFault. The document's row, the reading and the file's state come in one transaction.
    """
    whose = instance.whose(hub.blob_path(file.sha256), file.name, file.kind or "")
    if whose.period_to < whose.period_from:
        raise Malformed(
            "period", found=f"{whose.period_from}..{whose.period_to}", expected="an end after its beginning"
        )
    if dry_run:
        with hub.db.read() as conn:
            return _judged(conn, instance.config, whose)[0]
    with hub.db.write() as conn:
        result, place = _judged(conn, instance.config, whose)
        if place is not None:
            journal.add_document(conn, file.id, whose, *place)
        journal.finish_reading(
            conn,
            Ids(conn).take("reading", 1)[0],
            file.id,
            result,
            vendor=instance.name,
            plugin_version=instance.plugin_version,
            actor=actor,
            started_at=now,
            finished_at=hub.clock(),
        )
    return result


def _judged(conn: Connection, config: VendorConfig, whose: Document) -> tuple[Result, _Place | None]:
    try:
        place = _place(conn, config, whose)
    except _NoPlaceError as error:
        return Result("quarantined", [str(error)]), None
    return Result("booked", counts=Counts(booked=1)), place


def _place(conn: Connection, config: VendorConfig, whose: Document) -> _Place:
    company, property_number = plain_number(whose.company), plain_number(whose.property)
    named = f"{company}-{property_number}"
    if config.companies and company not in config.companies:
        raise _NoPlaceError(f"company {company} is not among those that this vendor instance serves (R2)")
    if config.properties and named not in config.properties:
        raise _NoPlaceError(f"property {named} is not among those that this vendor instance serves (R2)")
    property_ = property_by_numbers(conn, company, property_number)
    if property_ is None:
        raise _NoPlaceError(f"unknown property {named}: it is not in the portfolio")
    if not whose.unit and not whose.tenant:
        return _Place(property_.id, None)
    key = f"{named}-{plain_number(whose.unit)}-{plain_number(whose.tenant)}"
    tenancy = tenancy_by_key(conn, key)
    if tenancy is None:
        raise _NoPlaceError(f"unknown tenancy {key}: it is not in the portfolio")
    period = f"{whose.period_from}..{whose.period_to}"
    if tenancy.move_in is not None and tenancy.move_in > whose.period_to:
        raise _NoPlaceError(f"tenancy {key} begins on {tenancy.move_in}, after the document's period {period} (R35)")
    if tenancy.move_out is not None and tenancy.move_out < whose.period_from:
        raise _NoPlaceError(f"tenancy {key} ended on {tenancy.move_out}, before the document's period {period} (R35)")
    return _Place(property_.id, tenancy.ref.id)
