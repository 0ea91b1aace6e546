"""What a file has between its fields: remarked once, and refused where it is no text (R34)."""

from __future__ import annotations

from collections.abc import Iterator

from hub.plugin.errors import Malformed
from hub.plugin.layout.encodings import decode
from hub.plugin.layout.errors import Refused
from hub.plugin.layout.layout import Layout
from hub.plugin.records import Remark

#: Of the content of a gap, so that the remark on it stays a sentence.
_SHOWN_BYTES_MAX = 40


class Gaps:
    """Counts the records of one file that have content in a gap of their layout."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._lines = 0
        self._first = ""

    def look(self, layout: Layout, record: bytes, line: int) -> None:
        """Raises :class:`Malformed` for a gap that holds control characters or UTF-8, as a text field would."""
        content = layout.gap_content(record)
        for first, last, raw in content:
            try:
                decode(raw, self._encoding)
            except Refused as refused:
                raise Malformed(
                    "content between the fields (R34)",
                    line=line,
                    positions=(first, last),
                    field="gap",
                    found=refused.found,
                    expected=f"blanks, or {refused.expected}",
                ) from None
        if content:
            self._lines += 1
            first, last, raw = content[0]
            shown = raw[:_SHOWN_BYTES_MAX].decode(self._encoding)
            self._first = self._first or f"line {line}, positions {first}-{last}: {shown!r}"

    def remarks(self) -> Iterator[Remark]:
        """One sentence about the whole file, or nothing."""
        if self._lines:
            what = "lines have" if self._lines > 1 else "line has"
            yield Remark(f"{self._lines} {what} content between the fields (R34), first {self._first}")
