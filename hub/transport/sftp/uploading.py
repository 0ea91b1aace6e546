"""A file of ours on a vendor's server: whole under its name, or not there."""

from __future__ import annotations

import hashlib
import struct
from collections import deque
from collections.abc import Callable
from typing import BinaryIO, Literal, NamedTuple

from hub.transport.content import hash_of
from hub.transport.faults import LastingFault, PassingFault, UnsureFault
from hub.transport.sftp.connecting import Lost
from hub.transport.sftp.downloading import Reading
from hub.transport.sftp.listing import path_of, place_of
from hub.transport.sftp.protocol import (
    CLOSE,
    EXTENDED,
    EXTENDED_REPLY,
    HANDLE,
    NO_SUCH_FILE,
    OPEN,
    REMOVE,
    RENAME,
    STATUS,
    TO_BE_NEW,
    TO_CREATE,
    TO_EMPTY,
    TO_READ,
    TO_WRITE,
    WRITE,
    Attributes,
    Client,
    Refused,
    text,
)

Standing = Literal["identical", "other", "absent", "temporary"]

_POSIX_RENAME = b"posix-rename@openssh.com"
#: Extension that tells a file's hash, as it is offered and asked for: its draft was named in two ways.
_CHECK_FILE = (b"check-file", b"check-file-handle")
_WRITE_BYTES = 32_768
_WRITES_MAX = 64


class Target(NamedTuple):
    """Where a file goes. ``temporary`` is its name until it is whole, None = its own from the first byte."""

    folder: str
    name: str
    temporary: str | None
    size: int
    sha256: str

    @property
    def path(self) -> bytes:
        return path_of(self.folder, self.name)

    @property
    def written(self) -> bytes:
        """Where the bytes are written."""
        return path_of(self.folder, self.temporary or self.name)


def uploaded(
    client: Client, source: BinaryIO, target: Target, *, read_back: bool, before_final: Callable[[], None]
) -> str:
    """How it was done, for people; ``was there`` when the very same bytes lie there already.

    ``before_final`` is called right before the far side can have the file under its name: before the rename, or before
    the first byte where there is no temporary name. Until then every fault leaves nothing under that name. Size is
    compared, and the hash where the server tells it or ``read_back`` says to fetch it. Raises PassingFault,
    LastingFault (another file has the name, no right), and UnsureFault: the far side may have it.
    """
    where = place_of(client, target.folder, target.name)
    source.seek(0)
    if hash_of(source) != target.sha256 or source.tell() != target.size:
        raise LastingFault("what is kept is not what was made", where=where, do="restore the content store: hub verify")
    try:
        lying = client.look(target.path)
        if lying is not None:
            if not _is_identical(client, target, lying):
                raise _taken(where)
            if target.temporary is not None:
                _drop(client, target.written)
            return "was there"
        if target.temporary is None:
            before_final()
            return _written_in_place(client, source, target, where, read_back=read_back)
        try:
            compared = _written(client, source, target, where, TO_EMPTY, read_back=read_back)
        except UnsureFault:
            # The vendor may have it before its rename: whoever comes next has to know.
            before_final()
            raise
        before_final()
        # Another may have come while we wrote, and a POSIX rename would replace it.
        if client.look(target.path) is not None:
            _drop(client, target.written)
            raise _taken(where)
    except Refused as refused:
        raise refused.fault(
            "it cannot be written", where, "check the folder and our rights with the vendor"
        ) from refused
    return f"{_renamed(client, target, where)}, {compared}"


def standing(client: Client, target: Target) -> Standing:
    """What lies there of it. ``temporary``: nothing under its name, something under the temporary one.

    ``other`` is also what cannot be compared, since nobody lets us read it.
    """
    where = place_of(client, target.folder, target.name)
    try:
        lying = client.look(target.path)
        if lying is None:
            there = target.temporary is not None and client.look(target.written) is not None
            return "temporary" if there else "absent"
        return "identical" if _is_identical(client, target, lying) else "other"
    except Refused as refused:
        raise refused.fault("it cannot be looked at", where) from refused


def finish(client: Client, target: Target) -> None:
    """Renames what lies there whole under its temporary name; nothing where it has gone from there meanwhile.

    What of a broken connection arrives late then finds nothing to rename: sent again under the same temporary name,
    the file could get its final one twice. Raises PassingFault, and LastingFault where it is another, or we may not.
    """
    where = place_of(client, target.folder, target.name)
    try:
        lying = client.look(target.written)
        if lying is None:
            return
        if not _is_identical(client, target, lying, target.written):
            raise LastingFault("what lies there under its temporary name is not what was sent", where=where)
        rename(client, target.written, target.path)
    except Refused as refused:
        if refused.code != NO_SUCH_FILE:
            raise refused.fault("it was written and cannot be renamed", where) from refused


def rename(client: Client, path: bytes, to_path: bytes) -> str:
    """In one step where the server offers that; it is the caller's to know that nothing lies there. Raises Refused."""
    if _POSIX_RENAME in client.extensions:
        client.call(EXTENDED, text(_POSIX_RENAME), text(path), text(to_path))
        return "posix-rename"
    client.call(RENAME, text(path), text(to_path))
    return "plain rename (the server offers no posix-rename)"


def _renamed(client: Client, target: Target, where: str) -> str:
    try:
        try:
            return rename(client, target.written, target.path)
        except Refused as refused:
            if not _drop(client, target.written) and _is_gone(client, target.written):
                raise _taken_early(where) from refused
            do = "have the vendor give our user the right to rename, or write rename = false in [sftp.push]"
            raise refused.fault("it was written and cannot be renamed", where, do) from refused
    except Lost as lost:
        raise _unsure(where, lost) from lost


def _written_in_place(client: Client, source: BinaryIO, target: Target, where: str, *, read_back: bool) -> str:
    try:
        return f"under its own name, {_written(client, source, target, where, TO_BE_NEW, read_back=read_back)}"
    except Lost as lost:
        raise _unsure(where, lost) from lost


def _written(client: Client, source: BinaryIO, target: Target, where: str, how: int, *, read_back: bool) -> str:
    """What was compared. Raises Refused where nothing was written, and faults after what was has been taken away.

    What was whole and is gone before we have taken it away, somebody there has taken: UnsureFault.
    """
    flags = TO_WRITE | TO_CREATE | how
    handle = client.call(OPEN, text(target.written), struct.pack(">II", flags, 0), answered_by=HANDLE).text()
    whole = False
    try:
        try:
            _write_all(client, text(handle), source)
        except BaseException:
            client.release(handle)
            raise
        client.call(CLOSE, text(handle))
        whole = True
        return _compared(client, target, read_back=read_back)
    except Refused as refused:
        fault: PassingFault | LastingFault = refused.fault("it could not be written whole", where)
    except _Differs as differs:
        fault = PassingFault(f"it did not arrive as it was sent: {differs}", where=where, do="it is tried again")
    if not _drop(client, target.written):
        if target.temporary is None:
            raise _unsure(where, fault)
        if whole and _is_gone(client, target.written):
            raise _taken_early(where)
    raise fault


def _write_all(client: Client, handle: bytes, source: BinaryIO) -> None:
    waiting: deque[int] = deque()
    source.seek(0)
    at = 0
    try:
        while chunk := source.read(_WRITE_BYTES):
            waiting += client.send((WRITE, handle, struct.pack(">Q", at), text(chunk)))
            at += len(chunk)
            if len(waiting) >= _WRITES_MAX:
                client.answer(waiting.popleft(), STATUS)
        while waiting:
            client.answer(waiting.popleft(), STATUS)
    finally:
        client.forget(waiting)


class _Differs(Exception):
    """What the server has is not what was sent."""


def _compared(client: Client, target: Target, *, read_back: bool) -> str:
    """Says what was. Raises _Differs, Refused."""
    now = client.look(target.written)
    if now is None and target.temporary is None:
        return "taken by the vendor before it could be compared"
    if now is None or now.size != target.size:
        raise _Differs(f"{'nothing' if now is None else f'{now.size} bytes'} there, {target.size} bytes sent")
    told = _told_hash(client, target.written)
    if told is not None:
        compared = "size and sha256 compared"
    elif read_back:
        told, compared = _fetched_hash(client, target), "read back and compared"
    else:
        return "size compared"
    if told != target.sha256:
        raise _Differs(f"its sha256 there is {told}")
    return compared


def _is_identical(client: Client, target: Target, lying: Attributes, path: bytes | None = None) -> bool:
    """Whether what lies under its name, or at ``path``, is this file: by the hash that the server tells, else by
    fetching it.
    """
    if not lying.is_file or lying.size != target.size:
        return False
    path = path or target.path
    try:
        return (_told_hash(client, path) or _fetched_hash(client, target, path)) == target.sha256
    except Refused:
        # Nobody lets us read it: then it counts as another.
        return False


def _told_hash(client: Client, path: bytes) -> str | None:
    """The sha256 that the server itself tells; None where it cannot."""
    offered = [client.extensions[name].split(b",") for name in _CHECK_FILE if name in client.extensions]
    # Who says which hashes it knows is not asked for another: some answer that with silence.
    if not any(b"sha256" in names or names == [b""] for names in offered):
        return None
    handle = client.call(OPEN, text(path), struct.pack(">II", TO_READ, 0), answered_by=HANDLE).text()
    try:
        for name in _CHECK_FILE:
            try:
                # All of the file, as one block.
                asked = (text(name), text(handle), text(b"sha256"), struct.pack(">QQI", 0, 0, 0))
                reader = client.call(EXTENDED, *asked, answered_by=EXTENDED_REPLY)
            except Refused:
                continue
            if b"sha256" in (reader.text(), reader.text()):
                return reader.rest().hex()
        return None
    finally:
        client.release(handle)


def _fetched_hash(client: Client, target: Target, path: bytes | None = None) -> str:
    digest = hashlib.sha256()
    for chunk in Reading(client, path or target.written, target.size, 0):
        digest.update(chunk)
    return digest.hexdigest()


def _drop(client: Client, path: bytes) -> bool:
    """Whether it was there, and is not any more."""
    try:
        client.call(REMOVE, text(path))
    except Refused:
        return False
    return True


def _is_gone(client: Client, path: bytes) -> bool:
    try:
        return client.look(path) is None
    except Refused:
        return False


def _taken(where: str) -> LastingFault:
    return LastingFault(
        "another file has its name there",
        where=where,
        why="nothing is replaced on a vendor's server: it may be what they take for ours",
        do="ask the vendor what that file is; when it has gone, send again",
    )


def _taken_early(where: str) -> UnsureFault:
    return UnsureFault(
        "it was gone before it could be renamed: the vendor may take files under their temporary name, too",
        where=where,
        why="the vendor may have it, and might take a second one for another file",
        do="ask the vendor which names it leaves alone: temporary in [sftp.push], or rename = false",
    )


def _unsure(where: str, fault: PassingFault | LastingFault) -> UnsureFault:
    return UnsureFault(
        f"nobody knows whether it arrived: {fault.what}",
        where=where,
        why="the vendor may have it, and might take a second one for another file",
        do="it is looked at again; else the vendor's receipt or a call tells",
    )
