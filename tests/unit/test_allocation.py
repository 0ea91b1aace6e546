"""Which line a payment pays, in columns: what is open, what comes, what becomes of it (R12, R24)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.allocation import OpenCharge, allocate, missing, pay_lines, split
from hub.ledger.terms import RANKS
from hub.ledger.vat import vat_share, vat_within

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "ledger"

#: (charge id, due, reference, claim, øre); line ids count up from 1.
Line = tuple[int, str, str, str, int]
OCT_RENT: Line = (1, "2026-10-01", "OCT", "obligatory", 500_00)
OCT_FEE: Line = (1, "2026-10-01", "OCT", "fee", 100_00)
SEP_FEE: Line = (2, "2026-09-15", "FEE", "fee", 100_00)
SEP_INTEREST: Line = (3, "2026-09-01", "INT", "interest", 25)
NOV_RENT: Line = (4, "2026-11-01", "NOVEMBER-2026", "obligatory", 500_00)
PARKING: Line = (5, "2026-08-01", "PARK", "other", 80_00)


def opened(lines: list[Line], policy: str) -> list[OpenCharge]:
    charges: dict[tuple[int, int], OpenCharge] = {}
    for line_id, (charge_id, due, reference, claim, ore) in enumerate(lines, start=1):
        rank = RANKS[policy][claim]
        if (charge_id, rank) in charges:
            charges[charge_id, rank].add_line(line_id, ore)
        else:
            charges[charge_id, rank] = OpenCharge(rank, due, charge_id, reference, line_id, ore)
    return sorted(charges.values())


ALL = [OCT_RENT, SEP_FEE, SEP_INTEREST, NOV_RENT, PARKING]


@pytest.mark.parametrize(
    ("lines", "policy", "reference", "amount", "paid", "left"),
    [
        # Homes: obligatory payments oldest due first, then what else is owed, then fees and interest.
        (ALL, "obligatory", "", 500_00, [(1, 500_00, "obligatory")], 0),
        (ALL, "obligatory", "", 1_050_00, [(1, 500_00), (4, 500_00), (5, 50_00)], 0),
        (ALL, "obligatory", "", 1_180_25, [(1, 500_00), (4, 500_00), (5, 80_00), (3, 25), (2, 100_00)], 0),
        (ALL, "obligatory", "", 1_180_26, [(1, 500_00), (4, 500_00), (5, 80_00), (3, 25), (2, 100_00)], 1),
        # Business: fees, interest, principal.
        (ALL, "costs", "", 100_25, [(2, 100_00, "costs"), (3, 25, "costs")], 0),
        (ALL, "costs", "", 200_25, [(2, 100_00), (3, 25), (5, 80_00), (1, 20_00)], 0),
        # As it fell due.
        (ALL, "oldest", "", 180_25, [(5, 80_00, "oldest"), (3, 25, "oldest"), (2, 100_00, "oldest")], 0),
        # What the reference names comes first, whatever its place; then the policy.
        (ALL, "obligatory", "FEE", 100_00, [(2, 100_00, "reference")], 0),
        (ALL, "obligatory", "FEE", 150_00, [(2, 100_00, "reference"), (1, 50_00, "obligatory")], 0),
        (ALL, "obligatory", "NOBODY", 50_00, [(1, 50_00, "obligatory")], 0),
        # Nine characters are all that section 0215 gives back of a reference.
        (ALL, "obligatory", "NOVEMBER-", 500_00, [(4, 500_00, "reference")], 0),
        (ALL, "obligatory", "NOVEMBER", 500_00, [(1, 500_00, "obligatory")], 0),
        (
            [NOV_RENT, (6, "2026-12-01", "NOVEMBER-X", "obligatory", 1_00)],
            "obligatory",
            "NOVEMBER-",
            1_00,
            [(1, 1_00)],
            0,
        ),
        # A charge of two ranks: its reference pays the rent first, and the fee from what is left.
        ([OCT_RENT, OCT_FEE], "obligatory", "OCT", 550_00, [(1, 500_00), (2, 50_00)], 0),
        ([OCT_RENT, OCT_FEE], "costs", "OCT", 550_00, [(2, 100_00), (1, 450_00)], 0),
        # Lines of one rank share in proportion, to the øre.
        ([OCT_RENT, (1, "2026-10-01", "OCT", "obligatory", 250_00)], "obligatory", "", 100, [(1, 67), (2, 33)], 0),
        ([], "obligatory", "", 100, [], 100),
        (ALL, "obligatory", "", 0, [], 0),
    ],
)
def test_what_is_paid(
    lines: list[Line], policy: str, reference: str, amount: int, paid: list[tuple[object, ...]], left: int
) -> None:
    found, rest = allocate(amount, opened(lines, policy), reference, policy)
    assert rest == left
    assert [one[: len(two)] for one, two in zip(found, paid, strict=True)] == paid


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside this checkout")
def test_the_published_claim_of_costs_interest_and_principal() -> None:
    case = json.loads((SAMPLES / "09_matching_and_adjustment_cases.json").read_text())["allocation_order"][0]
    claims = {"cost": "fee", "interest": "interest", "principal": "obligatory"}
    lines = [(1, "2026-10-01", "", claims[name], round(kroner * 100)) for name, kroner in case["claim"].items()]
    for policy, expected in (("costs", case["costs_first"]), ("obligatory", case["principal_first"])):
        paid, _ = allocate(round(case["payment"] * 100), opened(lines, policy), "", policy)
        names = list(case["claim"])
        assert {names[line_id - 1]: ore for line_id, ore, _ in paid} == {
            name: round(expected[name] * 100) for name in names if expected.get(name)
        }


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not beside this checkout")
def test_small_differences_are_exact_at_the_edge() -> None:
    """Two percent of 1,210.00 are 24.20 exactly; floats made 2.000000000000004 of it."""
    cases = json.loads((SAMPLES / "09_matching_and_adjustment_cases.json").read_text())["small_differences"]
    for case in cases:
        if "invoice" not in case:
            continue
        invoice, paid = round(case["invoice"] * 100), round(case["paid"] * 100)
        for limit, written_off in ((invoice - paid, True), (invoice - paid - 1, False)):
            charges = opened([(1, "2026-10-01", "", "obligatory", invoice)], "oldest")
            allocated, _ = allocate(paid, charges, "", "oldest")
            left = missing(charges, allocated, limit)
            assert left == ([(1, invoice - paid)] if written_off and invoice > paid else [])


class TestMissing:
    def test_of_a_whole_charge_not_of_a_line(self) -> None:
        charges = opened([OCT_RENT, OCT_FEE], "obligatory")
        paid, _ = allocate(599_50, charges, "", "obligatory")
        assert missing(charges, paid, 49) == []
        assert missing(charges, paid, 50) == [(2, 50)]

    def test_only_of_what_was_just_paid(self) -> None:
        charges = opened(
            [(1, "2026-10-01", "A", "obligatory", 10), (2, "2026-11-01", "B", "obligatory", 500_00)], "oldest"
        )
        paid, _ = allocate(500_00, charges, "B", "oldest")
        assert missing(charges, paid, 100) == []


class TestPayLines:
    def test_as_far_as_they_are_open_and_no_more_than_asked(self) -> None:
        charges = opened([OCT_RENT, OCT_FEE], "obligatory")
        paid, left = pay_lines(300_00, charges, [(2, 150_00), (1, 100_00)], "document")
        assert (paid, left) == ([(2, 100_00, "document"), (1, 100_00, "document")], 100_00)
        assert [charge.remaining for charge in charges] == [400_00, 0]


lines_open = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.sampled_from(["2026-09-01", "2026-10-01"]),
        st.sampled_from(["", "A", "B"]),
        st.sampled_from(["obligatory", "other", "fee", "interest"]),
        st.integers(1, 10**6),
    ),
    max_size=8,
)


@given(lines_open, st.sampled_from(list(RANKS)), st.sampled_from(["", "A", "X"]), st.integers(0, 10**7))
def test_money_is_neither_made_nor_lost(lines: list[Line], policy: str, reference: str, amount: int) -> None:
    charges = opened(lines, policy)
    owed = sum(charge.remaining for charge in charges)
    paid, left = allocate(amount, charges, reference, policy)
    assert sum(ore for _, ore, _ in paid) + left == amount
    assert sum(charge.remaining for charge in charges) == owed - (amount - left)
    assert all(ore > 0 for _, ore, _ in paid)
    assert all(remaining >= 0 for charge in charges for _, remaining in charge.lines)
    assert left == 0 or all(charge.remaining == 0 for charge in charges)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_a_split_is_whole_and_nobody_gets_more_than_a_share(amount: int, weights: list[int]) -> None:
    total = sum(weights)
    shares = split(min(amount, total), weights)
    assert sum(shares) == min(amount, total)
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))


@pytest.mark.parametrize(
    ("amount", "rate", "vat"),
    [
        (125_00, 25_00, 25_00),
        (100_00, 25_00, 20_00),
        (1, 25_00, 0),
        (3, 25_00, 1),
        (112_00, 12_00, 12_00),
        (50_00, 0, 0),
    ],
)
def test_vat_is_within_the_amount(amount: int, rate: int, vat: int) -> None:
    assert vat_within(amount, rate) == vat


@given(st.integers(1, 10**9), st.sampled_from([0, 6_00, 12_00, 25_00]), st.data())
def test_parts_of_an_amount_have_their_parts_of_its_vat(amount: int, rate: int, data: st.DataObject) -> None:
    vat = vat_within(amount, rate)
    part = data.draw(st.integers(0, amount))
    assert 0 <= vat_share(vat, amount, part) <= vat
    assert vat_share(vat, amount, amount) == vat
