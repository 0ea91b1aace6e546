"""D records (DTD305): what is booked of them, and what is refused (R6, R25, R26, R28, R30)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.plugin import ConsumptionResult, HubError, Kept, Malformed, Remark

YEAR = "2025-01-01..2025-12-31"
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)


@pytest.fixture(scope="session")
def settled(read):
    def go(*records, period=YEAR, **result):
        charged = {"charge_types": {"231": "75040"}, "amounts": "balance"} | result
        return read("DTD305", *records, period=period, result=charged)

    return go


def _refusal(settled, *records, **settings) -> str:
    with pytest.raises(Malformed) as refused:
        settled(*records, **settings)
    return str(refused.value)


def _result(**changes) -> ConsumptionResult:
    usual = ConsumptionResult(
        *(1, "1", "12", "304", "2", -87450, "balance", 600000, "75040", FIRST, LAST),
    )
    return usual._replace(**changes)


def test_a_balance_with_what_was_paid_on_account(settled, hand):
    assert settled(hand.result(), hand.result("1-12-305-1", balance="0000000050", cost="0000600050")) == [
        _result(),
        _result(record=2, unit="305", tenant="1", amount=50),
    ]


def test_a_cost_with_what_was_paid_on_account(settled, hand):
    assert settled(hand.result(), amounts="cost") == [_result(amount=512550, measure="cost")]
    assert settled(hand.result(balance=""), amounts="cost") == [_result(amount=512550, measure="cost")]


def test_blank_is_not_zero(settled, hand):
    """Without advances the standard's "balance or cost" is the cost: nothing was taken off it."""
    alone = hand.result(cost="", advance="", balance="0000512550")
    assert settled(alone, amounts="cost") == [_result(amount=512550, measure="cost", on_account=None)]
    assert "positions 78-87, field 'advance_gross': found blanks" in _refusal(settled, alone)
    nothing_paid = hand.result(advance="0000000000", balance="0000512550")
    assert settled(nothing_paid) == [_result(amount=512550, on_account=0)]
    assert "positions 128-137, field 'balance_gross': found blanks" in _refusal(settled, hand.result(balance=""))
    costless = hand.result(cost="")
    assert "positions 58-67, field 'cost_gross': found blanks" in _refusal(settled, costless, amounts="cost")


def test_net_amounts_where_config_asks_for_them(settled, hand):
    net = ((68, "0000410040"), (88, "0000480000"), (138, "-000069960"))
    (found,) = settled(hand.result(more=net), vat="net")
    assert (found.amount, found.on_account) == (-69960, 480000)
    assert "field 'balance_net': found blanks" in _refusal(settled, hand.result(), vat="net")


def test_a_record_that_contradicts_itself(settled, hand):
    assert _refusal(settled, hand.result(), hand.result(balance="-000087451")) == (
        "line 2, positions 128-137, field 'balance_gross': the record's amounts contradict each other: "
        "found -874.51, expected 5125.50 less 6000.00"
    )
    assert "contradict" in _refusal(settled, hand.result(advance="", balance="0000512551"), amounts="cost")


def test_several_cost_keys_go_on_the_types_of_config(settled, hand):
    lines = [hand.result(), hand.result(cost_key="237"), hand.result(cost_key="230")]
    found = settled(*lines, charge_types={"231": "75040", "237": "73039"}, kept=["230"])
    assert found == [_result(), _result(record=2, charge_type="73039"), Kept(3, "230", found[2].text)]
    assert found[2].text == "1-12-304-2: total, kept by config"


def test_a_cost_key_that_nobody_agreed_on_refuses_the_file(settled, hand):
    assert _refusal(settled, hand.result(), hand.result(cost_key="237"), kept=["230"]) == (
        "line 2, positions 148-150, field 'cost_key': "
        "found 237, expected a key that settings.result books (231) or keeps (230)"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"charge_types": {"230": "75040", "237": "73039"}}, "one holds the other"),
        ({"charge_types": {"231": "75040", "234": "73039"}}, "one holds the other"),
        ({"charge_types": {"236": "75040", "238": "73039"}}, "one holds the other"),
        ({"charge_types": {"234": "75040", "235": "75040"}}, "both go on 75040"),
        ({"charge_types": {"231": "75020"}}, "never carries a result"),
        ({"charge_types": {"232": "75040"}}, "a D record has no cost key 232"),
        ({"charge_types": {"231": "75040"}, "kept": ["231"]}, "both booked and kept"),
        ({"charge_types": {}}, "at least 1 item"),
        ({"amounts": None}, "'balance' or 'cost'"),
    ],
)
def test_settings_that_would_book_wrongly(settled, hand, settings, said):
    with pytest.raises(ValidationError, match=said):
        settled(hand.result(), **settings)


def test_the_last_day_of_use_must_lie_in_the_period(settled, hand):
    moved = hand.result(last_day="310325")
    assert settled(moved) == [_result()]
    assert _refusal(settled, hand.result(), hand.result(last_day="010126")) == (
        "line 2, positions 52-57, field 'last_day': "
        "found 2026-01-01, expected a day of the period that is given, 2025-01-01..2025-12-31 (R30)"
    )


def test_without_a_period_none_is_guessed(settled, hand):
    *found, remark = settled(hand.result(), hand.result("1-12-305-1", last_day="310325"), period="")
    assert [(result.period_from, result.period_to) for result in found] == [(None, None), (None, None)]
    assert remark == Remark("the last days of use lie from 2025-03-31 to 2025-12-31; the file carries no first day")


@pytest.mark.parametrize(("year", "century", "expected"), [("99", "nearest", 1999), ("76", "2000", 2076)])
def test_the_century_is_that_nearest_to_the_file(read, hand, year, century, expected):
    *_, remark = read("DTD305", hand.result(last_day=f"3112{year}"), century=century)
    assert f"to {expected}-12-31" in remark.text


def test_another_currency_or_customer_refuses_the_file(settled, read, hand):
    assert _refusal(settled, hand.result(currency="EUR")) == (
        "line 1, positions 201-203, field 'currency': found EUR, expected DKK, as settings.currency says"
    )
    (found,) = read("DTD305", hand.result(currency="EUR"), period=YEAR, currency="EUR")
    assert found.amount == -87450
    said = _refusal(settled, hand.result(), hand.result(customer="0000088002"))
    assert said.startswith("line 2, positions 7-16, field 'customer': found 0000088002, expected 0000088001")


def test_what_is_not_used_is_remarked(settled, hand):
    new = hand.result(more=((98, "0000052000"), (900, "CO2")))
    *found, gap, advance = settled(new, new)
    assert len(found) == 2
    assert gap.text.startswith("2 lines have content between the fields (R34), first line 1, positions 204-1023")
    assert advance.text == "2 records carry a new monthly advance, which is not used"


@pytest.mark.parametrize("version", ["03.06", "03.10", "02.10"])
def test_records_of_another_version_are_refused(settled, hand, version):
    said = _refusal(settled, hand.result()[:1] + version + hand.result()[6:])
    assert said.startswith(f"line 1, positions 2-6, field 'version': found '{version}'")


# --- What the plug-in makes, it reads back ------------------------------------------------------------------------

_made = st.builds(
    _result,
    unit=st.integers(1, 9999).map(str),
    tenant=st.integers(1, 999).map(str),
    amount=st.integers(-4 * 10**8, 4 * 10**8),
    on_account=st.integers(-4 * 10**8, 4 * 10**8),
    charge_type=st.sampled_from(["75040", "73039"]),
)


@given(st.lists(_made, min_size=1, max_size=5), st.sampled_from(["balance", "cost"]), st.sampled_from(["gross", "net"]))
def test_a_result_file_reads_back_as_it_was_made(plugin, settled, made, measure, vat):
    agreed = {"charge_types": {"231": "75040", "237": "73039"}, "amounts": measure, "vat": vat}
    made = [result._replace(measure=measure, record=line) for line, result in enumerate(made, 1)]
    assert settled(b"".join(plugin(result=agreed).make("result", made, {})), **agreed) == made


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"charge_type": "73039"}, "cannot carry"),
        ({"period_to": None}, "cannot carry"),
        ({"measure": "cost"}, "found a cost, expected a balance"),
        ({"on_account": None}, "a balance needs the amount on account that it is less"),
        ({"unit": "12A"}, "the provider's number of unit 1-12-12A is not known"),
        ({"amount": 10**10}, "fits 10 positions with 2 decimals"),
    ],
)
def test_what_a_result_file_cannot_carry(plugin, changes, said):
    with pytest.raises(HubError, match=said):
        list(plugin().make("result", [_result(**changes)], {}))
    with pytest.raises(HubError, match="are made with the provider's numbers"):
        list(plugin(export=None).make("result", [], {}))
