"""A charge type that nobody has declared is what its charge is: rent is paid before what else was demanded (R24)."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.imports.charges import import_charges
from hub.ledger import kinds
from hub.store.database import Database
from tests.desk import NOW
from tests.hand import OTHER, Hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_money_pays_younger_rent_before_an_older_charge_that_is_not_obligatory(
    database: Database, tmp_path: Path
) -> None:
    hand = Hand(database, tmp_path)
    hand.charge(OTHER, "OUT", "2026-09-01", 300_00, kind=kinds.MOVING_OUT)
    hand.charge(OTHER, "KEY", "2026-09-15", 100_00)
    hand.charge(OTHER, "RENT", "2026-11-01", 500_00, kind=kinds.RENT)
    hand.charge(OTHER, "IN", "2026-11-02", 200_00, kind=kinds.MOVING_IN)
    hand.pay(OTHER, 800_00)

    assert hand.position(OTHER).open == {"OUT": 200_00, "KEY": 100_00}
    hand.proved()


def test_an_imported_charge_says_its_kind(database: Database, tmp_path: Path) -> None:
    hand = Hand(database, tmp_path)
    table = tmp_path / "open.csv"
    table.write_text(
        "tenancy,due_date,charge_type,amount,reference,kind\n"
        "2-1-1-1,2026-09-01,55,300.00,OLD,other\n2-1-1-1,2026-11-01,55,500.00,NEW,rent\n"
    )
    import_charges(hand.db, table, now=NOW, actor="test", company_of=hand.site.company)
    hand.pay(OTHER, 600_00)

    assert hand.position(OTHER).open == {"OLD": 200_00}
