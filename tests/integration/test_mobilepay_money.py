"""Settlements of MobilePay, from the bytes of their files to the bank's statement: clearing and transit end at 0.00."""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path

import pytest

from hub.plugin import FileView, Mine
from hub.store.database import Database
from hub.store.results import Result
from hub_mobilepay import Plugin
from hub_mobilepay.settings import MobilePaySettings
from tests.clearing_desk import ACCOUNT, DAY, ClearingDesk, line
from tests.hand import FIRST

SALES_UNIT = "90601"
CLEARING, IN_TRANSIT, FEES = f"mobilepay:{SALES_UNIT}:", f"mobilepay:{SALES_UNIT}:payout", "named:mobilepay_fees"
BANK = f"bank:{ACCOUNT}"
BANK_TEXT = "02000906010010211264"
SAMPLE = Path(__file__).resolve().parents[3] / "shared/samples/mobilepay/vipps_Example-Net.xml"
#: 500.00 from the customer 101, 20.00 of it given back, 5.00 kept as fees.
REPORT = f"""<?xml version="1.0" encoding="UTF-8"?>
<SettlementReport xmlns="http://vipps.no/xmlschema/SettlementReport-3.0.xsd"><SettlementDetailsInfo>
<SaleUnitName>Æblegården</SaleUnitName><SerialNumber>{SALES_UNIT}</SerialNumber>
<OrganizationName/><OrganizationNumber/><MainAddress/><MainAddressZipCode/><MainAddressCity/><MainAddressCountryCode/>
<PaymentsInfo>
<ReportDateFrom>{DAY}</ReportDateFrom><ReportDateTo>{DAY}</ReportDateTo>
<SettlementCurrencyCode>DKK</SettlementCurrencyCode><SettlementAccountNum>1</SettlementAccountNum>
<SettlementInfo>
<SettlementDate>{DAY}</SettlementDate><SettlementID>2000001</SettlementID>
<SettlementCurrencyCode>DKK</SettlementCurrencyCode><SettlementType>Net</SettlementType>
<TransactionInfo>
<TransactionTime>{DAY}T08:00:00+01:00</TransactionTime><TransactionCaptureAmount>500.00</TransactionCaptureAmount>
<TransactionRefundAmount>0.00</TransactionRefundAmount><TransactionGrossAmount>500.00</TransactionGrossAmount>
<TransactionNetAmount>495.00</TransactionNetAmount><TransactionFeeAmount>5.00</TransactionFeeAmount>
<SettlementCurrencyCode>DKK</SettlementCurrencyCode><TransactionID>5001</TransactionID><OrderID>101</OrderID>
</TransactionInfo>
<TransactionInfo>
<TransactionTime>{DAY}T09:00:00+01:00</TransactionTime><TransactionCaptureAmount>0.00</TransactionCaptureAmount>
<TransactionRefundAmount>-20.00</TransactionRefundAmount><TransactionGrossAmount>-20.00</TransactionGrossAmount>
<TransactionNetAmount>-20.00</TransactionNetAmount><TransactionFeeAmount>0.00</TransactionFeeAmount>
<SettlementCurrencyCode>DKK</SettlementCurrencyCode><TransactionID>5002</TransactionID><OrderID>101</OrderID>
</TransactionInfo>
<NumOfTransactions>2</NumOfTransactions><CaptureSettlementAmount>500.00</CaptureSettlementAmount>
<RefundSettlementAmount>-20.00</RefundSettlementAmount><GrossSettlementAmount>480.00</GrossSettlementAmount>
<NetSettlementAmount>475.00</NetSettlementAmount><FeeSettlementAmount>5.00</FeeSettlementAmount>
<SettledAmount>475.00</SettledAmount>
</SettlementInfo>
<NumOfSettlements>1</NumOfSettlements></PaymentsInfo></SettlementDetailsInfo>
<VippsInfo><Name/><WebSite/><VisitingAddress/><PostBox/><PostAddress/><Country/></VippsInfo>
</SettlementReport>
""".encode()


def page(*entries: tuple[str, int, str, str]) -> bytes:
    """(type, øre, number, reference) each, of a ledger that begins at 0.00."""
    after = list(accumulate(amount for _, amount, _, _ in entries))
    items = [
        {
            "pspReference": number,
            "time": f"{DAY}T08:00:{at:02}Z",
            "ledgerDate": DAY.isoformat(),
            "entryType": kind,
            "reference": reference,
            "currency": "DKK",
            "amount": amount,
            "recipientHandle": f"DK:{SALES_UNIT}",
            "balanceBefore": after[at] - amount,
            "balanceAfter": after[at],
        }
        for at, (kind, amount, number, reference) in enumerate(entries)
    ]
    return json.dumps({"items": items, "hasMore": False, "tryLater": False}).encode()


#: The same day as the Report API has it.
FUNDS = page(
    ("capture", 500_00, "5001", "101"),
    ("refund", -20_00, "5002", "101"),
    ("fees-retained", -5_00, "302321-77", ""),
    ("payout-scheduled", -475_00, "302321-2000001", BANK_TEXT),
)


class _Mobilepay:
    """Books files of the plug-in, from their bytes."""

    def __init__(self, desk: ClearingDesk, folder: Path) -> None:
        self.desk = desk
        self._path = folder / "content"
        self._plugin = Plugin(MobilePaySettings())

    def book(self, content: bytes) -> Result:
        self._path.write_bytes(content)
        file = FileView("file", len(content), self._path)
        said = self._plugin.identify(file)
        assert isinstance(said, Mine)
        return self.desk.book("mp", *self._plugin.read(file, said.kind))


@pytest.fixture
def mobilepay(database: Database, tmp_path: Path) -> _Mobilepay:
    desk = ClearingDesk(
        database,
        tmp_path,
        mp={"numbers": {SALES_UNIT: "1", "100716": "1"}, "clearing": {"fee_account": "mobilepay_fees"}},
    )
    desk.desk.charge(FIRST, "NOV", "2026-11-01", 500_00)
    return _Mobilepay(desk, tmp_path)


@pytest.mark.parametrize(("content", "text"), [(REPORT, "MobilePay"), (FUNDS, f"{BANK_TEXT[:10]} {BANK_TEXT[10:]}")])
def test_a_settlement_ends_at_zero_when_the_bank_shows_its_payout(
    mobilepay: _Mobilepay, content: bytes, text: str
) -> None:
    desk = mobilepay.desk
    booked = mobilepay.book(content)
    assert (booked.state, booked.counts.unmatched, booked.counts.held) == ("booked", 0, 0)
    assert desk.desk.balance(FIRST) == 20_00
    assert (desk.on(CLEARING), desk.on(IN_TRANSIT), desk.on(FEES)) == (0, 475_00, 5_00)
    desk.book("bank", line(475_00, text))
    desk.reconcile()
    assert (desk.on(CLEARING), desk.on(IN_TRANSIT), desk.on(BANK), desk.open()) == (0, 0, 475_00, [])
    desk.proven()


def test_what_comes_by_both_ways_pays_once_and_goes_out_once(mobilepay: _Mobilepay) -> None:
    desk = mobilepay.desk
    mobilepay.book(page(("capture", 500_00, "5001", "101"), ("refund", -20_00, "5002", "101")))
    again = mobilepay.book(REPORT)
    assert again.counts.duplicate == 2
    assert desk.desk.balance(FIRST) == 20_00
    assert (desk.on(CLEARING), desk.on(IN_TRANSIT)) == (0, 475_00)
    desk.proven()


def test_a_dispute_reopens_the_rent_and_its_return_pays_it_again(mobilepay: _Mobilepay) -> None:
    desk = mobilepay.desk
    mobilepay.book(page(("capture", 500_00, "5001", "101"), ("retained-disputed-capture", -500_00, "5001", "101")))
    assert (desk.desk.balance(FIRST), desk.on(CLEARING)) == (500_00, 0)
    mobilepay.book(page(("returned-disputed-capture", 500_00, "5001", "101")))
    assert (desk.desk.balance(FIRST), desk.on(CLEARING)) == (0, 500_00)
    desk.proven()


def test_fees_are_listed_and_move_nothing(mobilepay: _Mobilepay) -> None:
    booked = mobilepay.book(page(("capture-fee", -5_00, "5001", "101"), ("fees-retained", 5_00, "302321-77", "")))
    assert (booked.counts.kept, booked.counts.booked, booked.amount) == (2, 0, 0)
    assert mobilepay.desk.on(FEES) == 0


def test_money_of_an_unknown_type_waits_in_suspense(mobilepay: _Mobilepay) -> None:
    booked = mobilepay.book(page(("capture", 500_00, "5001", "101"), ("loyalty-bonus", 1_00, "5003", "101")))
    assert (booked.counts.booked, booked.counts.unmatched) == (1, 1)
    assert (mobilepay.desk.on(CLEARING), mobilepay.desk.on("suspense")) == (501_00, -1_00)
    mobilepay.desk.proven()


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the sample files are not beside this checkout")
def test_the_published_report_is_held_in_its_currency_and_booked_with_its_totals_in_ours(mobilepay: _Mobilepay) -> None:
    desk = mobilepay.desk
    held = mobilepay.book(SAMPLE.read_bytes())
    assert (held.state, held.counts.held) == ("quarantined", 17)
    booked = mobilepay.book(SAMPLE.read_bytes().replace(b">NOK<", b">DKK<"))
    assert booked.state == "booked"
    assert (desk.on("mobilepay:100716:"), desk.on("mobilepay:100716:payout")) == (0, 17_00)
    assert desk.on("suspense") == -17_00
    desk.proven()
