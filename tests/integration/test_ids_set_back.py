"""What deals ids, set back outside the hub: named before anything clashes, and mended by a backup that is restored."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from hub.settings import load_site
from hub.store.database import connect
from tests.backups import TENANTS, filled_site, new_database
from tests.integration.cli_runner import hub

_SET_BACK = {
    "sqlite": "UPDATE counter SET next = 1 WHERE name = 'entry'",
    "gone": "DELETE FROM counter",
    "postgresql": "SELECT setval('ids_entry', 1, false)",
}


@pytest.mark.parametrize("how", _SET_BACK)
def test_it_is_named_refused_and_mended(request: pytest.FixtureRequest, tmp_path: Path, how: str) -> None:
    root, kind = tmp_path / "site", "postgresql" if how == "postgresql" else "sqlite"
    filled_site(root, new_database(kind, request, root))
    assert hub("verify", site=root).status == 0
    database = connect(load_site(root).database_url)
    with database.write() as conn:
        conn.execute(text(_SET_BACK[how]))
    database.close()

    proof = hub("verify", "--json", site=root)
    assert (proof.status, proof.json["ok"]) == (3, False)
    assert proof.json["problems"][0].startswith("the next entry would have id 1, and ")
    assert len(proof.json["problems"]) == (5 if how == "gone" else 1), proof.json["problems"]
    before = hub("movements", TENANTS[0], "--json", site=root).json
    refused = hub("pay", TENANTS[0], "5.00", site=root)
    assert (refused.status, refused.out) == (1, ""), refused.err
    assert "the next entry would have id 1, and 1 is used already" in refused.err.replace("batch", "entry")
    assert not {"INSERT", "SELECT", "parameters"} & set(refused.err.replace("[", " ").split())
    assert hub("movements", TENANTS[0], "--json", site=root).json == before

    again = tmp_path / "again"
    assert hub("backup", "--to", tmp_path / "books.tar", site=root).status == 0
    url = new_database(kind, request, again)
    assert hub("restore", tmp_path / "books.tar", "--database", url, site=again).status == 0
    assert hub("pay", TENANTS[0], "5.00", site=again).status == 0
    assert hub("verify", site=again).status == 0
