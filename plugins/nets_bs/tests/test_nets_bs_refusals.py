"""What is refused, and the words: line, position, field, found and expected (R6)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Malformed


def _refusal(read, content, **settings) -> str:
    with pytest.raises(Malformed) as refused:
        read(content, **settings)
    return str(refused.value)


def _altered(line: str, first: int, text: str) -> str:
    """``line`` with ``text`` from the 1-based position ``first`` on."""
    return line[: first - 1] + text + line[first - 1 + len(text) :]


@pytest.fixture
def lines(bs) -> list[str]:
    """1 BS002, 2 BS012, 3-4 BS042, 5 BS092, 6 BS012, 7 BS042, 8 BS022, 9 BS092, 10 BS992."""
    return bs.lines(
        ("0211", [bs.automatic(), bs.automatic("0237")]),
        ("0215", [bs.slip(), bs.text("022", "Bo Bach")]),
    )


@pytest.mark.parametrize(
    ("line", "first", "text", "place", "said"),
    [
        # Letters, blanks and signs in a number; impossible dates.
        (3, 116, "00000001500A ", "116-128 paid", "found '00000001500A ', expected 13 digits"),
        (3, 57, "        15000", "57-69 amount_due", "found '        15000', expected 13 digits"),
        (3, 57, "+000000015000", "57-69 amount_due", "found '+000000015000', expected 13 digits"),
        (3, 57, "0000000015_00", "57-69 amount_due", "found '0000000015_00', expected 13 digits"),
        (3, 50, "310226", "50-55 due", "found '310226', expected a date DDMMYY or zeros"),
        (3, 41, "00000000X", "41-49 mandate", "found '00000000X', expected 9 digits"),
        (2, 50, "319999", "50-55 date", "found '319999', expected a date DDMMYY or zeros or blanks"),
        (2, 50, "3112  ", "50-55 date", "found '3112  ', expected a date DDMMYY or zeros or blanks"),
        (1, 50, "000000", "50-55 created", "found '000000', expected a date DDMMYY"),
        (10, 43, " " * 15, "43-57 net_amount", f"found {' ' * 15!r}, expected 15 digits"),
        (10, 128, "A", "95-128 last_zeros", f"found '{'0' * 33}A', expected '{'0' * 34}'"),
        # Codes and sections.
        (3, 14, "0240", "14-17 code", "found '0240', expected one of '0236', '0237', '0238', '0239'"),
        (3, 14, "0297", "14-17 code", "found '0297', expected one of '0236', '0237', '0238', '0239'"),
        (7, 14, "0236", "14-17 code", "found '0236', expected one of '0297', '0299'"),
        (2, 14, "0216", "14-17 section", "found '0216', expected one of '0211', '0215'"),
        (3, 56, "3", "56 sign", "found '3', expected one of '0', '1', '2'"),
        # A record must be of its section, a trailer of its own.
        (3, 6, "07654321", "6-13 creditor", "not of its section: found 07654321, expected 01234567, as"),
        (3, 21, "00002", "21-25 group", "not of its section: found 00002, expected 00001, as the section's BS012 says"),
        (8, 6, "07654321", "6-13 creditor", "not of its section: found 07654321, expected 01234567, as"),
        (5, 21, "00002", "21-25 group", "the trailer is another section's: found 00002, expected 00001"),
        (5, 14, "0215", "14-17 section", "the trailer is another section's: found 0215, expected 0211"),
        (
            10,
            6,
            "87654322",
            "6-13 data_supplier",
            "the trailer is another delivery's: found 87654322, expected 87654321",
        ),
        # Counts and totals.
        (5, 42, "3", "32-42 payments", "wrong count in the trailer BS092: found 3, expected 2"),
        (5, 57, "1", "43-57 net_amount", "wrong total in the trailer BS092: found 150.01, expected 150.00"),
        (9, 68, "1", "58-68 texts", "wrong count in the trailer BS092: found 1, expected 0"),
        (9, 94, "0", "84-94 addresses", "wrong count in the trailer BS092: found 0, expected 1"),
        (10, 31, "1", "21-31 sections", "wrong count in the trailer BS992: found 1, expected 2"),
        (10, 42, "4", "32-42 payments", "wrong count in the trailer BS992: found 4, expected 3"),
        (10, 57, "1", "43-57 net_amount", "wrong total in the trailer BS992: found 300.01, expected 300.00"),
        (10, 94, "2", "84-94 addresses", "wrong count in the trailer BS992: found 2, expected 1"),
        # What was paid must say when and how much; what was not paid must not.
        (3, 104, "000000", "104-109 paid_on", "a payment without a payment date: found zeros, expected a date DDMMYY"),
        (
            3,
            110,
            "000000",
            "110-115 booked_on",
            "a payment without a booking date: found zeros, expected a date DDMMYY",
        ),
        (
            7,
            110,
            "000000",
            "110-115 booked_on",
            "a payment without a booking date: found zeros, expected a date DDMMYY",
        ),
        (3, 116, "0" * 13, "116-128 paid", "a payment of nothing: found zeros, expected an amount"),
        (3, 56, "0", "57-69 amount_due", "sign code 0 (no amount) with an amount: found 15000, expected zeros"),
        (7, 59, "0", "60-72 amount_due", "sign code 0 (no amount) with an amount: found 15000, expected zeros"),
        (4, 56, "0", "57-69 amount_due", "sign code 0 (no amount) with an amount: found 15000, expected zeros"),
        (4, 128, "1", "116-128 paid", "a payment that code 0237 says was not made: found 1, expected zeros"),
        (4, 50, "000000", "50-55 due", "a collection without a due date: found zeros, expected a date DDMMYY"),
        # Text: control characters, and what is UTF-8 misread.
        (3, 70, "A\x07", "70-99 reference", "found 'A\\x07SLEJE 2026-01               ', expected text in iso8859-1"),
        (
            3,
            70,
            "\xc3\x85",
            "70-99 reference",
            "found 'Ã\\x85SLEJE 2026-01               ', expected text in iso8859-1",
        ),
        (3, 70, "\xc3\xa6", "70-99 reference", "found 'Ã¦SLEJE 2026-01               ', expected text in iso8859-1"),
        (8, 14, "\xc3\xa6", "14-128 content", "found 'Ã¦97000"),
    ],
)
def test_one_wrong_field_refuses_the_file(read, lines, line, first, text, place, said):
    lines[line - 1] = _altered(lines[line - 1], first, text)
    positions, field = place.split()
    where = f"{'positions' if '-' in positions else 'position'} {positions}"
    assert f"line {line}, {where}, field {field!r}: {said}" in _refusal(read, lines)


#: Counts and totals of the trailers, and codes of the others, by line of ``lines``.
_VERIFIED = {3: (14, 17), 4: (14, 17), 5: (32, 94), 7: (14, 17), 9: (32, 94), 10: (21, 94)}


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_another_byte_in_a_count_sum_or_code_is_refused_with_its_place(read, lines, data):
    line = data.draw(st.sampled_from(sorted(_VERIFIED)))
    at = data.draw(st.integers(*_VERIFIED[line]).filter(lambda place: lines[line - 1][place - 1] != " "))
    # No digit that could make a code another one that is defined.
    allowed = "0123456789AÅ" if line in (5, 9, 10) else "AÅ0145"
    byte = data.draw(st.sampled_from(allowed).filter(lambda one: one != lines[line - 1][at - 1]))
    altered = [*lines[: line - 1], _altered(lines[line - 1], at, byte), *lines[line:]]
    with pytest.raises(Malformed) as refused:
        read(altered)
    assert refused.value.line == line
    assert refused.value.positions is not None
    assert refused.value.positions[0] <= at <= refused.value.positions[1]


def test_utf8_makes_a_record_too_long(read, bs):
    content = "\r\n".join(bs.lines(("0211", [bs.automatic(reference="GÅRD")]))).encode("utf-8")
    found = "found 129 bytes with '0' beyond the record, expected 128 bytes"
    assert f"line 3, position 129: wrong record length: {found}" in _refusal(read, content)


@pytest.mark.parametrize("code", ["0239", "0299"])
def test_only_a_collection_can_be_charged_back(read, bs, code):
    section, line = ("0211", bs.automatic(code, sign="2")) if code == "0239" else ("0215", bs.slip(code, sign="2"))
    assert "field 'sign': a charge-back of no collection" in _refusal(read, bs.lines((section, [line])))


def test_a_negative_total_is_refused_since_no_trailer_can_say_it(read, bs):
    lines = bs.lines(("0211", []))
    lines[2:2] = [bs.automatic(sign="2", amount=5000)]
    lines[3] = bs.section_end("0211", 1, 5000)
    reason = _refusal(read, lines)
    assert "line 4, positions 43-57, field 'net_amount': more was paid out than paid in" in reason
    assert "found 50.00, expected -50.00" in reason


@pytest.mark.parametrize(
    ("order", "line", "found", "expected"),
    [
        ([2, 3], 1, "BS012", "BS002, the start of a delivery"),
        ([1, 3], 2, "BS042", "BS012 or BS992"),
        ([1, 1], 2, "BS002", "BS012 or BS992"),
        ([1, 2, 3, 2], 4, "BS012", "a record of section 0211"),
        ([1, 2, 8], 3, "BS022", "a record of section 0211"),
        ([1, 2, 3, 10], 4, "BS992", "a record of section 0211"),
        ([*range(1, 11), 3], 11, "BS042", "nothing more after the end of the delivery"),
        ([*range(1, 11), *range(1, 11)], 11, "BS002", "nothing more after the end of the delivery"),
    ],
)
def test_records_out_of_order(read, lines, order, line, found, expected):
    reason = _refusal(read, [lines[number - 1] for number in order])
    where = f"line {line}, positions 1-5, field 'record_type'"
    assert reason == f"{where}: unexpected record: found {found!r}, expected {expected}"


def _cut_after(last: int, missing: str) -> str:
    where = (
        f"line {last + 1}, positions 1-{missing.index(',')}, field 'record_type': the delivery is cut after line {last}"
    )
    return f"{where}: found the end of the file, expected {missing}. fetch the file again"


@pytest.mark.parametrize(
    ("last", "missing"),
    [
        (9, "BS992, the end of the delivery"),
        (5, "BS992, the end of the delivery"),
        (1, "BS992, the end of the delivery"),
        (2, "BS092, the end of the section"),
        (3, "BS092, the end of the section"),
        (7, "BS092, the end of the section"),
    ],
)
def test_a_delivery_that_ends_too_soon_is_called_cut(read, lines, last, missing):
    assert _refusal(read, lines[:last]) == _cut_after(last, missing)


def test_an_envelope_that_ends_too_soon_is_called_cut(read, lines):
    heads = ["PBCNET30BS1 25123001", "PBCNET00BS1 25123001"]
    assert _refusal(read, heads) == _cut_after(2, "BS002, the start of a delivery")
    assert _refusal(read, [*heads, *lines]) == _cut_after(12, "PBCNET90, the end of the envelope")


@pytest.mark.parametrize("blanks", ["", "   "])
def test_a_byte_order_mark_inside_an_envelope_is_named(read, lines, blanks):
    marked = ["PBCNET30BS1 25123001", "\xef\xbb\xbf" + lines[0].rstrip() + blanks, *lines[1:]]
    assert "line 2, positions 1-3: unexpected record: found a UTF-8 byte order mark" in _refusal(read, marked)


@pytest.mark.parametrize(
    ("line", "first", "last"),
    [(1, 31, 49), (1, 56, 128), (2, 26, 49), (2, 56, 128), (3, 100, 103), (4, 100, 103), (5, 26, 31), (5, 95, 128)],
)
@pytest.mark.parametrize("control", ["\0", "\x1f", "\x7f", "\x9f"])
def test_control_characters_between_the_fields_are_refused(read, lines, line, first, last, control):
    """R34 lets a gap have content, but of text."""
    lines[line - 1] = _altered(lines[line - 1], last - 1, control)
    reason = _refusal(read, lines)
    assert reason.startswith(f"line {line}, positions {first}-{last}, field 'gap': content between the fields (R34): ")
    assert reason.endswith("expected blanks, or text in iso8859-1 without control characters")


def test_an_envelope_line_in_the_middle_is_refused(read, lines):
    lines.insert(4, "PBCNET30BS1 25123001")
    assert "line 5, positions 1-8, field 'record_type': unexpected record: found 'PBCNET30'" in _refusal(read, lines)


def test_the_envelope_counts_what_it_holds(read, lines):
    enveloped = ["PBCNET30BS1 25123001", *lines, "PBCNET90BS1 25123001        000011"]
    reason = _refusal(read, enveloped)
    assert (
        "line 12, positions 29-34, field 'records': wrong count in the envelope PBCNET90: found 11, expected 10"
        in reason
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbfBS002", "a UTF-8 byte order mark"),
        (b"\xff\xfeB\0S\0", "a UTF-16 byte order mark"),
        (b"BS002" + b"x" * 70_000, "line 1: line too long"),
    ],
)
def test_what_is_no_delivery(read, content, expected):
    assert expected in _refusal(read, content)


@pytest.mark.parametrize("extra", ["x", "0", "\t"])
def test_wrong_record_length(read, lines, extra):
    lines[2] += extra
    found = f"found 129 bytes with {extra!r} beyond the record, expected 128 bytes"
    assert _refusal(read, lines) == f"line 3, position 129: wrong record length: {found}"


def test_a_section_of_a_creditor_that_the_instance_does_not_serve(read, bs):
    lines = bs.lines(("0211", [bs.automatic()]), ("0211", [bs.automatic(creditor="07654321")]))
    reason = _refusal(read, lines, creditors=["01234567"])
    assert "line 5, positions 6-13, field 'creditor': a section of a foreign creditor: found 07654321" in reason
    assert len(read(lines, creditors=["01234567", "07654321"])) == 2


@pytest.mark.parametrize("enveloped", [False, True])
def test_a_file_cut_anywhere_is_refused(read, lines, enveloped):
    if enveloped:
        lines = ["PBCNET30BS1 25123001", *lines, "PBCNET90BS1 25123001        000010"]
    content = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    for size in range(0, len(content) - 2, 7):
        with pytest.raises(Malformed):
            read(content[:size])
    assert len(read(content[:-2])) == 4
