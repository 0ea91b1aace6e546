"""A tenant is asked once, whatever is killed and when: a delivery is made whole or not at all, and never made twice."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.collecting_site import DUE, NOW, A, B, CollectingSite
from tests.integration.cli_runner import Answer, hub

LAUNCHER = Path(__file__).with_name("collect_launcher.py")
COLLECT = ("collect", "--company", "1", "--due", DUE, "--now", NOW.isoformat())
ORDERS = ("mandates", "deliver", "--company", "1")
KEY = ("--key", "december")
pytestmark = pytest.mark.crash


class Left:
    """A site that was killed at one point, as whoever starts the hub again sees it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def ask(self, *arguments: object) -> Any:
        answer = self.hub(*arguments, "--json")
        assert answer.status == 0, f"{self.root.name}: {answer.err}"
        return answer.json

    def hub(self, *arguments: object) -> Answer:
        return hub(*arguments, site=self.root)

    def deliveries(self) -> list[Any]:
        return list(self.ask("deliveries", "list")["deliveries"])

    def outbox(self) -> list[Path]:
        """With what is not whole yet."""
        return [path for path in (self.root / "outbox").rglob("*") if path.is_file()]

    def to_upload(self) -> list[str]:
        """Hashes of the files that somebody who looks into the outbox finds there."""
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in self.outbox() if path.name[0] != "."]


@pytest.fixture
def site(tmp_path: Path, sqlite_template: Path) -> CollectingSite:
    """Its database lies in its folder, so that a copy is a site of its own."""
    (tmp_path / "site").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "site/hub.db")
    return CollectingSite(tmp_path / "site", "sqlite:///hub.db")


def killed_everywhere(site: CollectingSite, work: Path, *arguments: str) -> list[Left]:
    """A site a kill point; the last command was left alone."""
    work.mkdir()
    command = [sys.executable, str(LAUNCHER), str(site.root), str(work), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    points = [json.loads(line) for line in done.stdout.rstrip("\n").split("\n")]
    assert points[-1]["status"] == 0, "the undisturbed command failed"
    return [Left(Path(point["site"])) for point in points]


def judge(one: Left, again: tuple[str, ...]) -> str:
    """What was left; and that whatever a person does next, one delivery lies in the outbox, with the bytes it has."""
    found = one.deliveries()
    there = one.to_upload()
    assert len(found) <= 1
    # An enrolment holds the payer's CPR number.
    assert not any(path.stat().st_mode & 0o007 for path in one.outbox())
    if not found:
        assert there == []
        state = "nothing"
    else:
        assert found[0]["state"] == "made"
        assert found[0]["in_outbox"] == bool(there)
        state = "placed" if there else "not in the outbox"
        kept = one.ask("deliveries", "show", 1)
        assert kept["bytes_as_made"]
        assert there in ([], [kept["sha256"]])
    repeated = one.ask(*again, *KEY)
    assert repeated["repeated"] == bool(found)
    (ours,) = one.deliveries()
    assert (ours["number"], ours["items"], ours["in_outbox"]) == ("0000000001", 2, True)
    assert one.to_upload() == [one.ask("deliveries", "show", 1)["sha256"]]
    assert one.hub("verify").status == 0
    return state


def test_a_run_killed_anywhere_asks_nobody_twice(site: CollectingSite, tmp_path: Path) -> None:
    site.rent(A, B)
    left = killed_everywhere(site, tmp_path / "killed", *COLLECT, *KEY)
    states = []
    for one in left:
        without_key = one.deliveries()
        if without_key and not one.to_upload():
            # Somebody who knows of no key, and begins anew.
            run = one.ask(*COLLECT)
            assert (run["collections"], run["delivery"]) == (0, None)
            (already,) = run["already_asked"]
            assert (already["delivery"], already["state"], already["amount"]) == (1, "made", "10000.00")
            assert "not handed over" in one.hub(*COLLECT, "--check").out
        states.append(judge(one, COLLECT))
        assert len(one.ask("collections", "list", "--company", "1")["collections"]) == 2
    assert {"nothing", "not in the outbox", "placed"} == set(states)


def test_a_delivery_of_orders_killed_anywhere_is_made_once(site: CollectingSite, tmp_path: Path) -> None:
    for tenancy in (A, B):
        site.hub("mandates", "enrol", tenancy, "--payer-id", "12345678", "--account", "1234-1234567")
    left = killed_everywhere(site, tmp_path / "killed", *ORDERS, *KEY)
    states = []
    for one in left:
        if one.deliveries() and not one.to_upload():
            refused = one.hub(*ORDERS)
            assert "no orders of company 1 wait" in refused.err
            assert Path(one.ask("deliveries", "write", 1)["path"]).is_file()
            states.append("written by a person")
        states.append(judge(one, ORDERS))
    assert {"nothing", "written by a person", "placed"} == set(states)
