"""``hub consumption`` as a person uses it: a result file comes, waits, is looked at, booked and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli_runner import Answer, hub
from tests.tiny_site import results, write_site

PERIOD = "2025-06-01..2026-05-31"


class Books:
    def __init__(self, root: Path, database_url: str) -> None:
        self.root = root
        write_site(root, database_url)

    def hub(self, *arguments: object, status: int = 0) -> Answer:
        answer = hub(*arguments, site=self.root)
        assert answer.status == status, answer
        return answer

    def ask(self, *arguments: object) -> Any:
        return self.hub(*arguments, "--json").json

    def drop(self, name: str, *rows: tuple[int, int, int, int], status: int = 0) -> dict[str, Any]:
        path = self.root / name
        path.write_bytes(results(*rows))
        (told,) = self.hub("ingest", path, "--vendor", "heat", "--json", status=status).json["files"]
        return dict(told)

    def balance(self, tenancy: str) -> str:
        return str(self.ask("balance", tenancy)["balance"])


@pytest.fixture
def books(database_url: str, tmp_path: Path) -> Books:
    return Books(tmp_path / "site", database_url)


def test_an_account_from_its_control_total_to_its_reversal(books: Books) -> None:
    opened = books.ask("consumption", "open", "--property", "1-1", "--type", "heat", "--period", PERIOD)
    assert (opened["account"], opened["state"]) == (1, "open")
    assert books.ask("consumption", "total", 1, "8000.00")["total_cost"] == "8000.00"
    month = ("--period", "2026-05-01..2026-05-31")
    books.hub("charges", "add", "1-1-1-1", "--due", "2026-07-01", "--line", "75020=500.00=Aconto varme", *month)

    # A vacancy and a tenant: 900.00 is not 8000.00 less 500.00.
    file = books.drop("varme.txt", (1, 1, 1, 800_00), (1, 2, 999, 100_00))
    assert (file["state"], file["records"]["kept"]) == ("booked", 2)
    assert file["reasons"][0].startswith("attention: consumption account 1 (heat of property 1-1, 2025-06-01")
    shown = books.ask("consumption", "show", 1)
    (revision,) = shown["revisions"]
    assert [one["code"] for one in revision["findings"]] == ["account_difference"]
    rows = {
        one["tenancy"]: (one["standing"], one["on_account"], one["cost"], one["result"]) for one in shown["tenants"]
    }
    assert rows == {
        "1-1-1-1": ("present", "500.00", "1300.00", "800.00"),
        "1-1-2-999": ("vacant", "0.00", "100.00", "100.00"),
    }
    text = books.hub("consumption", "show", 1).out
    assert "account_difference: the account: results come to 900.00, total cost 8000.00 less 500.00 on account" in text

    refused = books.hub("consumption", "book", 1, status=1)
    assert "1 findings, first the account: results come to 900.00" in refused.err
    done = books.ask("consumption", "book", 1, "--accept", "målerfejl", "--key", "k", "--actor", "anna")
    assert (done["state"], done["entries"], done["amount"]) == ("booked", 2, "900.00")
    assert books.ask("consumption", "book", 1, "--accept", "målerfejl", "--key", "k")["repeated"]
    assert books.balance("1-1-1-1") == "1300.00"
    assert books.ask("balance", "1-1-1-1")["holdings"][0]["held"] == "0.00"
    (listed,) = books.ask("consumption", "list", "--property", "1-1", "--state", "booked")["accounts"]
    assert (listed["id"], listed["booked"], listed["waiting"]) == (1, "900.00", 0)
    assert "booked in spite of what was found: målerfejl" in books.hub("consumption", "show", 1).out
    assert books.hub("verify").status == 0

    reversed_ = books.ask("files", "reverse", file["id"], "--reason", "wrong_amount")
    assert (reversed_["entries"], books.balance("1-1-1-1")) == (2, "500.00")
    assert books.ask("consumption", "list", "--state", "open")["accounts"][0]["booked"] == "0.00"
    assert books.hub("verify").status == 0


def test_what_cannot_be_is_said(books: Books) -> None:
    for arguments, told in (
        (("show", 7), "there is no consumption account 7"),
        (("book", 7), "there is no consumption account 7"),
        (("total", 7, "1.00"), "there is no consumption account 7"),
        (("open", "--property", "1-9", "--type", "heat", "--period", PERIOD), "there is no property 1-9"),
        (("open", "--property", "1-1", "--type", "gas", "--period", PERIOD), "no consumption type 'gas'"),
        (("open", "--property", "1-1", "--type", "heat", "--period", "2026"), "is no period"),
    ):
        assert told in books.hub("consumption", *arguments, status=1).err
    assert books.ask("consumption", "list")["accounts"] == []


def test_a_second_drop_of_the_same_bytes_or_lines_changes_nothing(books: Books) -> None:
    books.drop("varme.txt", (1, 1, 1, 800_00), (2, 1, 1, -50_00))
    assert books.drop("igen.txt", (1, 1, 1, 800_00), (2, 1, 1, -50_00))["state"] == "duplicate"
    assert books.drop("omvendt.txt", (2, 1, 1, -50_00), (1, 1, 1, 800_00))["state"] == "duplicate"
    assert (books.balance("1-1-1-1"), books.balance("1-2-1-1")) == ("800.00", "-50.00")
    assert len(books.ask("consumption", "list")["accounts"]) == 2
    assert books.hub("verify").status == 0
