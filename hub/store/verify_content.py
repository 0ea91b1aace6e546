"""That every stored file is what came: its bytes hash to its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, and_, exists, or_, select

from hub.store.tables import blob, delivery, file
from hub.transport.content import blob_path, hash_of

#: Rows fetched at once of an answer that may be of any length.
_IN_PARTS = {"yield_per": 1_000}
_OF_BLOB = file.c.sha256 == blob.c.sha256
#: Only set aside: a file that was too big to keep was hashed where it lay. A delivery of ours is always kept.
SET_ASIDE = and_(
    exists().where(_OF_BLOB),
    ~exists().where(delivery.c.sha256 == blob.c.sha256),
    ~exists().where(_OF_BLOB, or_(file.c.state.is_(None), file.c.state.not_in(("quarantined", "ignored")))),
)


class Proved(NamedTuple):
    """Files whose bytes were read, and how many those were."""

    files: int
    bytes: int


class StoredFiles:
    """Those of a site; ``proved`` grows while :meth:`wrong` goes through them."""

    def __init__(self, content: Path) -> None:
        self._content = content
        self.proved = Proved(0, 0)

    def wrong(self, conn: Connection) -> Iterator[str]:
        """A sentence for each file that is gone or was changed."""
        query = select(blob.c.sha256, blob.c.size, SET_ASIDE).order_by(blob.c.sha256)
        for sha256, size, set_aside in conn.execute(query, execution_options=_IN_PARTS):
            path = blob_path(self._content, sha256)
            try:
                with path.open("rb") as stored:
                    found = hash_of(stored)
                    length = stored.tell()
            except FileNotFoundError:
                if not set_aside:
                    yield f"stored file {sha256} of {size} bytes is not there; it was expected at {path}"
                continue
            except OSError as error:
                yield f"stored file {sha256} cannot be read at {path}: {error.strerror}"
                continue
            self.proved = Proved(self.proved.files + 1, self.proved.bytes + length)
            if found != sha256:
                yield f"stored file {sha256} was changed: what lies at {path} has the SHA-256 {found}"
            elif length != size:
                yield f"stored file {sha256} has {length} bytes, the journal says {size}"
