"""What can be done on a vendor's server, once we are in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from paramiko import ChannelException

from hub.transport.faults import LastingFault
from hub.transport.sftp import downloading, listing, trust, uploading
from hub.transport.sftp.account import Account
from hub.transport.sftp.connecting import WIRE_ERRORS, Connection, handshaken, log_in
from hub.transport.sftp.listing import RemoteChanged, RemoteFile, path_of, place_of
from hub.transport.sftp.protocol import NO_SUCH_FILE, REMOVE, Client, Refused, text
from hub.transport.sftp.uploading import Standing


@contextmanager
def connected(account: Account) -> Iterator[Session]:
    """A session with the pinned server, for one worker; it ends with the block, or when its total time is over.

    Raises PassingFault (no answer, cut) and LastingFault (another host key, login refused, key of no use); no message
    holds a password, a passphrase or a key.
    """
    deadlines = account.deadlines
    signatures = trust.signatures_of(account.host_keys, f"{account.host}:{account.port}")
    key = account.private_key()
    with (
        handshaken(
            account.host, account.port, deadlines=deadlines, downgrades=account.downgrades, signatures=signatures
        ) as connection,
        connection.within(deadlines.total_seconds, "all of it"),
    ):
        trust.check(connection.get_remote_server_key(), account.host_keys, connection.where)
        with connection.within(deadlines.auth_seconds, "the login"):
            log_in(connection, account, key)
        connection.set_keepalive(deadlines.keepalive_seconds)
        with connection.within(deadlines.channel_seconds, "opening a channel"):
            client = _opened(connection, deadlines.channel_seconds)
        yield Session(client, account.prefetch_requests_max)


def _opened(connection: Connection, silent_seconds: float) -> Client:
    try:
        channel = connection.open_session()
        channel.settimeout(silent_seconds)
        channel.invoke_subsystem("sftp")
    except WIRE_ERRORS as error:
        if connection.is_active() or isinstance(error, ChannelException):
            raise LastingFault(
                "the server let us in and gives no SFTP",
                where=connection.where,
                do="have the vendor allow SFTP for our user",
            ) from error
        raise connection.lost(error) from error
    return Client(connection, channel)


class Session:
    """For one thread at a time. Every method raises PassingFault and LastingFault, whose texts say where and why."""

    def __init__(self, client: Client, requests_max: int) -> None:
        self._client = client
        self._requests_max = requests_max

    def list(self, folder: str) -> list[RemoteFile]:
        """The regular files there, by name."""
        return listing.listed(self._client, folder)

    def download(self, file: RemoteFile) -> Iterator[bytes]:
        """All its bytes in order. At the end, and only then, it is certain that they are what was listed.

        Raises RemoteChanged too. Whoever wants no more closes the iterator.
        """
        return downloading.downloaded(self._client, file, self._requests_max)

    def upload(
        self,
        source: BinaryIO,
        *,
        folder: str,
        name: str,
        temporary: str | None,
        size: int,
        sha256: str,
        read_back: bool,
        before_final: Callable[[], None],
    ) -> str:
        """See :func:`hub.transport.sftp.uploading.uploaded`."""
        target = uploading.Target(folder, name, temporary, size, sha256)
        return uploading.uploaded(self._client, source, target, read_back=read_back, before_final=before_final)

    def standing(self, folder: str, name: str, temporary: str | None, size: int, sha256: str) -> Standing:
        """See :func:`hub.transport.sftp.uploading.standing`."""
        return uploading.standing(self._client, uploading.Target(folder, name, temporary, size, sha256))

    def finish(self, folder: str, name: str, temporary: str, size: int, sha256: str) -> None:
        """See :func:`hub.transport.sftp.uploading.finish`."""
        uploading.finish(self._client, uploading.Target(folder, name, temporary, size, sha256))

    def remove(self, folder: str, name: str, *, still: RemoteFile | None = None) -> None:
        """Gone already is fine. With ``still``, nothing but this very file is removed: else RemoteChanged."""
        where = place_of(self._client, folder, name)
        path = path_of(folder, name)
        try:
            self._check(path, still, where)
            self._client.call(REMOVE, text(path))
        except Refused as refused:
            if refused.code != NO_SUCH_FILE:
                do = 'have the vendor give our user the right, or write after = "leave"'
                raise refused.fault("it cannot be deleted", where, do) from refused

    def move(self, folder: str, name: str, to_folder: str, *, still: RemoteFile | None = None) -> None:
        """Under the same name; gone already is fine, and nothing that lies there is replaced. ``still`` as above."""
        where = place_of(self._client, folder, name)
        path, to_path = path_of(folder, name), path_of(to_folder, name)
        try:
            if self._client.look(path) is None:
                return
            self._check(path, still, where)
            if self._client.look(to_path) is not None:
                raise LastingFault(
                    f"it cannot be moved: {place_of(self._client, to_folder, name)} is there",
                    where=where,
                    why="nothing is replaced on a vendor's server",
                    do="have that one moved away, or write another move_to",
                )
            uploading.rename(self._client, path, to_path)
        except Refused as refused:
            do = 'check that move_to is there; have the vendor give our user the right, or write after = "leave"'
            raise refused.fault("it cannot be moved", where, do) from refused

    def _check(self, path: bytes, still: RemoteFile | None, where: str) -> None:
        if still is None or (now := self._client.look(path)) is None:
            return
        if (now.size, now.mtime or 0) != (still.size, still.mtime):
            raise RemoteChanged("another file has its name now", where=where, do="it is fetched first")
