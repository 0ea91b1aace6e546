"""What all of the standard's files share: lines of one exact length, the century, whose file it is (R6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, BinaryIO, NamedTuple

from hub.plugin import FileView, Malformed, Remark
from hub.plugin.layout import Gaps, Layout, Refused
from hub_arge.fields import ENCODING
from hub_arge.keys import TenancyNumbers
from hub_arge.layouts import FileType
from hub_arge.names import StandardName, standard_name
from hub_arge.settings import ArgeSettings

LINE_END = b"\r\n"
#: Of a line that is too long: more is not looked at.
LINE_BYTES_MAX = 4_096


class Read(NamedTuple):
    """One record."""

    line: int
    layout: Layout
    row: Any

    def refusal(self, field: str, found: object, expected: object, what: str = "") -> Malformed:
        """The error for a field that can be read and not be taken, for the caller to raise."""
        return self.layout.refusal(field, self.line, found, expected, what)


class Reading:
    """One file being read. ``records`` is every record; ``remarks`` then tells what no record tells."""

    def __init__(self, file: FileView, settings: ArgeSettings) -> None:
        self.settings = settings
        self.name: StandardName | None = standard_name(file.name)
        self._file = file
        self._gaps = Gaps(ENCODING)

    def records(self) -> Iterator[Read]:
        """Every record in file order. Raises Malformed."""
        if self.name is None:
            raise Malformed("the file's name is none of the standard's", field="name", found=self._file.name)
        readers = {layout.title: layout.reader(self.pivot()) for layout in self.name.type.layouts}
        line = 0
        with self._file.open() as stream:
            for line, record in lines(stream):
                layout = checked(self.name, line, record)
                read = Read(line, layout, readers[layout.title](record, line))
                self._gaps.look(layout, record, line)
                self._check_whose(read)
                yield read
        if not line:
            raise Malformed("the file is empty")

    def pivot(self) -> date | None:
        """The day that two-digit years are read by. Raises Malformed."""
        made_on = self.name.made_on() if self.name else None
        return made_on if self.settings.century == "nearest" else None

    def remarks(self) -> Iterator[Remark]:
        """To be asked when all records are read."""
        return self._gaps.remarks()

    def numbers(self, read: Read) -> TenancyNumbers:
        """Whose record it is, by the client's key. Raises Malformed."""
        try:
            return self.settings.key.load(read.row.client_key)
        except Refused as refused:
            raise read.refusal("client_key", refused.found, refused.expected) from None

    def _check_whose(self, read: Read) -> None:
        for field, ours in (("customer", self.settings.customer), ("provider", self.settings.provider)):
            found = getattr(read.row, field, None)
            if found is not None and ours and found != ours:
                raise read.refusal(field, found, f"{ours}, as settings.{field} says")
        currency = getattr(read.row, "currency", None)
        if currency is not None and currency != self.settings.currency:
            raise read.refusal("currency", currency, f"{self.settings.currency}, as settings.currency says")


def lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(1-based number, line without its end). Raises Malformed for a line that is too long or does not end in CR LF."""
    number = 0
    while raw := stream.readline(LINE_BYTES_MAX):
        number += 1
        if not raw.endswith(LINE_END):
            if len(raw) == LINE_BYTES_MAX and not raw.endswith(b"\n"):
                long = f"more than {LINE_BYTES_MAX} bytes"
                raise Malformed("a line too long for any record", line=number, found=long, expected="CR LF before that")
            length = len(raw.removesuffix(b"\n"))
            raise Malformed(
                line=number,
                positions=(length + 1, length + 2),
                field="line_end",
                found=raw[-2:],
                expected="CR LF, which end every record",
                do="fetch the file again, as it is (not as text)",
            )
        yield number, raw.removesuffix(LINE_END)


def checked(name: StandardName, line: int, record: bytes) -> Layout:
    """The layout of a record. Raises Malformed for one that the file may not hold, and for a wrong length."""
    type_: FileType = name.type
    layout = type_.layout_of(record)
    if layout is None:
        width = len(type_.layouts[0].title)
        raise Malformed(
            "a record that does not belong to the file's name",
            line=line,
            positions=(1, width),
            field="record",
            found=record[:width],
            expected=f"{type_.letters}, as {name.prefix} in its name says",
        )
    if len(record) != layout.length:
        first = min(len(record), layout.length) + 1
        raise Malformed(
            "wrong record length",
            line=line,
            positions=(first, max(len(record), layout.length)),
            field="record",
            found=f"{len(record)} bytes",
            expected=f"{layout.length} bytes",
        )
    return layout


def given_period(options: Mapping[str, str]) -> tuple[date, date] | None:
    """The period that a person or config gave the file (R30)."""
    if not options.get("period"):
        return None
    first, last = map(date.fromisoformat, options["period"].split(".."))
    return first, last


class Window:
    """The period of a file's records: they carry the last day of use alone, so it must be given (R30)."""

    def __init__(self, file: FileView) -> None:
        self.given = given_period(file.options)
        self._first_seen: date | None = None
        self._last_seen: date | None = None

    def look(self, read: Read) -> tuple[date, date] | tuple[None, None]:
        """The given period, or nothing. Raises Malformed for a last day of use that does not lie in it."""
        day = read.row.last_day
        self._first_seen = min(day, self._first_seen or day)
        self._last_seen = max(day, self._last_seen or day)
        if self.given is None:
            return None, None
        first, last = self.given
        if not first <= day <= last:
            raise read.refusal("last_day", str(day), f"a day of the period that is given, {first}..{last} (R30)")
        return self.given

    def remarks(self) -> Iterator[Remark]:
        if self.given is None and self._first_seen is not None:
            yield Remark(
                f"the last days of use lie from {self._first_seen} to {self._last_seen}; the file carries no first day"
            )
