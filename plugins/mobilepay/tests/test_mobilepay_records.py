"""Keys and links: one event, one key, whatever the format; and the settings that every format uses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.plugin.limits import breach_of
from hub_mobilepay import records
from hub_mobilepay.settings import MobilePaySettings

DAY, LATER = date(2026, 2, 3), date(2026, 3, 3)
SOLD = {
    "record": 1,
    "creditor": "710042",
    "transaction": "5700000001",
    "reference": "1230402",
    "amount": 100,
    "currency": "DKK",
    "sold_on": DAY,
    "booked_on": DAY,
}
OWN = {name: value for name, value in SOLD.items() if name != "sold_on"}
KEPT = {
    "record": 1,
    "creditor": "710042",
    "number": "2000107",
    "amount": 100,
    "currency": "DKK",
    "booked_on": DAY,
}


def test_a_dispute_and_its_return_are_linked_to_the_capture() -> None:
    """And each may come again on another day."""
    capture, dispute = records.captured(**SOLD), records.disputed(**SOLD)
    returned, again = records.dispute_returned(**SOLD), records.disputed(**SOLD | {"booked_on": LATER})
    assert capture.link == dispute.link == returned.link == again.link == "mobilepay|710042|5700000001"
    assert len({capture.key, dispute.key, returned.key, again.key}) == 4
    assert (dispute.amount, returned.amount) == (100, 100)


def test_moments_tell_two_disputes_of_one_day_apart() -> None:
    assert records.disputed(**SOLD, moment="10:00").key != records.disputed(**SOLD, moment="11:00").key


def test_the_key_of_a_payment_holds_neither_day_nor_amount_nor_reference() -> None:
    """R5: another file may say them otherwise, and the hub then calls it a conflict, not a second payment."""
    other = SOLD | {"amount": 200, "booked_on": LATER, "sold_on": LATER, "reference": "1"}
    assert records.captured(**other).key == records.captured(**SOLD).key


@pytest.mark.parametrize("handle", ["DK:90601", "api:90601", " 90601 ", "90601"])
def test_a_handle_is_the_number_that_files_have(handle: str) -> None:
    assert records.creditor_of(handle) == "90601"


def test_what_is_nobodys_goes_to_suspense_with_its_sign() -> None:
    correction = records.correction(**OWN | {"amount": -100})
    unknown = records.unknown_money(**OWN, entry_type="cash|back")
    assert [(one.customer, one.reference, one.amount) for one in (correction, unknown)] == [
        ("", "", -100),
        ("", "", 100),
    ]
    assert "manuel korrektion" in correction.text
    assert "ukendt type 'cash|back'" in unknown.text
    assert unknown.key == "mobilepay|710042|5700000001|type cash‖back|2026-02-03|"


def test_payouts_and_what_goes_the_other_way() -> None:
    made = [records.paid_out(**KEPT), records.payout_aborted(**KEPT), records.top_up(**KEPT)]
    assert [one.amount for one in made] == [100, -100, -100]
    assert len({one.key for one in made}) == 3


def test_fees_and_credit_notes_of_one_number_are_two() -> None:
    assert records.fee(**KEPT).key != records.credit_note(**KEPT | {"amount": -100}).key


@given(st.text(max_size=100), st.text(max_size=60), st.text(max_size=300))
def test_whatever_the_vendor_writes_fits_a_record(reference: str, entry_type: str, note: str) -> None:
    for made in (
        records.unknown_money(**OWN | {"reference": reference}, entry_type=entry_type),
        records.kept_unknown(record=1, entry_type=entry_type, note=note),
        records.fee(**KEPT, note=note),
        records.captured(**SOLD, note=note),
    ):
        assert not breach_of(made)


class TestSettings:
    def test_the_first_field_that_is_filled_is_our_reference(self) -> None:
        given_settings = MobilePaySettings(own_reference=("external_id", "reference"))
        assert given_settings.own_reference_of({"reference": "R", "external_id": "E"}) == "E"
        assert given_settings.own_reference_of({"reference": " R ", "external_id": " "}) == "R"
        assert given_settings.own_reference_of({"order_id": "O"}) == ""

    def test_a_day_is_that_of_the_site(self) -> None:
        moment = datetime(2026, 2, 2, 23, 30, tzinfo=UTC)
        assert MobilePaySettings().day_of(moment) == DAY
        assert MobilePaySettings(timezone="UTC").day_of(moment) == date(2026, 2, 2)

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"own_reference": []}, "at least 1 item"),
            ({"own_reference": ["name"]}, "'reference', 'order_id'"),
            ({"timezone": "Aarhus"}, "'Aarhus' is no time zone"),
            ({"payout_text": "{sum}"}, "{sum} is not known, only {payout}, {recipient}, {recipient8}, {ddmmyy}"),
            ({"layout_b": {"gross": ["netto"]}}, "'Netto' is the heading of gross and of net"),
            ({"layout_b": {"refund": ["salg"]}}, "sale and refund have a word in common"),
            ({"layout_b": {"decimal_mark": ","}}, "delimiter and decimal_mark must differ"),
            ({"layout_b": {"currency": "kr"}}, "pattern"),
            ({"xlsx": {"ratio_max": 1_000}}, "less than or equal to 90"),
            ({"sales_units": []}, "Extra inputs"),
        ],
    )
    def test_what_cannot_be_is_refused(self, wrong: dict[str, Any], said: str) -> None:
        with pytest.raises(ValidationError) as refused:
            MobilePaySettings.model_validate(wrong)
        assert said in str(refused.value)
