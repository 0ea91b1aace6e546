"""From bytes to numbered records of one length."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import Malformed
from hub.plugin.layout import records
from hub.plugin.layout.lines import CHUNK_BYTES, LINE_BYTES_MAX


def read(content: bytes, length: int = 4) -> list[tuple[int, bytes]]:
    return list(records(io.BytesIO(content), length))


@pytest.mark.parametrize(
    "content",
    [
        b"AAAA\r\nBB  \r\n",
        b"AAAA\nBB  \n",
        b"AAAA\r\nBB  \n",
        b"AAAA\nBB  ",
        b"AAAA\nBB  \r",
        b"AAAA\r\nBB\r\n",
        b"AAAA      \r\nBB           ",
    ],
)
def test_line_ends_and_blanks_that_are_accepted(content: bytes) -> None:
    assert read(content) == [(1, b"AAAA"), (2, b"BB  ")]


def test_only_a_newline_ends_a_line() -> None:
    """``str.splitlines`` would also split at these; 0x85 is an ordinary letter in cp865."""
    content = b"\x85\x0b\x0c\x1c\n\x1d\x1e\r\x00\n"
    assert read(content) == [(1, b"\x85\x0b\x0c\x1c"), (2, b"\x1d\x1e\r\x00")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbfAAAA\n", "line 1, positions 1-3: found a UTF-8 byte order mark, expected a record"),
        (b"\xff\xfeA\x00", "line 1, positions 1-2: found a UTF-16 byte order mark, expected a record"),
        (b"\xfe\xff\x00A", "line 1, positions 1-2: found a UTF-16 byte order mark, expected a record"),
        (
            b"AAAA\nBBBBB\n",
            "line 2, position 5: wrong record length: found 5 bytes with 'B' beyond the record, expected 4 bytes",
        ),
        (
            b"AAAA\nBBBB   x\n",
            "line 2, position 8: wrong record length: found 8 bytes with 'x' beyond the record, expected 4 bytes",
        ),
        (
            b"AAAA\nBBBB\t\n",
            "line 2, position 5: wrong record length: found 5 bytes with '\\t' beyond the record, expected 4 bytes",
        ),
        (
            b"AAAA\r\r\n",
            "line 1, position 5: wrong record length: found 5 bytes with '\\r' beyond the record, expected 4 bytes",
        ),
        (
            b"AAAA\r\r",
            "line 1, position 5: wrong record length: found 5 bytes with '\\r' beyond the record, expected 4 bytes",
        ),
        (b"AAAA\n\xef\xbb\xbfBBBB\n", "line 2, positions 1-3: found a UTF-8 byte order mark, expected a record"),
        (b"AAAA\n\nBBBB\n", "line 2: wrong record length: found 0 bytes, expected 4 bytes"),
        (b"AAAA\n\n", "line 2: wrong record length: found 0 bytes, expected 4 bytes"),
        (b"\n", "line 1: wrong record length: found 0 bytes, expected 4 bytes"),
        (
            b"AAAA\n" + b" " * 70_000 + b"\n",
            "line 2: line too long: found more than 65536 bytes, expected at most 65536 bytes",
        ),
    ],
)
def test_what_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(Malformed) as refusal:
        read(content)
    assert str(refusal.value) == message


def test_an_endless_line_is_given_up_early() -> None:
    class Endless(io.RawIOBase):
        asked_bytes = 0

        def read(self, size: int = -1) -> bytes:
            self.asked_bytes += size
            assert self.asked_bytes <= 4 * CHUNK_BYTES
            return b" " * size

    with pytest.raises(Malformed, match="line too long"):
        next(records(Endless(), 128))  # type: ignore[arg-type]


def test_records_come_before_the_stream_is_read_to_its_end() -> None:
    class Counting(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            return super().read(size)

    stream = Counting(b"AAAA\n" * CHUNK_BYTES)
    first = list(itertools.islice(records(stream, 4), 10))
    assert (stream.reads, first[-1]) == (1, (10, b"AAAA"))


class Dripping(io.BytesIO):
    """A stream that gives a byte at a time, so that every line end is cut in two."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(1)


lines_of_text = st.lists(
    st.binary(min_size=1, max_size=6).map(lambda raw: raw.replace(b"\n", b"x").rstrip(b" \r") or b"x"), min_size=1
)


@given(lines=lines_of_text, ends=st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=1), last=st.booleans())
def test_any_lines_come_back_padded_and_numbered(lines: list[bytes], ends: list[bytes], last: bool) -> None:
    content = b"".join(map(bytes.__add__, lines, itertools.cycle(ends)))
    content = content if last else content.rstrip(b"\r\n")
    expected = list(enumerate((line.ljust(6) for line in lines), start=1))
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        with pytest.raises(Malformed, match="byte order mark"):
            read(content, 6)
        return
    assert read(content, 6) == expected
    assert list(records(Dripping(content), 6)) == expected


def test_a_line_longer_than_a_chunk_can_be_long_is_refused_with_its_number() -> None:
    with pytest.raises(Malformed, match="line 3: line too long"):
        read(b"AAAA\nBBBB\n" + b"C" * (CHUNK_BYTES + LINE_BYTES_MAX))
