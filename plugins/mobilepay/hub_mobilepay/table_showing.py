"""Every cell of every row of a file, for a person who looks into it; of broken files above all (R6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from hub.plugin import Fee, FileView, Malformed, Payout, Record, ShownField, format_amount
from hub.plugin.records import NAME_CHARACTERS_MAX
from hub_mobilepay.cells import CellError, Row, plain
from hub_mobilepay.csv_rows import Dialect, lines, refuse_utf16
from hub_mobilepay.line_showing import escaped


class Column(NamedTuple):
    """A column as a person knows it, and what reads its cells. ``load`` raises CellError."""

    name: str
    load: Callable[[str], Any]
    is_amount: bool = False


#: What a row is, and its columns; of a row of which nothing is known, none.
Columns: TypeAlias = Callable[[Row], tuple[str, list[Column]]]


def show_csv(file: FileView, dialect: Dialect, columns: Columns, records: Iterable[Record]) -> Iterator[ShownField]:
    """Line by line to the end; never raises. ``records`` are those that reading the file gives."""
    summed, refused = outcome_of(records)
    number = 0
    with file.open() as stream:
        for number, line, _ in lines(stream):
            at_line = refused if refused is not None and refused.line == number else None
            try:
                if number == 1:
                    refuse_utf16(line)
                row = Row(number, dialect.cells(line, number))
            except Malformed as unreadable:
                problem = plain(unreadable.what)
                yield ShownField(number, "line", "line", 1, max(len(line), 1), escaped(line), "", problem)
                continue
            yield from shown_row(row, columns, at_line)
    yield from shown_end(number, summed, refused)


def outcome_of(records: Iterable[Record]) -> tuple[list[Fee | Payout], Malformed | None]:
    """What a file's rows are summed up to, and why it would be refused; None = it would not."""
    summed: list[Fee | Payout] = []
    try:
        summed.extend(record for record in records if isinstance(record, Fee | Payout))
    except Malformed as refused:
        return summed, refused
    return summed, None


def shown_row(row: Row, columns: Columns, refused: Malformed | None, *, is_exact: bool = True) -> Iterator[ShownField]:
    """Its cells, with the refusal at the one that it names; unless ``is_exact`` those at its end may be missing."""
    kind, named = columns(row)
    if not is_exact:
        row = row._replace(cells=(*row.cells, *[""] * max(1 - len(row.cells), len(named) - len(row.cells))))
    fields = [_cell(row, kind, named, at) for at in range(max(len(row.cells), len(named)))]
    if refused is not None:
        about = refused.field.partition(",")[0]
        at = next((index for index, field in enumerate(fields) if field.field == about), -1)
        if at >= 0 or not any(field.problem for field in fields):
            fields[max(at, 0)] = fields[max(at, 0)]._replace(problem=plain(refused.what))
    yield from fields


def shown_end(number: int, summed: Iterable[Fee | Payout], refused: Malformed | None) -> Iterator[ShownField]:
    """Behind the last row: the sums that are records of their own, and a refusal of no row that is there."""
    if refused is not None:
        if not 1 <= (refused.line or 0) <= number:
            yield ShownField(number + 1, "end of the file", "file", 1, 1, "", "", plain(refused.what))
        return
    for record in summed:
        if record.record > number:
            value = f"{format_amount(record.amount)} {record.currency}"
            yield ShownField(record.record, "sum of a settlement", type(record).__name__, 1, 1, "", value, "")


def _cell(row: Row, kind: str, named: list[Column], at: int) -> ShownField:
    place = (at + 1, at + 1)
    if at >= len(row.cells):
        problem = f"found {len(row.cells)} cells, expected {len(named)}"
        return ShownField(row.number, kind, named[at].name[:NAME_CHARACTERS_MAX], *place, "", "", problem)
    raw = plain(row.cells[at])
    if at >= len(named):
        problem = f"found {len(row.cells)} cells, expected {len(named)}" if named else ""
        return ShownField(row.number, kind, f"cell {at + 1}", *place, raw, "" if named else raw, problem)
    value, problem = "", ""
    try:
        loaded = named[at].load(row.cells[at])
        if loaded is not None:
            value = format_amount(loaded) if named[at].is_amount else plain(str(loaded))
    except CellError as error:
        problem = plain(str(error))
    return ShownField(row.number, kind, named[at].name[:NAME_CHARACTERS_MAX], *place, raw, value, problem)
