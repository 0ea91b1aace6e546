"""Looking into files: every field, and what is wrong at its place, whatever the file is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import ShownField

NAMES = ("DTA305", "DTM305", "DTD305", "DTE898", "other.txt", "DTK305", "DTD305_20269999000000.DAT")


@pytest.fixture(scope="session")
def show(plugin, view):
    def go(raw: bytes, name: str = "DTD305", **settings) -> list[ShownField]:
        return list(plugin(**settings).show(view(raw, name)))

    return go


def _problems(shown: list[ShownField]) -> list[tuple[int, str, str]]:
    return [(field.record, field.field, field.problem) for field in shown if field.problem]


def test_every_field_with_its_place_its_bytes_and_what_they_mean(show, hand):
    shown = show(hand.content(hand.result()))
    assert _problems(shown) == []
    fields = {field.field: field for field in shown}
    assert fields["balance_gross"] == ShownField(
        *(1, "D result", "balance_gross", 128, 137, "-000087450", "-874.50", "")
    )
    assert (fields["cost_net"].raw, fields["cost_net"].value) == (" " * 10, "")
    assert fields["cost_key"].value == "231 heating and hot water"
    assert fields["provider"].value == "40 ista Deutschland, Essen"
    assert fields["last_day"].value == "2025-12-31"
    assert fields["name"].value == "Bo Æblegård"
    assert (fields["end"].first, fields["end"].value) == (1024, "D")


def test_the_files_of_every_name_are_shown(show, hand):
    assert {field.layout for field in show(hand.content(hand.pair()), "DTA305")} == {"A pair of numbers"}
    both = show(hand.content(hand.property(), hand.user()), "DTM305")
    assert [(field.record, field.layout) for field in both if field.field == "record"] == [
        (1, "L property"),
        (2, "M user"),
    ]
    assert {field.layout for field in show(hand.content(hand.document()), "DTE898")} == {"E898 document"}


def test_what_is_wrong_stands_at_its_field_on_every_line(show, hand):
    record = hand.result()
    letters = record[:57] + "00A0512550" + record[67:]
    short, ended = record[:1000], record[:1023] + "E"
    assert _problems(show(hand.content(letters, ended, hand.result(currency="EUR")))) == [
        (1, "cost_gross", "found '00A0512550', expected 10 digits, a minus only in the first position, or blanks"),
        (2, "end", "found 'E', expected 'D'"),
    ]
    assert _problems(show(hand.content(record, hand.result(currency="EUR")))) == [
        (2, "currency", "found EUR, expected DKK, as settings.currency says")
    ]
    problems = _problems(show(hand.content(record, short)))
    assert (2, "end", "found '', expected 1 byte") in problems


def test_content_in_a_gap_and_beyond_the_record(show, hand):
    shown = show(hand.content(hand.result(more=((900, "CO2"),)), hand.result() + "x"))
    assert (1, "gap", "content where the standard has blanks") in _problems(shown)
    beyond = [field for field in shown if field.field == "beyond"]
    assert [(field.record, field.first, field.last, field.raw) for field in beyond] == [(2, 1025, 1025, "x")]
    assert (2, "beyond", "wrong record length: found 1025 bytes, expected 1024 bytes") in _problems(shown)


def test_records_that_do_not_belong_to_the_name(show, hand):
    assert _problems(show(hand.content(hand.result(), hand.pair()))) == [
        (
            2,
            "record",
            "a record that does not belong to the file's name: found 'A', expected D, as DTD305 in its name says",
        )
    ]


def test_a_file_of_another_name_is_shown_by_its_records(show, hand):
    shown = show(hand.content(hand.result()), "resultat.txt")
    assert {field.field for field in shown} > {"balance_gross", "cost_key"}
    ((record, field, problem),) = _problems(shown)
    assert (record, field) == (1, "record")
    assert problem.startswith("not read here: its name, which decides what it may hold, is none of")


def test_what_is_off_and_what_is_missing_is_said(show, hand):
    shown = show(hand.content(hand.result()), result=None)
    assert [problem for *_, problem in _problems(shown)] == ["not read here: results are off: no [settings.result]"]
    assert show(b"") == [ShownField(1, "end of the file", "record", 1, 1, "", "", "the file is empty")]


_lines = st.lists(
    st.sampled_from([b"D" + b" " * 1023, b"A" * 128, b"L", b"M" + b"0" * 2047, b"E898", b"\n", b"\r\n", b"\x00\x9f"])
    | st.binary(max_size=40)
).map(b"\r\n".join)


@given(st.sampled_from(NAMES), _lines)
def test_any_bytes_are_shown(show, name, raw):
    shown = show(raw, name)
    assert shown
    assert all(field.record >= 1 and 1 <= field.first <= field.last for field in shown)
    assert all((field.raw + field.value + field.problem + field.layout).isprintable() for field in shown)
    assert [field.record for field in shown] == sorted(field.record for field in shown)
    assert max(len(text) for field in shown for text in (field.raw, field.value, field.problem)) <= 500
