"""Books in which things go wrong, and a site that tells people of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.exchange.notices import tell
from hub.settings import HubConfig, Site, VendorConfig
from hub.store import journal
from hub.store.database import Database
from hub.store.exchange import rounds
from hub.store.exchange.dispatches import Dispatch, add_dispatch, change_state
from hub.store.exchange.rounds import RoundResult, What
from hub.store.ids import Ids
from hub.store.results import Counts, Result, State
from hub.store.tables import blob, delivery
from tests.desk import NOW
from tests.mailing import ANNA, BO, server
from tests.smtp import Sink

#: A command that keeps what it is given, a line a call; it fails while there is a file of that name.
KEEP = "cat >> told.json; echo >> told.json; test ! -e broken"


class Watched:
    """``hub`` is what hub.toml says, ``vendor`` the file of the only instance, ``heat``."""

    def __init__(self, db: Database, root: Path) -> None:
        self.db, self.root, self.now = db, root, NOW
        self.hub: dict[str, Any] = {"site": {"name": "Søgård"}, "notices": {}}
        self.vendor: dict[str, Any] = {"plugin": "brunata"}
        self._files = 0

    @property
    def site(self) -> Site:
        vendors = {"heat": VendorConfig.model_validate(self.vendor)}
        return Site(self.root, HubConfig.model_validate(self.hub), vendors=vendors)

    def by_mail(self, sink: Sink, *to: str, confirmed: tuple[str, ...] = (ANNA, BO), **more: Any) -> None:
        self.hub["mail"] = server(sink.port, confirmed, ca_file=sink.ca_file, **more)
        self.hub["notices"]["mail_to"] = list(to or (ANNA, BO))

    def by_command(self, script: str, **more: Any) -> None:
        self.hub["notices"] |= {"command": ["/bin/sh", "-c", script], **more}

    def tell(self, *, later: timedelta = timedelta(0), by_hand: bool = False) -> int:
        self.now += later
        return tell(self.db, self.site, now=self.now, actor="daemon", by_hand=by_hand)

    def file(self, name: str, state: State, *reasons: str, held: int = 0) -> int:
        self._files += 1
        sha256 = f"{self._files:064d}"
        with self.db.write() as conn:
            conn.execute(blob.insert().values(sha256=sha256, size=1, stored_at=NOW))
            kept = journal.add_file(conn, sha256=sha256, name=name, vendor="heat", kind="results", received_at=self.now)
            self._read(conn, kept.id, Result(state, list(reasons), Counts(held=held)))
        return kept.id

    def read_again(self, file_id: int, state: State) -> None:
        with self.db.write() as conn:
            self._read(conn, file_id, Result(state))

    def _read(self, conn: Any, file_id: int, result: Result) -> None:
        said = {"vendor": "heat", "plugin_version": "1", "actor": "test"}
        times = {"started_at": NOW, "finished_at": NOW}
        journal.finish_reading(conn, Ids(conn).take("reading", 1)[0], file_id, result, **said, **times)

    def round(self, what: What, result: RoundResult | None, text: str = "", at: datetime = NOW) -> None:
        with self.db.write() as conn:
            id_ = rounds.begin(conn, "heat", what, "", at)
            if result is not None:
                rounds.end(conn, id_, result, text, 0, 0, 0, at)

    def delivery(self, state: str = "made") -> int:
        values = {"vendor": "heat", "kind": "export", "data_supplier": "", "subsystem": "", "number": 1}
        values |= {"name": "eksport.txt", "sha256": self._blob(), "created_on": NOW.date(), "plugin_version": "1"}
        values |= dict.fromkeys(("sections", "items", "amount", "texts", "records"), 0)
        values |= {"state": state, "made_at": NOW, "actor": "test"}
        with self.db.write() as conn:
            return int(conn.execute(delivery.insert().values(values).returning(delivery.c.id)).scalar_one())

    def dispatch(self) -> int:
        head = (0, self.delivery(), "heat", "mail", f"mailto:{ANNA}", "eksport.txt", self._blob(), 1, "<1@x>")
        one = Dispatch(*head, "waiting", "", None, None, 0, None, NOW)
        with self.db.write() as conn:
            return add_dispatch(conn, one, actor="test")

    def stop(self, dispatch: int, text: str) -> None:
        with self.db.write() as conn:
            change_state(conn, dispatch, "stopped", text, by="machine", at=self.now, actor="daemon")

    def _blob(self) -> str:
        sha256 = "e" * 64
        with self.db.write() as conn:
            if not conn.execute(blob.select().where(blob.c.sha256 == sha256)).first():
                conn.execute(blob.insert().values(sha256=sha256, size=1, stored_at=NOW))
        return sha256

    def command_got(self) -> list[list[str]]:
        """Texts of each call of the script of :data:`KEEP`."""
        kept = self.root / "told.json"
        lines = kept.read_text(encoding="utf-8").split("\n") if kept.exists() else []
        return [[one["text"] for one in json.loads(line)["notices"]] for line in lines if line]
