"""A file that is somebody's document: filed on the tenancy or property that its index or its own name says (R35)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from hub.intake.hub import Hub
from hub.plugin import Document, Malformed
from hub.settings import VendorConfig
from hub.store import documents, journal
from hub.store.documents import Place
from hub.store.ids import Ids
from hub.store.journal import FileRow
from hub.store.portfolio import plain_number, property_by_numbers, tenancy_by_key
from hub.store.results import Counts, Result
from hub.transport.pdfs import is_called_pdf, why_no_whole_pdf
from hub.vendors import Instance


class NoPlaceError(Exception):
    """Says why the document cannot be filed."""


def read_document(
    hub: Hub, instance: Instance, file: FileRow, *, actor: str, now: datetime, dry_run: bool = False
) -> Result:
    """Files the document, or quarantines it with the reason; on a dry run only says which.

    What the instance's index file says of its name goes before what the name itself says. Raises Malformed and
    VendorFault. The document's row, the reading and the file's state come in one transaction.
    """
    with hub.db.read() as conn:
        announced = documents.named(conn, instance.name, file.name)
    whose = None
    if announced is not None:
        _refuse_broken(hub, file)
    elif not instance.kinds[file.kind or ""].indexed:
        whose = _whose(hub, instance, file)
    if dry_run:
        with hub.db.read() as conn:
            return _judged(conn, instance.config, file, whose)[0]
    with hub.db.write() as conn:
        result, place = _judged(conn, instance.config, file, whose)
        if place is not None:
            documents.file_document(conn, file.id, place)
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


def place_of(conn: Connection, config: VendorConfig | None, whose: Document) -> tuple[Place, str | None]:
    """Where the document goes, and the key of its tenancy; ``config`` None = a person says so. Raises NoPlaceError."""
    company, property_number = plain_number(whose.company), plain_number(whose.property)
    named = f"{company}-{property_number}"
    if config is not None and config.companies and company not in config.companies:
        raise NoPlaceError(f"company {company} is not among those that this vendor instance serves (R2)")
    if config is not None and config.properties and named not in config.properties:
        raise NoPlaceError(f"property {named} is not among those that this vendor instance serves (R2)")
    property_ = property_by_numbers(conn, company, property_number)
    if property_ is None:
        raise NoPlaceError(f"unknown property {named}: it is not in the portfolio")
    what = (whose.charge_type, whose.period_from, whose.period_to)
    if not whose.unit and not whose.tenant:
        return Place(property_.id, None, *what), None
    key = f"{named}-{plain_number(whose.unit)}-{plain_number(whose.tenant)}"
    tenancy = tenancy_by_key(conn, key)
    if tenancy is None:
        raise NoPlaceError(f"unknown tenancy {key}: it is not in the portfolio")
    period = f"{whose.period_from}..{whose.period_to}"
    if tenancy.move_in is not None and tenancy.move_in > whose.period_to:
        raise NoPlaceError(f"tenancy {key} begins on {tenancy.move_in}, after the document's period {period} (R35)")
    if tenancy.move_out is not None and tenancy.move_out < whose.period_from:
        raise NoPlaceError(f"tenancy {key} ended on {tenancy.move_out}, before the document's period {period} (R35)")
    return Place(property_.id, tenancy.ref.id, *what), key


def _whose(hub: Hub, instance: Instance, file: FileRow) -> Document:
    whose = instance.whose(hub.blob_path(file.sha256), file.name, file.kind or "")
    if whose.period_to < whose.period_from:
        raise Malformed(
            "period", found=f"{whose.period_from}..{whose.period_to}", expected="an end after its beginning"
        )
    return whose


def _refuse_broken(hub: Hub, file: FileRow) -> None:
    """No plug-in looks into what an index names. Raises Malformed."""
    wrong = why_no_whole_pdf(hub.blob_path(file.sha256)) if is_called_pdf(file.name) else ""
    if wrong:
        raise Malformed(f"no whole PDF: {wrong}", do="ask the vendor for the file again")


def _judged(
    conn: Connection, config: VendorConfig, file: FileRow, whose: Document | None
) -> tuple[Result, Place | None]:
    """Asked again inside the transaction: an index may have come meanwhile, or have been taken back."""
    place = documents.named(conn, file.vendor or "", file.name)
    if place is None and whose is None:
        reason = "no name known yet: the vendor's index file that says whose it is has not come; it is filed then"
        return Result("quarantined", [reason]), None
    try:
        if place is None and whose is not None:
            place, _ = place_of(conn, config, whose)
    except NoPlaceError as error:
        return Result("quarantined", [str(error)]), None
    return Result("booked", counts=Counts(booked=1)), place
