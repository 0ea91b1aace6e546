"""The elements of a file one by one, in memory that does not grow with it; what XML can do to us is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from lxml import etree
from lxml.etree import _Element as Element

from hub.plugin import FileView, Malformed

#: Between two elements that are read; libxml2 itself ends a text at 10 MB and refuses more than 256 levels.
UNBROKEN_BYTES_MAX = 16 * 1024 * 1024
#: libxml2 loses count of lines here.
_LINE_MAX = 65_000
_SHOWN_LINE_BYTES_MAX = 65_536
_NO_BREAK_SPACE = re.compile("<[^>]*\u00a0")


def elements(file: FileView, tags: Sequence[str], encoding: str) -> Iterator[Element]:
    """Each element of one of the tags when it has ended; emptied when the next one is asked for, its tag remains.

    Raises Malformed for what is no well-formed XML, with line and column, and for what goes on for too long without
    such an element.
    """
    with file.open() as stream:
        source = _Source(stream)
        reading = etree.iterparse(
            source,
            events=("end",),
            tag=tags,
            encoding=encoding,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            remove_blank_text=True,
            collect_ids=False,
        )
        try:
            for _, element in reading:
                source.go_on()
                yield element
                element.clear()
        except etree.XMLSyntaxError as error:
            raise _refused(error, file, encoding) from error


def line_of(element: Element) -> int | None:
    """The 1-based line on which its tag stands; None = so far down that the parser has lost count."""
    line = element.sourceline
    return line if line is not None and line < _LINE_MAX else None


def forget_before(element: Element) -> list[str]:
    """Drops the element's earlier siblings from memory; their tags, the nearest first."""
    earlier = list(element.itersiblings(preceding=True))
    parent = element.getparent()
    if parent is not None:
        for each in earlier:
            parent.remove(each)
    return [each.tag for each in earlier]


class _Source:
    """The bytes, counted between two elements: a file of nothing that is read must not fill the memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = UNBROKEN_BYTES_MAX

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self._left -= len(piece)
        if self._left < 0:
            mebibytes = UNBROKEN_BYTES_MAX // 1024 // 1024
            raise Malformed(f"no entry, transaction or statement ends within {mebibytes} MiB: this is no bank's file")
        return piece

    def go_on(self) -> None:
        self._left = UNBROKEN_BYTES_MAX


def _refused(error: etree.XMLSyntaxError, file: FileView, encoding: str) -> Malformed:
    line, column = error.position
    known = 0 < line < _LINE_MAX
    said = (error.msg or "no reason given").partition(", line ")[0]
    what, do = f"this is no XML that can be read ({said})", "ask the bank for the file as it was sent"
    if known and _has_no_break_space(file, encoding, line):
        what += "; U+00A0, a no-break space, stands within the markup, where XML knows plain blanks alone"
        do = "ask the bank for the file as it was sent: a program on its way has changed its blanks"
    positions = (column, column) if known and column > 0 else None
    return Malformed(what, line=line if known else None, positions=positions, do=do)


def _has_no_break_space(file: FileView, encoding: str, line: int) -> bool:
    if encoding == "utf-16":
        return False
    with file.open() as stream:
        for _ in range(line - 1):
            while piece := stream.readline(_SHOWN_LINE_BYTES_MAX):
                if piece.endswith(b"\n"):
                    break
        text = stream.readline(_SHOWN_LINE_BYTES_MAX).decode(encoding, "replace")
    return _NO_BREAK_SPACE.search(text) is not None
