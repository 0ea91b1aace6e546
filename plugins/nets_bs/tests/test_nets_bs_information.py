"""Delivery 0621: what is known of it is counted and kept, errors are said aloud (R6)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.plugin import Kept, Malformed, Remark

CREDITOR = "01234567"
HEAD = "BS00287654321BS106211234567890" + " " * 19 + "301225"


def _pair(number: str = "210100", name: str = "NORDISK BANK", amount: int = 75000) -> list[str]:
    begin = f"BS022{CREDITOR}0280"
    amounts = f"{begin}00100001{'':15}{2:016d}{0:014d}040126000000{5:09d}{0:09d}{amount:013d}"
    return [amounts, f"{begin}002{'':38}{amount:013d}{name:43}{number}"]


def _enrolment(number: str) -> str:
    return f"BS022{CREDITOR}0200{'000000000042 0101701234':97}{number}"


def _lines(members: Sequence[str], counted: int | None = None) -> list[str]:
    count = sum(line.startswith("BS022") for line in members) if counted is None else counted
    return [
        HEAD,
        f"BS012{CREDITOR}0120   00001{'':29}301225",
        *members,
        f"BS092{CREDITOR}0120   {count:011d}".ljust(68, "0"),
        f"BS99287654321BS10621{1:011d}{count:011d}".ljust(79, "0"),
    ]


def test_a_list_is_kept_with_its_text(read):
    records = [record for record in read(_lines(_pair()), "0621") if isinstance(record, Kept)]
    assert records == [
        Kept(3, "0280", "Information material: 5 payments of 750.00 on 2026-01-04, 0 text lines"),
        Kept(4, "0280", "Information material: control information 210100, 750.00 (NORDISK BANK)"),
    ]


def test_errors_are_kept_and_remarked(read):
    lines = _lines([*_pair("220100"), *_pair("230100"), _enrolment("230200")])
    records = read(lines, "0621")
    assert records[1].text == "Information material: remark 220100, 750.00 (NORDISK BANK)"
    assert records[3].text == "Information material: error 230100, 750.00 (NORDISK BANK)"
    assert records[4] == Kept(7, "0200", "Result of a mandate registration: error 230200")
    told = Remark("Betalingsservice reports 2 errors, the first at line 6: text number 230100")
    assert told in records


def test_a_payers_number_never_leaves_the_file(read):
    records = read(_lines([_enrolment("210200")]), "0621")
    assert not any("0101701234" in record.text for record in records)


def test_what_nobody_knows_is_kept_and_counted(read):
    strange = [f"BS022{CREDITOR}0290{'x':111}", f"BS042{CREDITOR}0999", *_pair("240100")]
    records = [record for record in read(_lines(strange), "0621") if isinstance(record, Kept)]
    assert [record.code for record in records] == ["0290", "0999", "0280", "0280"]
    assert records[0].text == "BS022 with code 0290: kept in the file, its meaning is not known"
    assert "text number 240100" in records[3].text


@pytest.mark.parametrize(
    ("line", "first", "text", "said"),
    [
        (2, 14, "0121", "field 'section': found '0121', expected one of '0120'"),
        (3, 6, "9", "field 'creditor': not of its section"),
        (3, 101, "A", "field 'amount': found 'A"),
        (5, 31, "3", "field 'records': wrong count in the trailer BS092: found 3, expected 2"),
        (6, 31, "2", "field 'sections': wrong count in the trailer BS992: found 2, expected 1"),
        (6, 42, "1", "field 'records': wrong count in the trailer BS992: found 1, expected 2"),
    ],
)
def test_what_is_wrong_is_refused(read, line, first, text, said):
    lines = _lines(_pair())
    lines[line - 1] = lines[line - 1][: first - 1] + text + lines[line - 1][first - 1 + len(text) :]
    with pytest.raises(Malformed) as refused:
        read(lines, "0621")
    assert refused.value.line == line
    assert said in str(refused.value)


def test_a_section_that_does_not_end_is_refused(read):
    with pytest.raises(Malformed, match=r"line 5, .*the delivery is cut after line 4"):
        read(_lines(_pair())[:4], "0621")
    with pytest.raises(Malformed, match=r"line 5, .*unexpected record: found 'BS992'"):
        read([*_lines(_pair())[:4], _lines([])[-1]], "0621")
