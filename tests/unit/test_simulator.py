"""The simulator of Betalingsservice keeps to the document of formats itself, or it would prove nothing of the hub."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulator import Answers, Betalingsservice, RefusedError, take

CREDITOR, SUPPLIER, GROUPS = "01234567", "99999994", ("00001", "00002")
CREATED, DUE = date(2026, 11, 20), date(2026, 12, 1)
#: Of BS042 in 0602 and 0603: what is summed. 1-based positions, both ends in.
_PAID, _ISSUED = (116, 128), (76, 88)


def _collections(amounts: list[int], mandates: dict[str, str]) -> bytes:
    """A 0601, half of the customers in each debtor group."""
    lines = [f"BS002{SUPPLIER}BS106010000000007{'':19}{CREATED:%d%m%y}"]
    half = len(amounts) // 2
    for group, first, some in ((GROUPS[0], 1, amounts[:half]), (GROUPS[1], half + 1, amounts[half:])):
        lines.append(f"BS012{CREDITOR}0112     {group}{'':19}{CREATED:%d%m%Y}{'':14}PARKEN")
        for number, amount in enumerate(some, start=first):
            customer = f"{number:015d}"
            mandate = mandates.get(customer, "000000000")
            head = f"{group}{customer}"
            lines += [
                f"BS022{CREDITOR}024000001{head}000000000SØREN {number}",
                f"BS022{CREDITOR}024000002{head}000000000PARKEN {number}",
                f"BS022{CREDITOR}024000009{head}000000000{'':15}2720DK",
                f"BS042{CREDITOR}028000000{head}{mandate}{DUE:%d%m%Y}1{amount:013d}{number:09d}{'':21}00",
                f"BS052{CREDITOR}024100001{head}{mandate} HUSLEJE",
            ]
        counts = f"{len(some):011d}{sum(some):015d}{len(some):011d}"
        lines.append(f"BS092{CREDITOR}011200000{group}    {counts}{'':15}{3 * len(some):011d}")
    counts = f"{len(amounts):011d}{sum(amounts):015d}{len(amounts):011d}"
    lines.append(f"BS992{SUPPLIER}BS1060100000000002{counts}{0:015d}{3 * len(amounts):011d}{0:034d}")
    return "".join(f"{line.rstrip()}\r\n" for line in lines).encode("iso8859-1")


def _answered(seed: int, amounts: list[int]) -> tuple[bytes, Answers]:
    """Two in three have a mandate."""
    provider = Betalingsservice(seed)
    half = len(amounts) // 2
    whose = [(CREDITOR, GROUPS[number > half], f"{number:015d}") for number in range(1, len(amounts) + 1) if number % 3]
    provider.enrol(whose, DUE, SUPPLIER)
    delivered = _collections(amounts, {customer: provider.mandates[one][0] for one in whose for customer in one[2:]})
    return delivered, provider.answer(delivered)


def _lines(delivery: bytes) -> list[str]:
    *lines, rest = delivery.decode("iso8859-1").split("\r\n")
    assert rest == ""
    assert all(len(line) <= 128 for line in lines)
    return [line.ljust(128) for line in lines]


def _recounted(delivery: bytes, amount: tuple[int, int] | None, code: str = "") -> None:
    """Every trailer says what stands before it."""
    sections = []
    payments = total = texts = addresses = 0
    start, *lines, end = _lines(delivery)
    for line in lines:
        if line[:5] == "BS042":
            payments += 1
            if amount and code in ("", line[13:17]):
                total += int(line[amount[0] - 1 : amount[1]])
        texts += line[:5] == "BS052"
        addresses += line[:5] == "BS022"
        if line[:5] == "BS092":
            said = [int(line[first:last]) for first, last in ((31, 42), (42, 57), (57, 68), (83, 94))]
            assert said == [payments, total, texts, addresses]
            sections.append(said)
            payments = total = texts = addresses = 0
    assert (start[:5], end[:5]) == ("BS002", "BS992")
    said = [int(end[first:last]) for first, last in ((20, 31), (31, 42), (42, 57), (57, 68), (83, 94))]
    assert said == [len(sections), *(sum(section[at] for section in sections) for at in range(4))]


_amounts = st.lists(st.integers(1, 2_000_000), min_size=4, max_size=60)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1_000), amounts=_amounts)
def test_its_files_count_what_is_in_them(seed: int, amounts: list[int]) -> None:
    delivered, answers = _answered(seed, amounts)

    assert take(delivered).amount == sum(amounts)
    for payments in answers.payments:
        _recounted(payments, _PAID)
    _recounted(answers.mandates, _ISSUED, "0295")
    told = [line for payments in answers.payments for line in _lines(payments) if line[:5] == "BS042"]
    assert sum(int(line[115:128]) for line in told) == sum(abs(deed.amount) for deed in answers.deeds)
    receipt = answers.receipt.decode("iso8859-1")
    assert f"ANTAL RECORDS: {delivered.count(bytes([13, 10])):06d}" in receipt
    assert {len(line) for line in receipt.split("\r\n")[1:-1]} == {80}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1_000), amounts=_amounts)
def test_the_same_seed_says_the_same(seed: int, amounts: list[int]) -> None:
    assert _answered(seed, amounts) == _answered(seed, amounts)


def test_most_are_paid_few_fail_and_what_is_charged_back_was_paid_before() -> None:
    _, answers = _answered(1, [500_000] * 3_000)
    first, second = ([line for line in _lines(payments) if line[:5] == "BS042"] for payments in answers.payments)
    codes = [line[13:17] for line in (*first, *second)]
    automatic = sum(codes.count(code) for code in ("0236", "0237", "0238"))
    assert automatic == 2_000
    assert 0.96 < codes.count("0236") / automatic < 0.99
    assert 0.01 < (codes.count("0237") + codes.count("0238")) / automatic < 0.03
    assert codes.count("0238")
    taken_back = [line for line in second if line[13:17] in ("0239", "0299")]
    assert {line[13:17] for line in taken_back} == {"0239", "0299"}
    paid = {(line[25:44], line[115:128]) for line in first if line[13:17] in ("0236", "0297")}
    assert {(line[25:44], line[115:128]) for line in taken_back} <= paid
    assert not [line for line in first if line[13:17] in ("0239", "0299")]
    by_slip = [line for line in (*first, *second) if line[13:17] == "0297"]
    assert {int(line[115:128]) - int(line[59:72]) for line in by_slip} == {0, -10_000, 10_000}


def test_every_slip_has_an_id_with_its_check_digit() -> None:
    _, answers = _answered(1, [500_000] * 300)
    ids = [line[50:69] for line in _lines(answers.mandates) if line[13:17] == "0295"]
    assert len(ids) == len(set(ids)) == len(answers.slips) == 100
    for id_ in ids:
        doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(id_))]
        assert sum(value if value < 10 else value - 9 for value in doubled) % 10 == 0


@pytest.mark.parametrize(
    ("line", "positions", "wrong"),
    [
        (1, (17, 20), "0602"),
        (2, (14, 17), "0113"),
        (3, (18, 22), "00002"),
        (6, (14, 17), "0285"),
        (6, (23, 27), "00009"),
        (6, (43, 51), "000000009"),
        (6, (52, 59), "31022027"),
        (6, (52, 59), (CREATED + timedelta(days=91)).strftime("%d%m%Y")),
        (6, (60, 60), "0"),
        (6, (73, 73), "1"),
        (7, (18, 22), "00002"),
        (13, (32, 42), "00000000003"),
        (13, (84, 94), "00000000007"),
        (-1, (21, 31), "00000000001"),
        (-1, (43, 57), "000000000000001"),
        (-1, (58, 68), "00000000000"),
    ],
)
def test_what_is_not_in_order_is_refused(line: int, positions: tuple[int, int], wrong: str) -> None:
    lines = _collections([100, 200, 300, 400], {}).split(b"\r\n")[:-1]
    at = line - 1 if line > 0 else line
    first, last = positions
    lines[at] = lines[at][: first - 1] + wrong.encode() + lines[at][last:]
    with pytest.raises(RefusedError):
        Betalingsservice(1).answer(b"\r\n".join([*lines, b""]))


def test_a_second_demand_for_the_day_is_refused_in_another_delivery_too() -> None:
    provider = Betalingsservice(1)
    delivered = _collections([100, 200, 300, 400], {})
    provider.answer(delivered)
    with pytest.raises(RefusedError, match="already by an earlier delivery"):
        provider.answer(delivered)
