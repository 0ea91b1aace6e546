"""What is read of one line: whose payment it is, what was written, what it takes back, and its key."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.camt import ACCOUNT, CREDITOR, DAY, SLIP, TRANSFER, Line, batch, made


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
def test_a_slip_has_creditor_and_id(read_lines, card: str, told: str, payment_id: str) -> None:
    (line,) = read_lines(made(replace(SLIP, card=card, payment_id=told)))
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
def test_a_slip_that_cannot_be_says_why(read_lines, card: str, told: str, fault: str) -> None:
    (line,) = read_lines(made(replace(SLIP, card=card, payment_id=told)))
    assert line.slip_fault == fault
    assert (line.creditor, line.amount) == (CREDITOR, 750_000)


@pytest.mark.parametrize("card", ["73", "01"])
def test_a_slip_with_a_message_has_no_id(read_lines, card: str) -> None:
    line = replace(SLIP, payment_id="", reference=f"{card}/", text="Lejlighed 3")
    (found,) = read_lines(made(line))
    assert (found.payment_id, found.slip_fault) == ("", "")
    assert found.text == f"Lejlighed 3 / {card}/"


def test_a_creditor_that_is_no_number_is_not_told(read_lines) -> None:
    lines = read_lines(made(replace(SLIP, creditor="DK5000400440116243"), replace(SLIP, creditor="0080000001")))
    assert [(line.creditor, line.payment_id, line.slip_fault) for line in lines] == [
        ("", "1230", ""),
        (CREDITOR, "1230", ""),
    ]


def test_a_transfer_tells_all_that_was_written(read_lines) -> None:
    (line,) = read_lines(made(replace(TRANSFER, end_to_end="LEJE-11")))
    assert line.text == "Husleje november / Tak for hjælpen / BGS 1-1234 / EndToEndId LEJE-11"
    assert (line.payer, line.payer_account, line.customer) == ("Bo Æblegård", "31001234567890", "31001234567890")
    assert (line.creditor, line.payment_id, line.reference) == ("", "", "")
    assert (line.value_date, line.booking_date, line.code) == (DAY, DAY, "PMNT/RCDT/DMCT")


@pytest.mark.parametrize(("currency", "said"), [("EUR", "1089.14 EUR"), ("DKK", "")])
def test_what_was_asked_for_in_another_currency_is_told(read_lines, currency: str, said: str) -> None:
    """What was booked counts: the account's currency."""
    asked = f'<AmtDtls><InstdAmt><Amt Ccy="{currency}">1089.14</Amt></InstdAmt>'.encode()
    (line,) = read_lines(made(replace(TRANSFER, text="", bank_text="")).replace(b"<AmtDtls>", asked, 1))
    assert (line.amount, line.currency, line.text) == (812_500, "DKK", said)


def test_a_payer_may_be_told_in_his_address_alone(read_lines) -> None:
    """As Nordea's published sample has it."""
    named = "<Dbtr><Nm>Bo Æblegård</Nm></Dbtr>".encode()
    lines = "<Dbtr><PstlAdr><AdrLine>BO ÆBLEGÅRD</AdrLine><AdrLine>VEJ 1</AdrLine></PstlAdr></Dbtr>".encode()
    (line,) = read_lines(made(TRANSFER).replace(named, lines))
    assert line.payer == "BO ÆBLEGÅRD VEJ 1"


def test_long_texts_are_cut_with_a_mark(read_lines) -> None:
    (line,) = read_lines(made(replace(TRANSFER, text="\n".join(f"linje {number}" for number in range(99)))))
    assert len(line.text) == 500
    assert line.text.endswith("…")


def test_texts_are_one_line_without_control_characters(read_lines) -> None:
    (line,) = read_lines(made(replace(TRANSFER, text="a  b\tc\u2028d\u0085e\u0091|f")))
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
def test_our_own_reference_is_given_back(read_lines, told: str, reference: str, said: str) -> None:
    (line,) = read_lines(made(Line(100, DAY, reference=told)))
    assert (line.reference, line.text) == (reference, said)


def test_of_several_references_none_is_taken(read_lines) -> None:
    one = b"<Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd>"
    content = made(SLIP).replace(b"<Strd>", one + b"<Strd>")
    (line,) = read_lines(content)
    assert (line.reference, line.payment_id) == ("", "")
    assert line.text.endswith("flere forskellige referencer")


def test_what_we_have_paid_names_whom_and_no_tenant(read_lines) -> None:
    """A payment of ours by slip has somebody else's creditor number and reference."""
    line = Line(-206_000, DAY, creditor="82123456", payment_id="000000000001230", payer="El-selskabet")
    (found,) = read_lines(made(line))
    assert (found.amount, found.payer, found.payer_account) == (-206_000, "El-selskabet", "82123456")
    assert (found.creditor, found.payment_id, found.reference, found.takes_back) == ("", "", "", "")


def test_a_slip_sent_back_names_the_line_that_it_takes_back(read_lines) -> None:
    back = replace(SLIP, amount=-750_000, code=("PMNT", "RCDT", "RRTN"), return_reason="AC04")
    paid, returned = read_lines(made(SLIP, back))
    assert returned.takes_back == paid.link
    assert returned.text == "71/000000000001230 / tilbageført AC04"
    assert paid.takes_back == ""


def test_a_transfer_sent_back_names_it_by_the_payers_own_id_and_account(read_lines) -> None:
    sent = replace(TRANSFER, end_to_end="LEJE-11")
    back = replace(sent, amount=-812_500, return_reason="MD06")
    paid, returned, unnamed = read_lines(made(sent, back, replace(back, end_to_end="NOTPROVIDED")))
    assert returned.takes_back == paid.link
    assert unnamed.takes_back == ""
    assert unnamed.text.endswith("tilbageført MD06")


def test_which_codes_are_returns_is_a_setting(read_lines) -> None:
    content = made(replace(SLIP, amount=-750_000, code=("PMNT", "RCDT", "NTAV")))
    (plain,), (returned,) = (read_lines(content, **settings) for settings in ({}, {"return_codes": ["NTAV"]}))
    assert (plain.takes_back, plain.payment_id) == ("", "")
    assert returned.takes_back == returned.link


def test_an_entry_that_is_a_reversal_is_a_return(read_lines) -> None:
    content = made(replace(SLIP, amount=-750_000)).replace(b"<Sts>", b"<RvslInd>true</RvslInd><Sts>", 1)
    (line,) = read_lines(content)
    assert (line.amount, line.takes_back) == (-750_000, line.link)


def test_days_are_told_in_danish_time(read_lines) -> None:
    content = made(TRANSFER).replace(b"<BookgDt><Dt>2026-11-02</Dt>", b"<BookgDt><DtTm>2026-11-02T23:30:00Z</DtTm>")
    content = content.replace(b"<ValDt><Dt>2026-11-02</Dt></ValDt>", b"")
    (line,) = read_lines(content)
    assert (line.booking_date, line.value_date) == (date(2026, 11, 3), date(2026, 11, 3))


def test_the_bank_code_of_its_own_where_it_has_no_other(read_lines) -> None:
    content = made(replace(TRANSFER, bank_text="GEBYR 12"))
    start, end = content.index(b"<Domn>"), content.index(b"</Domn>") + len(b"</Domn>")
    (line,) = read_lines(content[:start] + content[end:])
    assert line.code == "GEBYR 12"


@pytest.mark.parametrize(
    ("reference", "names"),
    [("012X0001", "012X0001"), ("FISAM.POST", ""), ("0000000000", ""), ("", "")],
)
def test_a_reference_that_many_lines_have_names_none(read_lines, reference: str, names: str) -> None:
    (line,) = read_lines(made(replace(TRANSFER, servicer_reference=reference)))
    assert line.servicer_reference == names


def test_a_line_has_the_same_key_in_an_overlapping_statement(read_lines) -> None:
    """Another statement, another number in it, other lines before it."""
    one = read_lines(made(SLIP, TRANSFER, sequence=211))
    other = read_lines(made(Line(5, DAY), TRANSFER, SLIP, identification="2026-212", sequence=212))
    assert {line.key for line in one} < {line.key for line in other}


def test_keys_tell_amounts_and_payers_apart(read_lines) -> None:
    lines = [
        TRANSFER,
        replace(TRANSFER, amount=1),
        replace(TRANSFER, payer_account="31009"),
        replace(TRANSFER, end_to_end="A"),
        replace(TRANSFER, servicer_reference="012X0002"),
        SLIP,
        replace(SLIP, payment_id="26840149965328".rjust(15, "0")),
    ]
    assert len({line.key for line in read_lines(made(*lines))}) == len(lines)


def test_the_same_slip_in_another_batch_of_the_day_is_another_payment(read_lines) -> None:
    """R17: two batches differ in the bank's reference alone; each is the same in an overlapping statement."""
    slip = replace(SLIP, servicer_reference="")
    one, other, again = (
        [line.key for line in read_lines(made(batch([slip, TRANSFER], servicer_reference=name)))]
        for name in ("0129999", "0130000", "0129999")
    )
    assert one == again
    assert one[0] != other[0]
    # What has a reference of its own needs no other.
    assert one[1] == other[1]


def test_a_bar_in_the_file_parts_no_key(read_lines) -> None:
    (line,) = read_lines(made(replace(TRANSFER, end_to_end="A|B", payer_account="1|2")))
    assert line.link == f"iso20022|{ACCOUNT}|||1‖2|A‖B"
