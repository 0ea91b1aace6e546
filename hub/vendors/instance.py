"""One vendor instance: a plug-in with the settings of one config file, alive in a process of its own.

Nothing that the plug-in does harms anyone else (promise 3): see :mod:`hub.vendors.conversation`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Self

from hub.plugin import Description, Document, FieldPlace, FileKind, Mine, NotMine, Record, ShownField
from hub.settings import HubConfig, VendorConfig
from hub.vendors.columns import RECORDS_MAX, encode
from hub.vendors.conversation import Conversation
from hub.vendors.frames import ANSWER, BATCH, CHUNK, END, MORE
from hub.vendors.limits import BreachError, Making, Reading, Showing, check_document
from hub.vendors.messages import Filed, Identified, SettingValue


class Instance:
    """Asks the plug-in; every method but ``launch`` and ``close`` starts it where needed.

    Threads wait for each other's questions. A thread that asks while its own ``read`` or ``make`` is unfinished gets a
    RuntimeError instead of waiting for itself.
    """

    def __init__(self, name: str, config: VendorConfig, hub: HubConfig) -> None:
        self.name = name
        self.config = config
        self.plugin = config.plugin
        self.talk = Conversation(name, config, hub.plugins)
        self._read_budget_bytes = hub.plugins.read_budget_bytes
        self._made_bytes_max = hub.intake.file_bytes_max

    def launch(self) -> None:
        """Starts the process and does not wait for it, so that several instances come up at the same time."""
        self.talk.launch()

    def start(self) -> None:
        """Loads the plug-in and has it judge its settings. Raises ConfigError with all problems, VendorFault."""
        self.talk.start()

    @property
    def fault(self) -> str | None:
        """Why this instance is shut out; None = it is not."""
        return self.talk.fault

    @property
    def refused_places(self) -> tuple[FieldPlace, ...]:
        """Where the fields of a configuration that is refused would stand."""
        return self.talk.refused_places

    @property
    def distribution(self) -> str:
        """The installed distribution that the plug-in comes from."""
        self.talk.facts()
        return self.talk.distribution

    @property
    def plugin_version(self) -> str:
        self.talk.facts()
        return self.talk.version

    @property
    def kinds(self) -> Mapping[str, FileKind]:
        return self.talk.facts().kinds

    @property
    def description(self) -> Description:
        return self.talk.facts().description

    @property
    def settings(self) -> list[SettingValue]:
        """The plug-in's settings in effect, defaults included, secrets hidden."""
        return self.talk.facts().settings

    def identify(self, path: Path, name: str) -> Mine | NotMine:
        """Is the file at ``path``, which came under ``name``, this vendor's? Raises VendorFault."""
        with self.talk.asking("identify", {"file": self._view(path, name, budget_bytes=self._read_budget_bytes)}):
            answer = self.talk.parsed("identify", Identified, self.talk.receive("identify", ANSWER))
        if not answer.mine:
            return NotMine(answer.text)
        if answer.text not in self.kinds:
            raise self.talk.failure(f"says that the file is of kind {answer.text!r}, which it does not declare")
        return Mine(answer.text)

    def read(
        self, path: Path, name: str, kind: str, *, options: Mapping[str, str] | None = None
    ) -> Generator[list[Record]]:
        """The file's records in its order, up to 2,000 at a time. Raises Malformed, VendorFault, also in the middle:
        VendorFault too for a record beyond the limits of :mod:`hub.plugin.records`, of whose batch none is given.

        ``options`` are what a person said of this file; ``period`` is that of the config file unless given. Who
        stops in the middle closes the iterator (``contextlib.closing``) before asking anything else.
        """
        with self.talk.asking("read", {"file": self._view(path, name, options), "kind": kind}):
            reading = Reading()
            while batch := self.talk.next_batch("read", reading.batch):
                yield batch

    def whose(self, path: Path, name: str, kind: str, *, options: Mapping[str, str] | None = None) -> Document:
        """Whose document the file is. Raises Malformed, VendorFault. ``options`` as for ``read``."""
        with self.talk.asking("whose", {"file": self._view(path, name, options), "kind": kind}):
            document = self.talk.parsed("whose", Filed, self.talk.receive("whose", ANSWER)).document
        try:
            check_document(document)
        except BreachError as breach:
            raise self.talk.failure(str(breach)) from breach
        return document

    def show(self, path: Path, name: str, *, options: Mapping[str, str] | None = None) -> Generator[ShownField]:
        """Every field of the file's records, a broken file's too; to be closed like ``read``. Raises VendorFault.

        The option ``kind`` says as what a file is looked at that could be of several kinds.
        """
        with self.talk.asking("show", {"file": self._view(path, name, options)}):
            showing = Showing()
            while batch := self.talk.next_batch("show", showing.batch):
                yield from batch

    def make(
        self, kind: str, records: Iterable[Record], head: Mapping[str, str], remarks: list[str] | None = None
    ) -> Iterator[bytes]:
        """The bytes of a file of this kind that holds ``records``. Raises Unmakeable, VendorFault.

        ``remarks`` gets what the plug-in has to say of the file, such as what it cut, until the last bytes have come.
        """
        remaining = iter(records)
        left_bytes = self._made_bytes_max
        making = Making()
        with self.talk.asking("make", {"kind": kind, "head": dict(head)}):
            while (answer := self.talk.receive("make", BATCH, CHUNK, MORE, END)).tag != END:
                if answer.tag == BATCH:
                    said = self.talk.unpacked("make", answer, making.batch)
                    if remarks is not None:
                        remarks += said
                elif answer.tag == CHUNK:
                    left_bytes -= len(answer.payload)
                    if left_bytes < 0:
                        raise self.talk.failure(
                            f"makes more than {self._made_bytes_max} bytes (hub.intake.file_bytes_max)"
                        )
                    yield bytes(answer.payload)
                elif batch := list(islice(remaining, RECORDS_MAX)):
                    self.talk.send("make", BATCH, encode(batch))
                else:
                    self.talk.send("make", END)

    def close(self) -> None:
        """Ends the process; a later question would start another. Done twice it does nothing."""
        self.talk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _view(
        self, path: Path, name: str, options: Mapping[str, str] | None = None, budget_bytes: int | None = None
    ) -> dict[str, Any]:
        """What a FileView is made of, on the other side. Raises OSError when there is no such file."""
        of_config = {"period": self.config.period} if self.config.period else {}
        return {
            "name": unicodedata.normalize("NFC", name),
            "size": path.stat().st_size,
            "path": str(path.absolute()),
            "budget_bytes": budget_bytes,
            "options": {**of_config, **(options or {})},
        }
