"""The client's key of the user: how a tenancy's four numbers stand in 20 characters, and back (R15, R34, R35)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.plugin import HubError
from hub.plugin.layout import Refused
from hub_arge.keys import KeySettings, TenancyNumbers

PLACED = KeySettings.model_validate(
    {
        "parts": [
            {"part": "company", "first": 1, "length": 4},
            {"part": "property", "first": 5, "length": 6},
            {"part": "unit", "first": 11, "length": 6},
            {"part": "tenant", "first": 17, "length": 4},
        ]
    }
)
_number = st.integers(0, 999).map(str) | st.text("ABCÆØÅ9", min_size=1, max_size=3).filter(
    lambda text: not text.isdigit()
)
_numbers = st.builds(TenancyNumbers, _number, _number, _number, _number)


@given(_numbers, st.sampled_from([KeySettings(), KeySettings(separator="/"), PLACED]))
def test_a_key_reads_back_as_it_was_written(numbers, key):
    assert key.load(key.dump(numbers)) == numbers


@given(st.text(st.characters(codec="iso8859-15", exclude_categories=["Cc"]), max_size=20))
def test_any_text_is_a_key_or_refused(text):
    for key in (KeySettings(), PLACED, KeySettings(company="1")):
        try:
            numbers = key.load(text.rstrip(" "))
        except Refused:
            continue
        assert all(numbers)


def test_places_are_filled_with_zeros():
    assert PLACED.dump(TenancyNumbers("1", "12", "304", "2")) == "00010000120003040002"
    assert PLACED.dump(TenancyNumbers("1", "12", "12A", "2")) == "000100001212A   0002"
    assert PLACED.dump_property(TenancyNumbers("1", "12", "304", "2")) == "0001000012"
    assert PLACED.load("00010000120003040000") == TenancyNumbers("1", "12", "304", "0")


def test_a_key_without_the_company_means_that_of_config():
    key = KeySettings(company="7")
    assert key.dump(TenancyNumbers("7", "12", "304", "2")) == "12-304-2"
    assert key.load("12-0304-2") == TenancyNumbers("7", "12", "304", "2")
    assert key.dump_property(TenancyNumbers("7", "12", "304", "2")) == "12"
    with pytest.raises(HubError, match="found company 8, expected 7"):
        key.dump(TenancyNumbers("8", "12", "304", "2"))


@pytest.mark.parametrize(
    ("key", "numbers", "said"),
    [
        (KeySettings(), ("1", "1234567890", "123456", "12"), "has 22 characters, and there is room for 20"),
        (PLACED, ("1", "12", "1234567", "2"), "unit '1234567' has 7 characters, its place 6"),
        (KeySettings(), ("1", "12", "3-4", "2"), "found unit '3-4', expected a number without '-'"),
    ],
)
def test_a_key_without_room_is_refused_not_cut(key, numbers, said):
    with pytest.raises(HubError) as refused:
        key.dump(TenancyNumbers(*numbers))
    assert said in refused.value.what
    assert "-".join(numbers) in refused.value.where
    assert "would give this tenant's result to somebody else" in refused.value.why


def test_content_between_the_places_is_refused():
    company, *others = PLACED.parts
    loose = KeySettings(parts=(company.model_copy(update={"length": 3}), *others))
    assert loose.load("001 0000120003040002").company == "1"
    with pytest.raises(Refused):
        loose.load("00170000120003040002")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"separator": ""}, "give one mark"),
        ({"separator": "A"}, "give one mark"),
        ({"parts": [{"part": "tenant", "first": 1, "length": 4}]}, "parts must be company, property, unit, tenant"),
        ({"parts": [*(part.model_dump() for part in PLACED.parts)], "company": "1"}, "the company in one place only"),
        (
            {
                "parts": [
                    *(part.model_dump() for part in PLACED.parts[:3]),
                    {"part": "tenant", "first": 16, "length": 4},
                ]
            },
            "unit and tenant overlap at position 16",
        ),
        (
            {
                "parts": [
                    *(part.model_dump() for part in PLACED.parts[:3]),
                    {"part": "tenant", "first": 18, "length": 4},
                ]
            },
            "tenant ends at 21; the key has 20 characters",
        ),
    ],
)
def test_forms_that_cannot_be(settings, said):
    with pytest.raises(ValidationError, match=said):
        KeySettings.model_validate(settings)


def test_the_room_of_a_placed_key_is_told_to_the_check():
    assert [(length.part, length.length, length.key) for length in PLACED.number_lengths()][2:] == [
        ("unit", 6, "key.parts.2.length"),
        ("tenant", 4, "key.parts.3.length"),
    ]
    assert KeySettings().number_lengths() == ()
