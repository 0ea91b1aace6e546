"""Delivery 0603: mandates and slips, and what of it is refused (R5, R6, R16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Malformed, MandateChange, SlipIssued

CREDITOR = "01234567"
SAMPLES = Path(__file__).resolve().parents[4] / "shared/samples/betalingsservice"


class Bs3:
    """Lines of a delivery 0603 by position, as real ones have them: blanks where 0602 has zeros."""

    head = "BS00287654321BS106031234567890" + " " * 19 + "301225"

    @staticmethod
    def mandate(
        code: str = "0231",
        *,
        customer: str = "000000000000042",
        mandate: str = "000000007",
        start: str = "010126",
        end: str = "000000",
    ) -> str:
        return f"BS042{CREDITOR}{code}00000001{customer:15}{mandate}{start}{end}"

    @staticmethod
    def slip(*, payment_id: str = "0000026840149965328", amount: int = 15000, reference: str = "000010620") -> str:
        return f"BS042{CREDITOR}029500000001{'42':15}7181234567{payment_id}020126{amount:013d}{reference:9}"

    @classmethod
    def lines(cls, *sections: tuple[str, Sequence[str]]) -> list[str]:
        made, counts, total = [cls.head], 0, 0
        for section, members in sections:
            net = sum(int(line[75:88]) for line in members if section == "0217")
            made += [f"BS012{CREDITOR}{section}   00001{'':24}301225", *members]
            made.append(f"BS092{CREDITOR}{section}00000001      {len(members):011d}{net:015d}{0:011d}{'':15}{0:011d}")
            counts, total = counts + len(members), total + net
        made.append(
            f"BS99287654321BS10603{len(sections):011d}{counts:011d}{total:015d}{0:011d}{0:015d}{0:011d}{0:034d}"
        )
        return made


def test_a_full_list_says_what_is_in_force(read):
    lines = Bs3.lines(
        ("0210", [Bs3.mandate("0230"), Bs3.mandate("0230", mandate="999999999", start="000000")]),
        ("0219", [Bs3.mandate("0230", mandate="999999999")]),
    )
    first, electronic, listed = read(lines, "0603")
    assert first == MandateChange(
        record=3,
        creditor=CREDITOR,
        group="00001",
        customer="42",
        mandate="000000007",
        change="active",
        agreement="automatic",
        start=date(2026, 1, 1),
        end=None,
        key="nets|01234567|00001|0210|2025-12-30|000000000000042|000000007|0230|2026-01-01|-",
        text="Betalingsservice-aftale i kraft",
    )
    assert (electronic.agreement, electronic.start, listed.agreement) == ("electronic_slip", None, "electronic_slip")
    assert listed.key.startswith("nets|01234567|00001|0219|2025-12-30|")


def test_every_full_list_is_news_and_every_change_is_told_once(read):
    """R5: the same change in another file is a duplicate; a list of another day is another list."""
    for section, code, is_same in (("0210", "0230", False), ("0212", "0231", True)):
        lines = Bs3.lines((section, [Bs3.mandate(code)]))
        later = [lines[0].replace("301225", "310126"), *lines[1:]]
        assert (read(lines, "0603")[0].key == read(later, "0603")[0].key) is is_same


@pytest.mark.parametrize(
    ("code", "change", "text"),
    [
        ("0231", "registered", "tilmeldt"),
        ("0232", "cancelled", "afmeldt af banken"),
        ("0233", "cancelled", "afmeldt af kreditor"),
        ("0234", "cancelled", "afmeldt af Betalingsservice"),
    ],
)
def test_changes(read, code, change, text):
    end = "000000" if change == "registered" else "150126"
    (record,) = read(Bs3.lines(("0212", [Bs3.mandate(code, end=end)])), "0603")
    assert (record.change, record.text) == (change, f"Betalingsservice-aftale {text}")
    assert record.start == date(2026, 1, 1)
    assert record.end == (None if change == "registered" else date(2026, 1, 15))


@pytest.mark.parametrize(
    ("setting", "end", "dates"),
    [
        # Real deliveries have the old start in 50-55; one reading of the 2025 guide has the cancellation there.
        ("end", "150126", (date(2026, 1, 1), date(2026, 1, 15))),
        ("end", "000000", (None, date(2026, 1, 1))),
        ("start", "150126", (None, date(2026, 1, 1))),
        ("start", "000000", (None, date(2026, 1, 1))),
    ],
)
def test_which_date_a_cancellation_has_is_a_setting(read, setting, end, dates):
    lines = Bs3.lines(("0212", [Bs3.mandate("0232", end=end)]))
    (record,) = read(lines, "0603", cancellation_date=setting)
    assert (record.start, record.end) == dates


def test_a_slip_links_its_payment_id_to_the_collection(read):
    (slip,) = read(Bs3.lines(("0217", [Bs3.slip()])), "0603")
    assert slip == SlipIssued(
        record=3,
        creditor=CREDITOR,
        group="00001",
        customer="42",
        card_type="71",
        slip_creditor="81234567",
        payment_id="26840149965328",
        amount=15000,
        currency="DKK",
        due_date=date(2026, 1, 2),
        reference="000010620",
        key="nets|01234567|00001|0217|2026-01-02|000000000000042|000010620|71|81234567|26840149965328",
        text="Indbetalingskort 71 dannet 000010620",
    )


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample deliveries are not beside this checkout")
@pytest.mark.parametrize(
    ("sample", "delivery", "created"),
    [
        ("0603_section0210_active-mandates_with-PBCNET.txt", "3512231001", "2010-06-07"),
        ("0603_section0212_cancelled-by-bank.txt", "2578261001", "2009-11-24"),
        ("0603_section0217_slip-information.txt", "3621312001", "2010-06-29"),
    ],
)
def test_a_real_delivery_read_and_made_again_is_the_same_file(read, plugin, sample, delivery, created):
    real = (SAMPLES / sample).read_bytes()
    head = {"data_supplier": "99999994", "delivery": delivery, "created": created}
    made = b"".join(plugin().make("0603", read(real, "0603"), head))
    inside = [line for line in real.split(b"\r\n") if not line.startswith(b"PBCNET")]
    assert [line.rstrip(b" ") for line in made.split(b"\r\n")] == inside


def test_what_is_made_of_several_sections_reads_back(read, plugin):
    lines = Bs3.lines(
        ("0210", [Bs3.mandate("0230"), Bs3.mandate("0230", start="000000")]),
        ("0212", [Bs3.mandate("0233", end="150126"), Bs3.mandate("0232"), Bs3.mandate(customer="AB42ÆØ")]),
        ("0217", [Bs3.slip(), Bs3.slip(amount=1)]),
        ("0219", [Bs3.mandate("0230", mandate="999999999")]),
    )
    records = read(lines, "0603")
    head = {"data_supplier": "87654321", "created": "2025-12-30"}
    assert read(b"".join(plugin().make("0603", records, head)), "0603") == records


# --- What is refused -----------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> list[str]:
    """1 BS002, 2 BS012, 3-4 BS042, 5 BS092, 6 BS012, 7-8 BS042, 9 BS092, 10 BS992."""
    changes = [Bs3.mandate(), Bs3.mandate("0232", end="150126")]
    return Bs3.lines(("0212", changes), ("0217", [Bs3.slip(), Bs3.slip(amount=1)]))


@pytest.mark.parametrize(
    ("line", "first", "text", "said"),
    [
        (2, 14, "0214", "field 'section': found '0214', expected one of '0210', '0212', '0217', '0219'"),
        (3, 14, "0230", "field 'code': found '0230', expected one of '0231', '0232', '0233', '0234'"),
        (3, 50, "000000", "field 'start': a mandate without a first day: found zeros"),
        (3, 26, " " * 15, "field 'customer': a mandate of no customer"),
        (3, 41, "000000000", "field 'mandate': a mandate without a number: found zeros"),
        (3, 6, "9", "field 'creditor': not of its section: found 91234567, expected 01234567"),
        (4, 50, "000000000000", "field 'end': a cancellation without a date: found zeros"),
        (5, 42, "3", "field 'payments': wrong count in the trailer BS092: found 3, expected 2"),
        (5, 57, "1", "field 'net_amount': wrong total in the trailer BS092: found 0.01, expected 0.00"),
        (5, 68, "1", "field 'texts': wrong count in the trailer BS092: found 1, expected 0"),
        (7, 69, "7", "field 'payment_id': a payment identification whose last digit is no check digit (modulus 10)"),
        (7, 51, "0" * 19, "field 'payment_id': a slip without a payment identification"),
        (7, 70, "000000", "field 'due': found '000000', expected a date DDMMYY"),
        (9, 57, "2", "field 'net_amount': wrong total in the trailer BS092: found 150.02, expected 150.01"),
        (10, 31, "3", "field 'sections': wrong count in the trailer BS992: found 3, expected 2"),
        (10, 57, "2", "field 'net_amount': wrong total in the trailer BS992: found 150.02, expected 150.01"),
    ],
)
def test_one_wrong_field_refuses_the_file(read, lines, line, first, text, said):
    assert len(read(lines, "0603")) == 4
    lines[line - 1] = lines[line - 1][: first - 1] + text + lines[line - 1][first - 1 + len(text) :]
    with pytest.raises(Malformed) as refused:
        read(lines, "0603")
    assert refused.value.line == line
    assert said in str(refused.value)


@pytest.mark.parametrize("start", ["BS022", "BS052", "BS012", "BS992"])
def test_a_section_holds_nothing_but_mandates_or_slips(read, lines, start):
    lines.insert(3, start + lines[2][5:])
    with pytest.raises(Malformed, match=r"line 4, .*unexpected record: found .*, expected a record of section 0212"):
        read(lines, "0603")


def test_a_delivery_cut_anywhere_is_refused(read, lines):
    content = "".join(f"{line}\r\n" for line in lines).encode()
    for size in range(0, len(content) - 34, 11):
        with pytest.raises(Malformed):
            read(content[:size], "0603")


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_another_digit_in_a_count_or_sum_is_refused_with_its_line(read, data):
    lines = Bs3.lines(("0212", [Bs3.mandate()]), ("0217", [Bs3.slip()]))
    line = data.draw(st.sampled_from((4, 7, 8)))
    first, last = (21, 128) if line == 8 else (32, 94)
    at = data.draw(st.integers(first, last).filter(lambda place: lines[line - 1][place - 1] != " "))
    digit = data.draw(st.sampled_from("0123456789").filter(lambda one: one != lines[line - 1][at - 1]))
    lines[line - 1] = lines[line - 1][: at - 1] + digit + lines[line - 1][at:]
    with pytest.raises(Malformed) as refused:
        read(lines, "0603")
    assert refused.value.line == line
    assert refused.value.positions is not None
    assert refused.value.positions[0] <= at <= refused.value.positions[1]
