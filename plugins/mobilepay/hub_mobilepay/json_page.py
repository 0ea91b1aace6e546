"""A JSON file of one object with a list of entries, read so that every entry and field has its line.

Strict: no comma behind the last, no name twice in one object, nothing that is no JSON (``NaN``); numbers with decimals
are exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

from hub.plugin import FileView, Malformed
from hub_mobilepay.cells import shown

_BLANKS = " \t\r\n"
_DIGITS_MAX = 18
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Told(NamedTuple):
    #: 1-based line of its name.
    line: int
    value: Any


class Entry(NamedTuple):
    #: 1-based line where it begins.
    line: int
    fields: Mapping[str, Told]


class Page(NamedTuple):
    """The fields around the list, and the entries in it."""

    fields: Mapping[str, Told]
    entries: tuple[Entry, ...]


def page(file: FileView, entries: str, bytes_max: int) -> Page:
    """``entries`` is the name of the list. Raises Malformed with line and position."""
    if file.size > bytes_max:
        raise Malformed(
            f"a page of {file.size} bytes, at most {bytes_max} are read at once",
            do="fetch it in pages, or set settings.report.page_bytes_max",
        )
    with file.open() as stream:
        return _Scan(_text(stream.read())).page(entries)


def _text(content: bytes) -> str:
    if content.startswith(_UTF16_MARKS) or b"\0" in content[:4]:
        raise Malformed("no UTF-8, which JSON is written in: it looks like UTF-16", line=1, do="fetch it as it is")
    try:
        return content.removeprefix(_UTF8_MARK).decode()
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        at = wrong.start - content.rfind(b"\n", 0, wrong.start)
        raise Malformed("a byte that is no UTF-8", line=line, positions=(at, at), do="fetch it as it is") from None


class _ValueError(Exception):
    """A value that is no JSON, or more than we take; knows no place."""


class _Scan:
    """A text and how far it is read; every step passes over the blanks behind it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        #: Up to where line breaks are counted.
        self._counted = 0
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_each_once, parse_float=_decimal, parse_int=_integer, parse_constant=_no_constant
        )
        self._pass_blanks()

    def page(self, entries: str) -> Page:
        fields: dict[str, Told] = {}
        found: tuple[Entry, ...] = ()
        for name, line in self._members():
            if name == entries:
                found = tuple(self._entries())
            fields[name] = Told(line, found if name == entries else self._value())
        if self._at < len(self._text):
            self._refuse("something behind the end of the page")
        return Page(fields, found)

    def _entries(self) -> Iterator[Entry]:
        self._take("[", "[, which begins a list")
        goes_on = not self._taken("]")
        while goes_on:
            line = self._line_here()
            yield Entry(line, {name: Told(at, self._value()) for name, at in self._members()})
            goes_on = self._goes_on("]")

    def _members(self) -> Iterator[tuple[str, int]]:
        """(name, its line) of an object; the value behind it is to be read before the next is asked for."""
        self._take("{", "{, which begins an object")
        names: set[str] = set()
        goes_on = not self._taken("}")
        while goes_on:
            if not self._text.startswith('"', self._at):
                self._refuse("no JSON", "a name in quotes")
            line, begins = self._line_here(), self._at
            name = self._value()
            if name in names:
                self._refuse(f"the name {shown(name)} twice in one object", at=begins)
            names.add(name)
            self._take(":", "a colon")
            yield name, line
            goes_on = self._goes_on("}")

    def _value(self) -> Any:
        try:
            value, self._at = self._decoder.raw_decode(self._text, self._at)
        except json.JSONDecodeError as wrong:
            self._refuse(f"no JSON: {wrong.msg}", at=wrong.pos)
        except _ValueError as wrong:
            self._refuse(str(wrong))
        except RecursionError:
            self._refuse("lists or objects too deep in each other")
        self._pass_blanks()
        return value

    def _goes_on(self, end: str) -> bool:
        """Whether a comma follows, not the end."""
        if self._taken(end):
            return False
        begins = self._at
        self._take(",", f"a comma or {end}")
        if self._text.startswith(end, self._at):
            self._refuse(f"no JSON: a comma with nothing behind it but {end}", at=begins)
        return True

    def _taken(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += 1
        self._pass_blanks()
        return True

    def _take(self, sign: str, expected: str) -> None:
        if not self._taken(sign):
            self._refuse("no JSON", expected)

    def _pass_blanks(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _BLANKS:
            self._at += 1

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _refuse(self, what: str, expected: str = "", at: int | None = None) -> NoReturn:
        at = self._at if at is None else at
        line = self._text.count("\n", 0, at) + 1
        column = len(self._text[self._text.rfind("\n", 0, at) + 1 : at].encode("utf-8", "surrogatepass")) + 1
        found = shown(self._text[at : at + 1]) if at < len(self._text) else "the end of the file"
        if expected:
            raise Malformed(what, line=line, positions=(column, column), found=found, expected=expected)
        raise Malformed(what, line=line, positions=(column, column), do="fetch it again, as it is")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        raise _ValueError("a name twice in one object")
    return named


def _integer(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        raise _ValueError(f"a number of more than {_DIGITS_MAX} digits")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > _DIGITS_MAX:
        raise _ValueError(f"a number of more than {_DIGITS_MAX} digits")
    return Decimal(text)


def _no_constant(text: str) -> NoReturn:
    raise _ValueError(f"no JSON: {text} is no number")
