"""Settlement files of MobilePay as a person takes them in and looks into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli_runner import hub

_ROOT = Path(__file__).resolve().parents[2]
GOLDEN = _ROOT / "plugins/mobilepay/tests/golden"
SAMPLES = _ROOT.parent / "shared/samples/mobilepay"
_VENDOR = """plugin = "mobilepay"
numbers = { "710042" = "1", "2142" = "1", "575598" = "1" }
"""
_PORTFOLIO = """company,company_name,pbs_number,property,property_name,unit,tenant,name,bs_customer
1,Skovly,09999999,12,Æblehaven,304,2,Åse Ørnsø,1230402
1,Skovly,09999999,12,Æblehaven,305,1,Bo Ærø,1230501
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    assert hub("init", root).status == 0
    (root / "config/vendors/mobilepay.toml").write_text(_VENDOR)
    people = tmp_path / "portfolio.csv"
    people.write_text(_PORTFOLIO)
    assert hub("portfolio", "import", people, site=root).status == 0
    return root


def test_csv_and_xlsx_are_booked_and_a_broken_one_is_refused_by_its_cell(site: Path) -> None:
    for name in ("710042-2000107.csv", "710042-2000110.xlsx"):
        assert hub("ingest", GOLDEN / name, site=site).status == 0
    refused = hub("ingest", GOLDEN / "710042-2000108.csv", site=site)
    assert refused.status != 0
    assert "line 6, field 'Net, cell 11': a SettlementInfo row: found 13 cells" in refused.out + refused.err
    # Three settlements: 6,950.00 each; a refund of 500.00 to her in the first, to the other tenant in the two others.
    assert hub("balance", "1-12-304-2", "--json", site=site).json["balance"] == "-20350.00"
    assert hub("balance", "1-12-305-1", "--json", site=site).json["balance"] == "-50.00"
    assert hub("verify", site=site).status == 0


def test_a_sales_unit_that_nobody_has_told_of_is_held_and_says_where_to_tell(site: Path) -> None:
    (site / "config/vendors/mobilepay.toml").write_text('plugin = "mobilepay"\n')
    held = hub("ingest", GOLDEN / "710042-2000107.csv", site=site)
    assert held.status == 2
    assert (
        "creditor 710042 is held: creditor 710042 is no company of the portfolio, nor among numbers in "
        "config/vendors/mobilepay.toml: say there whose it is (R7)"
    ) in held.out + held.err


def test_a_spreadsheet_is_shown_row_by_row_without_its_own_bytes(site: Path) -> None:
    shown = hub("layout", "show", "mobilepay", GOLDEN / "wrong-sum.xlsx", site=site)
    assert "! Netto 9: a wrong sum: found '1046.84', expected 1050.00 less the fee of 3.15" in shown.out
    assert "PK" not in shown.out


@pytest.mark.skipif(not SAMPLES.exists(), reason="no shared samples")
def test_the_published_spreadsheet_is_held_in_its_currency_and_the_published_csv_refused(site: Path) -> None:
    config = site / "config/vendors/mobilepay.toml"
    config.write_text(f'{_VENDOR}[settings.layout_b]\ncurrency = "NOK"\n')
    spreadsheet = hub("ingest", SAMPLES / "vipps-settlement-example.xlsx", site=site)
    assert "NOK" in spreadsheet.out + spreadsheet.err
    refused = hub("ingest", SAMPLES / "vipps_settlement-report_2022.csv", site=site)
    assert "line 6, field 'Net, cell 11': a SettlementInfo row: found 13 cells" in refused.out + refused.err
