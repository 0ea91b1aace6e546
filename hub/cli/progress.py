"""A line on a terminal while a command is at work; nothing where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.intake.hub import Hub


@dataclass(frozen=True)
class Shown:
    """``hub`` tells the file that it reads and how many records it has read of it; the others are the command's own."""

    hub: Hub
    #: What is at work now.
    describe: Callable[[str], None]
    #: One more is done.
    step: Callable[[], None]


@contextmanager
def shown(hub: Hub, total: int) -> Iterator[Shown]:
    """How many of ``total`` are done, for how long, and what is at work, on standard error."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)

        def describe(what: str) -> None:
            progress.update(task, description=escape(what))

        def tell(name: str, records: int) -> None:
            describe(f"{name}: {records:,} records")

        yield Shown(replace(hub, progress=tell), describe, lambda: progress.advance(task))
