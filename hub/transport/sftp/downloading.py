"""The bytes of a remote file, with many requests on their way at once."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator

from hub.transport.sftp.listing import RemoteChanged, RemoteFile, path_of, place_of
from hub.transport.sftp.protocol import (
    DATA,
    EOF,
    HANDLE,
    LSTAT,
    NO_SUCH_FILE,
    OPEN,
    READ,
    TO_READ,
    Attributes,
    Client,
    Refused,
    Request,
    text,
)

#: Of one request: no server refuses so much.
_READ_BYTES = 32_768
#: On their way at once where the account says 0; more make nothing faster (docs/exchange.md).
_REQUESTS = 128


def downloaded(client: Client, file: RemoteFile, requests_max: int) -> Iterator[bytes]:
    """All bytes of ``file``, in order; whoever has had enough closes the iterator.

    Raises PassingFault, RemoteChanged where it is not, or no longer, what was listed, and LastingFault where there is
    no right to it.
    """
    path, where = path_of(file.folder, file.name), place_of(client, file.folder, file.name)
    count = 0
    try:
        reading = Reading(client, path, file.size, requests_max)
        for chunk in reading:
            count += len(chunk)
            yield chunk
        now = reading.looked()
    except Refused as refused:
        if refused.code == NO_SUCH_FILE:
            raise RemoteChanged("it has gone since it was listed", where=where) from refused
        do = "have the vendor give our user the right to read"
        raise refused.fault("it cannot be fetched", where, do) from refused
    if now is None:
        raise RemoteChanged("it went while it was fetched", where=where)
    if (count, now.size, now.mtime or 0) != (file.size, file.size, file.mtime):
        raise RemoteChanged(
            f"it changed while it was fetched ({file.size} bytes listed, {count} fetched, {now.size} there now)",
            where=where,
            do="it is fetched again when it has settled",
        )


class Reading:
    """The first ``size`` bytes of what lies at ``path``, or fewer where it ends before. Raises Refused and Lost."""

    def __init__(self, client: Client, path: bytes, size: int, requests_max: int) -> None:
        self._client = client
        self._path = path
        self._size = size
        self._requests_max = requests_max or _REQUESTS
        self._asked = 0
        # Number, first byte and count of each request on its way, in the order of the bytes.
        self._waiting: deque[tuple[int, int, int]] = deque()
        self._look: int | None = None
        self._handle = b""

    def __iter__(self) -> Iterator[bytes]:
        asked = (text(self._path), struct.pack(">II", TO_READ, 0))
        handle = self._client.call(OPEN, *asked, answered_by=HANDLE).text()
        self._handle = text(handle)
        self._ask()
        try:
            while self._waiting:
                number, at, count = self._waiting.popleft()
                data = self._client.answer(number, DATA).text()
                if 0 < len(data) < count:
                    # A server may give less than it was asked for; the rest has to be asked for again.
                    self._ask_again(at + len(data), count - len(data))
                yield data
                if self._asked < self._size and len(self._waiting) <= self._requests_max // 2:
                    self._ask()
        except Refused as refused:
            if refused.code != EOF:
                raise
        finally:
            self._client.forget(number for number, _, _ in self._waiting)
            self._client.release(handle)

    def looked(self) -> Attributes | None:
        """What lies at the path after the bytes were read."""
        if self._look is None:
            return self._client.look(self._path)
        return self._client.looked(self._look)

    def _ask(self) -> None:
        """More, up to as many requests as there may be on their way."""
        wanted: list[tuple[int, int]] = []
        while self._asked < self._size and len(self._waiting) + len(wanted) < self._requests_max:
            wanted.append((self._asked, min(_READ_BYTES, self._size - self._asked)))
            self._asked += wanted[-1][1]
        requests: list[Request] = [(READ, self._handle, struct.pack(">QI", at, count)) for at, count in wanted]
        if self._look is None and self._size <= _READ_BYTES:
            # Of a small file both are answered in one go; what comes between them, its time in seconds cannot tell.
            requests.append((LSTAT, text(self._path)))
        numbers = self._client.send(*requests)
        if len(numbers) > len(wanted):
            self._look = numbers.pop()
        self._waiting.extend((number, *part) for number, part in zip(numbers, wanted, strict=True))

    def _ask_again(self, at: int, count: int) -> None:
        (number,) = self._client.send((READ, self._handle, struct.pack(">QI", at, count)))
        self._waiting.appendleft((number, at, count))
