"""Kills whoever mails, at every step of a dialogue and at every commit: ``python mail_launcher.py WORK FROM FOLDER``.

``WORK`` is ``send`` (what waits in the outbox) or ``tell`` (notices). A child process does it on a copy of the site
``FROM`` below ``FOLDER``, and is killed with SIGKILL before or after its Nth call; a second one, undisturbed and
two hours later, does what a restarted hub does. Each point begins with a line on stdin and ends with a JSON line on
stdout; so does a run before them that nobody disturbs and nobody judges, after which every statement is compiled. Ends
with the first point at which nobody was killed.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import smtplib
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hub import log
from hub.exchange.notices import tell
from hub.outbox.sending import send_due
from hub.settings import load_site
from hub.store import database
from hub.transport import mail
from tests.crash import launcher
from tests.crash.launcher import Killer, in_child
from tests.desk import NOW

LATER = NOW + timedelta(hours=2)
#: Small, so that there are steps in the middle of a mail.
_PIECE_BYTES = 3_000


def send(root: Path, now: datetime) -> None:
    site = load_site(root)
    with closing(database.connect(site.database_url)) as db:
        send_due(db, site, "heat", clock=lambda: now, actor="daemon", stop=threading.Event())


def notify(root: Path, now: datetime) -> None:
    site = load_site(root)
    with closing(database.connect(site.database_url)) as db:
        tell(db, site, now=now, actor="daemon")


WORKS: dict[str, Callable[[Path, datetime], None]] = {"send": send, "tell": notify}


def main(work: Callable[[Path, datetime], None], template: Path, folder: Path) -> None:
    log.configure("console", "error")
    launcher._CALLS += ((smtplib.SMTP, "send"),)
    mail._PIECE_BYTES = _PIECE_BYTES
    sys.stdin.readline()
    root = folder / "undisturbed"
    shutil.copytree(template, root)
    work(root, NOW)
    print(json.dumps({}), flush=True)
    killed = True
    for nth, after in ((nth, after) for nth in itertools.count(1) for after in (False, True)):
        if not killed or not sys.stdin.readline():
            break
        root = folder / f"{nth:03}-{'after' if after else 'before'}"
        shutil.copytree(template, root)

        def disturbed(root: Path = root, nth: int = nth, after: bool = after) -> None:
            Killer(nth, after, []).wrap()
            work(root, NOW)

        status = in_child(disturbed)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        again = in_child(lambda root=root: work(root, LATER))
        print(json.dumps({"site": str(root), "killed": killed, "status": status, "again": again}), flush=True)


if __name__ == "__main__":
    main(WORKS[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3]))
