"""Explained to its record, where the records of a file are no lines of it: the fields that the plug-in shows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from demo.bank_files import Paid
from hub.settings import load_site
from hub.store.database import connect
from hub.store.tables import bank_line
from tests.camt import Line
from tests.month_end import MonthEndSite, fee_line


@pytest.fixture
def site(tmp_path: Path, sqlite_url: str) -> MonthEndSite:
    return MonthEndSite(tmp_path / "site", sqlite_url)


def entry_of(site: MonthEndSite, text: str) -> int:
    opened = connect(load_site(site.root).database_url)
    with opened.read() as conn:
        entry_id = conn.execute(select(bank_line.c.entry_id).where(bank_line.c.text.contains(text))).scalar_one()
    opened.close()
    return int(entry_id)


def test_a_bank_line_is_shown_by_the_fields_of_its_own_entry(site: MonthEndSite) -> None:
    other = Line(300_00, date(2026, 11, 3), text="Noget andet", servicer_reference="X1")
    site.bank(1, 0, other, fee_line(-45_00))
    entry_id = entry_of(site, "Gebyr")
    source = site.ask("explain", entry_id)["source"]
    fields = {one["field"]: one["text"] for one in source["fields"]}
    assert (fields["Amt"], fields["CdtDbtInd"]) == ("45.00", "DBIT")
    assert "Gebyr kontohold" in fields.values()
    assert "Noget andet" not in fields.values()
    assert (source["record"], source["bytes"]) == (3, None)
    assert "record 3:" in site.hub("explain", entry_id).out
    shown = site.hub("layout", "show", "bank", source["file_id"]).out
    assert "Gebyr kontohold" in shown
    assert "<?xml" not in shown

    (site.root / "config/vendors/bank.toml").unlink()
    source = site.ask("explain", entry_id)["source"]
    assert (source["fields"], source["bytes"]) == ([], None)


def test_of_xml_whose_records_are_lines_the_bytes_are_shown(site: MonthEndSite) -> None:
    site.mobilepay(Paid(2_000_00, 20_00, "nobody"))
    (payment,) = site.ask("unmatched")["unmatched"]
    source = site.ask("explain", payment["payment"])["source"]
    assert source["fields"] is None
    assert source["bytes"].startswith("<")
