"""The day on which something was done is the company's: at half past midnight at home it is yesterday in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.integration.cli_runner import hub
from tests.tiny_site import delivery, write_site

#: A zone that has another day than UTC now, and until the hour is over.
_AWAY = "Pacific/Kiritimati" if datetime.now(UTC).hour >= 11 else "Etc/GMT+12"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    write_site(root)
    (root / "config/companies/1.toml").write_text(
        f'number = "1"\ntimezone = "{_AWAY}"\n[journal]\nformat = "e-conomic"\n'
        '[journal.accounts]\nreceivable = 5600\nopening = 9000\nincome = 1000\n[charge_types]\n10 = "Husleje"\n',
        encoding="utf-8",
    )
    assert hub("charges", "add", "1-1-1-1", "--due", "2026-10-01", "--line", "10=1.00", site=root).status == 0
    return root


def _day(moment: str) -> str:
    at = datetime.fromisoformat(moment)
    day = at.astimezone(ZoneInfo(_AWAY)).date()
    assert day != at.astimezone(UTC).date()
    return day.isoformat()


def test_of_a_journal(site: Path) -> None:
    assert hub("journal", "export", "--company", "1", site=site).status == 0
    (one,) = hub("journal", "list", "--json", site=site).json["journals"]
    assert _day(one["exported_at"]) in hub("journal", "list", site=site).out


def test_of_a_charge_s_notes_and_attachments(site: Path) -> None:
    (charge,) = hub("charges", "list", "--json", site=site).json["charges"]
    assert hub("charges", "note", "1-1-1-1", f"#{charge['id']}", "aftalt", "--actor", "Åse", site=site).status == 0
    assert hub("charges", "attach", "1-1-1-1", f"#{charge['id']}", site / "portfolio.csv", site=site).status == 0
    found = hub("charges", "show", f"#{charge['id']}", "--json", site=site).json
    told = hub("charges", "show", f"#{charge['id']}", site=site).out
    assert f"note {_day(found['notes'][0]['at'])} Åse: aftalt" in told
    (row,) = (line for line in told.splitlines() if "portfolio.csv" in line)
    assert _day(found["attachments"][0]["at"]) in row


def test_of_a_remembered_match_and_of_its_end(site: Path) -> None:
    (site / "file").write_bytes(delivery(("777", 100_00)))
    assert hub("ingest", site / "file", site=site).status == 0
    (payment,) = hub("unmatched", "--json", site=site).json["unmatched"]
    assert hub("match", payment["payment"], "1-1-1-1", "--remember", "--actor", "Åse", site=site).status == 0
    (rule,) = hub("rules", "list", "--json", site=site).json["rules"]
    assert f"{_day(rule['at'])} Åse" in hub("rules", "list", site=site).out
    assert hub("rules", "forget", rule["id"], site=site).status == 0
    assert f"forgotten {_day(rule['at'])}" in hub("rules", "list", site=site).out


def test_of_what_was_taken_back(site: Path) -> None:
    (charge,) = hub("charges", "list", "--json", site=site).json["charges"]
    entry = hub("charges", "show", f"#{charge['id']}", "--json", site=site).json["entry"]
    assert hub("reverse", entry, "--reason", "wrong_amount", site=site).status == 0
    told = hub("explain", entry, "--json", site=site).json
    day = _day(told["taken_back_by"]["recorded_at"])
    number, year = int(day[8:]), day[:4]
    (said,) = (one for one in told["sentences"] if one.startswith("Den blev taget tilbage"))
    assert f" den {number}. " in said
    assert f" {year}: " in said
