"""SFTP version 3 (draft-ietf-secsh-filexfer-02) over a channel: requests and answers, many on their way at once.

Why not paramiko's own client: it fails a whole listing for one name that is no UTF-8, tells no code of a refusal and
no extension that a server offers, and limits its requests on their way by sleeping. What it does below, we use.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from paramiko import Channel

from hub.transport.faults import LastingFault, PassingFault
from hub.transport.sftp.connecting import WIRE_ERRORS, Connection, Lost, words

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE, LSTAT, OPENDIR, READDIR, REMOVE, RENAME = 3, 4, 5, 6, 7, 11, 12, 13, 18
STATUS, HANDLE, DATA, NAME, ATTRS = 101, 102, 103, 104, 105
EXTENDED, EXTENDED_REPLY = 200, 201
#: Flags of OPEN.
TO_READ, TO_WRITE, TO_CREATE, TO_EMPTY, TO_BE_NEW = 0x01, 0x02, 0x08, 0x10, 0x20
#: Codes of STATUS; those above 8 are of later versions, and some servers say them all the same.
OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, UNSUPPORTED = 0, 1, 2, 3, 4, 8
_LASTING = {
    NO_SUCH_FILE: "there is no such file or folder",
    PERMISSION_DENIED: "the server gives us no right to it",
    UNSUPPORTED: "the server does not know how",
    10: "there is no such folder",
    12: "it may not be written there",
    19: "there is no such folder",
    20: "the server takes no such name",
}
_SIZE, _OWNERS, _PERMISSIONS, _TIMES, _MORE = 0x1, 0x2, 0x4, 0x8, 0x8000_0000
#: Of one answer: a server that says more than this is talking about something else.
_ANSWER_BYTES_MAX = 1 << 20
_RECEIVE_BYTES = 1 << 20


#: Its kind, and its fields as :func:`text` and struct make them.
Request: TypeAlias = tuple[int, *tuple[bytes, ...]]


class Refused(Exception):
    """The server's own answer to a request: it was not done. ``code`` is of SFTP, ``said`` its words."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"{code} {said}")
        self.code = code
        self.said = said

    def fault(self, what: str, where: str, do: str = "") -> PassingFault | LastingFault:
        """``what`` (could not be done) as a fault: lasting where only a person can mend it."""
        if self.code in _LASTING:
            words_ = f" ({self.said})" if self.said else ""
            return LastingFault(f"{what}: {_LASTING[self.code]}{words_}", where=where, do=do or "ask the vendor")
        return PassingFault(f"{what}: the server says {self.said or 'failure'}", where=where, do="it is tried again")


class Attributes(NamedTuple):
    """What the server told of a file; None is what it did not. ``size`` is bytes, ``mtime`` seconds since 1970."""

    size: int | None
    mode: int | None
    mtime: int | None

    @property
    def is_file(self) -> bool:
        return self.mode is not None and stat.S_ISREG(self.mode)


class Listed(NamedTuple):
    name: bytes
    #: As ``ls -l`` would say it.
    line: bytes
    attributes: Attributes


class Client:
    """One channel. Requests are answered in any order; an answer waits here until it is asked for."""

    def __init__(self, connection: Connection, channel: Channel) -> None:
        self._connection = connection
        self._channel = channel
        self._buffer = bytearray()
        self._at = 0
        self._last = 0
        self._answers: dict[int, tuple[int, bytes]] = {}
        self._unwanted: set[int] = set()
        self._write(struct.pack(">IBI", 5, INIT, 3))
        kind, payload = self._packet()
        if kind != VERSION:
            raise self._garbled()
        #: What the server can do besides, by name.
        self.extensions = dict(_Reader(payload, self._garbled, 4).pairs())

    @property
    def where(self) -> str:
        return self._connection.where

    def send(self, *requests: Request) -> list[int]:
        """The numbers of requests that go out together: on its way, each packet costs more than its bytes.

        Raises Lost.
        """
        numbers, packets = [], []
        for kind, *fields in requests:
            self._last = (self._last + 1) & 0xFFFF_FFFF
            body = b"".join(fields)
            packets += [struct.pack(">IBI", len(body) + 5, kind, self._last), body]
            numbers.append(self._last)
        self._write(b"".join(packets))
        return numbers

    def answer(self, number: int, kind: int) -> _Reader:
        """What is in it. Raises Refused where the server says a status other than OK, and Lost."""
        while number not in self._answers:
            got, payload = self._packet()
            (id_,) = struct.unpack_from(">I", payload)
            if id_ in self._unwanted:
                self._unwanted.discard(id_)
            else:
                self._answers[id_] = got, payload
        got, payload = self._answers.pop(number)
        reader = _Reader(payload, self._garbled, 4)
        if got == STATUS:
            # Some servers leave the words out.
            code, said = reader.number(), reader.text() if reader.has_more() else b""
            if code != OK:
                raise Refused(code, words(said))
        if got != kind:
            raise self._garbled()
        return reader

    def call(self, kind: int, *fields: bytes, answered_by: int = STATUS) -> _Reader:
        """One request and its answer. Raises Refused, Lost."""
        (number,) = self.send((kind, *fields))
        return self.answer(number, answered_by)

    def forget(self, numbers: Iterable[int]) -> None:
        """Nobody will ask for these answers."""
        for number in numbers:
            if self._answers.pop(number, None) is None:
                self._unwanted.add(number)

    def release(self, handle: bytes) -> None:
        """Nothing hangs on the answer, and the wire may be gone."""
        with suppress(Lost):
            self.forget(self.send((CLOSE, text(handle))))

    def look(self, path: bytes) -> Attributes | None:
        """What lies there, symbolic links not followed; None = nothing."""
        (number,) = self.send((LSTAT, text(path)))
        return self.looked(number)

    def looked(self, number: int) -> Attributes | None:
        """The answer to a look of this number."""
        try:
            return self.answer(number, ATTRS).attributes()
        except Refused as refused:
            if refused.code == NO_SUCH_FILE:
                return None
            raise

    def _write(self, data: bytes) -> None:
        try:
            self._channel.sendall(data)
        except WIRE_ERRORS as error:
            raise self._lost(error) from error

    def _packet(self) -> tuple[int, bytes]:
        (length,) = struct.unpack(">I", self._take(4))
        if not 0 < length <= _ANSWER_BYTES_MAX:
            raise self._garbled()
        packet = self._take(length)
        if length < 5:
            raise self._garbled()
        return packet[0], packet[1:]

    def _take(self, count: int) -> bytes:
        while len(self._buffer) - self._at < count:
            if self._at:
                del self._buffer[: self._at]
                self._at = 0
            try:
                # As much as there is: the channel's own buffer moves all that is left in it at each read.
                data = self._channel.recv(_RECEIVE_BYTES)
            except WIRE_ERRORS as error:
                raise self._lost(error) from error
            if not data:
                raise self._lost(None)
            self._buffer += data
        self._at += count
        return bytes(memoryview(self._buffer)[self._at - count : self._at])

    def _lost(self, error: Exception | None) -> Lost:
        if isinstance(error, TimeoutError) and not self._connection.overdue:
            self._connection.overdue = f"nothing came from the server for {self._channel.gettimeout():g} s"
        return self._connection.lost(error)

    def _garbled(self) -> Lost:
        self._connection.overdue = "what the server answers is no SFTP"
        return self._connection.lost()


class _Reader:
    """The fields of an answer, one after the other. Each raises Lost where there is no such field."""

    def __init__(self, payload: bytes, garbled: Callable[[], Lost], at: int = 0) -> None:
        self._payload = payload
        self._garbled = garbled
        self._at = at

    def number(self) -> int:
        return int.from_bytes(self._next(4), "big")

    def long(self) -> int:
        return int.from_bytes(self._next(8), "big")

    def text(self) -> bytes:
        return self._next(self.number())

    def rest(self) -> bytes:
        return self._payload[self._at :]

    def has_more(self) -> bool:
        return self._at < len(self._payload)

    def pairs(self) -> Iterator[tuple[bytes, bytes]]:
        while self.has_more():
            yield self.text(), self.text()

    def attributes(self) -> Attributes:
        flags = self.number()
        size = self.long() if flags & _SIZE else None
        if flags & _OWNERS:
            self.long()
        mode = self.number() if flags & _PERMISSIONS else None
        # The time of the last access comes first.
        mtime = self.long() & 0xFFFF_FFFF if flags & _TIMES else None
        if flags & _MORE:
            for _ in range(self.number()):
                self.text()
                self.text()
        return Attributes(size, mode, mtime)

    def listed(self) -> list[Listed]:
        return [Listed(self.text(), self.text(), self.attributes()) for _ in range(self.number())]

    def _next(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._payload):
            raise self._garbled()
        return self._payload[self._at - count : self._at]


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value
