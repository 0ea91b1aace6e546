"""What becomes of the lines of statements and notifications."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.plugin import BankLine, BankStatement, Chargeback, Kept, Payment, PaymentSeen
from hub_iso20022 import Plugin
from tests.camt import Line, batch, document, section, statement

ACCOUNT = "DK5000400440116243"
DAY = date(2026, 11, 2)
CREDITOR = "80000001"
SLIP = Line(750000, DAY, creditor=CREDITOR, payment_id="000000000001230", servicer_reference="012X0007")
TRANSFER = Line(
    812500,
    DAY,
    text="Husleje november\nTak for hjælpen",
    payer="Bo Æblegård",
    payer_account="3100 1234567890",
    servicer_reference="012X0001",
    bank_text="BGS 1-1234",
)
VERSIONS = [f"001.{number:02d}" for number in range(2, 14)]


def made(*lines: Line, **more: Any) -> bytes:
    given: dict[str, Any] = {"identification": "2026-211", **more}
    return statement(ACCOUNT, DAY, DAY, 100_000, lines, **given)


def the_lines(records: list[Any]) -> list[BankLine]:
    return [record for record in records if isinstance(record, BankLine)]


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


@pytest.mark.parametrize(
    ("card", "told", "payment_id"),
    [
        ("71", "000000000001230", "1230"),
        ("71", "0000000000000001230", "1230"),
        ("71", "0000026840149965328", "26840149965328"),
        ("71", "123456789012347", "123456789012347"),
        ("75", "0000000000001230", "1230"),
        ("04", "0000000000000001230", "1230"),
        ("15", "0000000000001230", "1230"),
    ],
)
def test_a_slip_has_creditor_and_id(read, card: str, told: str, payment_id: str) -> None:
    (line,) = the_lines(read(made(replace(SLIP, card=card, payment_id=told))))
    assert (line.creditor, line.payment_id, line.slip_fault) == (CREDITOR, payment_id, "")
    assert (line.reference, line.customer, line.payer) == ("", "", "")
    assert line.text == f"{card}/{told}"


@pytest.mark.parametrize(
    ("card", "told", "fault"),
    [
        ("71", "000000000001231", "payment id 71/000000000001231 ends in 1, its check digit is 0 (modulus 10)"),
        ("71", "123456789012345", "payment id 71/123456789012345 ends in 5, its check digit is 7 (modulus 10)"),
        ("71", "1230", "payment id 71/1230 is none: 15 to 19 digits"),
        ("71", "00000000000000001230", "payment id 71/00000000000000001230 is none: 15 to 19 digits"),
        ("71", "1000000000000008", "payment id 71/1000000000000008 is none: 15 digits, zeros before them"),
        ("71", "00000000000123X", "payment id 71/00000000000123X is none: 15 to 19 digits"),
        ("71", "000000000000000", "payment id 71/000000000000000 is all zeros"),
    ],
)
def test_a_slip_that_cannot_be_says_why(read, card: str, told: str, fault: str) -> None:
    (line,) = the_lines(read(made(replace(SLIP, card=card, payment_id=told))))
    assert line.slip_fault == fault
    assert (line.creditor, line.amount) == (CREDITOR, 750_000)


@pytest.mark.parametrize("card", ["73", "01"])
def test_a_slip_with_a_message_has_no_id(read, card: str) -> None:
    line = replace(SLIP, payment_id="", reference=f"{card}/", text="Lejlighed 3")
    (found,) = the_lines(read(made(line)))
    assert (found.payment_id, found.slip_fault) == ("", "")
    assert found.text == f"Lejlighed 3 / {card}/"


def test_a_creditor_that_is_no_number_is_not_told(read) -> None:
    lines = the_lines(read(made(replace(SLIP, creditor="DK5000400440116243"), replace(SLIP, creditor="0080000001"))))
    assert [(line.creditor, line.payment_id, line.slip_fault) for line in lines] == [
        ("", "1230", ""),
        (CREDITOR, "1230", ""),
    ]


def test_a_batch_is_a_line_for_each_payment(read) -> None:
    parts = [SLIP, replace(SLIP, amount=1, servicer_reference="")]
    lines = the_lines(read(made(batch(parts, servicer_reference="0129999"), TRANSFER)))
    assert [line.record for line in lines] == [2, 3, 4]
    assert [line.amount for line in lines] == [750_000, 1, 812_500]
    # Each has its own reference, and never the one that the batch has.
    assert [line.servicer_reference for line in lines] == ["012X0007", "", "012X0001"]
    assert lines[0].code == "PMNT/RCDT/VCOM"


def test_a_batch_without_details_is_one_line(read) -> None:
    (line,) = the_lines(read(made(Line(1_234_500, DAY, batch=12))))
    assert (line.amount, line.text) == (1_234_500, "samlepost på 12 betalinger")


def test_a_batch_that_does_not_say_its_amounts_is_one_line(read) -> None:
    content = made(batch([SLIP, SLIP]), TRANSFER)
    lines = the_lines(read(content.replace(b'<TxAmt><Amt Ccy="DKK">', b'<TxAmt><Amt Ccy="SEK">', 2)))
    assert [(line.record, line.amount) for line in lines] == [(2, 1_500_000), (4, 812_500)]
    assert (lines[0].text, lines[0].payment_id) == ("samlepost på 2 betalinger", "")


def test_the_amount_of_a_single_payment_is_what_was_booked(read) -> None:
    content = made(TRANSFER).replace(b'<TxAmt><Amt Ccy="DKK">8125.00', b'<TxAmt><Amt Ccy="SEK">9999.00')
    assert [line.amount for line in the_lines(read(content))] == [812_500]


def test_amounts_of_remittances_are_the_payments_where_nothing_else_is(read) -> None:
    """As Nordea's published sample has it."""
    content = made(batch([SLIP, replace(SLIP, amount=1)]))
    for ore in (b"7500.00", b"0.01"):
        given = b'<AmtDtls><TxAmt><Amt Ccy="DKK">' + ore + b"</Amt></TxAmt></AmtDtls>"
        content = content.replace(given, b"", 1)
        remitted = b'<Strd><RfrdDocAmt><RmtdAmt Ccy="DKK">' + ore + b"</RmtdAmt></RfrdDocAmt><CdtrRefInf>"
        content = content.replace(b"<Strd><CdtrRefInf>", remitted, 1)
    assert [line.amount for line in the_lines(read(content))] == [750_000, 1]


def test_a_transfer_tells_all_that_was_written(read) -> None:
    (line,) = the_lines(read(made(replace(TRANSFER, end_to_end="LEJE-11"))))
    assert line.text == "Husleje november / Tak for hjælpen / BGS 1-1234 / EndToEndId LEJE-11"
    assert (line.payer, line.payer_account, line.customer) == ("Bo Æblegård", "31001234567890", "31001234567890")
    assert (line.creditor, line.payment_id, line.reference) == ("", "", "")
    assert (line.value_date, line.booking_date, line.code) == (DAY, DAY, "PMNT/RCDT/DMCT")


@pytest.mark.parametrize(("currency", "said"), [("EUR", "1089.14 EUR"), ("DKK", "")])
def test_what_was_asked_for_in_another_currency_is_told(read, currency: str, said: str) -> None:
    """What was booked counts: the account's currency."""
    asked = f'<AmtDtls><InstdAmt><Amt Ccy="{currency}">1089.14</Amt></InstdAmt>'.encode()
    (line,) = the_lines(read(made(replace(TRANSFER, text="", bank_text="")).replace(b"<AmtDtls>", asked, 1)))
    assert (line.amount, line.currency, line.text) == (812_500, "DKK", said)


def test_a_payer_may_be_told_in_his_address_alone(read) -> None:
    """As Nordea's published sample has it."""
    named = "<Dbtr><Nm>Bo Æblegård</Nm></Dbtr>".encode()
    lines = "<Dbtr><PstlAdr><AdrLine>BO ÆBLEGÅRD</AdrLine><AdrLine>VEJ 1</AdrLine></PstlAdr></Dbtr>".encode()
    (line,) = the_lines(read(made(TRANSFER).replace(named, lines)))
    assert line.payer == "BO ÆBLEGÅRD VEJ 1"


def test_long_texts_are_cut_with_a_mark(read) -> None:
    (line,) = the_lines(read(made(replace(TRANSFER, text="\n".join(f"linje {number}" for number in range(99))))))
    assert len(line.text) == 500
    assert line.text.endswith("…")


def test_texts_are_one_line_without_control_characters(read) -> None:
    (line,) = the_lines(read(made(replace(TRANSFER, text="a  b\tc\u2028d\u0085e\u0091|f"))))
    assert line.text.startswith("a b c d e |f / ")


@pytest.mark.parametrize(
    ("told", "reference", "said"),
    [
        ("RF18 5390 0754 7034", "RF18539007547034", "RF18 5390 0754 7034"),
        (
            "RF19 5390 0754 7034",
            "",
            "RF19 5390 0754 7034 / referencen RF19 5390 0754 7034 har forkerte kontrolcifre",
        ),
        ("1-12-304-2", "1-12-304-2", "1-12-304-2"),
    ],
)
def test_our_own_reference_is_given_back(read, told: str, reference: str, said: str) -> None:
    (line,) = the_lines(read(made(Line(100, DAY, reference=told))))
    assert (line.reference, line.text) == (reference, said)


def test_of_several_references_none_is_taken(read) -> None:
    one = b"<Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>"
    content = made(SLIP).replace(b"<Strd>", one + b"<Strd>")
    (line,) = the_lines(read(content))
    assert (line.reference, line.payment_id) == ("", "")
    assert line.text.endswith("flere forskellige referencer")


def test_what_we_have_paid_names_whom_and_no_tenant(read) -> None:
    """A payment of ours by slip has somebody else's creditor number and reference."""
    line = Line(-206_000, DAY, creditor="82123456", payment_id="000000000001230", payer="El-selskabet")
    (found,) = the_lines(read(made(line)))
    assert (found.amount, found.payer, found.payer_account) == (-206_000, "El-selskabet", "82123456")
    assert (found.creditor, found.payment_id, found.reference, found.takes_back) == ("", "", "", "")


def test_a_slip_sent_back_names_the_line_that_it_takes_back(read) -> None:
    back = replace(SLIP, amount=-750_000, code=("PMNT", "RCDT", "RRTN"), return_reason="AC04")
    paid, returned = the_lines(read(made(SLIP, back)))
    assert returned.takes_back == paid.link
    assert returned.text == "71/000000000001230 / tilbageført AC04"
    assert paid.takes_back == ""


def test_a_transfer_sent_back_names_it_by_the_payers_own_id_and_account(read) -> None:
    sent = replace(TRANSFER, end_to_end="LEJE-11")
    back = replace(sent, amount=-812_500, return_reason="MD06")
    paid, returned, unnamed = the_lines(read(made(sent, back, replace(back, end_to_end="NOTPROVIDED"))))
    assert returned.takes_back == paid.link
    assert unnamed.takes_back == ""
    assert unnamed.text.endswith("tilbageført MD06")


def test_which_codes_are_returns_is_a_setting(read) -> None:
    content = made(replace(SLIP, amount=-750_000, code=("PMNT", "RCDT", "NTAV")))
    (plain,), (returned,) = (the_lines(read(content, **settings)) for settings in ({}, {"return_codes": ["NTAV"]}))
    assert (plain.takes_back, plain.payment_id) == ("", "")
    assert returned.takes_back == returned.link


def test_an_entry_that_is_a_reversal_is_a_return(read) -> None:
    content = made(replace(SLIP, amount=-750_000)).replace(b"<Sts>", b"<RvslInd>true</RvslInd><Sts>", 1)
    (line,) = the_lines(read(content))
    assert (line.amount, line.takes_back) == (-750_000, line.link)


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


def test_days_are_told_in_danish_time(read) -> None:
    content = made(TRANSFER).replace(b"<BookgDt><Dt>2026-11-02</Dt>", b"<BookgDt><DtTm>2026-11-02T23:30:00Z</DtTm>")
    content = content.replace(b"<ValDt><Dt>2026-11-02</Dt></ValDt>", b"")
    (line,) = the_lines(read(content))
    assert (line.booking_date, line.value_date) == (date(2026, 11, 3), date(2026, 11, 3))


def test_the_bank_code_of_its_own_where_it_has_no_other(read) -> None:
    content = made(replace(TRANSFER, bank_text="GEBYR 12"))
    start, end = content.index(b"<Domn>"), content.index(b"</Domn>") + len(b"</Domn>")
    (line,) = the_lines(read(content[:start] + content[end:]))
    assert line.code == "GEBYR 12"


@pytest.mark.parametrize(
    ("reference", "names"),
    [("012X0001", "012X0001"), ("FISAM.POST", ""), ("0000000000", ""), ("", "")],
)
def test_a_reference_that_many_lines_have_names_none(read, reference: str, names: str) -> None:
    (line,) = the_lines(read(made(replace(TRANSFER, servicer_reference=reference))))
    assert line.servicer_reference == names


def test_a_line_has_the_same_key_in_an_overlapping_statement(read) -> None:
    """Another statement, another number in it, other lines before it."""
    one = the_lines(read(made(SLIP, TRANSFER, sequence=211)))
    other = the_lines(read(made(Line(5, DAY), TRANSFER, SLIP, identification="2026-212", sequence=212)))
    assert {line.key for line in one} < {line.key for line in other}


def test_keys_tell_amounts_and_payers_apart(read) -> None:
    lines = [
        TRANSFER,
        replace(TRANSFER, amount=1),
        replace(TRANSFER, payer_account="31009"),
        replace(TRANSFER, end_to_end="A"),
        replace(TRANSFER, servicer_reference="012X0002"),
        SLIP,
        replace(SLIP, payment_id="26840149965328".rjust(15, "0")),
    ]
    assert len({line.key for line in the_lines(read(made(*lines)))}) == len(lines)


def test_the_same_slip_in_another_batch_of_the_day_is_another_payment(read) -> None:
    """R17: two batches differ in the bank's reference alone; each is the same in an overlapping statement."""
    slip = replace(SLIP, servicer_reference="")
    one, other, again = (
        [line.key for line in the_lines(read(made(batch([slip, TRANSFER], servicer_reference=name))))]
        for name in ("0129999", "0130000", "0129999")
    )
    assert one == again
    assert one[0] != other[0]
    # What has a reference of its own needs no other.
    assert one[1] == other[1]


def test_a_bar_in_the_file_parts_no_key(read) -> None:
    (line,) = the_lines(read(made(replace(TRANSFER, end_to_end="A|B", payer_account="1|2"))))
    assert line.link == f"iso20022|{ACCOUNT}|||1‖2|A‖B"


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


def test_a_notification_confirms_what_the_statement_books(read) -> None:
    """R17: all of it, whoever it is from."""
    kept, *seen = read(made(SLIP, TRANSFER, kind="camt.054"))
    assert isinstance(kept, Kept)
    assert all(isinstance(record, PaymentSeen) for record in seen)
    lines = the_lines(read(made(SLIP, TRANSFER)))
    assert [(one.amount, one.payment_id, one.servicer_reference, one.key) for one in seen] == [
        (line.amount, line.payment_id, line.servicer_reference, line.key) for line in lines
    ]


def test_a_notification_may_book_the_slips_over_clearing(read) -> None:
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
    settled, suspense, booked, _ = the_lines(read(made(*lines), **books))
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
    found = the_lines(rest)
    assert [line.amount for line in found] == [line.amount for line in lines]
    assert first.closing - first.opening == sum(line.amount for line in found)
    for line, sent in zip(found, lines, strict=True):
        assert " ".join(sent.text.split()) in line.text
        assert line.payer == " ".join(sent.payer.split())
