"""What a delivery 0602 says, and what the hub is told (R5, R7, R9, R10, R11)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.plugin import Chargeback, Kept, Malformed, Payment, PaymentFailed, Remark

SAMPLE = (
    Path(__file__).resolve().parents[4]
    / "shared/samples/betalingsservice/0602_sections0211+0215_automatic-completed-and-rejected.txt"
)


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample deliveries are not beside this checkout")
def test_a_real_delivery_gives_117_payments_and_7_failed(read):
    records = read(SAMPLE.read_bytes())
    payments = [record for record in records if isinstance(record, Payment)]
    assert len(payments) == 117
    assert sum(payment.amount for payment in payments) == 1_755_000
    assert sum(isinstance(record, PaymentFailed) for record in records) == 7
    assert len(records) == 124
    # R10: a file of 30 December 2009 with 116 payments of 4 January 2010.
    assert sum(payment.value_date == date(2010, 1, 4) for payment in payments) == 116
    assert len({record.key for record in records}) == 124


def test_an_automatic_payment(read, bs):
    (payment,) = read(bs.lines(("0211", [bs.automatic()])))
    assert payment == Payment(
        record=3,
        creditor="01234567",
        group="00001",
        customer="42",
        amount=15000,
        currency="DKK",
        value_date=date(2026, 1, 2),
        booking_date=date(2026, 1, 5),
        due_date=date(2026, 1, 2),
        reference="HUSLEJE 2026-01",
        link="nets|01234567|00001|0211|2026-01-02|000000000000042|HUSLEJE 2026-01",
        key="nets|01234567|00001|0211|2026-01-02|000000000000042|HUSLEJE 2026-01|0236|2026-01-02|000000007",
        text="Betalingsservice HUSLEJE 2026-01",
    )


def test_a_slip_pays_what_was_paid_not_what_was_due(read, bs):
    (payment,) = read(bs.lines(("0215", [bs.slip(amount=15000, paid=12345)])))
    assert payment == Payment(
        record=3,
        creditor="01234567",
        group="00001",
        customer="42",
        amount=12345,
        currency="DKK",
        value_date=date(2025, 12, 29),
        booking_date=date(2025, 12, 30),
        due_date=date(2026, 1, 2),
        reference="000010620",
        link="nets|01234567|00001|0215|2026-01-02|000000000000042|000010620",
        key="nets|01234567|00001|0215|2026-01-02|000000000000042|000010620|0297|2025-12-29|AB34567890123456789012",
        text="Indbetalingskort 000010620, opkrævet 150,00",
        payment_id="42",
        archive_reference="AB34567890123456789012",
    )


def test_what_differs_from_what_was_due_is_said_and_nothing_else(read, bs):
    automatic = [bs.automatic(), bs.automatic(paid=14999), bs.automatic(sign="2", amount=5000, paid=4000)]
    assert [record.text for record in read(bs.lines(("0211", automatic)))] == [
        "Betalingsservice HUSLEJE 2026-01",
        "Betalingsservice HUSLEJE 2026-01, opkrævet 150,00",
        "Betalingsservice udbetaling HUSLEJE 2026-01, opkrævet -50,00",
    ]


def test_the_fee_of_a_slip_is_said_with_its_unknown_sign_code(read, bs):
    slip = bs.slip()
    with_fee = slip[:46] + "100750" + slip[52:]
    first, second = read(bs.lines(("0215", [slip, with_fee])))
    assert first.text == "Indbetalingskort 000010620"
    assert second.text == "Indbetalingskort 000010620, gebyr 7,50 (fortegnskode 1)"
    assert (first.amount, first.key) == (second.amount, second.key)


def test_a_payment_of_one_delivery_is_charged_back_in_a_later_one(read, bs):
    """Continuous delivery: 0236 comes at once, 0239 days later, in another file."""
    (paid,) = read(bs.lines(("0211", [bs.automatic()])))
    back, _ = read(bs.lines(("0211", [bs.automatic("0239", paid_on="070126", booked_on="080126")])))
    assert isinstance(back, Chargeback)
    assert back.link == paid.link
    assert back.key == paid.key.replace("|0236|2026-01-02|", "|0239|2026-01-07|")


@pytest.mark.parametrize(
    ("payment_id", "customer"),
    [
        ("0000000000000000042", "42"),
        ("0000026840149965328", "26840149965328"),
        # Card types 75, 04 and 15 have 16 digits: one stands before the customer number's place.
        ("0001234567890123452", "1234567890123452"),
        ("0000AB12           ", "AB12"),
    ],
)
def test_a_slip_is_known_by_its_whole_payment_identification(read, bs, payment_id, customer):
    (payment,) = read(bs.lines(("0215", [bs.slip(payment_id=payment_id)])))
    assert payment.customer == customer


def test_customer_numbers_come_without_filling(read, bs):
    forms = ["42             ", "000000000000042", "             42", "00000ÆØÅ       "]
    records = read(bs.lines(("0211", [bs.automatic(customer=form) for form in forms])))
    assert [record.customer for record in records] == ["42", "42", "42", "ÆØÅ"]


def test_money_paid_out_is_negative(read, bs):
    records = read(bs.lines(("0211", [bs.automatic(amount=20000), bs.automatic(sign="2", amount=5000)])))
    assert [record.amount for record in records] == [20000, -5000]
    assert records[1].text == "Betalingsservice udbetaling HUSLEJE 2026-01"


@pytest.mark.parametrize(("code", "text"), [("0237", "Betalingsservice afvist"), ("0238", "Betalingsservice afmeldt")])
def test_rejected_and_cancelled_collections_fail_with_the_amount_due(read, bs, code, text):
    (failed,) = read(bs.lines(("0211", [bs.automatic(code, reference="")])))
    assert failed == PaymentFailed(
        record=3,
        creditor="01234567",
        group="00001",
        customer="42",
        amount=15000,
        currency="DKK",
        due_date=date(2026, 1, 2),
        reference="",
        key=f"nets|01234567|00001|0211|2026-01-02|000000000000042||{code}|-|000000007",
        text=text,
    )


def test_a_cancelled_collection_may_have_blank_payment_fields(read, bs):
    cancelled = bs.automatic("0238")[:103].ljust(128)
    (failed,) = read([*bs.lines(("0211", []))[:2], cancelled, bs.section_end("0211", 1, 0), bs.end(1, 1, 0)])
    assert isinstance(failed, PaymentFailed)


@pytest.mark.parametrize(
    ("section", "build", "paid", "back", "text"),
    [
        ("0211", "automatic", "0236", "0239", "Betalingsservice tilbageført"),
        ("0215", "slip", "0297", "0299", "Indbetalingskort tilbageført"),
    ],
)
def test_a_chargeback_carries_the_link_of_its_payment(read, bs, section, build, paid, back, text):
    line = getattr(bs, build)
    paid_line = line(paid, reference="", paid_on="020126", booked_on="020126")
    back_line = line(back, reference="", paid_on="070126", booked_on="080126")
    payment, chargeback, _ = read(bs.lines((section, [paid_line, back_line])))
    assert isinstance(chargeback, Chargeback)
    assert chargeback.link == payment.link
    assert chargeback.key.startswith(payment.link)
    assert chargeback.key != payment.key
    assert (chargeback.amount, chargeback.value_date, chargeback.booking_date) == (
        15000,
        date(2026, 1, 7),
        date(2026, 1, 8),
    )
    assert chargeback.text == text


def test_a_collection_without_an_amount_is_kept(read, bs):
    (kept,) = read(bs.lines(("0211", [bs.automatic(sign="0", amount=0, paid_on="000000", booked_on="000000")])))
    assert kept == Kept(3, "0236", "Nothing was collected (sign code 0)")


def test_addresses_and_texts_of_payers_are_counted_and_kept(read, bs):
    slip = bs.slip()
    texts = [bs.text("022", "Bo Æblegård"), bs.text("052", "for januar"), bs.text("062", "og februar")]
    records = read(bs.lines(("0215", [slip, *texts])))
    assert [type(record) for record in records] == [Payment, Kept, Kept, Kept]
    assert [(kept.record, kept.code) for kept in records[1:]] == [(4, "022"), (5, "052"), (6, "062")]


def test_two_digit_years_lie_near_the_day_of_the_delivery(read, bs):
    (payment,) = read(bs.lines(("0211", [bs.automatic(due="311299")])))
    assert payment.due_date == date(1999, 12, 31)


def test_sections_of_several_groups(read, bs):
    lines = bs.lines(
        ("0211", [bs.automatic(group="00001")]),
        ("0211", [bs.automatic(group="00002"), bs.automatic(group="00002")]),
        ("0215", []),
    )
    assert [record.group for record in read(lines)] == ["00001", "00002", "00002"]


def test_a_delivery_without_sections_is_well_and_empty(read, bs):
    assert read(bs.lines()) == []


def test_a_bar_in_the_file_does_not_make_two_keys_one(read, bs):
    """Else customer ``1|2`` with reference ``3`` and customer ``1`` with reference ``2|3`` would be one event."""
    lines = [bs.automatic(customer="1|2", reference="3"), bs.automatic(customer="1", reference="2|3")]
    first, second = read(bs.lines(("0211", lines)))
    assert first.key != second.key
    assert first.link != second.link
    assert (first.customer, second.reference) == ("1|2", "2|3")


# --- Forms of the same delivery ------------------------------------------------------------------------------------


def _enveloped(lines: list[str]) -> bytes:
    head = b"PBCNET30BS1 25123001  \x9f\x9f\x9f               +BF00\r\n"
    body = "".join(line.rstrip(" ") + "\r\n" for line in lines).encode("latin-1")
    return head + body + f"PBCNET90BS1 25123001        {len(lines):06d}          \r\n".encode()


def _raw(lines: list[str], line_end: str) -> bytes:
    return line_end.join(lines).encode("latin-1") + line_end.encode()


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda lines: _raw(lines, "\r\n"), id="CR LF"),
        pytest.param(lambda lines: _raw(lines, "\n"), id="LF"),
        pytest.param(lambda lines: _raw(lines[:3], "\n") + _raw(lines[3:], "\r\n"), id="mixed"),
        pytest.param(lambda lines: _raw(lines, "\r\n").removesuffix(b"\r\n"), id="no last newline"),
        pytest.param(lambda lines: _raw([line.rstrip(" ") for line in lines], "\r\n"), id="stripped"),
        pytest.param(lambda lines: _raw([line + "   " for line in lines], "\r\n"), id="extra blanks"),
        pytest.param(_enveloped, id="enveloped"),
        pytest.param(lambda lines: b"PBCNET00BS1 25123001\r\n" + _enveloped(lines), id="two envelope heads"),
    ],
)
def test_the_form_of_a_file_changes_no_key(read, bs, form):
    lines = bs.lines(("0211", [bs.automatic(), bs.automatic("0237")]), ("0215", [bs.slip(), bs.text("022", "Å")]))
    plain = read(_raw(lines, "\r\n"))
    other = read(form(lines))
    assert [getattr(record, "key", record) for record in plain[:3]] == [record.key for record in other[:3]]
    assert len(plain) == len(other) == 4


def test_text_is_read_in_the_encoding_that_config_names(read, bs):
    lines = b"\r\n".join(line.encode("latin-1") for line in bs.lines(("0211", [bs.automatic(reference="PRIS ??")])))
    content = lines.replace(b"PRIS ??", b"PRIS \x80 ")
    (payment,) = read(content, encoding="cp1252")
    assert payment.reference == "PRIS €"
    with pytest.raises(Malformed, match=r"line 3, positions 70-99, field 'reference'.*control characters"):
        read(content)


# --- How charge-backs enter the totals (R11) -----------------------------------------------------------------------


def _with_chargebacks(bs, factor: int) -> list[str]:
    automatic = [bs.automatic(amount=50000), bs.automatic("0239", amount=10000)]
    slips = [bs.slip(amount=20000), bs.slip("0299", amount=3000)]
    return bs.lines(("0211", automatic), ("0215", slips), charge_back_factor=factor)


@pytest.mark.parametrize(("rule", "factor"), [("added", 1), ("left_out", 0), ("subtracted", -1)])
def test_chargebacks_may_be_added_left_out_or_subtracted_and_the_remark_says_which(read, bs, rule, factor):
    lines = _with_chargebacks(bs, factor)
    *records, remark = read(lines)
    words = rule.replace("_", " ")
    assert remark == Remark(f"Charge-backs of 130.00 are {words} in the totals of this delivery (R11)")
    assert sum(isinstance(record, Chargeback) for record in records) == 2
    assert read(lines, chargebacks_in_total=rule)[-1] == remark


@pytest.mark.parametrize(("pinned", "factor"), [("added", 0), ("left_out", -1), ("subtracted", 1)])
def test_a_pinned_rule_refuses_the_others(read, bs, pinned, factor):
    with pytest.raises(Malformed, match="wrong total in the trailer BS092") as refused:
        read(_with_chargebacks(bs, factor), chargebacks_in_total=pinned)
    assert f"charge-backs {pinned.replace('_', ' ')})" in str(refused.value)


def test_one_delivery_may_not_count_chargebacks_in_two_ways(read, bs):
    added, left_out = _with_chargebacks(bs, 1), _with_chargebacks(bs, 0)
    with pytest.raises(Malformed, match=r"line 9.*found 200.00, expected 230.00 \(charge-backs added\)"):
        read([*added[:5], *left_out[5:]])


def test_without_chargebacks_there_is_nothing_to_remark(read, bs):
    assert not any(isinstance(record, Remark) for record in read(bs.lines(("0211", [bs.automatic()]))))


def test_in_every_delivery_charged_back_exactly_one_rule_holds_however_its_sections_look(read, bs):
    """A section without charge-backs fits all rules, one that nets to nothing fits two; BS992 settles it."""
    for factor, rule in ((1, "added"), (0, "left out"), (-1, "subtracted")):
        sections = [("0211", [bs.automatic()]), ("0211", [bs.automatic(), bs.automatic("0239", paid=1)])]
        remarks = [r for r in read(bs.lines(*sections, charge_back_factor=factor)) if isinstance(r, Remark)]
        assert remarks == [Remark(f"Charge-backs of 0.01 are {rule} in the totals of this delivery (R11)")]


# --- What no field covers (R34) ------------------------------------------------------------------------------------


def test_content_between_the_fields_is_remarked_once_a_delivery(read, bs):
    lines = bs.lines(("0211", [bs.automatic(), bs.automatic(), bs.automatic("0237")]))
    plain = read(lines)
    for index in (3, 4):
        lines[index] = lines[index][:99] + "  ÅX" + lines[index][103:]
    *records, remark = read(lines)
    assert records == plain
    assert remark == Remark("2 lines have content between the fields (R34), first line 4, positions 100-103: '  ÅX'")


def test_content_in_a_trailers_gap_is_remarked(read, bs):
    lines = bs.lines(("0215", [bs.slip()]))
    lines[3] = lines[3][:127] + "7"
    (remark,) = (record for record in read(lines) if isinstance(record, Remark))
    assert remark.text.startswith("1 line has content between the fields (R34), first line 4, positions 95-128: '   ")


@pytest.mark.parametrize("day", ["000000", "      ", "010100"])
def test_a_section_may_leave_out_its_date(read, bs, day):
    lines = bs.lines(("0211", [bs.automatic()]))
    plain = read(lines)
    lines[1] = lines[1].replace("301225", day)
    assert read(lines) == plain
