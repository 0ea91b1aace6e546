"""What every step of a file's way needs at hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.settings import Site
from hub.store.database import Database
from hub.transport import content
from hub.vendors import Vendors


@dataclass(frozen=True)
class Hub:
    site: Site
    db: Database
    vendors: Vendors
    #: Aware UTC.
    clock: Callable[[], datetime]
    #: Where the content store lies; a dry run puts another folder here.
    content: Path
    #: Told the file's name and how many records have been read of it, in each of the two passes.
    progress: Callable[[str, int], None] = lambda name, records: None

    @classmethod
    def of(cls, site: Site, db: Database, vendors: Vendors, clock: Callable[[], datetime]) -> Hub:
        return cls(site, db, vendors, clock, site.content)

    def blob_path(self, sha256: str) -> Path:
        return content.blob_path(self.content, sha256)
