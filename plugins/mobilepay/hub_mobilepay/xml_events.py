"""XML as a stream of elements with their lines, in flat memory; a DOCTYPE of any kind is refused where it begins.

Expat builds no tree, opens no other file and no connection. Without a DOCTYPE no entity can be declared: a bomb has
nothing to grow from, and what an entity would stand for cannot vanish from an amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple, NoReturn, TypeAlias
from xml.parsers import expat

from hub.plugin import Malformed

#: Of one element's own text.
TEXT_CHARACTERS_MAX = 2_000
#: Of elements within each other, and of names in one file: the parser remembers both, so without an end they would
#: fill the memory.
LEVELS_MAX, NAMES_MAX = 256, 10_000
#: Of what must be read in one piece: a tag with its attributes, a comment.
_PIECE_BYTES_MAX = 1 << 20
_CHUNK_BYTES = 1 << 16
#: Between a namespace and a name; no URI holds a blank.
_BETWEEN = " "
_BLANKS = " \t\r\n"


class Started(NamedTuple):
    """An element begins."""

    #: 1-based.
    line: int
    #: "" = none.
    namespace: str
    name: str
    #: Values by name; names in a namespace have it and a blank before them. Declarations of namespaces are left out.
    attributes: Mapping[str, str]


class Ended(NamedTuple):
    """An element ends; ``line`` is where it began."""

    line: int
    name: str
    #: Its own, without that of elements within it and without blanks around it.
    text: str


Event: TypeAlias = Started | Ended


def events(stream: BinaryIO) -> Iterator[Event]:
    """What begins and ends, in file order. Raises Malformed with its line, after all that stands before it."""
    parser = _Parser()
    last = False
    while not last:
        chunk = stream.read(_CHUNK_BYTES)
        last = not chunk
        yield from parser.feed(chunk, last=last)


class _Parser:
    def __init__(self) -> None:
        self._expat = expat.ParserCreate(namespace_separator=_BETWEEN)
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._doctype
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._found: list[Event] = []
        #: (line, text so far) of every element that is open, the outermost first.
        self._open: list[tuple[int, list[str]]] = []
        self._fed_bytes = 0

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Event]:
        refused = None
        try:
            self._expat.Parse(chunk, last)
            self._fed_bytes += len(chunk)
            if self._fed_bytes - self._expat.CurrentByteIndex > _PIECE_BYTES_MAX:
                self._refuse(f"a tag or comment of more than {_PIECE_BYTES_MAX} bytes")
            if len(self._expat.intern) > NAMES_MAX:
                self._refuse(f"more than {NAMES_MAX} names of elements and attributes")
        except Malformed as malformed:
            refused = malformed
        except expat.ExpatError as wrong:
            what = f"no XML: {expat.ErrorString(wrong.code)}"
            column = wrong.offset + 1
            refused = Malformed(
                what, line=wrong.lineno, positions=(column, column), do="fetch the file again, as it is"
            )
        except (LookupError, ValueError):
            refused = Malformed("its XML declaration names an encoding that is not known", line=1, do="ask for UTF-8")
        found, self._found = self._found, []
        yield from found
        if refused is not None:
            raise refused

    def _doctype(self, *_declared: object) -> None:
        self._refuse(
            "a DOCTYPE, which could say that a piece of the file stands for something else: it is refused unread",
            "ask the sender for the file without one",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self._expat.CurrentLineNumber
        namespace, _, local = name.rpartition(_BETWEEN)
        if len(self._open) == LEVELS_MAX:
            self._refuse(f"more than {LEVELS_MAX} elements within each other")
        self._open.append((line, []))
        self._found.append(Started(line, namespace, local, attributes))

    def _end(self, name: str) -> None:
        line, pieces = self._open.pop()
        self._found.append(Ended(line, name.rpartition(_BETWEEN)[2], "".join(pieces).strip(_BLANKS)))

    def _text(self, text: str) -> None:
        pieces = self._open[-1][1]
        if not pieces:
            # Line breaks between the elements of a large file come to megabytes.
            text = text.lstrip(_BLANKS)
        if text:
            pieces.append(text)
            if sum(map(len, pieces)) > TEXT_CHARACTERS_MAX:
                self._refuse(f"a text of more than {TEXT_CHARACTERS_MAX} characters")

    def _refuse(self, what: str, do: str = "") -> NoReturn:
        column = self._expat.CurrentColumnNumber + 1
        raise Malformed(what, line=self._expat.CurrentLineNumber, positions=(column, column), do=do)
