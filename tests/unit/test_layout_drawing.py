"""The ruler of ``hub layout show``: letters, gaps, overlaps, colours, stretches that fit a screen."""

from __future__ import annotations

from hub.cli.bs_showing import Record
from hub.cli.layout_drawing import Ruler, byte_rows, drawn, gaps, overlaps, readable, value_rows
from hub.plugin import ShownField

#: Unit at 3-6, overlapping the amount at 6-9.
FIELDS = drawn([("amount", 6, 9), ("unit", 3, 6), ("company", 1, 1)])


def _shown(field: str, first: int, last: int, raw: str, value: str = "", problem: str = "") -> ShownField:
    return ShownField(7, "result", field, first, last, raw, value, problem)


def test_letters_are_in_the_order_of_the_places() -> None:
    assert [(each.letter, each.name) for each in FIELDS] == [("a", "company"), ("b", "unit"), ("c", "amount")]


def test_gaps_and_overlaps() -> None:
    assert gaps(FIELDS) == [(2, 2)]
    assert [(each.first, each.last, each.fields) for each in overlaps(FIELDS)] == [(6, 6, ("unit", "amount"))]
    assert gaps(drawn([("a", 1, 10), ("b", 3, 4), ("c", 12, 12)])) == [(11, 11)]


def test_the_ruler_marks_tens_and_every_positions_field() -> None:
    ruler = Ruler(FIELDS, 12, columns=80)
    (stretch,) = ruler.stretches
    assert [line.plain[8:] for line in ruler.head(stretch)] == ["        10", "123456789012", "a.bbb!ccc..."]


def test_a_record_wider_than_the_screen_is_cut_at_a_ten() -> None:
    ruler = Ruler(FIELDS, 35, columns=25)
    assert [(stretch.start, stretch.stop) for stretch in ruler.stretches] == [(1, 11), (11, 21), (21, 31), (31, 36)]
    assert [line.plain[8:] for line in ruler.head(ruler.stretches[1])][:2] == ["        20", "1234567890"]


def test_what_is_wrong_is_marked_under_its_bytes_in_every_stretch() -> None:
    record = Record(7, "result", [_shown("amount", 9, 12, "12x4", problem="found '12x4', expected 4 digits")])
    ruler = Ruler(FIELDS, 15, columns=20)
    rows = [row.plain for stretch in ruler.stretches for row in byte_rows(ruler, record, "0123456712x4   ", stretch)]
    assert rows == ["     7  0123456712", " " * 16 + "^^", "     7  x4   ", " " * 8 + "^^"]
    assert list(value_rows(record, {})) == [" " * 8 + "! amount 9-12: found '12x4', expected 4 digits"]


def test_each_field_has_its_colour_and_an_overlap_that_of_what_is_wrong() -> None:
    ruler = Ruler(FIELDS, 10, columns=80)
    painted = ruler.painted("1", "0123456789", ruler.stretches[0], ())
    styles = {painted.plain[span.start : span.end]: str(span.style) for span in painted.spans}
    assert {"0", "234", "5", "678"} <= styles.keys()
    assert len({styles[text] for text in ("0", "234", "678")}) == 3
    assert "red" in styles["5"]


def test_values_come_with_their_letters_and_blanks_are_told() -> None:
    record = Record(7, "result", [_shown("unit", 3, 6, "0304", "304"), _shown("vat", 9, 9, " ")])
    assert list(value_rows(record, {("unit", 3): "b"})) == [" " * 8 + "b unit 304; vat (blank)"]


def test_bytes_are_a_character_each_in_the_fields_own_letters() -> None:
    raw = b"0\x91\x00Z"
    assert readable(raw, []) == "0··Z"
    assert readable(raw, [_shown("name", 2, 2, "æ"), _shown("sign", 3, 3, r"\x00")]) == "0æ·Z"
