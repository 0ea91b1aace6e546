"""CSV files that people make: read strictly, every bad row given back with what is wrong."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from hub.errors import HubError
from hub.store.database import Database

ENCODINGS = ("utf-8", "cp1252")
TABLE_BYTES_MAX = 256 * 1024**2

#: The column that a file of bad rows has more; read again after mending, it is passed over.
ERROR_COLUMN = "error"
_BOM = b"\xef\xbb\xbf"
#: Unicode categories: control, format (writing direction, zero width), surrogate, line and paragraph separator.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class TableError(HubError):
    """The file as a whole cannot be read: nothing of it was imported."""


class Row(NamedTuple):
    #: 1-based line of the file on which the row begins.
    line: int
    #: By column, without blanks around, in NFC. Columns that the file lacks are not there.
    values: dict[str, str]
    #: As in the file.
    cells: Sequence[str]


class BadRow(NamedTuple):
    line: int
    #: All that is wrong with it.
    error: str
    cells: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A file's rows and what was noticed while reading it."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: list[Row]
    bad: list[BadRow]
    warnings: list[str]

    def write_bad(self, bad: Collection[BadRow], path: Path) -> None:
        """Writes bad rows as a file of the same columns, delimiter and encoding, and a column ``error``.

        Where none is bad there is no such file afterwards.
        """
        if not bad:
            path.unlink(missing_ok=True)
            return
        kept = [at for at, title in enumerate(self.header) if _name(title) != ERROR_COLUMN]
        with path.open("w", encoding=self.encoding, errors="replace", newline="") as stream:
            writer = csv.writer(stream, delimiter=self.delimiter, lineterminator="\r\n")
            writer.writerow([*(self.header[at] for at in kept), ERROR_COLUMN])
            for row in sorted(bad):
                cells = [*row.cells, *[""] * len(self.header)]
                writer.writerow([*(cells[at] for at in kept), row.error])


@dataclass
class ImportReport:
    """What an import did: every row was added, changed, left as it was, or is bad."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    bad: list[BadRow] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    #: How many of those added lie in a closed period, by company and first open day, on which they are posted (R22).
    posted_later: dict[tuple[str, date], int] = field(default_factory=dict)


def taken_in(
    database: Database, table: Table, errors_to: Path | None, do: Callable[[Connection, ImportReport], None]
) -> ImportReport:
    """What every import does: ``do`` takes the good rows in, in one transaction, and the bad ones are given back.

    A file ``errors_to`` of an earlier import is replaced, or removed where no row is bad.
    """
    report = ImportReport(rows=len(table.rows) + len(table.bad), bad=list(table.bad), warnings=table.warnings)
    with database.write() as connection:
        do(connection, report)
    report.bad.sort()
    if errors_to is not None:
        table.write_bad(report.bad, errors_to)
    return report


def read_table(path: Path, *, encoding: str, known: Collection[str], required: Collection[str]) -> Table:
    """Reads a CSV file with a header row, ``;`` or ``,`` between cells, columns in any order.

    ``encoding`` is one of ``ENCODINGS`` (UTF-8 with or without BOM) and never guessed. Columns that are not ``known``
    are named in a warning. Raises TableError when the file cannot be read or a ``required`` column is missing.
    """
    data = _content(path)
    text = _decoded(data, encoding, path)
    header_text = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = ";" if ";" in header_text else ","
    numbered = _records(text, delimiter, path)
    _, header = next(numbered, (1, []))
    warnings = _judge_header(header, known, required, path)
    names = [_name(title) for title in header]
    read = [(at, name) for at, name in enumerate(names) if name in known]
    rows, bad = [], []
    for line, cells in numbered:
        if not any(cell.strip() for cell in cells):
            continue
        if error := _misshapen(cells, header):
            bad.append(BadRow(line, error, cells[: len(header)]))
        else:
            rows.append(Row(line, {name: unicodedata.normalize("NFC", cells[at].strip()) for at, name in read}, cells))
    written_as = "utf-8-sig" if data.startswith(_BOM) else encoding
    return Table(path, written_as, delimiter, tuple(header), rows, bad, warnings)


def parse_day(text: str) -> date:
    """``2026-06-01`` or ``01-06-2026``. Raises ValueError."""
    parts = text.split("-")
    shape = [len(part) for part in parts]
    if not all(part.isascii() and part.isdigit() for part in parts) or shape not in ([4, 2, 2], [2, 2, 4]):
        raise ValueError(f"{text!r} is no date: write YYYY-MM-DD or DD-MM-YYYY")
    year, month, day = map(int, parts if shape[0] == 4 else reversed(parts))
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{text!r} is no day of the calendar") from None


def printable(text: str) -> str:
    """The text itself. Raises ValueError when it holds a line break or another control character."""
    if not text.isprintable() and any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise ValueError(f"{text!r} holds a line break or another control character")
    return text


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(TABLE_BYTES_MAX + 1)
    except OSError as error:
        raise TableError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(data) > TABLE_BYTES_MAX:
        raise TableError(f"larger than {TABLE_BYTES_MAX:,} bytes", where=str(path), do="split it")
    return data


def _decoded(data: bytes, encoding: str, path: Path) -> str:
    if encoding not in ENCODINGS:
        raise TableError(f"encoding {encoding!r} is not known here", do=f"name one of {', '.join(ENCODINGS)}")
    try:
        as_utf8 = data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            raise _undecodable(data.removeprefix(_BOM), error, "UTF-8", path) from error
    else:
        if encoding == "utf-8" or as_utf8.isascii():
            return as_utf8
        raise TableError(
            "the file is in UTF-8, and cp1252 was named",
            where=str(path),
            why="read as cp1252 every Danish letter would become two others",
            do="leave out the encoding",
        )
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(data, error, encoding, path) from error


def _undecodable(data: bytes, error: UnicodeDecodeError, encoding: str, path: Path) -> TableError:
    line = data.count(b"\n", 0, error.start) + 1
    other = "if a Danish Windows program wrote it, name the encoding cp1252" if encoding == "UTF-8" else "save as UTF-8"
    return TableError(
        f"byte 0x{data[error.start]:02x} is not {encoding}",
        where=f"{path}, line {line}",
        do=f"{other}; nothing was read",
    )


def _records(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Records with the line that each begins on; lines with nothing on them are passed over."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(
                f"cannot be read: {error}",
                where=f"{path}, line {line}",
                why="a quotation mark that is not closed or stands alone hides where rows end",
                do="write it twice inside quotation marks",
            ) from error
        if cells:
            yield line, cells


def _judge_header(header: Sequence[str], known: Collection[str], required: Collection[str], path: Path) -> list[str]:
    """The warnings. Raises TableError when a column is missing or there twice."""
    names = [name for name in map(_name, header) if name]
    missing = [name for name in required if name not in names]
    if missing:
        raise TableError(
            f"the header row lacks {', '.join(missing)}",
            where=str(path),
            do=f"the columns are {', '.join(known)}, separated by ; or ,",
        )
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise TableError(f"the header row has {', '.join(repeated)} more than once", where=str(path))
    unknown = [name for name in names if name not in known and name != ERROR_COLUMN]
    return [f"{path}: column {name!r} is not known and was not read" for name in unknown]


def _misshapen(cells: Sequence[str], header: Sequence[str]) -> str:
    if len(cells) < len(header):
        return f"the row has {len(cells)} cells, the header has {len(header)}"
    extra = [cell for cell in cells[len(header) :] if cell.strip()]
    if extra:
        return f"the row has {len(cells)} cells, the header has {len(header)}; too many: {', '.join(map(repr, extra))}"
    return ""


def _name(title: str) -> str:
    return title.strip().lower()
