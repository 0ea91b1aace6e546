"""``hub outbox`` and what it changes of other commands, as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.store.database import Database
from hub.store.exchange.dispatches import dispatches
from tests.collecting_site import A, B, CollectingSite
from tests.exporting import PERIOD, STAYED, ExportingHand

_MAILED = '[mail]\nsend = true\nto = ["nets@example.com"]\n'


def site_that_goes(root: Path, database_url: str, way: str) -> CollectingSite:
    site = CollectingSite(root, database_url)
    vendor = root / "config/vendors/bs.toml"
    vendor.write_text(f"{vendor.read_text(encoding='utf-8')}\n{way}", encoding="utf-8")
    site.rent(A, B)
    return site


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> CollectingSite:
    """Its vendor takes files from the folder ``there``."""
    (tmp_path / "site" / "there").mkdir(parents=True)
    return site_that_goes(tmp_path / "site", sqlite_url, '[folder]\npath = "there"\n')


def test_a_delivery_that_goes_by_itself_and_what_a_person_does_with_it(site: CollectingSite) -> None:
    run = site.collect()
    target = str(site.root / "there")
    assert run["path"] is None
    assert run["dispatches"] == [{"id": 1, "channel": "folder", "target": target, "state": "waiting"}]
    assert not list((site.root / "outbox").rglob("*.*"))
    (one,) = site.ask("outbox", "--state", "waiting", "--vendor", "bs")["dispatches"]
    assert (one["id"], one["delivery"], one["name"], one["attempts"]) == (1, 1, run["delivery"]["name"], 0)
    assert one["sha256"] == run["delivery"]["sha256"]
    assert site.ask("outbox", "--state", "sent")["dispatches"] == []
    assert site.ask("outbox", "--vendor", "other")["dispatches"] == []
    assert run["delivery"]["name"] in site.hub("outbox").out
    listed = site.hub("deliveries", "list").out
    assert f"delivery 1: dispatch 1 by folder to {target} is waiting: hub outbox show 1" in listed
    assert "hub deliveries write" not in listed

    refused = site.hub("deliveries", "sent", 1, status=1).err
    assert "goes by folder as dispatch 1, which is waiting" in refused
    assert "first: hub outbox cancel 1" in refused

    cancelled = site.ask("outbox", "cancel", 1, "--note", "by hand today", "--key", "k", "--actor", "Anna")
    assert (cancelled["state"], cancelled["delivery_state"]) == ("cancelled", "made")
    path = Path(cancelled["path"])
    assert path.parent == site.root / "outbox/bs"
    assert path.is_file()
    assert site.ask("outbox", "cancel", 1, "--note", "by hand today", "--key", "k", "--actor", "Anna")["repeated"]
    # Sent by machine after all: nobody uploads it from the outbox as well.
    retried = site.ask("outbox", "retry", 1, "--note", "the folder is back")
    assert (retried["state"], retried["path"]) == ("waiting", None)
    assert not path.exists()
    events = site.ask("outbox", "show", 1)["events"]
    assert [(event["what"], event["text"]) for event in events] == [
        ("waiting", target),
        ("cancelled", "by hand today"),
        ("waiting", "the folder is back"),
    ]
    assert events[1]["actor"] == "Anna"
    assert "by hand today" in site.hub("outbox", "show", 1).out
    for asked in (("show", 2), ("retry", 2, "--note", "again"), ("cancel", 2, "--note", "by hand")):
        missing = site.hub("outbox", *asked, "--json", status=1).json
        assert (missing["code"], missing["error"]) == ("NoDispatchError", "there is no dispatch 2. see: hub outbox")
    assert "is waiting and cannot become sent" in site.hub("outbox", "settle", 1, "sent", "--note", "x", status=1).err
    assert site.hub("verify").status == 0


def test_what_takes_the_place_of_a_delivery_that_waits_stops_it(site: CollectingSite) -> None:
    site.collect()
    site.hub("charges", "add", A, "--due", "2026-12-01", "--line", "10010=100.00")
    toml = site.root / "config/companies/1.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + 'second = "merge"\n', encoding="utf-8")
    run = site.collect()
    assert run["withdraws"] == [1]
    assert [one["state"] for one in site.ask("outbox")["dispatches"]] == ["cancelled", "waiting"]


def test_the_answer_says_which_way_it_goes(site: CollectingSite) -> None:
    told = site.hub("collect", "--company", "1", "--due", "2026-12-01", "--now", "2026-11-20T09:00:00+00:00").out
    assert f"dispatch 1 by folder to {site.root / 'there'} (waiting)" in told


def test_what_is_not_mailed_is_told(sqlite_url: str, tmp_path: Path) -> None:
    site = site_that_goes(tmp_path / "site", sqlite_url, _MAILED)
    run = site.collect()
    assert Path(run["path"]).is_file()
    assert run["not_mailed"] == ["not mailed: config/hub.toml has no [mail], so no server is confirmed (R38)"]
    hub_toml = site.root / "config/hub.toml"
    text = hub_toml.read_text(encoding="utf-8")
    hub_toml.write_text(
        f'{text}\n[mail]\nhost = "127.0.0.1"\nencryption = "none"\nsender = "hub@example.com"\n', encoding="utf-8"
    )
    (told,) = site.ask("deliveries", "write", 1)["not_mailed"]
    assert told == "not mailed: nets@example.com is not confirmed in config/hub.toml, mail.confirmed (R38)"
    assert site.ask("outbox")["dispatches"] == []


def test_an_export_is_sent_once_and_a_later_one_takes_its_place(sqlite_database: Database, tmp_path: Path) -> None:
    hand = ExportingHand(sqlite_database, tmp_path)
    hand.config["folder"] = {"path": "there"}
    hand.export()
    assert hand.export().unchanged
    with hand.db.read() as conn:
        assert [one.state for one in dispatches(conn, vendor="heat")] == ["waiting"]
    hand.on_account(STAYED[0], 100_00, *PERIOD)
    assert hand.export().withdraws == (1,)
    with hand.db.read() as conn:
        assert [one.state for one in dispatches(conn, vendor="heat")] == ["cancelled", "waiting"]
