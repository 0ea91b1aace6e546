"""Who an instance is, and which files are its own (R1)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hub.plugin import FieldPlace, Mine, NotMine
from hub_arge import Plugin


@pytest.mark.parametrize(
    ("name", "record", "kind"),
    [
        ("DTA305", "pair", "pairs"),
        ("DTM305", "property", "tenants"),
        ("DTD305", "result", "result"),
        ("DTE898", "document", "index"),
        ("dtd305", "result", "result"),
    ],
)
def test_a_file_is_known_by_its_name_and_whose_it_is(plugin, view, hand, name, record, kind):
    raw = hand.content(getattr(hand, record)())
    assert plugin().identify(view(raw, name)) == Mine(kind)
    assert plugin().identify(view(raw, f"{name}_{hand.stamp}.dat")) == Mine(kind)
    # Broken in a way that reading shall name.
    assert plugin().identify(view(b"\xef\xbb\xbf" + raw, name)) == Mine(kind)
    assert plugin().identify(view(b"", name)) == Mine(kind)
    if name != "DTE898":
        other = NotMine("a file of customer 0000088001 (settings.customer is 0000077777)")
        assert plugin(customer="77777").identify(view(raw, name)) == other
    assert plugin(provider="30").identify(view(raw, name)) == NotMine("a file of provider 40 (settings.provider is 30)")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("DTD305_2026.DAT", "its name, which decides what it may hold, is none of"),
        ("resultat.txt", "is none of DTA305, DTM305, DTD305, DTE898, each with _YYYYMMDDhhmmss.DAT"),
        ("DTD305_20260115120000 (1).DAT", "is none of"),
        ("DTD310_20260115120000123.DAT", "of another version of the standard than 3.05"),
        ("DTK305_20260115120000.DAT", "a file of fuels and costs (DTK305)"),
        ("DTE835_20260115120000.DAT", "a file of labour shares (DTE835)"),
    ],
)
def test_other_names_are_left_to_others(plugin, view, hand, name, why):
    answer = plugin().identify(view(hand.content(hand.result()), name))
    assert isinstance(answer, NotMine)
    assert why in answer.why


def test_what_is_off_is_left_to_others(plugin, view, hand):
    result, index = view(hand.content(hand.result()), "DTD305"), view(hand.content(hand.document()), "DTE898")
    assert plugin(result=None).identify(result) == NotMine("results are off: no [settings.result]")
    assert plugin(index=None).identify(index) == NotMine("documents are off: no [settings.index]")


def test_who_it_is(plugin):
    told = plugin().describe()
    assert told.summary == "Standard data exchange 3.05, customer 0000088001"
    assert told.telltales == ("arge/305/0000088001", "arge/E898", "statement/pdf")
    assert plugin(index=None).describe().telltales == ("arge/305/0000088001",)


def test_the_places_are_those_of_the_standard(plugin):
    places = plugin().describe().places
    assert {place.kind for place in places} == {"pairs", "result", "index"}
    assert FieldPlace("result", "balance_gross", 128, 137, "") in places
    assert FieldPlace("index", "path", 53, 108, "") in places
    assert FieldPlace("pairs", "client_key", 32, 51, "") in places


def test_every_kind_can_be_read_made_or_asked(plugin):
    assert set(Plugin.kinds) == {"pairs", "tenants", "result", "index", "statement", "export"}
    assert [name for name, kind in Plugin.kinds.items() if kind.document] == ["statement"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"customer": "12345678901"}, "customer"),
        ({"customer": "A1"}, "customer"),
        ({"provider": "4"}, "provider"),
        ({"currency": "kr"}, "currency"),
        ({"century": "1900"}, "century"),
        ({"export": {"properties": {"1-12": "4711"}}}, "properties"),
        ({"export": {"properties": {"12": "000004711"}}}, "properties"),
        ({"export": {"properties": {"1-12": "000004711"}, "dwellings": {"1-12": "0001"}}}, "dwellings"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_be(plugin, settings, said):
    with pytest.raises(ValidationError, match=said):
        plugin(**settings)
