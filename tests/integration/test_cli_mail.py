"""A site that mails, as a person runs it: the vendor's file arrives as it was made, people are told, no secret is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.settings import load_site
from hub.store.database import connect
from hub.store.tables import metadata
from tests.exporting import PEOPLE, write_people
from tests.integration.cli_runner import Answer, hub
from tests.mailing import ANNA, BO, PASSWORD
from tests.smtp import Sink

_HUB = 'database = "sqlite:///hub.db"\n'
_BRUNATA = f"""plugin = "brunata"
[consumption]
type = "heat"
export = true
[settings.export]
implied_decimals = 2
[mail]
send = true
to = ["{ANNA}"]
subject = "{{site}}: {{name}}"
"""
ASKED = ("--property", "1-7", "--period", "2025-06-01..2026-05-31")


class MailSite:
    def __init__(self, root: Path, sink: Sink, confirmed: str) -> None:
        self.root = root
        for folder in ("config/companies", "config/vendors", "content", "archive", "quarantine", "lists", "inbox"):
            (root / folder).mkdir(parents=True)
        login = {"user": '"hub"', "password": '{ file = "password" }'}
        notices = f'[notices]\nmail_to = ["{BO}"]\n'
        (root / "password").write_text(PASSWORD, encoding="utf-8")
        (root / "password").chmod(0o600)
        (root / "config/hub.toml").write_text(_HUB + sink.settings(confirmed, **login) + notices, encoding="utf-8")
        (root / "config/vendors/brunata.toml").write_text(_BRUNATA, encoding="utf-8")

    def hub(self, *arguments: object, status: int = 0) -> Answer:
        answer = hub(*arguments, site=self.root)
        assert answer.status == status, f"{answer.status}: {answer.err or answer.out}"
        return answer

    def ask(self, *arguments: object, status: int = 0) -> Any:
        return json.loads(self.hub(*arguments, "--json", status=status).out)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Sink(tmp_path / "sink", user="hub", password=PASSWORD) as running:
        yield running


def site(tmp_path: Path, template: Path, sink: Sink, confirmed: str) -> MailSite:
    made = MailSite(tmp_path / "site", sink, confirmed)
    shutil.copyfile(template, made.root / "hub.db")
    made.hub("portfolio", "import", write_people(made.root / "people.csv", *PEOPLE))
    return made


def test_an_export_is_mailed_and_read_back_byte_for_byte(tmp_path: Path, sqlite_template: Path, sink: Sink) -> None:
    ours = site(tmp_path, sqlite_template, sink, f"{ANNA} {BO}")
    exported = ours.ask("export", "brunata", *ASKED, "--out", tmp_path / "copies")
    assert exported["path"] is None, "it is sent, not handed over by a person"
    assert ours.hub("check").status == 0
    ours.hub("exchange", "run", "brunata")
    (mail,) = sink.mails
    name = exported["delivery"]["name"]
    assert (mail.recipients, mail.encrypted) == ([ANNA], True)
    assert mail.attachments == {name: (tmp_path / "copies" / name).read_bytes()}
    (one,) = ours.ask("outbox")["dispatches"]
    assert (one["state"], one["channel"]) == ("sent", "mail")
    ours.hub("exchange", "run", "brunata")
    assert len(sink.mails) == 1
    ours.hub("verify")


def test_what_could_not_be_mailed_is_told_and_no_secret_is(tmp_path: Path, sqlite_template: Path, sink: Sink) -> None:
    ours = site(tmp_path, sqlite_template, sink, f"{ANNA} {BO}")
    ours.hub("export", "brunata", *ASKED)
    sink.misbehave("RCPT", "550 5.1.1 no such mailbox", of=ANNA)
    answers = [hub("exchange", "run", "brunata", site=ours.root), ours.hub("exchange", "tell")]
    (notice,) = sink.mails
    assert notice.recipients == [BO]
    assert "550 5.1.1 no such mailbox" in notice.content.decode()
    assert ours.ask("exchange", "tell") == {"told": 0}
    for asked in (["outbox"], ["outbox", "show", 1], ["exchange"], ["vendors", "show", "brunata"], ["check"]):
        answers.append(hub(*asked, site=ours.root))
    told = "".join(answer.out + answer.err for answer in answers)
    assert "550 5.1.1 no such mailbox" in told
    assert PASSWORD not in told + notice.content.decode() + everything(ours.root)


def test_without_a_confirmation_a_person_hands_it_over(tmp_path: Path, sqlite_template: Path, sink: Sink) -> None:
    ours = site(tmp_path, sqlite_template, sink, "somebody@else.example")
    exported = ours.ask("export", "brunata", *ASKED)
    assert Path(exported["path"]).is_file()
    hub("exchange", "run", "brunata", site=ours.root)
    ours.ask("exchange", "tell")
    assert (sink.connections, sink.mails) == (0, [])
    (mailed,) = ours.ask("exchange")["exchange"]
    assert ANNA in mailed["push"]["not_mailed"][0]
    assert f"brunata: not mailed: {ANNA} is not confirmed" in ours.hub("exchange").out
    told = " ".join(problem["allowed"] for problem in ours.ask("check", status=1)["problems"])
    assert ANNA in told
    assert BO in told


def test_that_people_could_not_be_told_is_told_where_they_are_sent_to_look(
    tmp_path: Path, sqlite_template: Path, sink: Sink
) -> None:
    ours = site(tmp_path, sqlite_template, sink, f"{ANNA} {BO}")
    ours.hub("export", "brunata", *ASKED)
    sink.misbehave("RCPT", "550 5.1.1 no such mailbox")
    ours.hub("exchange", "run", "brunata", status=2)
    assert ours.ask("exchange")["notices"] is None
    assert "see: hub exchange" in ours.hub("exchange", "tell", status=1).err
    assert ours.ask("exchange")["notices"]["result"] == "failed"
    assert f"the mail server does not take mail for {BO}" in ours.hub("exchange").out
    sink.behave()
    ours.hub("exchange", "tell")
    assert BO not in ours.hub("exchange").out


def everything(root: Path) -> str:
    """All that the books hold."""
    opened = connect(load_site(root).database_url)
    with opened.read() as conn:
        rows = [str(row) for table in metadata.sorted_tables for row in conn.execute(table.select())]
    opened.close()
    return "\n".join(rows)
