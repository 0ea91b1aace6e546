"""The five questions that the hub asks a vendor. Long text: docs/plugin-api.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import pluggy

from hub.plugin.file import FileView
from hub.plugin.records import Document, Record

#: Entry-point group and pluggy project name.
ENTRY_POINT_GROUP = "hub.plugins"
_spec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")


class Description(NamedTuple):
    """Who an instance is, in a sentence, and by what its files are known from others' at the same door."""

    summary: str
    #: Two instances at one door that share a telltale cannot be told apart: ``hub check`` refuses them.
    telltales: tuple[str, ...]


class Mine(NamedTuple):
    """Yes: this file is mine, and it is of this kind."""

    kind: str


class NotMine(NamedTuple):
    """No, and why, in a few words that follow "not mine: "."""

    why: str


class FileKind(NamedTuple):
    """What a plug-in says of one kind of file it knows."""

    title: str
    #: What makes two files the same: equal bytes, or equal bytes under the same name.
    identity: Literal["content", "name+content"] = "content"
    #: True where the file is filed on a tenancy or property (``whose``), not read for records (``read``).
    document: bool = False


class VendorHooks:
    """Every hook is answered by exactly one plug-in object, and may take fewer arguments than are named here."""

    @_spec(firstresult=True)
    def describe(self) -> Description:  # type: ignore[empty-body]
        """Who are you?"""

    @_spec(firstresult=True)
    def identify(self, file: FileView) -> Mine | NotMine:  # type: ignore[empty-body]
        """Is this mine? Look at the name, the head and the tail; never at more than the budget."""

    @_spec(firstresult=True)
    def read(self, file: FileView, kind: str) -> Iterator[Record]:  # type: ignore[empty-body]
        """Read it: records in file order; raises Malformed as soon as the file breaks its format."""

    @_spec(firstresult=True)
    def whose(self, file: FileView, kind: str) -> Document:  # type: ignore[empty-body]
        """Whose document is this? Raises Malformed when the name or the content cannot be one."""

    @_spec(firstresult=True)
    def make(self, kind: str, records: Iterable[Record], head: Mapping[str, str]) -> Iterator[bytes]:  # type: ignore[empty-body]
        """Make it: the bytes of a file of this kind that reads back as these records."""
