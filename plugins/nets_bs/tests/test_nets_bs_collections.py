"""A delivery 0601 as it is made: held against the positions of the format, byte by byte; and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest

from hub.plugin import Collection, HubError, Kept, Record
from hub_nets_bs import makers
from hub_nets_bs.settings import BetalingsserviceSettings

HEAD = {
    "data_supplier": "87654321",
    "subsystem": "BS1",
    "delivery": "0000000414",
    "created": "2026-07-01",
    "user_id": "PRØVEHUSET",
}
RENT = Collection(
    record=1,
    creditor="01234567",
    group="00001",
    channel="total",
    heading="Ejendommen Ærø",
    customer="42",
    mandate="000000007",
    due_date=date(2026, 8, 3),
    amount=812_550,
    reference="000010641",
    payment_id="",
    address=("Ane Prøve", "Testvej 3, st. tv."),
    postal_code="3000",
    country="DK",
    texts=("Husleje august 2026", "", "  heraf vand 250,00"),
)
SLIP = RENT._replace(channel="slip", customer="K43ÆØÅ", mandate="", payment_id="26840149965328", amount=15_000)


def _made(records: list[Record], settings: dict[str, Any] | None = None, **head: str) -> bytes:
    checked = BetalingsserviceSettings.model_validate(settings or {})
    return b"".join(makers.make("0601", records, HEAD | head, checked))


def _lines(records: list[Record], **settings: Any) -> list[str]:
    return _made(records, settings).decode("latin-1").split("\r\n")[:-1]


def _fields(line: str, *places: tuple[int, int]) -> list[str]:
    """What stands at 1-based positions, both ends in, up to the end of the record; all of the record must be named."""
    assert len(line) == 128
    assert [first for first, _ in places] == [1, *(last + 1 for _, last in places[:-1])]
    assert places[-1][1] == 128
    return [line[first - 1 : last] for first, last in places]


# --- By the positions of the format ---------------------------------------------------------------------------------


def test_every_record_of_a_delivery_stands_at_its_positions():
    made = _lines([RENT, SLIP._replace(record=2)], pad_records=True)
    places = (1, 5), (6, 13), (14, 16), (17, 20), (21, 30), (31, 49), (50, 55), (56, 128)
    assert _fields(made[0], *places) == [
        *("BS002", "87654321", "BS1", "0601", "0000000414", " " * 19, "010726", " " * 73)
    ]
    places = (1, 5), (6, 13), (14, 17), (18, 22), (23, 27), (28, 42), (43, 46), (47, 54), (55, 68), (69, 128)
    assert _fields(made[1], *places) == [
        *("BS012", "01234567", "0112", " " * 5, "00001", "PRØVEHUSET     ", " " * 4, "01072026", " " * 14),
        "Ejendommen Ærø".ljust(60),
    ]
    key = (1, 5), (6, 13), (14, 17), (18, 22), (23, 27), (28, 42), (43, 51)
    whose = "00001", "000000000000042"
    for line, number, text in ((made[2], "00001", "Ane Prøve"), (made[3], "00002", "Testvej 3, st. tv.")):
        assert _fields(line, *key, (52, 86), (87, 128)) == [
            *("BS022", "01234567", "0240", number, *whose, "0" * 9, text.ljust(35), " " * 42)
        ]
    assert _fields(made[4], *key, (52, 66), (67, 70), (71, 73), (74, 128)) == [
        *("BS022", "01234567", "0240", "00009", *whose, "0" * 9, " " * 15, "3000", "DK ", " " * 55)
    ]
    pay = *key, (52, 59), (60, 60), (61, 73), (74, 103), (104, 105), (106, 120), (121, 128)
    assert _fields(made[5], *pay) == [
        *("BS042", "01234567", "0280", "00000", *whose, "000000007", "03082026", "1", "0000000812550"),
        *("000010641".ljust(30), "00", " " * 15, " " * 8),
    ]
    for line, number, text in zip(made[6:9], ("00001", "00002", "00003"), RENT.texts, strict=True):
        assert _fields(line, *key, (52, 52), (53, 112), (113, 128)) == [
            *("BS052", "01234567", "0241", number, *whose, "000000007", " ", text.ljust(60), " " * 16)
        ]
    ends = (1, 5), (6, 13), (14, 17), (18, 22), (23, 27), (28, 31), (32, 42), (43, 57), (58, 68)
    assert _fields(made[9], *ends, (69, 83), (84, 94), (95, 128)) == [
        *("BS092", "01234567", "0112", "00000", "00001", " " * 4),
        *("00000000001", "000000000812550", "00000000003", " " * 15, "00000000003", " " * 34),
    ]
    assert made[10][13:17] == "0117"
    assert _fields(made[14], *pay) == [
        *("BS042", "01234567", "0285", "00000", "00001", "K43ÆØÅ         ", "0" * 9, "03082026", "1"),
        *("0000000015000", "000010641".ljust(30), "00", "026840149965328", " " * 8),
    ]
    places = (1, 5), (6, 13), (14, 16), (17, 20), (21, 31), (32, 42), (43, 57), (58, 68), (69, 83), (84, 94), (95, 128)
    assert _fields(made[-1], *places) == [
        *("BS992", "87654321", "BS1", "0601", "00000000002", "00000000002", "000000000827550"),
        *("00000000006", "0" * 15, "00000000006", "0" * 34),
    ]
    assert len(made) == 20


def test_blanks_at_the_end_are_left_out_unless_config_asks_for_whole_records():
    stripped, padded = _made([RENT]), _made([RENT], {"pad_records": True})
    assert [line.ljust(128) for line in stripped.split(b"\r\n")[:-1]] == padded.split(b"\r\n")[:-1]
    assert b" \r\n" not in stripped
    assert stripped.endswith(b"\r\n")


def test_a_payout_takes_from_the_net_amount_and_a_demand_of_nothing_adds_none():
    payout = RENT._replace(record=2, customer="43", amount=-300_000)
    nothing = RENT._replace(record=3, customer="44", amount=0)
    made = _lines([RENT, payout, nothing])
    assert [line[59:73] for line in made if line.startswith("BS042")] == [
        *("10000000812550", "20000000300000", "00000000000000")
    ]
    for trailer in made[-2:]:
        assert trailer[31:57] == "00000000003" + "000000000512550"


def test_neighbours_of_one_creditor_group_channel_and_heading_share_a_section():
    others = RENT, RENT._replace(customer="43"), RENT._replace(group="00002"), RENT._replace(heading="Andre")
    made = _lines([*others[:3], others[3]._replace(customer="44"), SLIP, RENT._replace(customer="45")])
    starts = [(line[13:17], line[22:27], line[68:]) for line in made if line.startswith("BS012")]
    assert starts == [
        ("0112", "00001", "Ejendommen Ærø"),
        ("0112", "00002", "Ejendommen Ærø"),
        ("0112", "00001", "Andre"),
        ("0117", "00001", "Ejendommen Ærø"),
        ("0112", "00001", "Ejendommen Ærø"),
    ]
    assert [line[31:42] for line in made if line.startswith("BS092")] == ["0000000000" + digit for digit in "21111"]
    assert made[-1][20:42] == "00000000005" + "00000000006"


def test_the_form_of_customer_numbers_is_a_setting():
    customers = [RENT, RENT._replace(customer="K43"), RENT._replace(customer="000000000000044")]
    for fill, expected in (
        ("zeros", ["000000000000042", "K43            ", "000000000000044"]),
        ("blanks", ["42             ", "K43            ", "000000000000044"]),
    ):
        assert [line[27:42] for line in _lines(customers, customer_fill=fill) if line[:5] == "BS042"] == expected


def test_a_foreign_address_has_no_postal_code_of_its_own():
    abroad = RENT._replace(address=("Ane Prøve", "Provgatan 3", "211 20 Malmö"), postal_code="", country="SE")
    assert _lines([abroad])[5][51:73] == " " * 15 + "0000" + "SE"


def test_an_envelope_counts_the_records_between_its_lines():
    made = _made([RENT], {"envelope": True}, serial="03").decode("latin-1").split("\r\n")
    assert made[0] == "PBCNET00BS1 26070103  000414"
    assert made[-2] == "PBCNET90BS1 26070103  000414" + f"{len(made) - 3:06d}"
    with pytest.raises(HubError, match=r"delivery 1000000414 cannot be sent in an envelope.*6 digits"):
        _made([RENT], {"envelope": True}, delivery="1000000414")


def test_a_delivery_of_nothing():
    assert [line[:5] for line in _lines([])] == ["BS002", "BS992"]


def test_making_holds_no_collections():
    taken = count(1)

    def endless() -> Iterator[Collection]:
        for number in taken:
            yield RENT._replace(record=number, customer=str(number))

    chunks = makers.make("0601", endless(), HEAD, BetalingsserviceSettings())
    for _ in range(3):
        next(chunks)
    assert next(taken) < 500


# --- Refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"texts": ("kort", "x" * 61)}, "positions 53-112, field 'text', line 2: found 'xxx"),
        ({"texts": ("€ 100",)}, "field 'text', line 1: found '€ 100', expected text that iso8859-1 can write"),
        ({"texts": ("a\nb",)}, "line 1: found .* expected text in iso8859-1 without control characters"),
        ({"texts": ("x",) * 5001}, "field 'texts': found 5001 lines, expected at most 5000 lines"),
        ({"heading": "x" * 61}, "BS012, positions 69-128, field 'heading': found 'xxx"),
        ({"address": ("Ane Prøve", "x" * 36)}, "positions 52-86, field 'line', line 2: found 'xxx"),
        ({"address": ("Ane Prøve",)}, "field 'address': found 1 lines, expected 2 to 5 lines of name and address"),
        ({"address": ("Ane Prøve",) * 6}, "field 'address': found 6 lines, expected 2 to 5 lines"),
        ({"address": ("Ane Prøve", " ")}, "field 'address': found a blank line"),
        ({"country": "SE", "postal_code": ""}, "found 2 lines, expected 3 to 5 lines of name and address. the country"),
        ({"country": "SE", "address": ("A", "B", "C")}, "field 'postal_code': found '3000', expected none"),
        ({"country": "Danmark"}, "field 'country': found 'Danmark', expected two capital letters"),
        ({"postal_code": "300"}, "field 'postal_code': found '300', expected four digits of a Danish postal code"),
        ({"postal_code": "0000"}, "field 'postal_code': found '0000', expected four digits"),
        ({"customer": "42a"}, "field 'customer': found '42a', expected 1 to 15 digits and capital letters"),
        ({"customer": "4 2"}, "field 'customer': found '4 2'"),
        ({"customer": "A&B"}, "field 'customer': found 'A&B'"),
        ({"customer": ""}, "field 'customer': found ''"),
        ({"customer": "000"}, "field 'customer': found '000', expected .* not zeros only"),
        ({"customer": "1" * 16}, "field 'customer': found '1111111111111111'"),
        ({"mandate": "7"}, "positions 43-51, field 'mandate': found '7', expected 9 digits"),
        ({"creditor": "1234567"}, "BS012, positions 6-13, field 'creditor': found '1234567', expected 8 digits"),
        ({"group": "1"}, "BS012, positions 23-27, field 'group': found '1', expected 5 digits"),
        ({"amount": 10**13}, "positions 61-73, field 'amount': found 10000000000000, expected øre that fit 13 digits"),
        ({"reference": "x" * 31}, "positions 74-103, field 'reference': found 'xxx"),
        ({"payment_id": "26840149965328"}, "field 'payment_id': .* the provider makes the slips of section 0112"),
        ({"amount": -1, "mandate": ""}, "found -0.01, expected an amount from 0.00. without a mandate"),
        ({"channel": "letter"}, "field 'channel': found 'letter', expected one of total, slip"),
    ],
)
def test_what_does_not_fit_is_refused_naming_collection_and_field(change, said):
    collection = RENT._replace(record=17, **change)
    with pytest.raises(HubError) as refusal:
        _made([collection])
    assert str(refusal.value).startswith(f"collection 17 (customer {collection.customer}), ")
    assert re.search(said, str(refusal.value))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"payment_id": "26840149965327"},
            "found '26840149965327', expected at most 15 digits, the last one their check",
        ),
        ({"payment_id": "0" * 15}, "found '000000000000000', expected at most 15 digits"),
        ({"payment_id": "1026840149965328"}, "expected at most 15 digits"),
        ({"payment_id": "71+123"}, "expected at most 15 digits"),
        ({"mandate": "000000007"}, "field 'mandate': found 000000007, expected none: a slip has no mandate"),
        (
            {"amount": -100},
            "field 'amount': found -1.00, expected an amount from 0.00. nothing can be paid out by a slip",
        ),
    ],
)
def test_what_a_slip_cannot_be_is_refused(change, said):
    with pytest.raises(HubError, match=re.escape(said)):
        _made([SLIP._replace(**change)])


def test_a_line_that_does_not_fit_is_told_by_its_number():
    with pytest.raises(HubError, match=r"BS052, positions 53-112, field 'text', line 3: found 'xxx") as refusal:
        _made([RENT._replace(texts=("a", "b", "x" * 61))])
    assert "expected text of at most 60 bytes" in str(refusal.value)
    with pytest.raises(HubError, match=r"field 'line', line 2: found 'xxx.*expected text of at most 35 bytes"):
        _made([RENT._replace(address=("a", "x" * 36))])


def test_a_second_collection_for_one_customer_and_day_is_refused():
    again = RENT._replace(record=2, channel="slip", mandate="", customer="0042")
    with pytest.raises(
        HubError, match=r"collection 2 \(customer 0042\): a second collection .* 2026-08-03.*merge the two"
    ):
        _made([RENT, again])
    for other in ({"due_date": date(2026, 8, 4)}, {"group": "00002"}, {"creditor": "01234568"}, {"customer": "43"}):
        assert _lines([RENT, RENT._replace(**other)])[-1][31:42] == "00000000002"


def test_a_delivery_has_a_limit(monkeypatch):
    monkeypatch.setattr("hub_nets_bs.collections._COLLECTIONS_MAX", 2)
    three = [RENT._replace(record=number, customer=str(number)) for number in (1, 2, 3)]
    assert _made(three[:2])
    with pytest.raises(HubError, match=r"collection 3 \(customer 3\): more than 2 collections in one delivery"):
        _made(three)


def test_the_encoding_is_a_setting():
    priced = [RENT._replace(texts=("€ 100",))]
    assert b" \x80 100\r\n" in _made(priced, {"encoding": "cp1252"})
    with pytest.raises(HubError, match="text that iso8859-1 can write"):
        _made(priced)


def test_a_negative_net_amount_is_refused_for_the_section_it_is_in():
    payout = RENT._replace(group="00002", amount=-100)
    with pytest.raises(HubError, match=r"the section of creditor 01234567, group 00002: .* net amount is -1\.00"):
        _made([RENT, payout])


def test_a_creditor_that_is_not_the_instances_own_is_refused():
    assert _made([RENT], {"creditors": ["01234567"]})
    with pytest.raises(HubError, match=r"collection 1 .*found creditor '01234567', expected one of 09999999"):
        _made([RENT], {"creditors": ["09999999"]})


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"created": "01-07-2026"}, "created"),
        ({"data_supplier": "1"}, "data_supplier"),
        ({"subsystem": "bs"}, "subsystem"),
        ({"delivery": "414"}, "delivery"),
        ({"user_id": "x" * 16}, "user_id"),
        ({"chargebacks": "added"}, "chargebacks"),
    ],
)
def test_a_head_that_cannot_be_is_refused_at_once(head, said):
    with pytest.raises(HubError, match=rf"cannot make a delivery 0601: {said}"):
        _made([], **head)


def test_there_is_no_default_for_the_subsystem_which_tells_a_test_from_the_real_thing():
    head = {key: value for key, value in HEAD.items() if key != "subsystem"}
    with pytest.raises(HubError, match="subsystem: Field required"):
        makers.make("0601", [], head, BetalingsserviceSettings())


def test_other_records_and_other_kinds_are_refused():
    with pytest.raises(HubError, match="a delivery 0601 cannot carry Kept"):
        _made([Kept(1, "022", "")])
    with pytest.raises(HubError, match="makes no 0621, only 0601, 0605, 0602 and 0603"):
        makers.make("0621", [], HEAD, BetalingsserviceSettings())
