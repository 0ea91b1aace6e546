"""A file that a person wants to look into: a path, or one of the hub's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hub.cli.context import opened
from hub.errors import HubError, NotFoundError

if TYPE_CHECKING:
    from hub.settings import Site


class ShownFile(NamedTuple):
    path: Path
    name: str
    #: The instance that has read it, "" for none.
    vendor: str


def file_told(site: Site, told: str) -> ShownFile:
    """A path goes before a number: a file that lies there is what was meant. Raises HubError where there is none."""
    from hub.store import views
    from hub.transport.content import blob_path

    path = Path(told)
    if path.is_file():
        return ShownFile(path, path.name, "")
    if not (told.isascii() and told.isdigit()):
        raise NotFoundError(f"there is no file {told}", do="give a path, or a number as hub files shows it")
    with opened(site) as database, database.read() as conn:
        found = views.file_detail(conn, int(told))
    if found is None:
        raise NotFoundError(f"there is no file {told}", do="see: hub files")
    stored = blob_path(site.content, found.file.sha256)
    if not stored.is_file():
        raise HubError(f"the bytes of file {told} are not in the content store", where=str(stored))
    return ShownFile(stored, found.file.name, found.file.vendor or "")
