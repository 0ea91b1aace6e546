"""L and M records as we send them, sliced by the standard's positions; then read back (R27, R32, R33)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import ConsumptionTenancy, HubError, Kept, Remark

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
EXPORT = {"properties": {"1-12": "000004711", "1-13": "000004712"}, "dwelling_is_unit": True}


def _tenancy(record: int = 1, **changes) -> ConsumptionTenancy:
    return ConsumptionTenancy(
        record=record,
        company="1",
        property="12",
        unit="304",
        tenant="2",
        amount=600000,
        currency="DKK",
        move_in=date(2019, 5, 1),
        move_out=None,
        name="Bo Æblegård",
        second_name="Åse Øst",
        street="Ålegårdsvej 7, 3. th.",
        postal_code="4300",
        city="Holbæk",
        new_address="",
        new_postal_code="",
        new_city="",
        vat="0",
        period_from=FIRST,
        period_to=LAST,
    )._replace(**changes)


@pytest.fixture(scope="session")
def make(plugin):
    def go(*tenancies: ConsumptionTenancy, type: str = "heat", **settings) -> bytes:
        export = EXPORT | settings.pop("export", {})
        made = plugin(export=export, **settings).make("export", iter(tenancies), {"type": type})
        return b"".join(each for each in made if isinstance(each, bytes))

    return go


@pytest.fixture(scope="session")
def user(make):
    """The M record of one tenancy, as text."""

    def go(**changes) -> str:
        settings = changes.pop("settings", {})
        content = make(_tenancy(**changes), **settings)
        return content.decode("iso8859-15").split("\r\n")[1]

    return go


def _at(record: str, first: int, last: int) -> str:
    return record[first - 1 : last]


def test_the_file_byte_by_byte(make):
    content = make(_tenancy(), _tenancy(2, unit="7", tenant="1", amount=-150))
    assert len(content) == 3 * 2050
    property_, one, other, rest = content.decode("iso8859-15").split("\r\n")
    assert rest == ""
    head = "03.05" + "0000088001" + "40" + "000004711"
    assert (
        property_
        == ("L" + head + "0000" + "3" + " " * 83 + "010125311225" + "1-12".ljust(15) + "0" + "   " + "0" + "DKK").ljust(
            2047
        )
        + "L"
    )
    user = "Bo Æblegård".ljust(35) + "Åse Øst".ljust(105)
    address = "Ålegårdsvej 7, 3. th.".ljust(35) + "DNK" + "4300".ljust(10) + "Holbæk".ljust(35)
    until_advance = "1" + user + address + " " * 223 + "010125311225" + "0" + "0" + " " * 10
    after = (" " * 634, "00", " " * 879, "M")
    assert one == "M" + head + "0304" + "1-12-304-2".ljust(20) + until_advance + "0000600000" + "".join(after)
    assert other == "M" + head + "0007" + "1-12-7-1".ljust(20) + until_advance + "-000000150" + "".join(after)


def test_forty_tenants_each_once_with_what_he_was_asked(make):
    tenancies = [
        _tenancy(n, property="12" if n <= 20 else "13", unit=str(n), amount=n * 1000 + n, name=f"Lejer {n}")
        for n in range(1, 41)
    ]
    records = make(*tenancies).split(b"\r\n")
    assert [record[:1] for record in records] == [b"L", *[b"M"] * 20, b"L", *[b"M"] * 20, b""]
    users = [record for record in records if record.startswith(b"M")]
    assert [record[18:27] for record in users] == [b"000004711"] * 20 + [b"000004712"] * 20
    assert [Decimal(record[522:532].decode()) / 100 for record in users] == [
        Decimal(n * 1001) / 100 for n in range(1, 41)
    ]
    assert [record[52:87].rstrip() for record in users] == [f"Lejer {n}".encode() for n in range(1, 41)]


def test_danish_letters_that_fill_their_field(user):
    full = "ÆØÅæøå" * 5 + "ÆØÅæø"
    record = user(name=full, city=full)
    assert (_at(record, 53, 87), _at(record, 241, 275), _at(record, 499, 510)) == (full, full, "010125311225")


@pytest.mark.parametrize(
    ("type_", "vat", "first"),
    [("heat", "gross", 523), ("heat", "net", 533), ("water", "gross", 583), ("water", "net", 593)],
)
def test_an_advance_stands_by_its_consumption_type(make, type_, vat, first):
    content = make(_tenancy(), type=type_, export={"vat": vat}).decode("iso8859-15")
    property_, record, _ = content.split("\r\n")
    assert _at(property_, 32, 32) == {"gross": "3", "net": "4"}[vat]
    filled = [place for place in range(523, 603, 10) if _at(record, place, place + 9).strip()]
    assert (filled, _at(record, first, first + 9)) == ([first], "0000600000")


def test_hot_water_and_a_type_of_the_company_by_config(make):
    record = make(_tenancy(), type="hot", export={"advances": {"hot": "hot_water"}}).split(b"\r\n")[1]
    assert record[552:562] == b"0000600000"
    with pytest.raises(HubError, match="no advance of the standard is that of consumption type 'electricity'"):
        make(_tenancy(), type="electricity")


def test_zero_on_account_is_zero_not_blank(user):
    assert _at(user(amount=0), 523, 532) == "0000000000"


def test_who_moved_within_the_period(user):
    moved = {"move_in": date(2025, 3, 1), "move_out": date(2025, 8, 31)}
    assert _at(user(**moved), 499, 510) == "010325310825"
    assert _at(user(move_in=None, move_out=date(2026, 4, 30)), 499, 510) == "010125311225"
    gone = user(**moved, new_address="Nyvej 1", new_postal_code="8000", new_city="Aarhus C")
    assert (_at(gone, 193, 227).rstrip(), _at(gone, 231, 240).rstrip(), _at(gone, 241, 275).rstrip()) == (
        *("Nyvej 1", "8000", "Aarhus C"),
    )
    with pytest.raises(HubError, match=r"tenancy 1-12-304-2: did not live there within 2025-01-01\.\.2025-12-31"):
        user(move_out=date(2024, 12, 31))


def test_vat_and_charge_for_a_change(user):
    assert _at(user(), 1167, 1168) == "00"
    assert _at(user(settings={"export": {"change_charged": True}}), 1167, 1168) == "01"
    by_user = {"settings": {"export": {"vat": "by_user"}}}
    assert [_at(user(vat=mark, **by_user), 511, 511) for mark in "01"] == ["0", "1"]
    assert _at(user(vat="1"), 511, 511) == "0"


def test_dwellings_by_table_and_without_one(user):
    table = {"dwellings": {"1-12-304": "0009"}, "dwelling_is_unit": False}
    assert _at(user(settings={"export": table}), 19, 31) == "0000047110009"
    with pytest.raises(HubError) as refused:
        user(unit="305", settings={"export": table})
    assert str(refused.value).startswith("unit 1-12-305: the provider's number of unit 1-12-305 is not known")
    assert 'settings.export.dwellings "1-12-305" its four digits' in refused.value.do
    with pytest.raises(HubError, match="the provider's number of property 1-99 is not known"):
        user(property="99")


@pytest.mark.parametrize("unit", ["12A", "12345"])
def test_a_unit_that_cannot_be_a_dwelling_is_not_guessed(user, unit):
    with pytest.raises(HubError, match=f"number of unit 1-12-{unit} is not known"):
        user(unit=unit)


def test_a_text_that_is_too_long_is_refused_or_cut_by_config(user):
    long = "Å" * 36
    with pytest.raises(HubError) as refused:
        user(name=long)
    assert refused.value.where == "tenancy 1-12-304-2, M, positions 53-87, field 'user_name_1'"
    cut = user(name=long, second_name="A\u030ase Øst", settings={"export": {"too_long": "cut"}})
    assert (_at(cut, 53, 87), _at(cut, 88, 122).rstrip()) == ("Å" * 35, "Åse Øst")


def test_what_was_cut_is_told(plugin):
    tenancies = [_tenancy(n, unit=str(n), name="Å" * 36) for n in range(1, 8)]
    cutting = plugin(export=EXPORT | {"too_long": "cut"})
    *_, remark = cutting.make("export", [*tenancies, _tenancy(8)], {"type": "heat"})
    assert remark == Remark(
        "field 'user_name_1' is cut for 1-12-1-2, 1-12-2-2, 1-12-3-2, 1-12-4-2, 1-12-5-2 and 2 more"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unit": "1" * 4, "tenant": "9" * 13}, "has 23 characters, and there is room for 20"),
        ({"name": " "}, "no name, and the bill is addressed to the user"),
        ({"name": "Łukasz"}, "text that iso8859-15 can write"),
        ({"name": "Bo\tBach"}, "without control characters"),
        ({"amount": 10**10}, "fits 10 positions with 2 decimals"),
        ({"amount": -(10**9)}, "fits 10 positions with 2 decimals"),
        ({"currency": "EUR"}, "found currency EUR, expected DKK"),
        ({"postal_code": "4300 Holbæk"}, "text of at most 10 bytes"),
    ],
)
def test_what_a_record_cannot_say_is_refused_with_whom(user, changes, said):
    with pytest.raises(HubError) as refused:
        user(**changes, settings={"export": {"too_long": "cut"}} if "postal_code" in changes else {})
    assert said in refused.value.what
    assert "1-12-" in refused.value.where


def test_records_that_do_not_fit_together(make):
    with pytest.raises(HubError, match="property 1-12: its tenants do not stand together"):
        make(_tenancy(), _tenancy(property="13"), _tenancy(unit="7"))
    with pytest.raises(HubError, match="tenancy 1-12-7-2: another period than its property's"):
        make(_tenancy(), _tenancy(unit="7", period_to=date(2025, 6, 30)))
    with pytest.raises(HubError, match="cannot carry a Kept"):
        make(Kept(1, "A", ""))


def test_other_kinds_and_exports_that_are_off(plugin):
    with pytest.raises(HubError, match="makes no file of kind 'index'"):
        plugin().make("index", [], {})
    with pytest.raises(HubError, match="exports are off"):
        plugin(export=None).make("export", [], {"type": "heat"})


# --- What we send reads as what it says --------------------------------------------------------------------------

#: Without Ã: with what may follow it, it looks like UTF-8, and is refused.
_letters = st.characters(codec="iso8859-15", exclude_categories=["Cc", "Zs"], exclude_characters="Ã")
_text = st.text(_letters, max_size=35)
_names = _text.filter(bool)


@given(
    st.lists(
        st.builds(
            _tenancy,
            unit=st.integers(1, 9999).map(str),
            tenant=st.integers(1, 999).map(str),
            amount=st.integers(-(10**9) + 1, 10**10 - 1),
            name=_names,
            second_name=_text,
            street=_text,
            city=_text,
            move_in=st.none() | st.dates(date(1990, 1, 1), LAST),
            move_out=st.none() | st.dates(LAST, date(2040, 1, 1)),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_made_is_read(make, read, tenancies):
    content = make(*tenancies)
    property_, *users = read("DTM305", content)
    assert property_ == Kept(1, "L", "property 000004711: 2025-01-01..2025-12-31, DKK")
    assert [kept.record for kept in users] == list(range(2, len(tenancies) + 2))
    for kept, tenancy in zip(users, tenancies, strict=True):
        theirs = f"000004711{int(tenancy.unit):04}"
        first = max(FIRST, tenancy.move_in or FIRST)
        assert kept.text == f"1-12-{tenancy.unit}-{tenancy.tenant} is {theirs} at the provider: {first}..2025-12-31"
