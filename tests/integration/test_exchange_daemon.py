"""The daemon and vendors' servers: everything beside the folders, and nobody waits for anybody else."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text
from structlog.testing import capture_logs

from hub import daemon
from hub.store import database
from hub.store.exchange import rounds
from tests.exchanging import ExchangingSite, put, until
from tests.smtp import Sink
from tests.sshd import Proxy, Sshd, make_key, silent_server
from tests.tiny_site import PDF, STATEMENT, delivery

PULL = ("[sftp.pull]", 'folders = ["out"]', "settle_seconds = 0", 'after = "delete"', "every_minutes = 0.005")
PUSH = ("[sftp.push]", 'folder = "in"')
FILE = "BS0605-0000000001.txt"


@pytest.fixture
def site(tmp_path: Path) -> ExchangingSite:
    return ExchangingSite(tmp_path / "site")


@pytest.fixture
def there(sshd: Sshd) -> Path:
    """The folder that the login leads to, with one for each way."""
    for folder in ("out", "in"):
        (sshd.root / folder).mkdir()
    return sshd.root


def test_it_fetches_books_clears_and_sends(
    site: ExchangingSite, sshd: Sshd, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "_HEARTBEAT_SECONDS", 0.1)
    site.goes_to(sshd, *PULL, *PUSH)
    fetched_file = put(there / "out", "D1.txt", delivery(("101", 10_000)))
    before = site.balance()
    with capture_logs() as logged, site.running():
        until(lambda: site.states() == {"D1.txt": "booked"}, "booked")
        until(lambda: not fetched_file.exists(), "deleted there")
        site.deliver(b"an order")
        until(lambda: site.sent() == {FILE: "sent"}, "sent")
        assert (there / "in" / FILE).read_bytes() == b"an order"
        put(there / "out", "D2.txt", delivery(("101", 500), number=2))
        until(lambda: site.states().get("D2.txt") == "booked", "the second is booked")
    assert site.balance() - before == -10_500
    told = [line for entry in logged if entry["event"] == "at work" for line in entry["exchange"]]
    assert {line.partition(" at ")[0] for line in told} == {"bs: pull done", "bs: push done"}
    assert sorted(path.name for path in (there / "in").iterdir()) == [FILE]


def test_one_vendors_stalling_server_delays_nobody_else(site: ExchangingSite, sshd: Sshd, there: Path) -> None:
    site.goes_to(sshd, *PULL, *PUSH)
    put(there / "out", "D1.txt", delivery(("101", 10_000)))
    site.deliver(b"an order")
    with silent_server() as port:
        site.goes_to(sshd, *PULL, *PUSH, port=port, vendor="heat")
        site.deliver(b"an export", "heat.txt", vendor="heat")
        began = time.monotonic()
        with site.running():
            until(lambda: site.states().get("D1.txt") == "booked", "what the other has sent is booked", 10)
            until(lambda: site.sent()[FILE] == "sent", "sent to the other", 10)
            put(site.root / "inbox", STATEMENT, PDF)
            until(lambda: site.states().get(STATEMENT) == "booked", "what was dropped is booked", 10)
            # The default deadline of a server that says nothing is 15 seconds: nobody has waited for it.
            assert time.monotonic() - began < 12
            assert site.sent()["heat.txt"] == "waiting"
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 9


def test_a_server_that_comes_back_gets_what_waited(site: ExchangingSite, sshd: Sshd, there: Path) -> None:
    site.goes_to(sshd, *PULL, *PUSH)
    site.deliver(b"an order")
    put(there / "out", "D1.txt", delivery(("101", 10_000)))
    sshd.stop()
    with site.running():
        until(lambda: len(last_rounds(site, "push")) >= 1, "it was tried")
        assert site.sent() == {FILE: "waiting"}
        sshd.start()
        until(lambda: site.sent() == {FILE: "sent"}, "sent")
        until(lambda: site.states() == {"D1.txt": "booked"}, "booked")


@pytest.mark.parametrize("way", ["uploaded", "downloaded"])
def test_killed_in_the_middle_of_a_file_the_next_start_goes_on(
    site: ExchangingSite, sshd: Sshd, there: Path, way: str
) -> None:
    big = os.urandom(4 * 1024**2)
    payments = delivery(*(("101", 1) for _ in range(3_000)))
    with Proxy(sshd.port) as proxy:
        site.goes_to(sshd, *PUSH, *(PULL if way == "downloaded" else ()), port=proxy.port)
        site.deliver(b"an order" if way == "downloaded" else big)
        if way == "downloaded":
            put(there / "out", "D1.txt", payments)
            proxy.interrupt("stall", downloaded=200_000)
        else:
            proxy.interrupt("stall", uploaded=1_000_000)
        with site.process() as killed:
            until(lambda: getattr(proxy, way) > 150_000, "in the middle")
            killed.kill()
        proxy.mend()
        expected = {"D1.txt": "booked"} if way == "downloaded" else {}
        with site.process() as process:
            until(lambda: site.sent() == {FILE: "sent"}, "sent")
            until(lambda: site.states() == expected, "booked")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
    assert process.returncode == 0
    assert (there / "in" / FILE).read_bytes() == (b"an order" if way == "downloaded" else big)
    assert sorted(path.name for path in (there / "in").iterdir()) == [FILE]


def test_told_to_stop_it_ends_within_seconds_whatever_stalls(site: ExchangingSite, sshd: Sshd, there: Path) -> None:
    big = os.urandom(4 * 1024**2)
    with Proxy(sshd.port) as proxy:
        site.goes_to(sshd, *PUSH, port=proxy.port)
        site.deliver(big)
        proxy.interrupt("stall", uploaded=1_000_000)
        with site.process() as process:
            until(lambda: proxy.uploaded > 400_000, "in the middle")
            told = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, logged = process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - told < 12
        assert [json.loads(line)["event"] for line in logged.split("\n") if line][-1] == "stopped"
        assert site.sent() == {FILE: "sending"}
        proxy.mend()
        with site.running():
            until(lambda: site.sent() == {FILE: "sent"}, "sent")
    assert (there / "in" / FILE).read_bytes() == big


def test_it_looks_on_bank_days_and_in_their_hours_alone(site: ExchangingSite, sshd: Sshd, there: Path) -> None:
    site.goes_to(sshd, *PULL, 'days = "bank"', 'hours = "08:00-18:00"')
    put(there / "out", "D1.txt", delivery(("101", 10_000)))
    # A Saturday noon in Copenhagen.
    clock = _Clock(datetime(2026, 11, 21, 11, tzinfo=UTC))
    with site.running(clock) as hub:
        for later in (timedelta(), timedelta(days=1), timedelta(days=1, hours=-5)):
            clock.now += later
            time.sleep(0.4)
            assert last_rounds(site, "pull") == []
        # Monday at eight.
        clock.now += timedelta(hours=1, minutes=1)
        until(lambda: site.states() == {"D1.txt": "booked"}, "booked")
        with hub.db.read() as conn:
            assert [one.started_at.date().isoformat() for one in rounds.last_rounds(conn)] == ["2026-11-23"]


def test_what_a_person_mends_goes_on_by_itself_where_it_may(site: ExchangingSite, sshd: Sshd, there: Path) -> None:
    key = make_key(site.root / "key", passphrase="a passphrase")
    authorized = sshd.folder / "authorized_keys"
    authorized.write_text(authorized.read_text() + key.with_suffix(".pub").read_text())
    site.goes_to(sshd, *PULL, login=f'key_file = "{key}"\npassphrase = {{ file = "secrets/passphrase" }}')
    put(there / "out", "D1.txt", delivery(("101", 10_000)))
    with site.running():
        until(lambda: [one.result for one in last_rounds(site, "pull")] == ["failed"], "it was tried")
        (site.root / "secrets").mkdir()
        (site.root / "secrets/passphrase").write_text("a passphrase\n")
        until(lambda: site.states() == {"D1.txt": "booked"}, "booked")


@pytest.mark.parametrize("table", ["fetched", "dispatch_event"])
def test_a_fault_of_ours_ends_nothing_and_keeps_nothing_else_waiting(
    site: ExchangingSite, sshd: Sshd, there: Path, table: str
) -> None:
    site.goes_to(sshd, *PULL, *PUSH)
    site.deliver(b"an order")
    put(there / "out", "D1.txt", delivery(("101", 10_000)))
    with site.hub() as hub, hub.db.write() as conn:
        conn.execute(text(f"ALTER TABLE {table} RENAME TO away"))
    with site.running() as hub:
        put(site.root / "inbox", STATEMENT, PDF)
        until(lambda: site.states().get(STATEMENT) == "booked", "what was dropped is booked")
        if table == "fetched":
            until(lambda: site.sent() == {FILE: "sent"}, "sent")
            until(lambda: len(last_rounds(site, "pull")) == 1, "fetching was tried")
        else:
            until(lambda: site.states().get("D1.txt") == "booked", "fetched and booked")
        assert (site.sent() == {FILE: "sent"}) != (site.states().get("D1.txt") == "booked")
        with hub.db.write() as conn:
            conn.execute(text(f"ALTER TABLE away RENAME TO {table}"))
        until(lambda: site.states().get("D1.txt") == "booked", "fetched and booked")
        until(lambda: site.sent() == {FILE: "sent"}, "sent")
    assert sorted(path.name for path in (there / "in").iterdir()) == [FILE]


def test_a_booking_that_holds_the_books_for_long_breaks_no_transfer(
    site: ExchangingSite, sshd: Sshd, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_SECONDS", 0.5)
    big = os.urandom(4 * 1024**2)
    with Proxy(sshd.port) as proxy:
        site.goes_to(sshd, *PULL, *PUSH, port=proxy.port)
        site.deliver(big)
        put(there / "out", "D1.txt", delivery(("101", 10_000)))
        proxy.interrupt("stall", uploaded=1_000_000)
        with site.hub() as booking, site.running():
            until(lambda: proxy.uploaded > 400_000, "in the middle")
            with booking.db.write():
                # It is uploaded now, and nobody can write that down.
                proxy.mend()
                time.sleep(2)
                assert site.sent() == {FILE: "sending"}
            until(lambda: site.sent() == {FILE: "sent"}, "sent")
            until(lambda: site.states() == {"D1.txt": "booked"}, "booked")
    assert [(path.name, path.read_bytes()) for path in (there / "in").iterdir()] == [(FILE, big)]


def test_a_mail_that_was_taken_is_written_down_however_long_somebody_books(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_SECONDS", 0.3)
    sink = _Booking(tmp_path / "sink")
    site = ExchangingSite(tmp_path / "site", sink.settings("meters@heat.example"))
    site.goes("heat", "[mail]", "send = true", 'to = ["meters@heat.example"]')
    site.deliver(b"an export", "heat.txt", vendor="heat")
    with sink, site.hub() as books:
        sink.books = books.db
        with site.running():
            until(lambda: site.sent() == {"heat.txt": "sent"}, "sent")
    assert [mail.attachments for mail in sink.mails] == [{"heat.txt": b"an export"}]


def test_people_are_told_by_the_daemon(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    program = f"import sys, pathlib; pathlib.Path({str(told)!r}).write_text(sys.stdin.read())"
    command = json.dumps([sys.executable, "-c", program])
    site = ExchangingSite(tmp_path / "site", f"[notices]\nevery_minutes = 0.005\ncommand = {command}\n")
    put(site.root / "inbox/bs", "D1.txt", delivery(("101", 10_000))[:-50])
    with site.running():
        until(told.exists, "told")
    (notice,) = json.loads(told.read_text())["notices"]
    assert "D1.txt" in notice["text"]


def test_without_any_exchange_there_is_no_thread_for_one(site: ExchangingSite) -> None:
    with site.running():
        time.sleep(0.2)
        names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("exchange-")]


def test_the_books_have_room_for_a_thread_of_every_vendor(site: ExchangingSite) -> None:
    with site.hub() as hub, ExitStack() as many:
        readers = [many.enter_context(hub.db.read()) for _ in range(40)]
        assert {reader.execute(text("SELECT 1")).scalar_one() for reader in readers} == {1}


class _Booking(Sink):
    """While it answers that it has the mail, somebody begins to book, for longer than anybody waits."""

    books: database.Database

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        begun = threading.Event()

        def book() -> None:
            with self.books.write():
                begun.set()
                time.sleep(2)

        threading.Thread(target=book).start()
        begun.wait()
        return await super().handle_DATA(server, session, envelope)


class _Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def last_rounds(site: ExchangingSite, what: str) -> list[rounds.Round]:
    with site.hub() as hub, hub.db.read() as conn:
        return [one for one in rounds.last_rounds(conn) if one.what == what and one.ended_at is not None]
