"""Files that belong to charges; their bytes are in the content store."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from hub.store.tables import attachment, blob, charge, tenancy


class Attachment(NamedTuple):
    id: int
    tenancy: str
    #: Of the charge that it belongs to.
    reference: str
    #: As it was called where it came from.
    name: str
    #: Bytes.
    size: int
    sha256: str
    at: datetime
    actor: str


def attachments_of(conn: Connection, charge_id: int) -> list[Attachment]:
    """In the order in which they were added."""
    query = _attachments().where(attachment.c.charge_id == charge_id).order_by(attachment.c.id)
    return [Attachment._make(row) for row in conn.execute(query)]


def attachment_with(conn: Connection, attachment_id: int) -> Attachment | None:
    row = conn.execute(_attachments().where(attachment.c.id == attachment_id)).one_or_none()
    return None if row is None else Attachment._make(row)


def _attachments() -> Select[Any]:
    return (
        select(
            attachment.c.id,
            tenancy.c.key,
            charge.c.reference,
            attachment.c.name,
            blob.c.size,
            blob.c.sha256,
            attachment.c.at,
            attachment.c.actor,
        )
        .join_from(attachment, blob, blob.c.sha256 == attachment.c.sha256)
        .join(charge, charge.c.id == attachment.c.charge_id)
        .join(tenancy, tenancy.c.id == charge.c.tenancy_id)
    )
