"""What the plug-in makes, it reads back (and so does the hub's demo and benchmark)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import Chargeback, HubError, Kept, Payment, Record, Remark
from hub_nets_bs import Plugin, reading
from hub_nets_bs.records import AUTOMATIC, CANCELLED, REJECTED, SLIP, chargeback, failed, payment
from hub_nets_bs.settings import BetalingsserviceSettings

SAMPLE = (
    Path(__file__).resolve().parents[4]
    / "shared/samples/betalingsservice/0602_sections0211+0215_automatic-completed-and-rejected.txt"
)
SETTINGS = BetalingsserviceSettings()
HEAD = {"data_supplier": "87654321", "created": "2025-12-30"}
DAY = date(2026, 1, 2)


def _made(records: list[Record], **head: str) -> bytes:
    return b"".join(Plugin(SETTINGS).make("0602", records, HEAD | head))


def _read(content: bytes) -> list[Record]:
    return list(reading.read(io.BytesIO(content), SETTINGS))


# --- Records that a delivery can carry -----------------------------------------------------------------------------

# Every printable Latin-1 character but Ã, which before another may be UTF-8 misread and is refused.
_PRINTABLE = "".join(chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100)) if chr(code) != "Ã")


def _text(size: int) -> st.SearchStrategy[str]:
    return st.text(_PRINTABLE, max_size=size).map(lambda text: text.rstrip(" "))


def _digits(size: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=size, max_size=size)


_CREDITORS, _GROUPS, _MANDATES = _digits(8), _digits(5), _digits(9)
_AMOUNTS = st.integers(1, 10**13 - 1)
_LETTERS = st.text("ABCXYZÆØÅ019|", max_size=14).map("K".__add__)
_CUSTOMERS = {
    AUTOMATIC: st.integers(1, 10**15 - 1).map(str) | _LETTERS,
    SLIP: st.integers(1, 10**19 - 1).map(str) | _LETTERS,
}
_REFERENCES = {AUTOMATIC: _text(30), SLIP: _text(9)}
_TRACES = {AUTOMATIC: _MANDATES, SLIP: _text(22)}
_DAYS_AWAY = st.integers(-17_000, 17_000).map(timedelta)


@st.composite
def _records(draw: st.DrawFn, created: date) -> list[Record]:
    """One event, or two where the second takes money back, so that no total falls below zero."""
    kind = draw(st.sampled_from(("payment", "payout", "chargeback", "failed")))
    section = AUTOMATIC if kind == "failed" else draw(st.sampled_from((AUTOMATIC, SLIP)))
    whose = (draw(_CREDITORS), draw(_GROUPS), draw(_CUSTOMERS[section]))
    amount, due = draw(_AMOUNTS), created + draw(_DAYS_AWAY)
    reference, trace = draw(_REFERENCES[section]), draw(_TRACES[section])
    if kind == "failed":
        code, amount = draw(st.sampled_from((REJECTED, CANCELLED))), draw(st.sampled_from((amount, 0)))
        return [failed(*whose, amount, due, reference, code=code, trace=trace)]
    some_due = draw(st.sampled_from((due, None)))

    def booked(make, ore):
        days = created + draw(_DAYS_AWAY), created + draw(_DAYS_AWAY)
        return make(*whose, ore, *days, some_due, reference, section=section, trace=trace)

    if kind == "payment":
        return [booked(payment, amount)]
    return [booked(payment, amount), booked(payment, -amount) if kind == "payout" else booked(chargeback, amount)]


@st.composite
def _deliveries(draw: st.DrawFn) -> tuple[date, list[Record]]:
    created = draw(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
    return created, [record for some in draw(st.lists(_records(created), max_size=8)) for record in some]


@given(_deliveries(), st.sampled_from(("added", "left_out", "subtracted")))
def test_a_delivery_reads_back_as_it_was_made(delivery, chargebacks):
    created, records = delivery
    found = _read(_made(records, created=created.isoformat(), chargebacks=chargebacks))
    if any(isinstance(record, Chargeback) for record in records):
        remark = found.pop()
        assert isinstance(remark, Remark)
        assert f" {chargebacks.replace('_', ' ')} " in remark.text
    lines = [record.record for record in found]
    assert lines == sorted(set(lines))
    assert [record._replace(record=0) for record in found] == records


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample deliveries are not beside this checkout")
def test_a_real_delivery_read_and_made_again_is_the_same_file():
    real = SAMPLE.read_bytes()
    head = {"data_supplier": "99999994", "delivery": "2752777001", "created": "2009-12-30"}
    made = _made(_read(real), **head)
    assert [line.rstrip(b" ") for line in made.split(b"\r\n")] == real.split(b"\r\n")


def test_neighbours_share_a_section():
    payments = [payment("01234567", group, "42", 100, DAY, DAY) for group in ("00001", "00001", "00002", "00001")]
    lines = _made(payments).decode("latin-1").split("\r\n")
    assert [line[:5] for line in lines] == [
        "BS002",
        *("BS012", "BS042", "BS042", "BS092"),
        *("BS012", "BS042", "BS092"),
        *("BS012", "BS042", "BS092"),
        "BS992",
        "",
    ]
    assert {len(line) for line in lines[:-1]} == {128}
    assert lines[-2][20:57] == "00000000003" + "00000000004" + "000000000000400"


def test_making_holds_no_records():
    taken = count()

    def endless() -> Iterator[Payment]:
        for number in taken:
            yield payment("01234567", "00001", str(number), 100, DAY, DAY)

    chunks = Plugin(SETTINGS).make("0602", endless(), HEAD)
    assert sum(len(next(chunks)) for _ in range(2)) == 2 * 1000 * 130
    assert next(taken) < 2_100


@pytest.mark.parametrize(
    ("records", "head", "why"),
    [
        ([], {"created": "30-12-2025"}, "created"),
        ([], {"data_supplier": "123"}, "data_supplier"),
        ([], {"chargebacks": "any"}, "chargebacks"),
        ([], {"sender": "x"}, "sender"),
        ([Kept(3, "022", "")], {}, "cannot carry"),
        ([payment("01234567", "00001", "42", 0, DAY, DAY)], {}, "a payment of nothing"),
        (
            [payment("01234567", "00001", "42", 1, DAY, DAY)._replace(key="other|key")],
            {},
            "no key of a Betalingsservice",
        ),
        ([payment("01234567", "00001", "42", -1, DAY, DAY)], {}, "cannot say a net amount of -0.01"),
        ([chargeback("01234567", "00001", "42", 1, DAY, DAY)], {"chargebacks": "subtracted"}, "net amount of -0.01"),
        ([payment("01234567", "00001", "42", 1, date(1970, 1, 1), DAY)], {}, "two-digit year"),
        (
            [payment("01234567", "00001", "42", 1, DAY, DAY, reference="x" * 31)],
            {},
            "positions 70-99, field 'reference'",
        ),
        ([payment("01234567", "00001", "42", 10**13, DAY, DAY)], {}, "field 'amount_due'"),
        ([payment("01234567", "00001", "4" * 16, 1, DAY, DAY)], {}, "field 'customer'"),
    ],
)
def test_what_a_delivery_cannot_carry_is_refused(records, head, why):
    with pytest.raises(HubError, match=why):
        _made(records, **head)
