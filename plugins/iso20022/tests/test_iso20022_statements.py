"""What is read of whole statements and notifications: entries in their order, batches, what is not booked yet."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.plugin import BankLine, BankStatement, Chargeback, Kept, Payment, PaymentSeen
from hub_iso20022 import Plugin
from tests.camt import ACCOUNT, CREDITOR, DAY, SLIP, TRANSFER, Line, batch, document, made, section, statement

VERSIONS = [f"001.{number:02d}" for number in range(2, 14)]


def test_a_statement_stands_before_its_lines(read) -> None:
    first, *rest = read(made(SLIP, TRANSFER, sequence=211))
    assert isinstance(first, BankStatement)
    assert (first.account, first.currency, first.identification, first.sequence) == (ACCOUNT, "DKK", "2026-211", 211)
    assert (first.first_day, first.last_day) == (DAY, DAY)
    assert (first.opening, first.closing) == (100_000, 100_000 + 750_000 + 812_500)
    assert [record.record for record in (first, *rest)] == [1, 2, 3]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["camt.053", "camt.054"])
def test_every_version_says_the_same(read, version: str, kind: str) -> None:
    lines = [batch([SLIP, replace(SLIP, payment_id="26840149965328".rjust(19, "0"))]), TRANSFER]
    oldest = read(made(*lines, kind=kind))
    assert read(made(*lines, kind=kind, version=version)) == oldest
    assert [record.amount for record in oldest[1:]] == [750_000, 750_000, 812_500]


def test_a_batch_is_a_line_for_each_payment(read_lines) -> None:
    parts = [SLIP, replace(SLIP, amount=1, servicer_reference="")]
    lines = read_lines(made(batch(parts, servicer_reference="0129999"), TRANSFER))
    assert [line.record for line in lines] == [2, 3, 4]
    assert [line.amount for line in lines] == [750_000, 1, 812_500]
    # Each has its own reference, and never the one that the batch has.
    assert [line.servicer_reference for line in lines] == ["012X0007", "", "012X0001"]
    assert lines[0].code == "PMNT/RCDT/VCOM"


def test_a_batch_without_details_is_one_line(read_lines) -> None:
    (line,) = read_lines(made(Line(1_234_500, DAY, batch=12)))
    assert (line.amount, line.text) == (1_234_500, "samlepost på 12 betalinger")


def test_a_batch_that_does_not_say_its_amounts_is_one_line(read_lines) -> None:
    content = made(batch([SLIP, SLIP]), TRANSFER)
    lines = read_lines(content.replace(b'<TxAmt><Amt Ccy="DKK">', b'<TxAmt><Amt Ccy="SEK">', 2))
    assert [(line.record, line.amount) for line in lines] == [(2, 1_500_000), (4, 812_500)]
    assert (lines[0].text, lines[0].payment_id) == ("samlepost på 2 betalinger", "")


def test_the_amount_of_a_single_payment_is_what_was_booked(read_lines) -> None:
    content = made(TRANSFER).replace(b'<TxAmt><Amt Ccy="DKK">8125.00', b'<TxAmt><Amt Ccy="SEK">9999.00')
    assert [line.amount for line in read_lines(content)] == [812_500]


def test_amounts_of_remittances_are_the_payments_where_nothing_else_is(read_lines) -> None:
    """As Nordea's published sample has it."""
    content = made(batch([SLIP, replace(SLIP, amount=1)]))
    for ore in (b"7500.00", b"0.01"):
        given = b'<AmtDtls><TxAmt><Amt Ccy="DKK">' + ore + b"</Amt></TxAmt></AmtDtls>"
        content = content.replace(given, b"", 1)
        remitted = b'<Strd><RfrdDocAmt><RmtdAmt Ccy="DKK">' + ore + b"</RmtdAmt></RfrdDocAmt><CdtrRefInf>"
        content = content.replace(b"<Strd><CdtrRefInf>", remitted, 1)
    assert [line.amount for line in read_lines(content)] == [750_000, 1]


def test_what_is_not_booked_yet_is_kept_and_moves_nothing(read) -> None:
    """The balances are of what is booked."""
    records = read(made(SLIP, replace(TRANSFER, status="PDNG"), replace(TRANSFER, status="INFO")))
    assert [(type(record), record.record) for record in records] == [
        (BankStatement, 1),
        (BankLine, 2),
        (Kept, 3),
        (Kept, 4),
    ]
    assert records[0].closing == 100_000 + 750_000
    assert (records[2].code, records[2].text) == ("PDNG", "8125.00 DKK: not booked by the bank yet")


def test_an_entry_of_nothing_is_kept(read) -> None:
    assert [type(record) for record in read(made(replace(TRANSFER, amount=0)))] == [BankStatement, Kept]


def test_several_statements_in_a_file(read) -> None:
    sections = [
        section(account, DAY, DAY, 0, [TRANSFER], identification=account) for account in (ACCOUNT, "31001234567890")
    ]
    records = read(document(*sections))
    assert [(type(record), record.record, record.account) for record in records] == [
        (BankStatement, 1, ACCOUNT),
        (BankLine, 2, ACCOUNT),
        (BankStatement, 3, "31001234567890"),
        (BankLine, 4, "31001234567890"),
    ]


def test_a_statement_without_entries(read) -> None:
    (record,) = read(made())
    assert (record.opening, record.closing) == (100_000, 100_000)


def test_a_notification_confirms_what_the_statement_books(read, read_lines) -> None:
    """R17: all of it, whoever it is from."""
    kept, *seen = read(made(SLIP, TRANSFER, kind="camt.054"))
    assert isinstance(kept, Kept)
    assert all(isinstance(record, PaymentSeen) for record in seen)
    lines = read_lines(made(SLIP, TRANSFER))
    assert [(one.amount, one.payment_id, one.servicer_reference, one.key) for one in seen] == [
        (line.amount, line.payment_id, line.servicer_reference, line.key) for line in lines
    ]


def test_a_notification_may_book_the_slips_over_clearing(read, read_lines) -> None:
    """R17: then the statement's lines of them are nobody's, and name what they settle."""
    books = {"books": "camt.054"}
    back = replace(SLIP, amount=-750_000, return_reason="AC04")
    wrong = replace(SLIP, payment_id="000000000001231")
    lines = [batch([SLIP, wrong]), TRANSFER, back]
    _, paid, faulty, transfer, taken = read(made(*lines, kind="camt.054"), **books)
    assert isinstance(paid, Payment)
    assert (paid.creditor, paid.group, paid.customer, paid.payment_id) == (CREDITOR, "", "1230", "1230")
    assert (paid.amount, paid.value_date, paid.booking_date) == (750_000, DAY, DAY)
    assert isinstance(faulty, PaymentSeen)
    assert isinstance(transfer, PaymentSeen)
    assert isinstance(taken, Chargeback)
    assert (taken.amount, taken.link) == (750_000, paid.link)
    settled, suspense, booked, _ = read_lines(made(*lines), **books)
    assert (settled.payment_id, settled.amount) == (paid.payment_id, paid.amount)
    assert settled.slip_fault.startswith("camt.054 books it")
    assert suspense.slip_fault.startswith("payment id 71/000000000001231 ends in 1")
    assert booked.slip_fault == ""


KRONER = st.integers(1, 10**9)
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=40)
IDS = st.integers(1, 10**13).map(str)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Line,
            st.one_of(KRONER, KRONER.map(int.__neg__)),
            st.just(DAY),
            text=WORDS,
            payer=WORDS,
            payer_account=st.sampled_from(["", "3100 1234567890"]),
            servicer_reference=IDS,
        ),
        max_size=12,
    ),
    st.sampled_from(VERSIONS),
    st.integers(-(10**9), 10**9),
    st.integers(1, 4),
)
def test_what_is_made_reads_back(view, lines: list[Line], version: str, opening: int, size: int) -> None:
    """Whatever a bank books, alone or summed up: every øre of it, and the words."""
    # The oldest version says of an entry alone which way its transactions go.
    ways = [list(same) for _, same in groupby(lines, key=lambda line: line.amount > 0)]
    grouped = [same[at : at + size] for same in ways for at in range(0, len(same), size)]
    entries = [batch(group) if len(group) > 1 else group[0] for group in grouped]
    content = statement(ACCOUNT, DAY, DAY, opening, entries, identification="1", version=version)
    first, *rest = Plugin(Plugin.settings_model()).read(view(content), "camt.053")
    found = [record for record in rest if isinstance(record, BankLine)]
    assert [line.amount for line in found] == [line.amount for line in lines]
    assert first.closing - first.opening == sum(line.amount for line in found)
    for line, sent in zip(found, lines, strict=True):
        assert " ".join(sent.text.split()) in line.text
        assert line.payer == " ".join(sent.payer.split())
