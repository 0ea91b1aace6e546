"""The file that ``--out`` names: written whole or not at all, and never over another unless a person says so."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from hub.errors import HubError

ForceOption = Annotated[bool, typer.Option("--force", help="Put it in the place of a file that is there.")]

_NAME_ANOTHER = "name another with --out"


class FileThereError(HubError):
    """A file is there already under the name, and is not to be replaced."""


class NoFolderError(HubError):
    """There is no folder for the file."""


class NotWrittenError(HubError):
    """The name or its folder takes no file."""


def refuse_unfit(path: Path, *, force: bool | None = None, why: str = "") -> None:
    """Before any work is done: raises FileThereError, NoFolderError, and NotWrittenError for a name of no file.

    ``force`` None = the command has no such option.
    """
    try:
        is_there, has_folder = path.exists(), path.parent.is_dir()
    except OSError as error:
        what = f"the file cannot be written: {error.strerror}"
        raise NotWrittenError(what, where=str(path), why=why, do=_NAME_ANOTHER) from error
    if is_there and not force:
        other = _NAME_ANOTHER if force is None else f"{_NAME_ANOTHER}, or say --force"
        raise FileThereError("the file is there already", where=str(path), why=why, do=other)
    if not has_folder:
        raise NoFolderError(
            "the file cannot be written: there is no such folder",
            where=str(path),
            why=why,
            do=f"make it, or {_NAME_ANOTHER}",
        )


@contextmanager
def writing(path: Path, *, force: bool = False, why: str = "", do: str = "") -> Iterator[BinaryIO]:
    """A writer whose bytes are durably under ``path`` at the end, or not at all.

    Raises NotWrittenError where the folder takes none; without ``force`` FileThereError where a file is by then.
    """
    from hub.transport.content import sync_folder

    # A name of its own: two who write the same file at once would write into each other's.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _place(temporary, path, force=force)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise FileThereError(
            "another file is there already", where=str(path), why=why, do=do or _NAME_ANOTHER
        ) from error
    except OSError as error:
        what = f"the file cannot be written: {error.strerror}"
        raise NotWrittenError(what, where=str(path), why=why, do=do) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _place(temporary: Path, path: Path, *, force: bool) -> None:
    """Without ``force`` raises FileExistsError where the name is taken."""
    if force:
        temporary.replace(path)
        return
    # Of two at once only one makes the name; then it replaces nothing but its own empty file.
    path.touch(exist_ok=False)
    try:
        temporary.replace(path)
    except OSError:
        path.unlink()
        raise
