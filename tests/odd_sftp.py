"""An SFTP server that is no OpenSSH: it tells hashes, spoils what it takes, gives less than asked, tells little, or
does not wait for a file's last name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest
from paramiko import sftp_server

from hub.transport.sftp import Account
from hub.transport.sftp.trust import line_of
from tests.sftping import DEADLINES
from tests.sshd import make_key

PASSWORD = "kodeord-til-den-saere-server"


class Odd:
    """``spoil`` changes a byte of what is written; ``few`` gives at most so many bytes an answer.

    With ``takes``, whatever was written is the vendor's as soon as it is closed: its bytes are in ``taken``.
    """

    def __init__(
        self, folder: Path, *, spoil: bool = False, few: int = 0, tells_attributes: bool = True, takes: bool = False
    ) -> None:
        self.root = folder / "root"
        self.root.mkdir(parents=True)
        self.spoil = spoil
        self.few = few
        self.takes = takes
        self.taken: list[bytes] = []
        self.tells_attributes = tells_attributes
        self.key = paramiko.PKey.from_path(make_key(folder / "host"))
        self.port = 0

    @property
    def account(self) -> Account:
        return Account("127.0.0.1", self.port, "user", (line_of(self.key),), DEADLINES, password=PASSWORD)


@contextmanager
def running(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Odd]:
    # The library's server knows the extension, and md5 and sha1 alone.
    monkeypatch.setitem(sftp_server._hash_class, "sha256", hashlib.sha256)
    listener = socket.create_server(("127.0.0.1", 0))
    odd.port = listener.getsockname()[1]
    taken: list[paramiko.Transport] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                transport = paramiko.Transport(listener.accept()[0])
                taken.append(transport)
                transport.add_server_key(odd.key)
                transport.set_subsystem_handler("sftp", _Server, _Files, odd)
                transport.start_server(server=_Door())

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield odd
    finally:
        listener.close()
        for transport in taken:
            transport.close()


class _Server(paramiko.SFTPServer):
    def _send_server_version(self) -> int:
        self._read_packet()
        version = paramiko.Message()
        version.add_int(3)
        version.add_string("check-file")
        version.add_string("sha256")
        self._send_packet(paramiko.sftp.CMD_VERSION, version)
        return 3


class _Door(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        return paramiko.AUTH_SUCCESSFUL if password == PASSWORD else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, odd: Odd) -> None:
        super().__init__(server)
        self._odd = odd

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        found = []
        for entry in self._odd.root.iterdir():
            told = paramiko.SFTPAttributes.from_stat(entry.lstat(), entry.name)
            if not self._odd.tells_attributes:
                told = paramiko.SFTPAttributes()
                told.filename = entry.name
            found.append(told)
        return found

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).lstat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    stat = lstat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> _Handle | int:
        try:
            descriptor = os.open(self._path(path), flags, 0o600)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return _Handle(descriptor, flags, self._odd, self._path(path))

    def remove(self, path: str) -> int:
        try:
            self._path(path).unlink()
        except FileNotFoundError:
            return paramiko.SFTP_NO_SUCH_FILE
        return paramiko.SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        self._path(oldpath).rename(self._path(newpath))
        return paramiko.SFTP_OK

    def _path(self, path: str) -> Path:
        return self._odd.root / path.lstrip("/")


class _Handle(paramiko.SFTPHandle):
    def __init__(self, descriptor: int, flags: int, odd: Odd, path: Path) -> None:
        super().__init__(flags)
        self._path = path
        self._writes = bool(flags & os.O_WRONLY)
        self.readfile = self.writefile = os.fdopen(descriptor, "wb" if flags & os.O_WRONLY else "rb")
        self._odd = odd

    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))

    def read(self, offset: int, length: int) -> bytes | int:
        return super().read(offset, min(length, self._odd.few or length))

    def write(self, offset: int, data: bytes) -> int:
        if self._odd.spoil and offset == 0:
            data = b"\x00" + data[1:]
        return super().write(offset, data)

    def close(self) -> None:
        super().close()
        if self._odd.takes and self._writes:
            self._odd.taken.append(self._path.read_bytes())
            self._path.unlink()
