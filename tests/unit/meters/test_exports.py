"""What an export does with values that have no room, no letters, no sign: never silently (R33, R34)."""

from __future__ import annotations

import unicodedata

import pytest
from pydantic import ValidationError

from hub.plugin import HubError, Payment
from hub_brunata import Plugin as Brunata
from hub_techem import Plugin as Techem
from tests.meter_files import cut, exported, instance_of, lines_of, tenancy

#: 25 letters: items 11.16-11.17 give a name just so much room.
EXACT = "Åse-Øjvind Ærøskøbing Ågå"
DANISH = ("iso8859-1", "cp865", "cp1252", "cp850", "iso8859-15")


def _brunata(**export: object) -> Brunata:
    instance = instance_of(Brunata, export=export)
    assert isinstance(instance, Brunata)
    return instance


def _refusal(instance, *tenancies) -> str:
    with pytest.raises(HubError) as refused:
        exported(instance, tenancies)
    return str(refused.value)


@pytest.mark.parametrize("encoding", DANISH)
def test_letters_of_exactly_the_fields_length_move_no_column(encoding):
    """Positions count bytes; each of these letters is one byte in each of these encodings."""
    assert len(EXACT) == 25
    address = "ÆØÅæøå" * 5
    said = [tenancy(0, name=EXACT, new_address=address), tenancy(1, name="x")]
    content, remarks = exported(_brunata(encoding=encoding), said)
    full, short = lines_of(content, 118)
    assert (cut(full, 47, 25), cut(full, 78, 30)) == (EXACT.encode(encoding), address.encode(encoding))
    assert cut(short, 47, 25) == b"x".ljust(25)
    for line in (full, short):
        assert cut(line, 72, 6) == b" " * 6
        assert cut(line, 108, 1) == b" "
    assert remarks == []


@pytest.mark.parametrize("encoding", DANISH)
def test_letters_written_as_two_are_one(encoding):
    """A name typed on some systems has its ring or stroke apart (NFD)."""
    apart = unicodedata.normalize("NFD", EXACT)
    assert len(apart) > len(EXACT)
    content, _ = exported(_brunata(encoding=encoding), [tenancy(0, name=apart)])
    assert cut(lines_of(content, 118)[0], 47, 25) == EXACT.encode(encoding)


def test_a_name_too_long_is_refused_by_tenancy_and_field():
    reason = _refusal(_brunata(), tenancy(0), tenancy(1, 302, 4, name=EXACT + "r"))
    assert reason.startswith("tenancy 1-12-302-4, positions 47-71, field 'name': 26 characters have no room in 25")
    assert 'set export.too_long = "cut"' in reason


@pytest.mark.parametrize("encoding", DANISH)
def test_a_name_too_long_is_cut_by_setting_and_told(encoding):
    said = [tenancy(0), *(tenancy(2 * number + 1, 301 + number, 1, name=EXACT + "r") for number in range(7))]
    content, remarks = exported(_brunata(too_long="cut", encoding=encoding), said)
    assert {cut(line, 47, 26) for line in lines_of(content, 118)[1:]} == {EXACT.encode(encoding) + b" "}
    named = ", ".join(f"tenancy 1-12-{301 + number}-1" for number in range(5))
    assert remarks == [f"field 'name' (positions 47-71) is cut to 25 characters for {named} and 2 more"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "1234567"}, "tenancy 1-12-1234567-1, export, positions 11-16, field 'unit'"),
        ({"tenant": "1000"}, "tenancy 1-12-301-1000, export, positions 17-19, field 'tenant'"),
        ({"property": "1234567"}, "tenancy 1-1234567-301-1, export, positions 5-10, field 'property'"),
        ({"amount": 10**10}, "tenancy 1-12-301-1, export, positions 21-30, field 'amount'"),
    ],
)
def test_numbers_and_amounts_are_never_cut(change, said):
    assert said in _refusal(_brunata(too_long="cut"), tenancy(0, **change))


def test_a_letter_that_the_encoding_lacks_is_refused_by_name():
    reason = _refusal(_brunata(encoding="cp865"), tenancy(0, name="Zoë Łukasz"))
    assert reason.startswith("tenancy 1-12-301-1, positions 47-71, field 'name': cp865 has no 'Ł' (U+0141)")
    assert 'set export.unwritable = "replace"' in reason


def test_a_letter_that_the_encoding_lacks_is_replaced_by_setting_and_told():
    said = [tenancy(0, name="Čapek 東 Åse"), tenancy(1)]
    content, remarks = exported(_brunata(unwritable="replace"), said)
    assert cut(lines_of(content, 118)[0], 47, 25) == "Capek ? Åse".encode("latin-1").ljust(25)
    assert remarks == [
        "field 'name' (positions 47-71) has letters replaced that iso8859-1 lacks for tenancy 1-12-301-1"
    ]


def test_a_line_break_in_a_name_is_refused():
    assert "positions 47-71, field 'name'" in _refusal(_brunata(), tenancy(0, name="Åse\nØrsted"))


def test_a_negative_amount_has_no_place_until_config_gives_its_sign_one():
    """R33: no section of the sheet has one."""
    reason = _refusal(_brunata(), tenancy(0), tenancy(1, 302, 2, amount=-12_50))
    assert reason.startswith("tenancy 1-12-302-2, positions 21-30, field 'amount': the amount is negative: -1250 øre")
    signed = _brunata(sign_start=20, sign_positive=" ", sign_negative="-")
    content, _ = exported(signed, [tenancy(0, amount=12_50), tenancy(1, amount=-12_50)])
    assert [cut(line, 20, 11) for line in lines_of(content, 118)] == [b" 0000001250", b"-0000001250"]


def test_zero_is_not_blank_and_an_unknown_day_is():
    content, _ = exported(_brunata(), [tenancy(0, amount=0, move_in=None, move_out=None)])
    (line,) = lines_of(content, 118)
    assert cut(line, 21, 26) == b"0000000000" + b" " * 16


def test_dates_are_written_as_config_says():
    short = {"date_format": "ÅÅMMDD", "move_in_length": 6, "move_out_length": 6}
    content, _ = exported(_brunata(**short), [tenancy(0)])
    (line,) = lines_of(content, 118)
    assert (cut(line, 31, 8), cut(line, 39, 8)) == (b"150301  ", b"241130  ")
    with pytest.raises(ValidationError, match=r"move_in_length \(sheet item 11.13\) is 8, but dates written ÅÅMMDD"):
        _brunata(date_format="ÅÅMMDD")


def test_numbers_filled_with_blanks():
    content, _ = exported(_brunata(fill="blanks"), [tenancy(0)])
    assert cut(lines_of(content, 118)[0], 1, 19) == b"1   12    301   1  "


def test_an_export_carries_tenancies_and_nothing_else():
    paid = Payment(
        1, "01234567", "", "1", 1, "DKK", tenancy(0).period_from, tenancy(0).period_to, None, "", "a", "a|", ""
    )
    with pytest.raises(HubError, match="an export of tenancies cannot carry Payment"):
        list(_brunata().make("export", [paid]))
    with pytest.raises(HubError, match=r"exports are off: no \[settings.export\]"):
        instance_of(Brunata, result={}).make("export", [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"amount_length": 30},
            "Input should be less than or equal to 18 (sheet item 20.18)",
        ),
        (
            {"amount_length": 11},
            "field 'amount' of sheet item 20.17-20.18 (38-48) and field 'name' of sheet item 20.19-20.20 (48-97)",
        ),
        ({"street_start": 230}, "half filled in, it lacks street_length"),
        ({"move_in_start": 230, "date_format": None}, "it lacks date_format"),
        ({"sign_start": 20}, "half filled in, it lacks sign_positive, sign_negative"),
        ({"sign_positive": "+"}, "half filled in, it lacks sign_negative"),
        ({"sign_positive": "+", "sign_negative": "-"}, "need a place: give sign_start"),
        ({"sign_start": 20, "sign_positive": "+", "sign_negative": "+"}, "must be two characters"),
        ({"sign_start": 20, "sign_positive": "", "sign_negative": "-"}, "must be a character each"),
        ({"record_length": 221}, "field 'vat' of sheet item 20.29 (222-222) ends beyond the record of 221 bytes"),
        ({"vat_registered": "0"}, "vat_registered and vat_not_registered must be two"),
        ({"vat_registered": "Ł"}, "vat_registered has a character that iso8859-1 cannot write"),
        ({"encoding": "utf-8"}, "allowed are ascii, cp1252"),
        ({"too_long": "wrap"}, "Input should be 'refuse' or 'cut'"),
    ],
)
def test_exports_that_config_cannot_ask_for(change, said):
    with pytest.raises(ValidationError) as refused:
        instance_of(Techem, export=change)
    assert said in str(refused.value)
