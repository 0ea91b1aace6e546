"""Who works on what, when hubs share a journal, die, or fail; and in which order a file becomes durable."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.engine.default import DefaultDialect

from hub.intake import claims, pipeline, steps
from hub.intake.hub import Hub
from hub.intake.placing import BusyError, StillBeingReadError
from hub.store import journal, owners, tables
from hub.store.journal import Arrival
from hub.transport.folders import look_at
from tests import tiny_site
from tests.tiny_site import NOW, PDF, STATEMENT, delivery, results

PAYMENTS = delivery(("101", 10_000))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def hub(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Hub]:
    root = tmp_path / "site"
    is_sqlite = request.param == "sqlite"
    tiny_site.write_site(root, "sqlite:///hub.db" if is_sqlite else request.getfixturevalue("postgres").emptied())
    opened = tiny_site.open_hub(root, clock)
    yield opened
    tiny_site.close_hub(opened)


@pytest.fixture
def put(hub: Hub) -> Callable[[str, bytes], Path]:
    def put(name: str, content: bytes) -> Path:
        path = hub.site.inbox / name
        path.write_bytes(content)
        return path

    return put


def claimed(hub: Hub, path: Path) -> Arrival:
    claim = steps.claim(hub, look_at(path), actor="test")
    assert claim is not None
    return claim


def give_to(hub: Hub, claim: Arrival, owner: str) -> None:
    with hub.db.write() as conn:
        conn.execute(update(tables.arrival).where(tables.arrival.c.id == claim.id).values(owner=owner))


def events(hub: Hub) -> list[str]:
    with hub.db.read() as conn:
        return list(conn.scalars(select(tables.event.c.what).order_by(tables.event.c.id)))


@pytest.fixture
def stranger() -> Iterator[str]:
    """Another living process on this host, as an owner."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield owners._owner(process.pid)
        process.communicate(b"\n")


def test_who_loses_the_claim_lets_go(hub: Hub, put: Callable[[str, bytes], Path], stranger: str) -> None:
    path = put("0602.txt", PAYMENTS)
    give_to(hub, claimed(hub, path), stranger)
    assert steps.claim(hub, look_at(path), actor="test") is None
    assert pipeline.take_in(hub, look_at(path), actor="test") is None
    assert steps.waiting(hub) == []
    assert path.exists()


def test_a_living_owner_on_this_host_keeps_its_claim_whatever_its_lease_says(
    hub: Hub, put: Callable[[str, bytes], Path], stranger: str, clock: Clock
) -> None:
    give_to(hub, claimed(hub, put("0602.txt", PAYMENTS)), stranger)
    clock.now += timedelta(days=1)
    assert steps.waiting(hub) == []


@pytest.mark.parametrize("start", ["0.0", "dead"])
def test_a_dead_owners_claim_is_finished_by_the_next(
    hub: Hub, put: Callable[[str, bytes], Path], stranger: str, start: str
) -> None:
    """Also when its process id lives on in another process."""
    path = put("0602.txt", PAYMENTS)
    give_to(hub, claimed(hub, path), stranger.rpartition(":")[0] + ":" + start)
    pipeline.finish_open(hub, "test")
    assert not path.exists()
    assert events(hub)[-1] == "filed"
    assert "taken over" in events(hub)


def test_another_hosts_claim_passes_on_when_its_lease_is_over(
    hub: Hub, put: Callable[[str, bytes], Path], clock: Clock
) -> None:
    path = put("0602.txt", PAYMENTS)
    give_to(hub, claimed(hub, path), "elsewhere/1:4711:1.2")
    clock.now += timedelta(seconds=hub.site.hub.intake.lease_seconds)
    assert steps.waiting(hub) == []
    clock.now += timedelta(seconds=1)
    pipeline.finish_open(hub, "test")
    assert not path.exists()


def test_of_two_that_take_over_only_one_does(hub: Hub, put: Callable[[str, bytes], Path]) -> None:
    give_to(hub, claimed(hub, put("0602.txt", PAYMENTS)), "elsewhere/1:4711:1.2")
    late = replace(hub, clock=lambda: NOW + timedelta(hours=1))
    (left,) = steps.waiting(late)
    assert claims.take_over(late, left, "test") is not None
    assert claims.take_over(late, left, "test") is None


def test_a_lease_is_renewed_while_the_work_lasts(hub: Hub, put: Callable[[str, bytes], Path], clock: Clock) -> None:
    if hub.db.dialect == "sqlite":
        pytest.skip("one host, and its process table")
    intake = hub.site.hub.intake.model_copy(update={"lease_seconds": 0.06})
    quick = replace(hub, site=replace(hub.site, hub=hub.site.hub.model_copy(update={"intake": intake})))
    claim = claimed(quick, put("0602.txt", PAYMENTS))
    clock.now += timedelta(hours=1)
    with claims.kept(quick, claim):
        for _ in range(500):
            with hub.db.read() as conn:
                until = conn.execute(select(tables.arrival.c.lease_until)).scalar_one()
            if until > clock.now:
                return
    pytest.fail("the lease was never renewed")


def test_the_same_bytes_wait_while_they_are_being_read(hub: Hub, put: Callable[[str, bytes], Path]) -> None:
    """Nobody knows yet whether the second is a duplicate or another try."""
    first = claimed(hub, put("a.txt", PAYMENTS))
    first = steps.place(hub, steps._store(hub, first, "test"), "test")
    second = put("b.txt", PAYMENTS)
    with pytest.raises(StillBeingReadError, match=r"being read as file 1 a\.txt"):
        pipeline.take_in(hub, look_at(second), actor="test")
    assert second.exists()
    assert [left.id for left in steps.waiting(hub)] == [first.id]
    steps.finish(hub, first, "test")
    outcome = pipeline.take_in(hub, look_at(second), actor="test")
    assert outcome is not None
    assert outcome.result.state == "duplicate"


def test_bytes_and_names_are_durable_before_the_journal_says_so(
    hub: Hub, put: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claimed(hub, put("0602.txt", PAYMENTS))
    calls: list[str] = []

    def watch(owner: Any, name: str, describe: Callable[..., str]) -> None:
        original = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            calls.append(describe(*args))
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, watched)

    watch(os, "fsync", lambda fd: f"fsync {'folder' if os.path.isdir(f'/proc/self/fd/{fd}') else 'file'}")
    watch(os, "replace", lambda *_: "rename")
    watch(DefaultDialect, "do_commit", lambda *_: "commit")
    steps._store(hub, claim, "test")
    assert calls == ["fsync file", "rename", "fsync folder", "fsync folder", "commit"]


def test_a_full_disk_loses_nothing_and_the_next_try_goes_on(
    hub: Hub, put: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put("0602.txt", PAYMENTS)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            pipeline.take_in(hub, look_at(path), actor="test")
    assert path.read_bytes() == PAYMENTS
    assert [part for part in hub.content.rglob("*") if part.is_file()] == []
    assert events(hub)[-1] == "fault"
    pipeline.finish_open(hub, "test")
    assert not path.exists()
    assert events(hub).count("claimed") == 1


def test_an_inbox_on_another_file_system_is_emptied_all_the_same(
    hub: Hub, put: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def across(source: Any, target: Any) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    monkeypatch.setattr(os, "rename", across)
    outcome = pipeline.take_in(hub, look_at(put(STATEMENT, PDF)), actor="test")
    assert outcome is not None
    assert [path.read_bytes() for path in hub.site.archive.rglob("*.pdf")] == [PDF]
    assert [path for path in hub.site.inbox.rglob("*") if path.is_file()] == []


def held_back(hub: Hub, put: Callable[[str, bytes], Path], book: str = "after_approval") -> int:
    """A file of which property 1 is booked (``book`` auto) or would be, and property 2 waits for its tenant."""
    heat = hub.vendors.instances["heat"]
    heat.config = heat.config.model_copy(update={"book": book})
    path = put("results.txt", results((1, 1, 1, 12_345), (2, 1, 1, 500), (2, 5, 1, 700)))
    outcome = pipeline.take_in(hub, look_at(path), actor="test", door="heat")
    assert outcome is not None
    return outcome.id or 0


def state_of(hub: Hub, file_id: int) -> str | None:
    with hub.db.read() as conn:
        return conn.execute(select(tables.file.c.state).where(tables.file.c.id == file_id)).scalar_one()


def test_of_two_people_at_once_one_acts_and_the_other_is_told(
    hub: Hub, put: Callable[[str, bytes], Path], stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = held_back(hub, put)
    read_to_end = steps.read_to_end
    refused: list[str] = []

    def another_comes(*args: Any, **kwargs: Any) -> Any:
        with hub.db.read() as conn:
            ours = journal.open_claim_on(conn, file_id)
        assert ours is not None
        give_to(hub, ours, stranger)
        for act in (pipeline.release, pipeline.retry, partial(pipeline.ignore, reason="nothing")):
            with pytest.raises(BusyError, match=f"file {file_id} is being worked on by another hub") as told:
                act(hub, file_id, actor="bo")
            refused.append(str(told.value))
        give_to(hub, ours, ours.owner)
        return read_to_end(*args, **kwargs)

    monkeypatch.setattr(steps, "read_to_end", another_comes)
    outcome = pipeline.release(hub, file_id, actor="anna")
    assert len(refused) == 3
    assert (outcome.result.state, outcome.result.counts.booked) == ("partly_booked", 1)
    assert [what for what in events(hub) if what in ("released", "retried", "ignored")] == ["released"]


@pytest.mark.parametrize(
    ("act", "step"),
    [*product(("released", "retried"), ("take_up", "read_to_end", "end_filed")), ("ignored", "end_filed")],
)
def test_an_act_that_was_killed_is_finished_by_the_next_hub(
    hub: Hub, put: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch, act: str, step: str
) -> None:
    """The person's word was given: the approval, too, is not lost."""
    file_id = held_back(hub, put, "auto" if act == "retried" else "after_approval")
    acts = {"released": pipeline.release, "retried": pipeline.retry, "ignored": partial(pipeline.ignore, reason="no")}
    with monkeypatch.context() as killed:
        killed.setattr(steps, step, lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            acts[act](hub, file_id, actor="anna")
    pipeline.finish_open(hub, "test")
    assert state_of(hub, file_id) == ("ignored" if act == "ignored" else "partly_booked")
    assert steps.waiting(hub) == []
    assert events(hub)[-1] == "filed"
    with hub.db.read() as conn:
        assert conn.execute(select(func.count()).select_from(tables.entry)).scalar_one() == (act != "ignored")


def test_a_file_in_work_is_not_taken_again_when_its_bytes_come_again(
    hub: Hub, put: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's act is not yet filed away: whoever moved the file now would move it to the wrong place."""
    path = put("x.txt", b"?")
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    with monkeypatch.context() as killed:
        killed.setattr(steps, "end_filed", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            pipeline.ignore(hub, outcome.id or 0, reason="nothing", actor="anna")
    put("x.txt", b"?")
    with pytest.raises(StillBeingReadError, match=r"filed away as file 1 x\.txt"):
        pipeline.take_in(hub, look_at(path), actor="test")
    pipeline.finish_open(hub, "test")
    assert list(hub.site.quarantine.iterdir()) == []
    assert [path.read_bytes() for path in hub.site.archive.rglob("*x.txt")] == [b"?"]
    assert path.exists()


def test_what_is_dropped_while_a_person_acts_on_its_like_is_not_swept_away(
    hub: Hub, put: Callable[[str, bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same name, size and time as what the person's file once came as, and other bytes."""
    path = put("x.txt", b"?")
    seen = look_at(path)
    outcome = pipeline.take_in(hub, seen, actor="test")
    assert outcome is not None
    put("x.txt", b"!")
    os.utime(path, ns=(seen.mtime_ns, seen.mtime_ns))
    pipeline.retry(hub, outcome.id or 0, actor="anna")
    assert path.read_bytes() == b"!"
    second = pipeline.take_in(hub, look_at(path), actor="test")
    assert second is not None
    assert second.id != outcome.id


def test_the_other_plug_ins_file_is_booked_while_one_is_at_fault(hub: Hub, put: Callable[[str, bytes], Path]) -> None:
    """R1: a fault is no answer; where nobody else was asked it is the reason."""
    heat = hub.vendors.instances["heat"]
    heat.talk.fault = "does not work today"
    document = pipeline.take_in(hub, look_at(put(STATEMENT, PDF)), actor="test")
    assert document is not None
    assert document.result.state == "quarantined"
    assert "heat" in document.result.reasons[0]
    assert "does not work today" in document.result.reasons[0]
    payments = pipeline.take_in(hub, look_at(put("0602.txt", PAYMENTS)), actor="test")
    assert payments is not None
    assert payments.result.state == "booked"


def test_two_claimants_are_ambiguous(tmp_path: Path) -> None:
    root = tmp_path / "site"
    tiny_site.write_site(root)
    shutil.copy(root / "config/vendors/bs.toml", root / "config/vendors/bs_again.toml")
    hub = tiny_site.open_hub(root)
    path = hub.site.inbox / "0602.txt"
    path.write_bytes(PAYMENTS)
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    tiny_site.close_hub(hub)
    assert outcome is not None
    assert outcome.result.reasons[0].startswith("ambiguous: claimed by bs (as 0602) and bs_again (as 0602)")
