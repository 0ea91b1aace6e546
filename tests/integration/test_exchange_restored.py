"""A site out of a backup: what was exchanged since is not known there, and nothing is handed over a second time."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.exchanging import ExchangingSite, put
from tests.integration.cli_runner import Answer, hub
from tests.sshd import Sshd
from tests.tiny_site import delivery

ORDER = "BS0605-0000000001.txt"
PULL = ("[sftp.pull]", 'folders = ["out"]', "settle_seconds = 0")
PUSH = ("[sftp.push]", 'folder = "in"')


class Restored:
    """A site of which there is a backup, and what was made of that one later."""

    def __init__(self, folder: Path, sshd: Sshd) -> None:
        self.site = ExchangingSite(folder / "site")
        self.site.goes_to(sshd, *PULL, *PUSH)
        self.out, self.taken = sshd.root / "out", sshd.root / "in"
        for one in (self.out, self.taken):
            one.mkdir()
        self._backup = folder / "site.hub.tar"
        self.root = folder / "restored"

    def back_up(self) -> None:
        assert hub("backup", "--to", self._backup, site=self.site.root).status == 0

    def restore(self) -> Answer:
        answer = hub("restore", self._backup, "--json", site=self.root)
        assert answer.status == 0, answer
        return answer

    def exchange(self, root: Path, *more: object, status: int = 0) -> dict[str, Any]:
        answer = hub("exchange", "run", "bs", "--actor", "Anna", *more, "--json", site=root)
        assert answer.status == status, answer
        (one,) = answer.json["exchange"]
        return dict(one)


@pytest.fixture
def restored(tmp_path: Path, sshd: Sshd) -> Restored:
    return Restored(tmp_path, sshd)


def test_what_waited_may_have_gone_since_and_is_not_sent_again(restored: Restored) -> None:
    restored.site.deliver(b"an order", ORDER)
    restored.back_up()
    restored.exchange(restored.site.root, "--push")
    # The vendor takes it; then the machine is lost.
    (restored.taken / ORDER).unlink()
    told = restored.restore()
    assert told.json["uncertain"] == 1
    restored.exchange(restored.root, "--push")
    assert list(restored.taken.iterdir()) == []
    shown = hub("outbox", "show", 1, "--json", site=restored.root).json
    assert shown["state"] == "uncertain"
    assert "may have been sent since" in shown["events"][-1]["text"]
    assert hub("deliveries", "show", 1, "--json", site=restored.root).json["state"] == "uncertain"
    assert hub("verify", site=restored.root).status == 0


def test_a_person_who_has_asked_the_vendor_has_it_sent(restored: Restored) -> None:
    restored.site.deliver(b"an order", ORDER)
    restored.back_up()
    restored.restore()
    assert hub("outbox", "settle", 1, "not-sent", "--note", "they have nothing", site=restored.root).status == 0
    assert hub("outbox", "retry", 1, site=restored.root).status == 0
    restored.exchange(restored.root, "--push")
    assert (restored.taken / ORDER).read_bytes() == b"an order"


def test_what_was_sent_before_the_backup_stays_sent(restored: Restored) -> None:
    restored.site.deliver(b"an order", ORDER)
    restored.exchange(restored.site.root, "--push")
    restored.back_up()
    assert restored.restore().json["uncertain"] == 0
    assert hub("outbox", "show", 1, "--json", site=restored.root).json["state"] == "sent"


def test_what_lies_on_the_server_still_is_fetched_and_booked_once(restored: Restored) -> None:
    put(restored.out, "D1.txt", delivery(("101", 10_000)))
    restored.exchange(restored.site.root, "--pull")
    restored.back_up()
    put(restored.out, "D2.txt", delivery(("101", 500), number=2))
    restored.exchange(restored.site.root, "--pull", "--anyway")
    assert restored.site.balance() == -10_500
    shutil.rmtree(restored.site.root)
    restored.restore()
    assert hub("balance", "1-1-1-1", "--json", site=restored.root).json["balance"] == "-100.00"
    fetched = restored.exchange(restored.root, "--pull", "--anyway")["rounds"][0]["fetched"]
    assert fetched == 1
    assert hub("balance", "1-1-1-1", "--json", site=restored.root).json["balance"] == "-105.00"
