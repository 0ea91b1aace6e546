"""``hub exchange``: what was, what is next, what is missing; a round by hand."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.store.exchange.rounds import begin
from tests.exchanging import EXCHANGE, ExchangingSite, put
from tests.integration.cli_runner import Answer, hub
from tests.sshd import Sshd, silent_server
from tests.tiny_site import delivery

PULL = ("[sftp.pull]", 'folders = ["out"]', "settle_seconds = 0", 'after = "delete"')
PUSH = ("[sftp.push]", 'folder = "in"')
FOLDER = ("[folder]", 'path = "handed"')
MAIL = ("[mail]", "send = true", 'to = ["anna@meters.example"]')
FILE = "BS0605-0000000001.txt"


@pytest.fixture
def site(tmp_path: Path) -> ExchangingSite:
    return ExchangingSite(tmp_path / "site")


@pytest.fixture
def there(sshd: Sshd) -> Path:
    for folder in ("out", "in"):
        (sshd.root / folder).mkdir()
    return sshd.root


@pytest.fixture
def ask(site: ExchangingSite) -> Callable[..., Answer]:
    """``hub exchange ...`` on the site."""
    return lambda *arguments: hub("exchange", *arguments, site=site.root)


Ask = Callable[..., Answer]


def overview(ask: Ask, name: str = "bs") -> dict[str, Any]:
    answer = ask("--json")
    assert answer.status == 0
    (one,) = [one for one in answer.json["exchange"] if one["name"] == name]
    return dict(one)


def test_one_round_by_hand_sends_fetches_books_and_clears(
    site: ExchangingSite, sshd: Sshd, there: Path, ask: Ask
) -> None:
    site.goes_to(sshd, *PULL, *PUSH)
    site.deliver(b"an order")
    lying = put(there / "out", "D1.txt", delivery(("101", 10_000)))
    before = overview(ask)
    assert before["push"]["waiting"] == 1
    assert before["pull"]["last"] is None
    answer = ask("run", "--json", "--actor", "Anna")
    assert answer.status == 0
    assert answer.err == ""
    (made,) = answer.json["exchange"]
    assert [(one["what"], one["result"]) for one in made["rounds"]] == [("push", "done"), ("pull", "done")]
    assert made["files"] == [{"name": "D1.txt", "id": 1, "state": "booked"}]
    assert (there / "in" / FILE).read_bytes() == b"an order"
    assert not lying.exists()
    after = overview(ask)
    assert (after["push"]["sent"], after["push"]["waiting"], after["push"]["next_at"]) == (1, 0, None)
    assert after["push"]["to"] == [f"sftp://{sshd.user}@127.0.0.1:{sshd.port}/in"]
    assert (after["pull"]["last"]["fetched"], after["pull"]["to_be_cleared"]) == (1, 0)
    assert after["pull"]["next_at"] > after["pull"]["last"]["started_at"]


def test_people_read_the_same(site: ExchangingSite, sshd: Sshd, there: Path, ask: Ask) -> None:
    site.goes_to(sshd, *PULL, *PUSH)
    site.deliver(b"an order")
    put(there / "out", "D1.txt", delivery(("101", 10_000)))
    assert "1 waiting" in ask().out
    told = ask("run")
    assert told.status == 0
    assert "D1.txt" in told.out
    assert "1 of 1 sent" in ask().out
    shown = ask("show", "bs")
    assert "1 there, 1 fetched, 0 refused" in shown.out
    assert "Last rounds" in shown.out
    assert [one["what"] for one in ask("show", "bs", "--json").json["rounds"]] == ["pull", "push"]


def test_quarantine_says_so_with_its_status(site: ExchangingSite, sshd: Sshd, there: Path, ask: Ask) -> None:
    site.goes_to(sshd, *PULL)
    lying = put(there / "out", "D1.txt", delivery(("101", 10_000))[:-50])
    answer = ask("run", "bs", "--json")
    assert answer.status == 2
    assert answer.json["exchange"][0]["files"][0]["state"] == "quarantined"
    assert lying.exists()
    assert overview(ask)["pull"]["to_be_cleared"] == 1
    # Nobody removes anything where nobody looks any more.
    site.goes_to(sshd, *(line.replace('"out"', '"elsewhere"') for line in PULL))
    assert overview(ask)["pull"]["to_be_cleared"] == 0


def test_the_pause_between_two_looks_is_kept_by_hand_too(
    site: ExchangingSite, sshd: Sshd, there: Path, ask: Ask
) -> None:
    site.goes_to(sshd, *PULL)
    assert ask("run", "bs").status == 0
    put(there / "out", "D1.txt", delivery(("101", 10_000)))
    refused = ask("run", "bs", "--pull")
    assert refused.status == 2
    assert "every_minutes" in refused.err
    assert site.states() == {}
    assert ask("run", "--anyway").status == 1
    assert ask("run", "bs", "--anyway", "--actor", "Anna").status == 0
    assert site.states() == {"D1.txt": "booked"}
    assert "Anna" in overview(ask)["pull"]["last"]["text"]


def test_what_stopped_the_machine_a_person_mends_and_runs(
    site: ExchangingSite, sshd: Sshd, there: Path, ask: Ask
) -> None:
    site.goes_to(sshd, *PULL, *PUSH)
    site.deliver(b"an order")
    known = sshd.host_key_line
    sshd.change_host_keys()
    answer = ask("run", "--json")
    assert answer.status == 2
    assert [one["result"] for one in answer.json["exchange"][0]["rounds"]] == ["stopped", "stopped"]
    stopped = overview(ask)
    assert (stopped["push"]["stopped"], stopped["pull"]["next_at"]) == (1, None)
    assert known in stopped["pull"]["last"]["text"]
    assert "when a person has mended it" in ask().out
    site.goes_to(sshd, *PULL, *PUSH)
    assert hub("outbox", "retry", 1, "--note", "a new server", site=site.root).status == 0
    assert ask("run").status == 0
    assert site.sent() == {FILE: "sent"}


def test_a_server_that_does_not_answer_keeps_nobody_from_the_next(
    site: ExchangingSite, sshd: Sshd, there: Path, ask: Ask
) -> None:
    with silent_server() as port:
        site.goes_to(sshd, "banner_seconds = 0.5", *PULL, port=port)
        site.goes_to(sshd, *PUSH, vendor="heat")
        site.deliver(b"an export", "heat.txt", vendor="heat")
        answer = ask("run", "--json")
    assert answer.status == 2
    rounds = {(one["name"], each["result"]) for one in answer.json["exchange"] for each in one["rounds"]}
    assert rounds == {("bs", "failed"), ("heat", "done")}
    assert (there / "in/heat.txt").read_bytes() == b"an export"


def test_push_alone_and_pull_alone(site: ExchangingSite, sshd: Sshd, there: Path, ask: Ask) -> None:
    site.goes_to(sshd, *PULL, *PUSH)
    site.deliver(b"an order")
    put(there / "out", "D1.txt", delivery(("101", 10_000)))
    assert ask("run", "bs", "--push").status == 0
    assert (site.sent(), site.states()) == ({FILE: "sent"}, {})
    assert ask("run", "bs", "--pull").status == 0
    assert site.states() == {"D1.txt": "booked"}


def test_no_way_that_works_hides_one_that_fails(tmp_path: Path, sshd: Sshd) -> None:
    site, dead = _three_ways(tmp_path, sshd)
    ran = hub("exchange", "run", "bs", "--json", site=site.root)
    assert [(one["what"], one["result"]) for one in ran.json["exchange"][0]["rounds"]] == [
        ("push", "failed"),
        ("push", "done"),
        ("push", "failed"),
        ("pull", "failed"),
    ]
    ids = {one["channel"]: one["id"] for one in hub("outbox", "--json", site=site.root).json["dispatches"]}
    for failed in ("sftp", "mail"):
        assert hub("outbox", "cancel", ids[failed], "--note", "by hand", site=site.root).status == 0
    assert hub("outbox", "retry", ids["folder"], "--again", "--note", "lost there", site=site.root).status == 0
    assert hub("exchange", "run", "bs", "--push", site=site.root).status == 0
    shown = hub("exchange", "show", "bs", "--json", site=site.root).json
    assert (shown["rounds"][0]["what"], shown["rounds"][0]["result"]) == ("push", "done")
    ways = shown["push"]["channels"]
    assert [(one["channel"], one["to"], one["last"]["result"]) for one in ways] == [
        ("sftp", f"sftp://{sshd.user}@127.0.0.1:{dead}/in", "failed"),
        ("folder", str(site.root / "handed"), "done"),
        ("mail", "mailto:anna@meters.example", "failed"),
    ]
    assert shown["push"]["to"] == [one["to"] for one in ways]
    assert shown["push"]["last"] == ways[1]["last"]
    told = hub("exchange", site=site.root).out
    rows = [
        r"bs +pull .* failed +0 there, 0 fetched, 0 refused ",
        r"bs +push +1 sent\b",
        r"bs +push sftp .* failed +0 of 0 sent\b",
        r"bs +push folder .* done +1 of 1 sent\b",
        r"bs +push mail .* failed +0 of 0 sent\b",
        r"bs pull: .*no connection",
        r"bs push: sftp: .*no connection",
        r"bs push: mail: .*no connection",
    ]
    lines = [line for line in told.split("\n") if line.startswith("bs ")]
    assert len(lines) == len(rows), told
    assert [row for row, line in zip(rows, lines, strict=True) if re.match(row, line) is None] == [], told


def test_a_push_that_has_not_ended_is_its_own_channels(tmp_path: Path, sshd: Sshd) -> None:
    site, _ = _three_ways(tmp_path, sshd)
    assert hub("exchange", "run", "bs", "--push", site=site.root).status == 2
    with site.hub() as opened, opened.db.write() as conn:
        begin(conn, "bs", "push", "other settings", opened.clock(), "mail")
    shown = hub("exchange", "--json", site=site.root).json["exchange"][0]["push"]
    assert [one["last"]["result"] for one in shown["channels"]] == ["failed", "done", None]
    assert "not ended" in hub("exchange", site=site.root).out


def test_a_way_whose_settings_changed_has_its_last_push_and_a_new_way_none(tmp_path: Path, sshd: Sshd) -> None:
    site, _ = _three_ways(tmp_path, sshd)
    site.goes("bs", *FOLDER)
    assert hub("exchange", "run", "bs", site=site.root).status == 2
    site.goes("bs", "[folder]", 'path = "elsewhere"', *MAIL)
    shown = hub("exchange", "--json", site=site.root).json["exchange"][0]["push"]
    folder, mail = shown["channels"]
    assert (folder["channel"], folder["last"]["result"]) == ("folder", "done")
    assert (mail["channel"], mail["last"]) == ("mail", None)
    assert re.search(r"push mail +never", hub("exchange", site=site.root).out)


def _three_ways(tmp_path: Path, sshd: Sshd) -> tuple[ExchangingSite, int]:
    """A site with a delivery that only the folder takes: nobody listens at the port of the server and of mail."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        dead = int(listening.getsockname()[1])
    mail = f'[mail]\nhost = "127.0.0.1"\nport = {dead}\nsender = "hub@example.com"\n'
    site = ExchangingSite(tmp_path / "site", f'{EXCHANGE}{mail}confirmed = ["anna@meters.example"]\n')
    (site.root / "handed").mkdir()
    site.goes_to(sshd, *PULL, *PUSH, *FOLDER, *MAIL, port=dead)
    site.deliver(b"an order")
    return site, dead


def test_a_missing_file_is_told_until_it_comes(site: ExchangingSite, ask: Ask) -> None:
    put(site.root / "inbox", "D0.txt", delivery(("101", 10_000)))
    assert hub("ingest", site.root / "inbox/D0.txt", "--vendor", "bs", site=site.root).status == 0
    site.goes("heat")
    site.file("heat").write_text('expect = "by 12:00 on all days"\n' + site.file("heat").read_text())
    # The hub began today: nothing of yesterday's is missed.
    assert overview(ask, "heat")["expected"]["missing_since"] is None
    with site.hub() as opened, opened.db.write() as conn:
        conn.exec_driver_sql("UPDATE file SET received_at = '2026-01-01 00:00:00.000000'")
    assert overview(ask, "heat")["expected"]["missing_since"] is not None
    told = ask()
    assert "MISSING" in told.out
    assert "has not come (by 12:00 on all days)" in told.out


def test_nothing_set_up_is_said_and_unknown_names_are_refused(site: ExchangingSite, ask: Ask) -> None:
    assert ask("--json").json == {"exchange": [], "notices": None}
    assert "nothing is exchanged" in ask().out
    assert ask("run").status == 0
    for wrong in (("show", "nobody"), ("show", "bs"), ("run", "nobody"), ("run", "bs"), ("tell",)):
        answer = ask(*wrong)
        assert answer.status == 1, wrong
        assert answer.err.startswith("hub: ")


def test_tell_tells_once(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    program = f"import sys, pathlib; pathlib.Path({str(told)!r}).write_text(sys.stdin.read())"
    command = json.dumps([sys.executable, "-c", program])
    site = ExchangingSite(tmp_path / "site", f"[notices]\ncommand = {command}\n")
    bad = put(site.root / "inbox/bs", "D1.txt", delivery(("101", 10_000))[:-50])
    assert hub("ingest", bad, site=site.root).status == 2
    assert hub("exchange", "tell", "--json", site=site.root).json == {"told": 1}
    assert "D1.txt" in told.read_text()
    assert hub("exchange", "tell", "--json", site=site.root).json == {"told": 0}
