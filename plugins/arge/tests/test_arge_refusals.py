"""What breaks the standard refuses the whole file, and says where (R6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import HubError, Malformed, Remark

KINDS = {"DTA305": "pairs", "DTM305": "tenants", "DTD305": "result", "DTE898": "index"}
NAMES = tuple(KINDS)
#: The N fields of the records by the standard's tables, by position; "-" behind = it may have a minus.
_HEAD = "7:16 17:18 19:27 28:31"
NUMBERS = {
    "A": _HEAD,
    "L": f"{_HEAD} 32:32 116:121 122:127 143:143 144:146- 147:147",
    "M": f"{_HEAD} 52:52 499:504 505:510 511:511 512:512 513:522- 523:532- 533:542- 543:552- 553:562- 563:572- "
    "573:582- 583:592- 593:602- 603:605 606:615- 616:618 619:628- 629:631 632:641- 865:865 882:882 883:883 942:942 "
    "943:943 1167:1167 1168:1168",
    "D": f"{_HEAD} 52:57 58:67- 68:77- 78:87- 88:97- 98:107- 108:117- 118:127- 128:137- 138:147- 148:150 151:159- "
    "160:162 163:165",
    "E898": "5:11 12:13 109:111 112:117",
}


def _numbers(record: str) -> Iterator[tuple[int, int, bool]]:
    for place in NUMBERS[record].split():
        first, last = map(int, place.removesuffix("-").split(":"))
        yield first, last, place.endswith("-")


@pytest.fixture(scope="session")
def files(hand):
    """For each record: the name of its file, the content before it, and the record with every N field filled."""
    amounts = [(first, "0000000100") for first in (68, 88, 98, 108, 118)]
    full = (*amounts, (138, "0000000000"), (151, "000012345"), (160, "005"), (163, "011"))
    return {
        "A": ("DTA305", hand.pair(), hand.pair("1-12-305-1")),
        "L": ("DTM305", hand.property(), hand.property(number="000004712")),
        "M": ("DTM305", hand.property(), hand.user()),
        "D": ("DTD305", hand.result(more=full), hand.result("1-12-305-1", more=full)),
        "E898": ("DTE898", hand.document(), hand.document("other.pdf")),
    }


def _refusal(read, name: str, content: bytes) -> str:
    with pytest.raises(Malformed) as refused:
        read(name, bytes(content))
    return str(refused.value)


@pytest.mark.parametrize("record", NUMBERS)
def test_a_letter_in_any_n_field_is_refused_at_its_place(read, hand, files, record):
    name, before, whole = files[record]
    assert len(read(name, before, whole, period="2025-01-01..2025-12-31")) >= 2
    lead, raw = hand.content(before), hand.content(whole)
    for first, last, may_be_negative in _numbers(record):
        place = f"position {first}" if first == last else f"positions {first}-{last}"
        for position in range(first, last + 1):
            for wrong in b"A_\xb9" + (b"" if may_be_negative and position == first else b"-"):
                mutated = bytearray(raw)
                mutated[position - 1] = wrong
                said = _refusal(read, name, lead + mutated)
                assert said.startswith(f"line 2, {place}, field "), (first, last, wrong, said)


@pytest.mark.parametrize(("record", "first", "last"), [("D", 58, 67), ("D", 148, 150), ("M", 523, 532), ("A", 7, 16)])
def test_a_number_that_is_blank_in_part_is_refused(read, hand, files, record, first, last):
    name, before, whole = files[record]
    said = _refusal(read, name, hand.content(before, whole[: first - 1] + " " + whole[first:]))
    assert said.startswith(f"line 2, positions {first}-{last}, field ")


@pytest.mark.parametrize(
    ("name", "record"),
    [("DTA305", "pair"), ("DTD305", "result")],
)
def test_another_end_letter_is_refused(read, hand, name, record):
    whole = hand.content(getattr(hand, record)())
    end = len(whole) - 2
    for wrong in b"EB a\x00":
        mutated = bytearray(whole)
        mutated[end - 1] = wrong
        assert _refusal(read, name, mutated).startswith(f"line 1, position {end}, field 'end': found")


@pytest.mark.parametrize("name", NAMES)
def test_any_other_length_is_refused(read, hand, name):
    record, length = {
        "DTA305": (hand.pair(), 128),
        "DTM305": (hand.property(), 2048),
        "DTD305": (hand.result(), 1024),
        "DTE898": (hand.document(kind=""), 120),
    }[name]
    shorter, longer = hand.content(record, record[:-1]), hand.content(record, record + " ")
    assert _refusal(read, name, shorter) == (
        f"line 2, position {length}, field 'record': wrong record length: "
        f"found {length - 1} bytes, expected {length} bytes"
    )
    assert _refusal(read, name, longer).startswith(f"line 2, position {length + 1}, field 'record'")


@pytest.mark.parametrize("end", [b"\n", b"\r", b"", b"\n\r"])
def test_a_record_ends_in_cr_lf(read, hand, end):
    record = hand.document().encode("iso8859-15")
    said = _refusal(read, "DTE898", record + end)
    assert said.startswith("line 1, positions ") or said.startswith("line 1, position ")
    assert "CR LF" in said or "wrong record length" in said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("letter", ["A", "L", "M", "D", "B", "K", "E835", "E898", "P", "\x1a"])
def test_the_name_decides_which_records_a_file_may_hold(read, hand, name, letter):
    allowed = {"DTA305": ["A"], "DTM305": ["L", "M"], "DTD305": ["D"], "DTE898": ["E898"]}[name]
    if letter in allowed:
        return
    said = _refusal(read, name, hand.content(letter.ljust(128)))
    assert "a record that does not belong to the file's name" in said
    assert said.startswith("line 1, position")
    assert f"expected {' or '.join(allowed)}, as {name} in its name says" in said


def test_a_line_without_end(read):
    said = _refusal(read, "DTD305", b"D" * 10_000)
    assert said == "line 1: a line too long for any record: found more than 4096 bytes, expected CR LF before that"


def test_an_empty_file_and_an_impossible_name(read, plugin, view, hand):
    assert _refusal(read, "DTD305", b"") == "the file is empty"
    with pytest.raises(Malformed, match="impossible time in the file's name: found 20261399000000"):
        list(plugin().read(view(hand.content(hand.result()), "DTD305_20261399000000.DAT"), "result"))


def test_a_kind_that_is_off_is_said_so(plugin, view, hand):
    file = view(hand.content(hand.result()), "DTD305")
    with pytest.raises(HubError, match="results are off"):
        list(plugin(result=None).read(file, "result"))
    with pytest.raises(HubError, match="no file of kind 'export' is read"):
        list(plugin().read(file, "export"))


@pytest.mark.parametrize("key", ["1-12-304", "1-12-304-2-1", "1-12--2", "ID", "1-12-304- 2"])
def test_a_key_that_cannot_be_read_refuses_the_file(read, hand, key):
    said = _refusal(read, "DTD305", hand.content(hand.result(key)))
    assert said.startswith("line 1, positions 32-51, field 'client_key': found")


_bytes = st.lists(
    st.sampled_from([b"A", b"L", b"M", b"D", b"E898", b"\r\n", b"\n", b" " * 120, b"0" * 64, b"03.05"])
    | st.binary(max_size=64)
).map(b"".join)


@given(st.sampled_from(NAMES), _bytes)
def test_any_bytes_are_refused_or_read(plugin, view, name, raw):
    instance, file = plugin(), view(raw, name)
    answer = instance.identify(file)
    if hasattr(answer, "kind"):
        with pytest.raises(Malformed):
            list(instance.read(file, answer.kind))


@given(st.data())
def test_one_changed_byte_gives_records_or_a_refusal(plugin, view, hand, data):
    """Never an error of another kind, and never a record that is left out."""
    name = data.draw(st.sampled_from(NAMES))
    record = {
        "DTA305": [hand.pair()],
        "DTM305": [hand.property(), hand.user()],
        "DTD305": [hand.result()],
        "DTE898": [hand.document()],
    }[name]
    raw = bytearray(hand.content(*record))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    instance, file = plugin(), view(bytes(raw), name)
    try:
        found = list(instance.read(file, KINDS[name]))
    except Malformed:
        return
    assert [each.record for each in found if not isinstance(each, Remark)] == list(range(1, len(record) + 1))
