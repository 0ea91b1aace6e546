"""Frames over a socket: one tag byte and a payload of limited length, the same at both ends."""

from __future__ import annotations

import socket
import struct
from typing import Final, NamedTuple

#: A batch of 2,000 records takes some 0.4 MB; nobody needs more than this.
FRAME_BYTES_MAX = 16 * 1024 * 1024

_HEADER = struct.Struct("<cI")

# Hub to plug-in.
ASK: Final = b"Q"
# Both ways: records, and that there are no more of them.
BATCH: Final = b"B"
END: Final = b"E"
# Plug-in to hub: a process is up, it answers, it made some bytes, it wants the next records.
HELLO: Final = b"H"
ANSWER: Final = b"A"
CHUNK: Final = b"C"
MORE: Final = b"M"
# Plug-in to hub: its configuration, or what it is to make, is refused, the file is malformed, the plug-in failed.
REFUSED: Final = b"R"
MALFORMED: Final = b"X"
FAILED: Final = b"F"


class FrameError(ValueError):
    """A frame is longer than any frame may be."""


class HungUpError(Exception):
    """The other end is gone."""


class Frame(NamedTuple):
    tag: bytes
    payload: bytearray


class Frames:
    """One end of the conversation. With a timeout on the socket, every wait for the other end raises TimeoutError."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def send(self, tag: bytes, payload: bytes = b"") -> None:
        """Raises FrameError on too long a payload, HungUpError, TimeoutError."""
        if len(payload) > FRAME_BYTES_MAX:
            raise FrameError(f"{len(payload)} bytes at once, at most {FRAME_BYTES_MAX} may be sent")
        try:
            self._socket.sendall(_HEADER.pack(tag, len(payload)) + payload)
        except ConnectionError as error:
            raise HungUpError from error

    def receive(self) -> Frame:
        """Raises FrameError on too long a payload (before taking it), HungUpError, TimeoutError."""
        tag, size = _HEADER.unpack(self._exactly(_HEADER.size))
        if size > FRAME_BYTES_MAX:
            raise FrameError(f"{size} bytes at once, at most {FRAME_BYTES_MAX} are taken")
        return Frame(tag, self._exactly(size))

    def _exactly(self, size: int) -> bytearray:
        buffer = bytearray(size)
        rest = memoryview(buffer)
        while rest:
            try:
                taken = self._take(rest)
            except ConnectionError as error:
                raise HungUpError from error
            if taken == 0:
                raise HungUpError
            rest = rest[taken:]
        return buffer

    def _take(self, rest: memoryview) -> int:
        return self._socket.recv_into(rest)
