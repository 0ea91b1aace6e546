"""The file that ``--out`` names: written whole or not at all, and never over another unless a person says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from hub.errors import HubError

ForceOption = Annotated[bool, typer.Option("--force", help="Put it in the place of a file that is there.")]


def refuse_unfit(path: Path, *, force: bool | None = None, why: str = "") -> None:
    """Before any work is done: raises HubError where a file is there already, or no folder for it.

    ``force`` None = the command has no such option.
    """
    if path.exists() and not force:
        other = "name another with --out" if force is None else "name another with --out, or say --force"
        raise HubError("the file is there already", where=str(path), why=why, do=other)
    if not path.parent.is_dir():
        raise HubError(
            "the file cannot be written: there is no such folder",
            where=str(path),
            why=why,
            do="make it, or name another with --out",
        )


@contextmanager
def writing(path: Path, *, why: str = "", do: str = "") -> Iterator[BinaryIO]:
    """A writer whose bytes are under ``path`` at the end. Raises HubError where the folder does not take them."""
    from hub.transport.content import placing

    try:
        with placing(path) as file:
            yield file
    except OSError as error:
        what = f"the file cannot be written: {error.strerror}"
        raise HubError(what, where=str(path), why=why, do=do) from error
