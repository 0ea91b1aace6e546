"""Answers: one JSON document for programs, tables for people. Standard output has the answer and nothing else."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from hub.store.results import Counts

#: A pipe has no width: nothing is cut or wrapped there.
_ENDLESS_COLUMNS = 10_000


class OutputError(Exception):
    """Standard output takes no more."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        #: Whoever read it has had enough.
        self.reader_left = isinstance(error, BrokenPipeError)


@contextmanager
def to_stdout() -> Iterator[TextIO]:
    """Around all that writes there, so that its failure is told from every other. Raises OutputError."""
    try:
        yield sys.stdout
    except OSError as error:
        raise OutputError(error) from error


def answer(as_json: bool, document: Mapping[str, Any], tell: Callable[[], None]) -> None:
    """``document`` as JSON, or what ``tell`` prints for a person."""
    if as_json:
        print_json(document)
    else:
        tell()


def print_json(document: Mapping[str, Any]) -> None:
    r"""Always in UTF-8, whatever the locale; a byte of a file's name that is no UTF-8 is ``\udc..``, as JSON has it."""
    _write_utf8()
    with to_stdout() as stdout:
        stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def stream_json(head: Mapping[str, Any], name: str, items: Iterable[Mapping[str, Any]], end: Mapping[str, Any]) -> None:
    """One document, written as it comes: ``head``, a list of ``items``, then ``end`` as it is when they have ended."""
    _write_utf8()
    with to_stdout() as stdout:
        stdout.write(f"{json.dumps(head, ensure_ascii=False)[:-1]}, {json.dumps(name)}: [")
    before = "\n"
    for item in items:
        with to_stdout() as stdout:
            stdout.write(f"{before}{json.dumps(item, ensure_ascii=False)}")
        before = ",\n"
    with to_stdout() as stdout:
        stdout.write(f"\n], {json.dumps(end, ensure_ascii=False)[1:]}\n")


def _write_utf8() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def say(*lines: str | Text) -> None:
    """Lines for a person, as they are."""
    console = _console()
    with to_stdout():
        for line in lines:
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def columns_wide() -> int:
    """Characters that a line for a person may have before it is wrapped."""
    return _console().width


def warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for a person; a column whose title begins with ``>`` is aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in columns:
        right = title.startswith(">")
        shown.add_column(title.removeprefix(">"), justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(_cell(cell)) for cell in row))
    with to_stdout():
        _console().print(shown)


def counts_of(counts: Counts) -> dict[str, int]:
    """Records by outcome; ``read`` is the sum of the others."""
    return {
        "read": counts.read,
        "booked": counts.booked,
        "failed": counts.failed,
        "duplicate": counts.duplicate,
        "unmatched": counts.unmatched,
        "held": counts.held,
        "kept": counts.kept,
    }


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _console() -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _ENDLESS_COLUMNS)
