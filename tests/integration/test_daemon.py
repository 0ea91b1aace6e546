"""The daemon: takes what is dropped, survives what happens around it, stops when told."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub import daemon
from hub.daemon import Backoff, Looker
from hub.intake import steps
from hub.intake.hub import Hub
from hub.store import views
from tests import tiny_site
from tests.tiny_site import NOW, PDF, STATEMENT, delivery

PAYMENTS = delivery(("101", 10_000))
_WAIT_SECONDS = 20


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    root = tmp_path / "site"
    tiny_site.write_site(root)
    opened = tiny_site.open_hub(root)
    yield opened
    tiny_site.close_hub(opened)


def states(hub: Hub) -> dict[str, str | None]:
    with hub.db.read() as conn:
        return {file.name: file.state for file in views.files(conn)}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never happens"
        time.sleep(0.02)


@contextmanager
def running(hub: Hub) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=daemon.run, args=(hub, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_WAIT_SECONDS)
        assert not thread.is_alive()


def test_takes_what_lay_there_before_and_what_comes_later(hub: Hub) -> None:
    (hub.site.inbox / "bs" / "before.txt").write_bytes(PAYMENTS)
    with running(hub):
        until(lambda: states(hub) == {"before.txt": "booked"})
        (hub.site.inbox / STATEMENT).write_bytes(PDF)
        until(lambda: states(hub).get(STATEMENT) == "booked")


def test_an_event_wakes_it_long_before_the_next_scan(hub: Hub) -> None:
    slow = _with_intake(hub, scan_seconds=3_600)
    with running(slow):
        time.sleep(0.3)
        (hub.site.inbox / STATEMENT).write_bytes(PDF)
        until(lambda: states(hub) == {STATEMENT: "booked"})


@pytest.mark.parametrize("polling", [False, True])
def test_survives_an_inbox_that_vanishes_and_comes_back(hub: Hub, polling: bool) -> None:
    with running(_with_intake(hub, polling=polling)):
        (hub.site.inbox / "bs" / "first.txt").write_bytes(PAYMENTS)
        until(lambda: states(hub) == {"first.txt": "booked"})
        hub.site.inbox.rename(hub.site.root / "away")
        time.sleep(0.3)
        (hub.site.root / "away").rename(hub.site.inbox)
        (hub.site.inbox / STATEMENT).write_bytes(PDF)
        until(lambda: states(hub).get(STATEMENT) == "booked")


def test_makes_the_inboxes_that_are_missing(hub: Hub) -> None:
    shutil.rmtree(hub.site.inbox)
    with running(hub):
        until((hub.site.inbox / "heat").is_dir)


def test_a_bad_file_harms_nobody(hub: Hub) -> None:
    inbox = hub.site.inbox
    (inbox / "a-link.txt").symlink_to("/etc/hostname")
    (inbox / "b-empty.txt").touch()
    (inbox / "c-cut.txt").write_bytes(PAYMENTS[:-50])
    (inbox / "d-good.txt").write_bytes(PAYMENTS)
    Looker(hub, threading.Event()).look()
    assert states(hub) == {"b-empty.txt": "quarantined", "c-cut.txt": "quarantined", "d-good.txt": "booked"}
    assert (inbox / "a-link.txt").is_symlink()


def test_a_fault_of_ours_is_tried_again_later_and_later(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    now = NOW
    hub = Hub(hub.site, hub.db, hub.vendors, lambda: now, hub.content)
    (hub.site.inbox / "0602.txt").write_bytes(PAYMENTS)
    looker = Looker(hub, threading.Event())
    hub.site.archive.rmdir()
    hub.site.archive.touch()  # no folder can be made in it
    tries = 0
    for _ in range(40):
        looker.look()
        now += timedelta(seconds=0.1)
    with hub.db.read() as conn:
        detail = views.file_detail(conn, 1)
    assert detail is not None
    tries = [event["what"] for event in detail.events].count("fault")
    assert 3 <= tries <= 8
    hub.site.archive.unlink()
    now += timedelta(minutes=11)
    looker.look()
    assert steps.waiting(hub) == []
    assert [path.read_bytes() for path in hub.site.archive.rglob("*0602.txt")] == [PAYMENTS]
    assert len(detail.readings) == 1


def test_backoff_doubles_up_to_ten_minutes() -> None:
    backoff = Backoff(5)
    pauses = [backoff.failed(1, NOW).total_seconds() for _ in range(9)]
    # With up to half of the first as jitter, so that not everybody knocks at the same moment.
    least = [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert all(pause >= at_least for pause, at_least in zip(pauses, least, strict=True))
    assert all(pause <= min(at_least + 2.5, 600) for pause, at_least in zip(pauses, least, strict=True))
    assert not backoff.is_due(1, NOW)
    assert backoff.is_due(1, NOW + timedelta(seconds=600))
    backoff.forget_all_but(set())
    assert backoff.is_due(1, NOW)


def test_a_clock_that_is_put_back_makes_nothing_wait_until_then() -> None:
    backoff = Backoff(5)
    backoff.failed(1, NOW + timedelta(days=365))
    assert backoff.is_due(1, NOW)


def test_sigterm_stops_it_cleanly_and_logs_are_json_on_stderr(tmp_path: Path) -> None:
    root = tmp_path / "site"
    tiny_site.write_site(root)
    (root / "inbox" / STATEMENT).write_bytes(PDF)
    program = """
import signal, sys, threading
from pathlib import Path
from hub import daemon, log
from tests import tiny_site
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
log.configure("json", "info")
hub = tiny_site.open_hub(Path(sys.argv[1]))
daemon.run(hub, stop)
tiny_site.close_hub(hub)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", program, root],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        until(lambda: not (root / "inbox" / STATEMENT).exists())
        process.send_signal(signal.SIGTERM)
        output, logged = process.communicate(timeout=_WAIT_SECONDS)
    assert process.returncode == 0
    assert output == ""
    lines = [json.loads(line) for line in logged.split("\n") if line]
    assert [line["event"] for line in lines] == ["started", "booked", "stopped"]
    assert lines[1]["file"] == STATEMENT


def _with_intake(hub: Hub, **values: object) -> Hub:
    config = hub.site.hub.model_copy(update={"intake": hub.site.hub.intake.model_copy(update=values)})
    return replace(hub, site=replace(hub.site, hub=config))
