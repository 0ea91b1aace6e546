"""Every changed value of the portfolio is kept with the old one, and who said so: ``hub portfolio history`` tells."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.acts import contributions
from hub.acts.act import Acting, perform
from hub.errors import HubError
from hub.imports.portfolio import import_portfolio
from hub.settings import CompanyConfig, Site
from hub.store.database import Database, connect
from hub.store.portfolio_history import Change, Noted, Said, history_of
from hub.store.verify import verify
from tests.integration.cli_runner import hub
from tests.tiny_site import write_site

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COLUMNS = (
    "company,company_name,property,property_name,unit,main_unit,tenant,name,business,move_out,bank_account,bs_customer"
)
BEFORE = f"""{COLUMNS}
1,Ådal,12,Ågården,304,,2,Søren,,,,701
1,Ådal,12,Ågården,G1,,1,Søren,,,,702
"""
AFTER = f"""{COLUMNS}
1,Ådal A/S,12,Ågården,304,,2,Søren,ja,2026-12-31,DK50 0040 0440 1162 43,0801
1,Ådal A/S,12,Ågården,G1,304,1,Søren,,,,702
"""


def imported(database: Database, folder: Path, text: str, actor: str = "test") -> None:
    file = folder / "portfolio.csv"
    file.write_text(text, encoding="utf-8")
    assert not import_portfolio(database, file, now=NOW, actor=actor, currency_of=lambda number: "DKK").bad


def told(database: Database, key: str) -> list[tuple[object, ...]]:
    with database.read() as conn:
        return [tuple(noted.change) for noted in history_of(conn, key)]


def test_what_is_new_has_no_history(database: Database, tmp_path: Path) -> None:
    imported(database, tmp_path, BEFORE)
    imported(database, tmp_path, BEFORE)
    assert told(database, "1") == []


def test_every_changed_value_is_kept_once_with_the_old_one(database: Database, tmp_path: Path) -> None:
    imported(database, tmp_path, BEFORE)
    for _ in range(2):
        imported(database, tmp_path, AFTER, "Åse")
    company = ("company", "1", "name", "Ådal", "Ådal A/S")
    of_tenancy = {
        ("tenancy", "1-12-304-2", "business", "no", "yes"),
        ("tenancy", "1-12-304-2", "move_out", None, "2026-12-31"),
        ("tenancy", "1-12-304-2", "bank_account", None, "DK5000400440116243"),
        ("tenancy", "1-12-304-2", "bs_customer", "701", "0801"),
    }
    garage = ("unit", "1-12-G1", "main_unit", None, "304")
    assert set(told(database, "1-12-304-2")) == {company, *of_tenancy}
    assert set(told(database, "1-12-G1-1")) == {company, garage}
    assert len(told(database, "1")) == len(told(database, "01-012")) == 6
    with database.read() as conn:
        assert {noted.said for noted in history_of(conn, "1")} == {Said(NOW, "Åse", "portfolio.csv")}
        assert verify(conn).problems == []


def test_a_command_that_changes_a_value_is_told_too(database: Database, tmp_path: Path) -> None:
    imported(database, tmp_path, BEFORE)
    site = Site(tmp_path, companies={"1": CompanyConfig(number="1")})

    def do(acting: Acting) -> dict[str, object]:
        return contributions.set_interval(acting, "1-12-304-2", 3)

    for _ in range(2):
        perform(database, site, "interval set", {}, do, actor="Åse", now=NOW)
    change = Change("tenancy", "1-12-304-2", "interval_months", "1", "3")
    with database.read() as conn:
        assert history_of(conn, "1-12-304-2") == [Noted(change, Said(NOW, "Åse", "interval set"))]


@pytest.mark.parametrize("key", ["9", "1-9", "1-12-9", "1-12-304-9", "1-12-304-2-1", ""])
def test_what_is_not_there_is_an_error(database: Database, tmp_path: Path, key: str) -> None:
    imported(database, tmp_path, BEFORE)
    with database.read() as conn, pytest.raises(HubError, match="the portfolio has no "):
        history_of(conn, key)


def test_the_command_tells_it(tmp_path: Path) -> None:
    write_site(tmp_path / "site")
    site = tmp_path / "site"
    database = connect(f"sqlite:///{site}/hub.db")
    imported(database, tmp_path, BEFORE)
    imported(database, tmp_path, AFTER, "Åse")
    database.close()
    answer = hub("portfolio", "history", "1-12-304-2", "--json", site=site)
    assert answer.status == 0
    assert {
        "what": "tenancy",
        "key": "1-12-304-2",
        "field": "business",
        "old": "no",
        "new": "yes",
        "at": "2026-11-22T12:00:00.000000+00:00",
        "actor": "Åse",
        "source": "portfolio.csv",
    } in answer.json["changes"]
    shown = hub("portfolio", "history", "1-12-304-2", site=site).out
    assert "move_out" in shown
    assert "2026-12-31" in shown
    assert hub("portfolio", "history", "1-99", site=site).err.startswith("hub: the portfolio has no 1-99.")


def test_verify_reads_the_stored_files_unless_told_not_to(tmp_path: Path) -> None:
    write_site(tmp_path / "site")
    whole = hub("verify", "--json", site=tmp_path / "site").json
    assert whole["stored_files"] == {"files": 0, "bytes": 0}
    assert (whole["do"], whole["counts"]["changes of the portfolio"]) == ([], 0)
    quick = hub("verify", "--quick", site=tmp_path / "site")
    assert "left out" in quick.out
