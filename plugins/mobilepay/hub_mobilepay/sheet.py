"""The rows of an XLSX file's only sheet: streamed, in flat memory, within limits that are asked before it is unpacked.

Cells come with the digits that the file stores, so that no amount goes through a float, and every part is read by
:mod:`hub_mobilepay.xml_events`: a DOCTYPE is refused, nothing outside of the file is opened. What a cell computes is
taken as the file has it.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final, NoReturn, cast

from hub.plugin import FileView, Malformed
from hub_mobilepay.cells import Numeral, Row, shown
from hub_mobilepay.settings import XlsxLimits
from hub_mobilepay.xml_events import Ended, Event, Started, events

#: Beyond it nothing may stand.
COLUMNS_MAX = 64
_DIRECTORY_BYTES_PER_PART_MAX = 1024
_WORKBOOK, _RELATIONS, _TEXTS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"
_SHEETS = "xl/worksheets/"
#: Before it the namespace of the standard's strict or transitional form.
_RELATION_ID = "/relationships id"
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_END_BYTES = 22
_END_MARK, _LARGE_MARK = b"PK\x05\x06", b"PK\x06\x07"
_ENCRYPTED = 0x1
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
_AGAIN = "fetch the file again, as it is"


def sheet_rows(file: FileView, limits: XlsxLimits) -> Iterator[Row]:
    """Every row up to the last, those that the file leaves out as well. Raises Malformed."""
    with _opened(file, limits) as archive:
        path = _sheet(archive)
        texts = list(_texts(archive)) if _TEXTS in archive.namelist() else []
        yield from _Rows(texts, limits.rows_max).read(archive, path)


def beginning(file: FileView, limits: XlsxLimits, size_bytes: int) -> bytes:
    """The first bytes of the part that the sheet's texts stand in. Raises Malformed where it cannot be opened."""
    with _opened(file, limits) as archive:
        names = archive.namelist()
        first = _TEXTS if _TEXTS in names else next((name for name in names if name.startswith(_SHEETS)), "")
        return _Part(archive, first).read(size_bytes) if first else b""


def column_name(column: int) -> str:
    """``7`` as ``G``, as a person sees it."""
    rest, name = column, ""
    while rest:
        rest, letter = divmod(rest - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _opened(file: FileView, limits: XlsxLimits) -> zipfile.ZipFile:
    """Its table of contents alone is read, once it is known to be small. Raises Malformed."""
    _check_directory_size(file, limits)
    try:
        archive = zipfile.ZipFile(file.path)
    except _BROKEN as error:
        raise Malformed(f"no XLSX: {error}", do=_AGAIN) from None
    try:
        _check_contents(archive, file.size, limits)
    except Malformed:
        archive.close()
        raise
    return archive


def _check_directory_size(file: FileView, limits: XlsxLimits) -> None:
    """A table of contents with millions of entries would fill the memory by itself."""
    end = file.tail[-_END_BYTES:]
    if not end.startswith(_END_MARK) or end[-2:] != b"\0\0":
        raise Malformed("no XLSX, or one that is cut: it does not end as a zip", do=_AGAIN)
    (directory_bytes,) = struct.unpack_from("<L", end, 12)
    most = limits.parts_max * _DIRECTORY_BYTES_PER_PART_MAX
    if directory_bytes > most or file.tail[-_END_BYTES - 20 :].startswith(_LARGE_MARK):
        _refuse("too long a table of contents", f"{directory_bytes} bytes", f"at most {most}", "parts_max")


def _check_contents(archive: zipfile.ZipFile, file_bytes: int, limits: XlsxLimits) -> None:
    """By what the parts say of themselves; more than that is never unpacked of one."""
    parts = archive.infolist()
    if len(parts) > limits.parts_max:
        _refuse("too many parts", f"{len(parts)}", f"at most {limits.parts_max}", "parts_max")
    if len({part.filename for part in parts}) < len(parts):
        raise Malformed("two parts of one name", do=_AGAIN)
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise Malformed("it is locked with a password", do="ask for it without one")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > limits.unpacked_bytes_max:
        most = limits.unpacked_bytes_max
        _refuse("too large when unpacked", f"{unpacked} bytes", f"at most {most}", "unpacked_bytes_max")
    if unpacked > limits.ratio_max * file_bytes:
        times = f"{unpacked // file_bytes} times its own {file_bytes} bytes"
        _refuse("too large when unpacked", times, f"at most {limits.ratio_max} times", "ratio_max")
    texts = next((part.file_size for part in parts if part.filename == _TEXTS), 0)
    if texts > limits.shared_texts_bytes_max:
        most = limits.shared_texts_bytes_max
        _refuse("too many texts", f"{texts} bytes", f"at most {most}", "shared_texts_bytes_max")


def _refuse(what: str, found: str, expected: str, key: str) -> NoReturn:
    raise Malformed(what, found=found, expected=expected, do=f"if the file is right, raise settings.xlsx.{key}")


class _Part:
    """The stream of one part; what is wrong with how it is packed is raised as Malformed."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._name = name
        try:
            self._stream = archive.open(name)
        except (KeyError, *_BROKEN) as error:
            raise Malformed(f"no XLSX that can be read: {name}: {error}", do=_AGAIN) from None

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except _BROKEN as error:
            raise Malformed(f"{self._name} cannot be unpacked: {error}", do=_AGAIN) from None


def _events(archive: zipfile.ZipFile, name: str) -> Iterator[Event]:
    """Of one part. Raises Malformed, whose line is not the part's own: people know rows alone."""
    try:
        yield from events(cast(BinaryIO, _Part(archive, name)))
    except Malformed as malformed:
        place = f"{name}, line {malformed.line}" if malformed.line else name
        raise Malformed(f"{place}: {malformed.what}", do=malformed.do or _AGAIN) from None


def _sheet(archive: zipfile.ZipFile) -> str:
    """The path of the only sheet. Raises Malformed."""
    sheet: Started | None = None
    for event in _events(archive, _WORKBOOK):
        if isinstance(event, Started) and event.name == "sheet":
            if sheet is not None:
                raise Malformed("another workbook", found="several sheets", expected="one", do=_AGAIN)
            sheet = event
    if sheet is None:
        raise Malformed("another workbook", found="no sheet", expected="one", do=_AGAIN)
    wanted = next((value for name, value in sheet.attributes.items() if name.endswith(_RELATION_ID)), "")
    for event in _events(archive, _RELATIONS):
        if isinstance(event, Started) and event.name == "Relationship" and event.attributes.get("Id", "") == wanted:
            return posixpath.normpath(posixpath.join("/xl", event.attributes.get("Target", ""))).lstrip("/")
    raise Malformed("the sheet is not in the file", do=_AGAIN)


def _texts(archive: zipfile.ZipFile) -> Iterator[str]:
    """What cells share, in order; of formatted texts the pieces together, without how they are pronounced."""
    pieces: list[str] = []
    spoken = False
    for event in _events(archive, _TEXTS):
        if event.name == "rPh":
            spoken = isinstance(event, Started)
        elif isinstance(event, Ended):
            if event.name == "t" and not spoken:
                pieces.append(event.text)
            elif event.name == "si":
                yield "".join(pieces)
                pieces.clear()


class _Rows:
    """The rows of a sheet while it is read."""

    def __init__(self, texts: list[str], rows_max: int) -> None:
        self._texts = texts
        self._rows_max = rows_max
        self._number = 0
        self._cells: list[str] = []
        #: Of the cell that is open.
        self._column = 0
        self._type = ""
        self._value = ""
        self._spoken = False

    def read(self, archive: zipfile.ZipFile, path: str) -> Iterator[Row]:
        """Raises Malformed."""
        within = False
        for event in _events(archive, path):
            if event.name == "sheetData":
                within = isinstance(event, Started)
            elif within:
                yield from self._event(event)

    def _event(self, event: Event) -> Iterator[Row]:
        if event.name == "rPh":
            self._spoken = isinstance(event, Started)
        elif isinstance(event, Started):
            if event.name == "row":
                yield from self._left_out(event.attributes)
            elif event.name == "c":
                self._begin_cell(event.attributes)
        elif event.name == "v":
            self._value = event.text
        elif event.name == "t" and not self._spoken:
            self._value += event.text
        elif event.name == "c":
            self._end_cell()
        elif event.name == "row":
            yield Row(self._number, tuple(self._cells))

    def _left_out(self, attributes: Mapping[str, str]) -> Iterator[Row]:
        """Empty rows up to the one that begins."""
        said = attributes.get("r", str(self._number + 1))
        number = int(said) if re.fullmatch(r"[0-9]{1,8}", said) else 0
        if number <= self._number:
            raise Malformed(f"row {shown(said)} after row {self._number}", do=_AGAIN)
        if number > self._rows_max:
            _refuse("too many rows", f"row {number}", f"at most {self._rows_max}", "rows_max")
        for empty in range(self._number + 1, number):
            yield Row(empty, ())
        self._number, self._cells, self._column = number, [], 0

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        self._type, self._value = attributes.get("t", "n"), ""
        last = self._column
        self._column = last + 1
        if "r" in attributes:
            found = _REFERENCE.fullmatch(attributes["r"])
            if found is None or int(found[2]) != self._number:
                raise Malformed(f"a cell that calls itself {shown(attributes['r'])}", line=self._number, do=_AGAIN)
            self._column = 0
            for letter in found[1]:
                self._column = 26 * self._column + ord(letter) - ord("A") + 1
        if not last < self._column <= COLUMNS_MAX:
            place = f"{column_name(self._column)}{self._number}"
            expected = f"cells from A to {column_name(COLUMNS_MAX)}, each once and in order"
            raise Malformed(line=self._number, found=f"cell {place}", expected=expected, do=_AGAIN)

    def _end_cell(self) -> None:
        self._cells.extend([""] * (self._column - 1 - len(self._cells)))
        self._cells.append(self._text())

    def _text(self) -> str:
        if not self._value:
            return ""
        if self._type == "n":
            return Numeral(self._value)
        if self._type != "s":
            return self._value
        at = int(self._value) if re.fullmatch(r"[0-9]{1,9}", self._value) else len(self._texts)
        if at >= len(self._texts):
            place = f"{column_name(self._column)}{self._number}"
            raise Malformed(
                f"text {shown(self._value)} of cell {place} is not in the file", line=self._number, do=_AGAIN
            )
        return self._texts[at]
