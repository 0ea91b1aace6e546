"""One mail per export, whatever is killed and when; but in one window, where nobody can know and nothing is sent twice.

The window is from just before the end of the mail leaves until its answer is written down.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from hub.store.database import connect
from tests.mailing import ANNA, SENDER, Mailer
from tests.smtp import Mail, Sink
from tests.watching import Watched

LAUNCHER = Path(__file__).with_name("mail_launcher.py")
_HUB = 'database = "sqlite:///hub.db"\n[site]\nname = "Søgård"\n'
_HEAT = f'plugin = "bars"\n[consumption]\ntype = "heat"\nexport = true\n[mail]\nsend = true\nto = ["{ANNA}"]\n'
pytestmark = pytest.mark.crash


class Point(NamedTuple):
    """What was left at one kill point, after a restart."""

    name: str
    killed: bool
    root: Path
    mails: list[Mail]

    def ask(self, query: str) -> list[tuple[object, ...]]:
        opened = connect(f"sqlite:///{self.root}/hub.db")
        with opened.read() as conn:
            rows = [tuple(row) for row in conn.execute(text(query))]
        opened.close()
        return rows


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink", encryption="none") as running:
        yield running


@pytest.fixture
def template(tmp_path: Path, sqlite_template: Path, sink: Sink) -> Path:
    """A site without anything in its books that mails to ``sink``."""
    root = tmp_path / "template"
    (root / "config/vendors").mkdir(parents=True)
    shutil.copyfile(sqlite_template, root / "hub.db")
    server = f'host = "127.0.0.1"\nport = {sink.port}\nencryption = "none"\nsender = "{SENDER}"\n'
    told = f'[mail]\n{server}confirmed = ["{ANNA}"]\n[notices]\nmail_to = ["{ANNA}"]\n'
    (root / "config/hub.toml").write_text(_HUB + told, encoding="utf-8")
    (root / "config/vendors/heat.toml").write_text(_HEAT, encoding="utf-8")
    return root


def killed_everywhere(work: str, template: Path, folder: Path, sink: Sink) -> list[Point]:
    """All kill points; the last is the run that nobody killed."""
    folder.mkdir()
    command = [sys.executable, str(LAUNCHER), work, str(template), str(folder)]
    points: list[Point] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdin is not None
        assert launcher.stdout is not None

        def next_report() -> Any:
            sink.mails.clear()
            launcher.stdin.write("\n")
            launcher.stdin.flush()
            return json.loads(launcher.stdout.readline())

        next_report()
        while not points or points[-1].killed:
            report = next_report()
            root = Path(report["site"])
            assert report["killed"] or report["status"] == 0, f"{root.name}: the undisturbed hub failed"
            assert report["again"] == 0, f"{root.name}: the restarted hub failed"
            sink.wait_until_alone()
            points.append(Point(root.name, report["killed"], root, list(sink.mails)))
    return points


def test_an_export_is_mailed_once_wherever_the_hub_is_killed(template: Path, tmp_path: Path, sink: Sink) -> None:
    opened = connect(f"sqlite:///{template}/hub.db")
    mailer = Mailer(opened, template, sink)
    mailer.mail["to"] = [ANNA]
    mailer.export()
    one = mailer.dispatch()
    expected = (one.message_id, {one.name: mailer.bytes_of(one)})
    opened.close()
    states = []
    for point in killed_everywhere("send", template, tmp_path / "killed", sink):
        (state,) = point.ask("SELECT p.state, d.state FROM dispatch p JOIN delivery d ON d.id = p.delivery_id")
        assert state in (("sent", "sent"), ("uncertain", "uncertain")), point.name
        for mail in point.mails:
            assert (mail.message["Message-ID"], mail.attachments) == expected, point.name
        assert len(point.mails) == 1 or (state[0], len(point.mails)) == ("uncertain", 0), point.name
        states.append((state[0], len(point.mails)))
    # Did the wrappers miss calls, there would be few.
    assert len(states) > 22
    assert [state for state, _ in groupby(state for state, _ in states)] == ["sent", "uncertain", "sent"]
    # It may have it, or not: that is why.
    assert {("uncertain", 0), ("uncertain", 1)} <= set(states)


def test_notices_are_told_wherever_the_hub_is_killed(template: Path, tmp_path: Path, sink: Sink) -> None:
    opened = connect(f"sqlite:///{template}/hub.db")
    watched = Watched(opened, template)
    for name in ("juni.txt", "juli.txt"):
        watched.file(name, "quarantined")
    opened.close()
    told = []
    for point in killed_everywhere("tell", template, tmp_path / "killed", sink):
        assert point.ask("SELECT count(*), count(told_at) FROM notice") == [(2, 2)], point.name
        # Told twice where nobody could know that they were told; and that is seen.
        assert len({mail.message["Message-ID"] for mail in point.mails}) == 1, point.name
        told.append(len(point.mails))
    assert len(told) > 15
    assert [many for many, _ in groupby(told)] == [1, 2, 1]
