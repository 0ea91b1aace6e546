"""A delivery 0605: mandates created and cancelled, by the positions of the format; read back; and what is refused."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import FileView, HubError, Kept, Malformed, MandateOrder, Record
from hub_nets_bs import Plugin
from hub_nets_bs.order_delivery import OrderDelivery
from hub_nets_bs.own_delivery import rebuilt
from hub_nets_bs.settings import BetalingsserviceSettings

HEAD = {"data_supplier": "87654321", "subsystem": "BS1", "delivery": "0000000415", "created": "2026-07-01"}
CREATE = MandateOrder(
    record=1,
    creditor="01234567",
    group="00001",
    customer="42",
    order="create",
    mandate="",
    payer_id="0101700000",
    bank_registration="9001",
    bank_account="0001234500",
)
CANCEL = MandateOrder(2, "01234567", "00001", "K43", "cancel", "000000007", "", "", "")


def _made(orders: list[Record], **settings: Any) -> bytes:
    plugin = Plugin(BetalingsserviceSettings.model_validate({"pad_records": True} | settings))
    return b"".join(plugin.make("0605", orders, HEAD))


def _lines(orders: list[Record], **settings: Any) -> list[str]:
    return _made(orders, **settings).decode("latin-1").split("\r\n")[:-1]


def _back(content: bytes) -> list[MandateOrder]:
    return list(OrderDelivery(io.BytesIO(content), "iso8859-1").orders())


def _fields(line: str, *places: tuple[int, int]) -> list[str]:
    """What stands at 1-based positions, both ends in; all of the record must be named."""
    assert len(line) == 128
    assert [first for first, _ in places] == [1, *(last + 1 for _, last in places[:-1])]
    assert places[-1][1] == 128
    return [line[first - 1 : last] for first, last in places]


def test_every_record_of_a_delivery_stands_at_its_positions():
    made = _lines([CREATE, CANCEL])
    assert [line[:5] for line in made] == ["BS002", *("BS012", "BS042", "BS092") * 2, "BS992"]
    assert made[0][16:30] == "0605" + "0000000415"
    starts = (1, 5), (6, 13), (14, 17), (18, 20), (21, 35), (36, 44), (45, 50), (51, 128)
    for line, section in ((made[1], "0120"), (made[4], "0126")):
        assert _fields(line, *starts) == [*("BS012", "01234567", section, "000", " " * 15, " " * 9, "000000", " " * 78)]
    key = (1, 5), (6, 13), (14, 17), (18, 20), (21, 25), (26, 40), (41, 49)
    rest = (50, 55), (56, 61), (62, 71), (72, 81), (82, 85), (86, 89), (90, 99), (100, 109), (110, 110), (111, 114)
    assert _fields(made[2], *key, *rest, (115, 128)) == [
        *("BS042", "01234567", "0200", "000", "00001", "000000000000042", "0" * 9, "000000", "000000"),
        *("0101700000", " " * 10, "9001", " " * 4, "0001234500", " " * 10, "0", "0000", " " * 14),
    ]
    assert _fields(made[5], *key, (50, 128)) == [
        *("BS042", "01234567", "0257", "000", "00001", "K43            ", "000000007", "0" * 79)
    ]
    ends = (1, 5), (6, 13), (14, 17), (18, 26), (27, 37), (38, 52), (53, 63), (64, 78), (79, 89), (90, 128)
    assert _fields(made[3], *ends) == [
        *("BS092", "01234567", "0120", " " * 9, "00000000001", "0" * 15, "0" * 11, " " * 15, "0" * 11, "0" * 39)
    ]
    places = (1, 5), (6, 13), (14, 16), (17, 20), (21, 31), (32, 42), (43, 57), (58, 68), (69, 83), (84, 94), (95, 128)
    assert _fields(made[7], *places) == [
        *("BS992", "87654321", "BS1", "0605", "00000000002", "00000000002"),
        *("0" * 15, "0" * 11, "0" * 15, "0" * 11, "0" * 34),
    ]


def test_a_cvr_number_and_a_short_account_are_filled_with_zeros():
    made = _lines([CREATE._replace(payer_id="12345678", bank_account="1234500")])
    assert (made[2][61:71], made[2][89:99]) == ("0012345678", "0001234500")


def test_neighbours_of_one_creditor_and_order_share_a_section():
    orders = [CREATE, CREATE._replace(group="00002"), CANCEL, CREATE._replace(creditor="01234568")]
    assert [line[26:37] for line in _lines(orders) if line[:5] == "BS092"] == [
        *("00000000002", "00000000001", "00000000001")
    ]


def test_a_delivery_reads_back_through_the_plugin(tmp_path):
    made = _made([CREATE, CANCEL], envelope=True, pad_records=False)
    stored = tmp_path / "stored"
    stored.write_bytes(made)
    plugin = Plugin(BetalingsserviceSettings())
    assert list(plugin.read(FileView("D0000415.BS1", len(made), stored), "0605")) == [CREATE, CANCEL]


def test_both_known_forms_of_the_fillers_are_read_and_rebuilt():
    lines = _lines([CREATE])
    lines[1] = lines[1][:17] + "   " + lines[1][20:]
    lines[3] = lines[3][:89] + " " * 39
    content = "\r\n".join([*lines, ""]).encode("latin-1")
    assert b"".join(rebuilt(OrderDelivery(io.BytesIO(content), "iso8859-1").records())) == content
    assert _back(content) == [CREATE]


def _digits(size: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=size, max_size=size).filter(lambda digits: digits.strip("0") != "")


@st.composite
def _orders(draw: st.DrawFn) -> MandateOrder:
    whose = {
        "creditor": draw(_digits(8)),
        "group": draw(_digits(5)),
        "customer": draw(st.integers(1, 10**15 - 1).map(str) | st.text("AZÆØÅ09", max_size=14).map("K".__add__)),
    }
    if draw(st.booleans()):
        bank = {"bank_registration": draw(_digits(4)), "bank_account": draw(_digits(10))}
        return CREATE._replace(**whose, **bank, payer_id=draw(_digits(10)))
    return CANCEL._replace(**whose, mandate=draw(_digits(9)))


@given(st.lists(_orders(), max_size=5))
def test_any_delivery_reads_back_as_it_was_made(orders):
    numbered = [order._replace(record=number) for number, order in enumerate(orders, start=1)]
    assert _back(_made(numbered)) == numbered


DELIVERY = _made([CREATE, CANCEL])


def _bare(content: bytes) -> list[bytes]:
    """The lines without their ends and the blanks before them."""
    return [line.rstrip(b" \r") for line in content.split(b"\n")]


@given(st.integers(0, len(DELIVERY) - 1), st.integers(0, 255))
def test_any_one_byte_is_refused_or_kept(place, byte):
    content = DELIVERY[:place] + bytes([byte]) + DELIVERY[place + 1 :]
    with suppress(Malformed):
        assert _bare(b"".join(rebuilt(OrderDelivery(io.BytesIO(content), "iso8859-1").records()))) == _bare(content)


@pytest.mark.parametrize(
    ("line", "first", "raw", "said"),
    [
        (2, 14, b"0105", "line 2, positions 14-17, field 'section': found '0105', expected one of '0120', '0126'"),
        (2, 14, b"0126", "line 3, positions 14-17, field 'code': found '0200', expected '0257'"),
        (
            3,
            1,
            b"BS052",
            "line 3, positions 1-5, field 'record_type': unexpected record: found 'BS052', expected BS042 in",
        ),
        (3, 6, b"01234568", "line 3, positions 6-13, field 'creditor': not of its section: found 01234568"),
        (
            4,
            37,
            b"2",
            "line 4, positions 27-37, field 'payments': wrong count in the trailer BS092: found 2, expected 1",
        ),
        (4, 52, b"1", "line 4, positions 38-52, field 'no_amount'"),
        (4, 14, b"0126", "line 4, positions 14-17, field 'section': the trailer is another section's"),
        (
            8,
            31,
            b"3",
            "line 8, positions 21-31, field 'sections': wrong count in the trailer BS992: found 3, expected 2",
        ),
        (8, 57, b"1", "line 8, positions 43-57, field 'net_amount': wrong total in the trailer BS992: found 0.01"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(line, first, raw, said):
    lines = DELIVERY.split(b"\r\n")
    lines[line - 1] = lines[line - 1][: first - 1] + raw + lines[line - 1][first - 1 + len(raw) :]
    with pytest.raises(Malformed) as refused:
        _back(b"\r\n".join(lines))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (CREATE._replace(mandate="000000007"), "field 'mandate': found '000000007', expected none: a new mandate"),
        (CREATE._replace(payer_id="010170000"), "field 'payer_id': not shown, expected a CPR number of 10 digits or"),
        (CREATE._replace(payer_id="0000000000"), "field 'payer_id': not shown"),
        (CREATE._replace(bank_account="12345678901"), "field 'bank_account': not shown, expected 1 to 10 digits"),
        (CREATE._replace(bank_account="000"), "field 'bank_account': not shown"),
        (CREATE._replace(bank_registration="900"), "field 'bank_registration': not shown, expected 4 digits"),
        (CREATE._replace(customer="k43"), "field 'customer': found 'k43', expected 1 to 15 digits and capital"),
        (CREATE._replace(group="1"), "positions 21-25, field 'group': found '1', expected 5 digits"),
        (CREATE._replace(creditor="1"), "BS012, positions 6-13, field 'creditor': found '1', expected 8 digits"),
        (CREATE._replace(order="change"), "field 'order': found 'change', expected one of create, cancel"),
        (CANCEL._replace(mandate=""), "field 'mandate': found '', expected the number of the mandate"),
        (CANCEL._replace(mandate="000000000"), "field 'mandate': found '000000000'"),
        (CANCEL._replace(mandate="7"), "positions 41-49, field 'mandate': found '7', expected 9 digits"),
        (CANCEL._replace(payer_id="0101700000"), "field 'payer_id': not shown, expected none"),
    ],
)
def test_what_cannot_be_ordered_is_refused_naming_order_and_field(order, said):
    with pytest.raises(HubError) as refused:
        _made([order._replace(record=17)])
    assert str(refused.value).startswith(f"order 17 (customer {order.customer}), ")
    assert said in str(refused.value)
    assert not any(number and number in str(refused.value) for number in (order.payer_id, order.bank_account))


def test_other_records_and_other_creditors_are_refused():
    with pytest.raises(HubError, match="a delivery 0605 cannot carry a Kept"):
        _made([Kept(1, "022", "")])
    with pytest.raises(HubError, match="found creditor '01234567', expected one of 09999999"):
        _made([CREATE], creditors=["09999999"])
