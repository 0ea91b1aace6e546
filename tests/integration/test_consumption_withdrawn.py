"""An account that was opened with a wrong period is given up, so that the right one can be settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_cli_consumption import PERIOD, Books

WRONG = "2025-06-01..2026-05-30"


@pytest.fixture
def books(database_url: str, tmp_path: Path) -> Books:
    return Books(tmp_path / "site", database_url)


def _open(books: Books, period: str, status: int = 0) -> str:
    of = ("--property", "1-1", "--type", "heat", "--period", period)
    answer = books.hub("consumption", "open", *of, status=status)
    return answer.out + answer.err


def _states(books: Books) -> list[tuple[int, str, str]]:
    return [(one["id"], one["period_to"], one["state"]) for one in books.ask("consumption", "list")["accounts"]]


def test_its_days_are_free_again_when_its_file_is_taken_back(books: Books) -> None:
    config = books.root / "config/vendors/heat.toml"
    right = config.read_text()
    config.write_text(right.replace(PERIOD, WRONG))
    file = books.drop("varme.txt", (1, 1, 1, 800_00))
    assert "hub consumption withdraw 1" in _open(books, PERIOD, status=1)

    stands = books.hub("consumption", "withdraw", 1, status=1).err
    assert "its revision 0 stands" in stands
    assert "hub files reverse" in stands
    books.hub("files", "reverse", file["id"], "--reason", "other")
    assert books.ask("consumption", "withdraw", 1, "--key", "k")["state"] == "withdrawn"
    assert books.ask("consumption", "withdraw", 1, "--key", "k")["repeated"]
    assert "it is withdrawn already" in books.hub("consumption", "withdraw", 1, status=1).err
    assert books.ask("consumption", "list", "--state", "open")["accounts"] == []

    config.write_text(right)
    books.hub("files", "retry", file["id"])
    assert _states(books) == [(2, "2026-05-31", "booked"), (1, "2026-05-30", "withdrawn")]
    assert books.balance("1-1-1-1") == "800.00"
    assert "has days of" in _open(books, WRONG, status=1)
    books.hub("verify")


def test_opened_again_it_waits_as_before(books: Books) -> None:
    _open(books, PERIOD)
    books.hub("consumption", "withdraw", 1)
    _open(books, PERIOD)
    assert _states(books) == [(1, "2026-05-31", "open")]
    books.hub("consumption", "withdraw", 1)
    assert books.drop("varme.txt", (1, 1, 1, 800_00))["state"] == "booked"
    assert _states(books) == [(1, "2026-05-31", "booked")]
    books.hub("verify")


def test_an_account_that_a_vendor_is_told_of_stays(books: Books) -> None:
    config = books.root / "config/vendors/heat.toml"
    exports = '[consumption]\ntype = "heat"\nexport = true\n[settings.export]\nimplied_decimals = 2\n'
    config.write_text(config.read_text() + exports)
    books.hub("export", "heat", "--property", "1-1", "--period", WRONG)
    told = books.hub("consumption", "withdraw", 1, status=1).err
    assert "vendor heat is told of it by delivery 1" in told
    books.hub("deliveries", "withdraw", 1, "--note", "forkert periode")
    books.hub("consumption", "withdraw", 1)
    books.hub("export", "heat", "--property", "1-1", "--period", PERIOD)
    assert _states(books) == [(2, "2026-05-31", "open"), (1, "2026-05-30", "withdrawn")]
