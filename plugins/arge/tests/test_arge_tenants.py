"""A, L and M records as they come (DTA305, DTM305): kept, and held against the numbers of config."""

from __future__ import annotations

import pytest

from hub.plugin import Kept, Malformed, Remark


def _refusal(read, *records) -> str:
    with pytest.raises(Malformed) as refused:
        read("DTM305", *records)
    return str(refused.value)


def test_pairs_of_numbers_are_kept(read, hand):
    assert read("DTA305", hand.pair(), hand.pair("1-12-305-1", dwelling="0305")) == [
        Kept(1, "A", "1-12-304-2 is 0000047110304 at the provider"),
        Kept(2, "A", "1-12-305-1 is 0000047110305 at the provider"),
    ]


def test_pairs_that_config_has_otherwise_are_remarked(read, hand):
    *kept, remark = read("DTA305", hand.pair(), hand.pair(dwelling="0009"), hand.pair("1-99-1-1"))
    assert len(kept) == 3
    assert remark == Remark(
        "2 of the provider's numbers are not those of settings.export, first line 2: "
        "1-12-304-2 is 0000047110009, by config 0000047110304"
    )
    *_, nothing = read("DTA305", hand.pair("1-99-1-1"))
    assert nothing.text.endswith("line 1: 1-99-1-1 is 0000047110304, by config nothing")
    assert read("DTA305", hand.pair("1-99-1-1"), export=None)[1:] == []


def test_properties_and_users_are_kept_in_any_order(read, hand):
    found = read("DTM305", hand.user(), hand.property(), hand.property(number="000004712"))
    assert found == [
        Kept(1, "M", "1-12-304-2 is 0000047110304 at the provider: 2025-01-01..2025-12-31"),
        Kept(2, "L", "property 000004711: 2025-01-01..2025-12-31, DKK"),
        Kept(3, "L", "property 000004712: 2025-01-01..2025-12-31, DKK"),
    ]


def test_records_that_do_not_belong_together(read, hand):
    assert _refusal(read, hand.property(), hand.user(), hand.user(number="000004712")) == (
        "line 3, positions 19-27, field 'provider_property': "
        "found 000004712, expected a property with an L record in the file"
    )
    assert _refusal(read, hand.property(), hand.property()) == (
        "line 2, positions 19-27, field 'provider_property': found 000004711, expected one L record a property"
    )


def test_periods_that_end_before_they_start(read, hand):
    assert _refusal(read, hand.property("010126311225")) == (
        "line 1, positions 122-127, field 'period_to': found 2025-12-31, expected 2026-01-01 or later"
    )
    assert _refusal(read, hand.property(), hand.user(occupied="010125311224")).startswith(
        "line 2, positions 505-510, field 'occupied_to': found 2024-12-31"
    )


def test_another_currency_is_refused(read, hand):
    assert _refusal(read, hand.property(currency="EUR")).startswith(
        "line 1, positions 148-150, field 'currency': found EUR, expected DKK"
    )
