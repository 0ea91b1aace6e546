"""The outbox where the far side or the settings do what nobody expects: never twice, and never silently not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.store.collecting.deliveries import Delivery
from hub.store.database import Database
from hub.store.exchange import dispatches
from tests.collecting_site import NOW, A, B, CollectingSite
from tests.exchanging import ExchangingSite, until
from tests.odd_sftp import PASSWORD, Odd, running
from tests.sending import DEAD, SendingDesk, names, proved

DAY = timedelta(days=1)
BY_FOLDER = '\n[folder]\npath = "there"\n'


@pytest.fixture
def there(tmp_path: Path) -> Path:
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


@pytest.fixture
def desk(sqlite_database: Database, tmp_path: Path, there: Path) -> SendingDesk:
    """Its vendor takes files from the folder ``there``."""
    return SendingDesk(sqlite_database, tmp_path, {"folder": {"path": "there"}})


def folder_site(root: Path, database_url: str) -> CollectingSite:
    """A delivery of its waits for the folder ``there``."""
    site = CollectingSite(root, database_url)
    vendor = site.root / "config/vendors/bs.toml"
    vendor.write_text(vendor.read_text(encoding="utf-8") + BY_FOLDER, encoding="utf-8")
    site.rent(A, B)
    site.collect()
    return site


def at_the_final_step(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Lets the far side do something between the last byte under the temporary name and the rename."""
    before = dispatches.set_step

    def set_step(*arguments: Any) -> None:
        before(*arguments)
        then()

    monkeypatch.setattr(dispatches, "set_step", set_step)


def test_a_server_that_takes_temporary_names_gets_it_once(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    with running(Odd(tmp_path / "odd", takes=True), monkeypatch) as odd:
        server = {"host": "127.0.0.1", "port": odd.port, "user": "user", "host_keys": odd.account.host_keys}
        login = {"password": {"file": "password"}, "push": {}}
        desk = SendingDesk(sqlite_database, tmp_path, {"sftp": server | login})
        ours = desk.deliver(100_00)
        for _ in range(3):
            desk.send(later=DAY)
        assert odd.taken == [desk.kept(desk.of(ours))]
    assert desk.states(ours) == ("uncertain", "uncertain")
    assert any("under their temporary name" in event.text for event in desk.events(desk.of(ours)))
    assert proved(desk)


def test_so_does_a_program_that_takes_hidden_files_from_a_folder(
    desk: SendingDesk, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = desk.deliver(100_00)
    taken: list[bytes] = []

    def take() -> None:
        (part,) = there.iterdir()
        taken.append(part.read_bytes())
        part.unlink()

    at_the_final_step(monkeypatch, take)
    for _ in range(3):
        desk.send(later=DAY)
    assert len(taken) == 1
    assert desk.states(ours) == ("uncertain", "uncertain")
    assert names(there) == []
    assert proved(desk)


def test_a_file_that_comes_to_a_folder_while_ours_is_written_is_not_replaced(
    desk: SendingDesk, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = desk.deliver(100_00)
    at_the_final_step(monkeypatch, lambda: (there / ours.name).write_bytes(b"the vendor's own"))
    desk.send()
    assert desk.states(ours) == ("stopped", "made")
    assert (there / ours.name).read_bytes() == b"the vendor's own"
    assert names(there) == [ours.name]


class TestAsAPersonSeesIt:
    @pytest.fixture
    def site(self, sqlite_url: str, tmp_path: Path) -> CollectingSite:
        """Its vendor takes files from the folder ``there``; a delivery waits."""
        (tmp_path / "site/there").mkdir(parents=True)
        return folder_site(tmp_path / "site", sqlite_url)

    def cut_short(self, site: CollectingSite) -> None:
        opened = site.database()
        with opened.write() as conn:
            one = dispatches.dispatch_of(conn, 1)
            when = {"lease_until": NOW, "at": NOW}
            claimed = dispatches.claim(conn, one, one.target, owner=DEAD, actor="daemon", **when)
            assert claimed is not None
            dispatches.set_step(conn, claimed, "final")
        opened.close()

    def test_what_was_stopped_lies_in_the_outbox_only_when_it_was_cancelled(self, site: CollectingSite) -> None:
        (name,) = [one["name"] for one in site.ask("outbox")["dispatches"]]
        (site.root / "there" / name).write_bytes(b"another")
        site.hub("exchange", "run", "bs", status=2)

        listed = site.hub("deliveries", "list").out
        assert "is stopped: hub outbox show 1" in listed
        assert "hub deliveries write" not in listed
        assert not site.ask("deliveries", "show", 1)["to_hand_over"]
        refused = site.hub("deliveries", "write", 1, status=1).err
        assert "dispatch 1, which is stopped" in refused
        assert "first: hub outbox cancel 1; then it lies in the outbox; or send it: hub outbox retry 1" in refused
        shown = site.hub("outbox", "show", 1).out
        assert "then: hub outbox retry 1; where the vendor has it: hub outbox settle 1 sent" in shown
        assert not list((site.root / "outbox").rglob("*.txt"))

        assert Path(site.ask("outbox", "cancel", 1, "--note", "by hand")["path"]).is_file()
        assert "retry" not in site.hub("outbox", "show", 1).out

    def test_a_doubt_is_told_by_the_round_and_what_ends_it(self, site: CollectingSite) -> None:
        self.cut_short(site)
        for command in (("outbox", "cancel"), ("deliveries", "withdraw")):
            told = site.hub(*command, 1, "--note", "no", status=1).err
            assert "only a machine ends that" in told or "wait until it is through" in told

        (round_,) = site.hub("exchange", "run", "bs", "--json", status=2).json["exchange"][0]["rounds"]

        assert "dispatch 1: cut short, and nobody knows" in round_["text"]
        assert "ask the vendor, then: hub outbox settle 1 sent|not-sent" in site.hub("outbox", "show", 1).out
        settled = site.ask("outbox", "settle", 1, "not-sent", "--note", "they have nothing")
        assert (settled["state"], settled["delivery_state"], settled["path"]) == ("stopped", "made", None)
        assert not list((site.root / "outbox").rglob("*.txt"))

    def test_what_is_owed_no_longer_is_told_by_the_round(self, site: CollectingSite) -> None:
        site.hub("pay", A, "20000.00")
        (round_,) = site.hub("exchange", "run", "bs", "--json", status=2).json["exchange"][0]["rounds"]
        assert f"ask for more than is open: first {A}" in round_["text"]


class TestAWayThatIsLost:
    @pytest.fixture
    def site(self, sqlite_url: str, tmp_path: Path) -> CollectingSite:
        site = folder_site(tmp_path / "site", sqlite_url)
        vendor = site.root / "config/vendors/bs.toml"
        vendor.write_text(vendor.read_text(encoding="utf-8").replace(BY_FOLDER, ""), encoding="utf-8")
        return site

    @pytest.mark.parametrize("names", [["bs"], []], ids=["asked for", "among all"])
    def test_is_told_by_a_round(self, site: CollectingSite, names: list[str]) -> None:
        assert "has no way by folder any more" in site.hub("exchange", "run", *names, status=2).err
        (one,) = site.ask("outbox")["dispatches"]
        assert one["state"] == "stopped"
        assert "hub outbox retry 1" in site.hub("outbox", "show", 1).out
        path = Path(site.ask("outbox", "cancel", 1, "--note", "by hand")["path"])
        assert path.is_file()

    def test_also_where_the_whole_instance_is_gone(self, site: CollectingSite) -> None:
        (site.root / "config/vendors/bs.toml").unlink()
        company = site.root / "config/companies/1.toml"
        company.write_text(company.read_text(encoding="utf-8").partition("[collection]")[0], encoding="utf-8")
        site.hub("exchange", "run", "--push", status=2)
        assert [one["state"] for one in site.ask("outbox")["dispatches"]] == ["stopped"]

    def test_and_by_the_daemon(self, tmp_path: Path) -> None:
        site = ExchangingSite(tmp_path / "site")
        config = site.file("bs")
        text = config.read_text(encoding="utf-8")
        config.write_text(text + BY_FOLDER, encoding="utf-8")
        site.deliver(b"an order")
        config.write_text(text, encoding="utf-8")
        assert list(site.sent().values()) == ["waiting"]
        with site.running():
            until(lambda: list(site.sent().values()) == ["stopped"], "told")


def test_a_delivery_that_was_stopped_can_still_go(desk: SendingDesk, there: Path) -> None:
    ours: Delivery = desk.deliver(100_00)
    desk.goes()
    desk.send()
    desk.goes(folder={"path": "there"})
    desk.retry(desk.of(ours))
    desk.send()
    assert desk.states(ours) == ("sent", "sent")
    assert names(there) == [ours.name]
