"""Several people at once collect from the same tenants: real processes, real databases; each tenant is asked once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.collecting_site import DUE, NOW, A, B, C, CollectingSite, D
from tests.worker import Workers


def at_once(workers: Workers, site: CollectingSite, *commands: tuple[str, ...]) -> list[tuple[int, Any]]:
    """Exit status and JSON of each."""
    done = workers.do(*(("hub", "--site", str(site.root), *command, "--json") for command in commands))
    return [(one["status"], json.loads(one["out"])) for one in done]


def test_two_runs_and_one_of_a_property_ask_every_tenant_once(
    workers: Workers, database_url: str, tmp_path: Path
) -> None:
    site = CollectingSite(tmp_path / "site", database_url)
    site.rent(A, B, C, D)
    run = ("collect", "--company", "1", "--due", DUE, "--now", NOW.isoformat())

    done = at_once(workers, site, run, (*run, "--property", "2"), run)

    assert [status for status, _ in done] == [0, 0, 0], done
    assert sum(one["collections"] for _, one in done) == 4
    asked = site.ask("collections", "list", "--company", "1")["collections"]
    assert sorted(one["tenancy"] for one in asked) == [A, B, C, D]
    made = site.ask("deliveries", "list")["deliveries"]
    assert sorted(int(one["number"]) for one in made) == list(range(1, len(made) + 1))
    assert all(one["in_outbox"] for one in made)
    assert [site.balance(key) for key in (A, B, C, D)] == ["5000.00"] * 4
    assert site.hub("verify").status == 0


def test_orders_go_into_one_delivery(workers: Workers, database_url: str, tmp_path: Path) -> None:
    site = CollectingSite(tmp_path / "site", database_url)
    for tenancy in (A, B):
        site.hub("mandates", "enrol", tenancy, "--payer-id", "12345678", "--account", "1234-1234567")
    deliver = ("mandates", "deliver", "--company", "1")

    done = at_once(workers, site, deliver, deliver)

    assert sorted(status for status, _ in done) == [0, 1], done
    (made,) = site.ask("deliveries", "list")["deliveries"]
    assert (made["number"], made["items"]) == ("0000000001", 2)
