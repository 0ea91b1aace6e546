"""What lies in a folder of a server."""

from __future__ import annotations

import stat
from typing import NamedTuple

from hub.transport.faults import LastingFault, PassingFault
from hub.transport.folders import printable
from hub.transport.sftp.protocol import (
    EOF,
    HANDLE,
    NAME,
    OPENDIR,
    READDIR,
    Attributes,
    Client,
    Listed,
    Refused,
    text,
)

#: Of one folder, whatever lies there.
_ENTRIES_MAX = 200_000


class RemoteFile(NamedTuple):
    """A regular file. ``size`` is bytes, ``mtime`` seconds since 1970, both as the server says.

    ``name`` is what the server calls it, every byte that is no UTF-8 kept as Python does (``surrogateescape``): it
    opens the file, and :func:`hub.transport.folders.printable` shows it.
    """

    folder: str
    name: str
    size: int
    mtime: int


class RemoteChanged(PassingFault):
    """The file is not the one that was listed: it has changed, was replaced or has gone. List again."""


def path_of(folder: str, name: str) -> bytes:
    """As the server takes it; ``.`` is the folder that the login leads to."""
    path = name if folder == "." else f"{folder.rstrip('/')}/{name}"
    return path.encode("utf-8", "surrogateescape")


def place_of(client: Client, folder: str, name: str = "") -> str:
    """For people: which server, and what there."""
    return f"{client.where}: {printable(path_of(folder, name).decode('utf-8', 'surrogateescape') if name else folder)}"


def listed(client: Client, folder: str) -> list[RemoteFile]:
    """The regular files in ``folder``, by name; folders, symbolic links and the like are nobody's.

    Raises PassingFault, and LastingFault where there is no such folder or no right to it.
    """
    where = place_of(client, folder)
    files = []
    try:
        for entry in _entries(client, folder, where):
            attributes = _told_whole(client, folder, entry)
            if attributes.size is not None and _is_file(attributes, entry.line):
                name = entry.name.decode("utf-8", "surrogateescape")
                files.append(RemoteFile(folder, name, attributes.size, attributes.mtime or 0))
    except Refused as refused:
        raise refused.fault(
            "the folder cannot be listed", where, "check the folder's name with the vendor"
        ) from refused
    return sorted(files, key=lambda file: file.name)


def _entries(client: Client, folder: str, where: str) -> list[Listed]:
    handle = client.call(OPENDIR, text(path_of(folder, ".")), answered_by=HANDLE).text()
    entries: list[Listed] = []
    try:
        while True:
            entries += client.call(READDIR, text(handle), answered_by=NAME).listed()
            if len(entries) > _ENTRIES_MAX:
                raise LastingFault(
                    f"more than {_ENTRIES_MAX:,} names are in the folder",
                    where=where,
                    why="listing it would take all the time there is",
                    do="have the vendor clear it, or name a folder of our own in folders",
                )
    except Refused as refused:
        if refused.code != EOF:
            raise
    finally:
        client.release(handle)
    # A name with a slash is no name: whoever sends one wants us to open, and later delete, something else.
    return [entry for entry in entries if entry.name not in (b"", b".", b"..") and b"/" not in entry.name]


def _told_whole(client: Client, folder: str, entry: Listed) -> Attributes:
    """Its attributes, asked for one by one where the server lists names alone."""
    if None not in (entry.attributes.size, entry.attributes.mtime):
        return entry.attributes
    name = entry.name.decode("utf-8", "surrogateescape")
    return client.look(path_of(folder, name)) or Attributes(None, None, None)


def _is_file(attributes: Attributes, line: bytes) -> bool:
    if attributes.mode is None or not stat.S_IFMT(attributes.mode):
        # Servers that are no Unix tell no kind; some tell it in the line that people would see.
        return line[:1] not in (b"d", b"l")
    return stat.S_ISREG(attributes.mode)
