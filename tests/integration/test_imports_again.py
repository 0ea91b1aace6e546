"""What all imports have in common: run twice nothing is there twice, and they say what they have done."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from hub.store.database import connect
from hub.store.tables import metadata
from tests.integration.cli_runner import Answer, hub

_TABLES = {
    "portfolio": "company;company_name;property;property_name;unit;tenant;name\n"
    "1;Ådal;12;Ågården;304;2;Bodil Ærø\n1;Ådal;12;Ågården;305;1;Åse\n2;Bække;1;Lærkevej;1;1;Ægir\n",
    "charges": "tenancy;due_date;charge_type;amount;reference;kind\n"
    "1-12-304-2;2026-04-01;10;7500,00;R-04;rent\n1-12-304-2;2026-05-31;10;-100,00;K-1;\n"
    "1-12-305-1;2026-06-01;10;7500,00;R-06;rent\n",
    "holdings": "tenancy;holding;amount;date;reference\n1-12-304-2;deposit;22500,00;2026-04-01;D-1\n"
    "1-12-305-1;deposit;22500,00;2026-06-01;D-1\n",
    "recurring": "tenancy;charge_type;amount;first_day;last_day\n1-12-304-2;10;7500,00;2026-01-01;\n"
    "1-12-305-1;10;7500,00;2026-01-01;2026-12-31\n",
}


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "config/companies").mkdir(parents=True)
    (root / "config/hub.toml").write_text(f'database = "{database_url}"\n', encoding="utf-8")
    (root / "config/companies/1.toml").write_text('number = "1"\nbooks_closed_through = 2026-05-31\n', encoding="utf-8")
    assert hub("init", root).status == 0
    return root


def _imported(site: Path, what: str, *options: str) -> Answer:
    path = site.parent / f"{what}.csv"
    path.write_text(_TABLES[what], encoding="utf-8")
    return hub(what, "import", path, *options, site=site)


def _rows(database_url: str) -> dict[str, list[tuple[object, ...]]]:
    opened = connect(database_url)
    with opened.read() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name != "counter"
        }
    opened.close()
    return found


@pytest.mark.parametrize("what", _TABLES)
def test_run_twice_nothing_is_there_twice(site: Path, database_url: str, what: str) -> None:
    if what != "portfolio":
        assert _imported(site, "portfolio").status == 0
    first = _imported(site, what, "--json")
    before = _rows(database_url)
    again = _imported(site, what, "--json")

    rows = _TABLES[what].count("\n") - 1
    assert (first.status, first.json["added"]) == (0, rows)
    assert (again.status, again.json["added"], again.json["changed"], again.json["unchanged"]) == (0, 0, 0, rows)
    assert _rows(database_url) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", _TABLES)
def test_the_help_says_so(site: Path, what: str) -> None:
    assert "Run twice, nothing is" in " ".join(hub(what, "import", "--help").out.split())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("what", "count"), [("charges", 2), ("holdings", 1)])
def test_what_lies_in_a_closed_period_is_counted_and_said(site: Path, what: str, count: int) -> None:
    """R22: it counts from its own day and is posted on the first open one; nobody shall find that out by chance."""
    _imported(site, "portfolio")
    told = _imported(site, what)
    assert f"company 1: {count} of them are dated in a closed period" in told.out
    assert "posted on 2026-06-01, the first open day (R22)" in told.out
    assert "closed period" not in _imported(site, what).out


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_posted_later_is_in_the_document(site: Path) -> None:
    _imported(site, "portfolio")
    assert _imported(site, "charges", "--json").json["posted_later"] == [
        {"company": "1", "posting_date": "2026-06-01", "rows": 2}
    ]
    assert _imported(site, "charges", "--json").json["posted_later"] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_kind_of_an_imported_charge(site: Path) -> None:
    _imported(site, "portfolio")
    _imported(site, "charges")
    found = hub("charges", "list", "--json", site=site).json["charges"]
    assert {one["reference"]: one["kind"] for one in found} == {"R-04": "rent", "R-06": "rent"}
    unknown = "tenancy;due_date;charge_type;amount;reference;kind\n1-12-304-2;2026-07-01;10;1;R-07;leje\n"
    (site.parent / "bad.csv").write_text(unknown, encoding="utf-8")
    refused = hub("charges", "import", site.parent / "bad.csv", "--json", site=site)
    assert refused.status == 2
    assert "kind: 'leje' is no kind of charge: rent, moving_in, moving_out, other" in refused.json["errors"][0]["error"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_column_kind_that_was_not_there_before_is_another_content_only_where_it_is_filled(site: Path) -> None:
    _imported(site, "portfolio")
    path = site.parent / "charges.csv"
    old = "tenancy;due_date;charge_type;amount;reference\n1-12-304-2;2026-06-01;10;7500,00;R-06\n"
    path.write_text(old, encoding="utf-8")
    assert hub("charges", "import", path, "--json", site=site).json["added"] == 1
    with_column = old.replace("reference\n", "reference;kind\n").replace("R-06\n", "R-06;{}\n")
    path.write_text(with_column.format(""), encoding="utf-8")
    assert hub("charges", "import", path, "--json", site=site).json["unchanged"] == 1
    path.write_text(with_column.format("rent"), encoding="utf-8")
    refused = hub("charges", "import", path, "--json", site=site).json
    assert "was imported before with other content" in refused["errors"][0]["error"]
