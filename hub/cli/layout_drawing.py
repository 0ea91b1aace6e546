"""A layout as a person sees it: the ruler, the fields in their colours over lines of a file, what is wrong marked.

Without colours everything is said as well: under the ruler stands each field's letter, as in the legend.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.text import Text

    from hub.cli.bs_showing import Record
    from hub.plugin import ShownField

#: Before the bytes of a line: its number.
GUTTER = 8
_LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits
_GAP, _OVERLAP, _UNSEEN, _MARK = ".", "!", "·", "^"
_STYLES = (
    "black on bright_cyan",
    "black on bright_yellow",
    "black on bright_green",
    "black on bright_magenta",
    "white on blue",
    "black on white",
    "white on dark_green",
    "white on purple4",
)
_WRONG = "bold white on red"
_TENS = 10


class Drawn(NamedTuple):
    """A field of a layout: where it stands, and the letter that stands for it."""

    letter: str
    name: str
    first: int
    last: int

    @property
    def style(self) -> str:
        return _STYLES[_LETTERS.index(self.letter) % len(_STYLES)]


class Overlap(NamedTuple):
    first: int
    last: int
    fields: tuple[str, str]


def drawn(fields: Sequence[tuple[str, int, int]]) -> list[Drawn]:
    """Name, first and last position of each, by place; letters in that order."""
    by_place = sorted(fields, key=lambda field: field[1:])
    return [Drawn(_LETTERS[index % len(_LETTERS)], *field) for index, field in enumerate(by_place)]


def gaps(fields: Sequence[Drawn]) -> list[tuple[int, int]]:
    """Positions between fields that no field has (R34)."""
    found, following = [], 1
    for field in sorted(fields, key=lambda field: field.first):
        if field.first > following:
            found.append((following, field.first - 1))
        following = max(following, field.last + 1)
    return found


def overlaps(fields: Sequence[Drawn]) -> list[Overlap]:
    met = (
        Overlap(max(one.first, other.first), min(one.last, other.last), (one.name, other.name))
        for one, other in combinations(fields, 2)
    )
    return [each for each in met if each.first <= each.last]


class Ruler:
    """Positions from 1 to ``length``, cut into stretches that fit ``columns`` characters."""

    def __init__(self, fields: Sequence[Drawn], length: int, columns: int) -> None:
        self._fields = fields
        room = max(columns - GUTTER, _TENS)
        width = min(length, room // _TENS * _TENS) or 1
        self.stretches = [range(first, min(first + width, length + 1)) for first in range(1, length + 1, width)]

    def head(self, stretch: range) -> Iterator[Text]:
        """The tens, the ones, and every position's field."""
        from rich.text import Text

        tens = "".join(f"{at:>{_TENS}}" for at in stretch if at % _TENS == 0)
        yield Text(" " * GUTTER + tens, no_wrap=True)
        yield Text(" " * GUTTER + "".join(str(at % _TENS) for at in stretch), no_wrap=True)
        yield self.painted("", "".join(self.letter(at) for at in stretch), stretch, ())

    def letter(self, at: int) -> str:
        here = self._at(at)
        return _GAP if not here else here[0].letter if len(here) == 1 else _OVERLAP

    def painted(self, gutter: str, text: str, stretch: range, wrong: Sequence[ShownField]) -> Text:
        """``text`` of these positions, each character in its field's colour."""
        from rich.text import Text

        line = Text(f"{gutter:>{GUTTER - 2}}  ", no_wrap=True)
        styled = ((self._style(at, wrong), character) for at, character in zip(stretch, text, strict=False))
        for style, run in groupby(styled, key=lambda each: each[0]):
            line.append("".join(character for _, character in run), style)
        return line

    def _style(self, at: int, wrong: Sequence[ShownField]) -> str:
        here = self._at(at)
        if len(here) > 1 or any(field.first <= at <= field.last for field in wrong):
            return _WRONG
        return here[0].style if here else ""

    def _at(self, position: int) -> list[Drawn]:
        return [field for field in self._fields if field.first <= position <= field.last]


def byte_rows(ruler: Ruler, record: Record, raw: str, stretch: range) -> Iterator[Text]:
    """The line's own bytes, and marks under those that are wrong."""
    from rich.text import Text

    wrong = [field for field in record.fields if field.problem]
    text = raw[stretch.start - 1 : stretch.stop - 1]
    if text or stretch.start == 1:
        yield ruler.painted(str(record.line), text, stretch, wrong)
    marks = "".join(_MARK if any(field.first <= at <= field.last for field in wrong) else " " for at in stretch)
    if marks.strip():
        yield Text(" " * GUTTER + marks.rstrip(), no_wrap=True)


def value_rows(record: Record, letters: dict[tuple[str, int], str]) -> Iterator[str]:
    """What the fields say, and what is wrong with those that say nothing; ``letters`` by field and first position."""
    said = (
        f"{letters.get((field.field, field.first), '')} {field.field} {field.value or '(blank)'}".lstrip()
        for field in record.fields
        if not field.problem
    )
    if line := "; ".join(said):
        yield f"{' ' * GUTTER}{line}"
    for field in record.fields:
        if field.problem:
            yield f"{' ' * GUTTER}! {field.field} {place(field.first, field.last)}: {field.problem}"


def place(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def readable(raw: bytes, fields: Sequence[ShownField]) -> str:
    """A character a byte: a field's own letters where the plug-in gives one a byte, ``·`` for what cannot be seen."""
    text = [each if each.isprintable() else _UNSEEN for each in raw.decode("latin-1")]
    for field in fields:
        room = field.last - field.first + 1
        stands = text[field.first - 1 : field.last]
        if len(field.raw) == len(stands) <= room and field.raw.isprintable():
            text[field.first - 1 : field.last] = field.raw
    return "".join(text)
