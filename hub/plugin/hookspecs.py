"""The six questions that the hub asks a vendor. Long text: docs/plugin-api.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import pluggy

from hub.plugin.file import FileView
from hub.plugin.records import Document, Record, Remark, ShownField

#: Entry-point group and pluggy project name.
ENTRY_POINT_GROUP = "hub.plugins"
_spec = pluggy.HookspecMarker("hub")
hookimpl = pluggy.HookimplMarker("hub")


class NumberLength(NamedTuple):
    """How much room an instance's files have for one number of the key company-property-unit-tenant."""

    part: Literal["company", "property", "unit", "tenant"]
    #: Characters.
    length: int
    #: The setting that says so, dotted, below ``[settings]``: ``result.unit_length``.
    key: str


class FieldPlace(NamedTuple):
    """Where a field of one of an instance's layouts stands, for ``hub layout show``."""

    #: The file kind that the layout is of.
    kind: str
    field: str
    #: 1-based bytes, both ends in; of a delimited layout the 1-based column, twice.
    first: int
    last: int
    #: The setting that says so, dotted, below ``[settings]``; "" = none does.
    key: str
    #: The setting that says its length, where one does.
    length_key: str = ""
    #: Number in the set-up sheet, "" where there is none.
    item: str = ""
    #: True where ``first`` and ``last`` are a column.
    is_column: bool = False


class Description(NamedTuple):
    """Who an instance is, in a sentence, and by what its files are known from others' at the same door."""

    summary: str
    #: Paths, from wide to narrow: ``betalingsservice/0602`` covers ``betalingsservice/0602/09999999``. Two instances at
    #: one door cannot be told apart where a telltale of one covers, or is, one of the other's: ``hub check`` refuses
    #: them (R1).
    telltales: tuple[str, ...]
    #: ``hub check`` refuses what is shorter than the portfolio's longest such number (R34). No limit: leave it out.
    number_lengths: tuple[NumberLength, ...] = ()
    #: The fields of its layouts, where settings place them.
    places: tuple[FieldPlace, ...] = ()


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
    #: True where an index file alone (DocumentNamed) says whose such a document is: it waits for that, ``whose`` is not
    #: asked.
    indexed: bool = False
    #: True where records are numbered one after another, whatever line of the file they stand on: what is in one, only
    #: ``show`` tells.
    counted: bool = False


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
    def make(self, kind: str, records: Iterable[Record], head: Mapping[str, str]) -> Iterator[bytes | Remark]:  # type: ignore[empty-body]
        """Make it: the bytes of a file of this kind that reads back as these records; what was changed, as remarks."""

    @_spec(firstresult=True)
    def show(self, file: FileView) -> Iterator[ShownField]:  # type: ignore[empty-body]
        """Show it: every field of every record, in file order, to the end; what is wrong is marked, never raised."""
