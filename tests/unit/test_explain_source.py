"""The bytes of a record, and slips of the finger."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.reports import explain_source
from hub.reports.explain_source import SHOWN_BYTES_MAX, record_bytes
from hub.reports.typos import CHARACTERS_MAX, one_slip_from


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("content", [b"", b"\n", b"a", b"a\r\n", b"ab\r\nc\n\nlast", b"\r\n\r\r\nx\r", b"\n\n\n"])
def test_every_line_of_a_file_is_found(
    tmp_path: Path, content: bytes, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain_source, "_CHUNK_BYTES", chunk)
    path = tmp_path / "file"
    path.write_bytes(content)
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    for number, line in enumerate(lines, start=1):
        found = record_bytes(path, number)
        assert found is not None
        assert content[found.offset : found.offset + found.length] == line.removesuffix(b"\r")
    assert record_bytes(path, len(lines) + 1) is None


def test_bytes_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("Søren \\ \t\n".encode("latin-1"))

    assert record_bytes(tmp_path / "file", 1) == (0, 9, r"S\xf8ren \x5c \x09")


def test_of_a_long_record_the_beginning_is_shown(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"a\n" + b"b" * (SHOWN_BYTES_MAX + 1) + b"\n")

    assert record_bytes(tmp_path / "file", 2) == (2, SHOWN_BYTES_MAX + 1, "b" * SHOWN_BYTES_MAX)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert record_bytes(tmp_path / "file", 1) is None


_XML = b"""<?xml version="1.0"?>
<Document>
  <Stmt>
    <Ntry id="a > b">
      <Amt>1</Amt>
    </Ntry>
    <Ntry/><Ntry>
      <Amt>2</Amt></Ntry >
"""


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("record", "begins", "ends"),
    [
        (4, b"<Ntry id", b"</Ntry>"),
        (7, b"<Ntry/>", b"<Ntry/>"),
        # No end within the file, and no tag that it begins with: the line.
        (3, b"  <Stmt>", b"  <Stmt>"),
        (8, b"<Amt>2", b"</Amt>"),
    ],
)
def test_of_xml_the_element_that_begins_on_the_line(
    tmp_path: Path, before: bytes, record: int, begins: bytes, ends: bytes
) -> None:
    content = before + _XML
    (tmp_path / "file").write_bytes(content)

    found = record_bytes(tmp_path / "file", record)
    assert found is not None
    told = content[found.offset : found.offset + found.length]
    assert told.startswith(begins)
    assert told.endswith(ends)


@pytest.mark.parametrize("content", [b"PK\x03\x04a\nb\n", "a\nb\n".encode("utf-16")])
def test_a_file_without_lines_of_bytes_has_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    assert record_bytes(tmp_path / "file", 1) is None


@given(st.text("0123456789-aø", min_size=1, max_size=12), st.data())
def test_every_slip_is_thought_of(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("0123456789-aø"))
    slips = {
        text[:at] + text[at + 1 :],
        text[:at] + letter + text[at + 1 :],
        text[:at] + letter + text[at:],
        text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
    }

    assert slips - {text, ""} <= one_slip_from(text)
    assert not {text, ""} & one_slip_from(text)


def test_slips_go_both_ways_and_are_no_more_than_one() -> None:
    for slip in one_slip_from("2611-1"):
        assert "2611-1" in one_slip_from(slip)
    assert "2161-2" not in one_slip_from("2611-1")


def test_the_work_is_bounded() -> None:
    assert one_slip_from("1" * (CHARACTERS_MAX + 1)) == set()
    assert len(one_slip_from("x" * CHARACTERS_MAX)) < 10_000
