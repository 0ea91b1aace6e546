"""Documents of tenancies: who has none, filed by hand, taken off and filed anew, named by an index, shown together."""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pypdf
import pytest
from sqlalchemy import Update, insert, select, update

from hub.intake import pipeline
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.settings import load_site
from hub.store import database, views
from hub.store.tables import consumption_account, document, property_
from hub.store.verify import verify
from hub.transport.content import LockedError
from hub.transport.folders import look_at
from hub.vendors import Vendors
from tests import tiny_site
from tests.hostile_zips import zipped
from tests.integration.cli_runner import Answer
from tests.integration.cli_runner import hub as run
from tests.tiny_site import STATEMENT

PERIOD = "2025-06-01..2026-05-31"
MADS = "1-2-F-20250601-20260531-1-1.pdf"
OF_THE_PROPERTY = "1-1-F-20250601-20260531.pdf"


def pdf(width: int = 100) -> bytes:
    made = io.BytesIO()
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width, 100)
    writer.write(made)
    return made.getvalue()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    return root


@pytest.fixture(scope="module")
def vendors(template: Path) -> Iterator[Vendors]:
    with Vendors(load_site(template)) as started:
        yield started


@pytest.fixture
def hub(template: Path, vendors: Vendors, tmp_path: Path) -> Iterator[Hub]:
    root = tmp_path / "site"
    shutil.copytree(template, root)
    yield from hub_on(root, vendors)


@pytest.fixture
def either_hub(vendors: Vendors, database_url: str, tmp_path: Path) -> Iterator[Hub]:
    root = tmp_path / "site"
    tiny_site.write_site(root, database_url)
    yield from hub_on(root, vendors)


def hub_on(root: Path, vendors: Vendors) -> Iterator[Hub]:
    site = load_site(root)
    opened = database.connect(site.database_url)
    yield Hub.of(site, opened, vendors, lambda: tiny_site.NOW)
    opened.close()


def drop(hub: Hub, name: str, content: bytes) -> FileOutcome:
    path = hub.site.inbox / "heat" / name
    path.write_bytes(content)
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    return outcome


def cli(hub: Hub, *arguments: object) -> Answer:
    return run("documents", *arguments, site=hub.site.root)


def account(hub: Hub, number: str = "1") -> int:
    with hub.db.write() as conn:
        id_ = conn.execute(select(property_.c.id).where(property_.c.number == number)).scalar_one()
        values = {"type": "heat", "state": "open", "opened_at": tiny_site.NOW, "actor": "test"}
        period = {"period_from": date(2025, 6, 1), "period_to": date(2026, 5, 31)}
        made = insert(consumption_account).values(property_id=id_, **values, **period)
        return conn.execute(made.returning(consumption_account.c.id)).scalar_one()


def documents(hub: Hub, key: str) -> list[str]:
    with hub.db.read() as conn:
        return [one.name for one in views.documents(conn, key)]


def in_order(hub: Hub) -> list[str]:
    with hub.db.read() as conn:
        return verify(conn, "", hub.site.content).problems


def test_who_has_no_statement_is_told_by_account_and_by_property(either_hub: Hub) -> None:
    hub = either_hub
    id_ = account(hub)
    of_account = cli(hub, "--missing", id_, "--json")
    assert [one["tenancy"] for one in of_account.json["missing"]] == ["1-1-1-1"]
    assert of_account.json["missing"][0]["standing"] == "present"
    by_property = cli(hub, "missing", "--property", "1-01", "--type", "heat", "--period", PERIOD, "--json")
    assert by_property.json == of_account.json
    drop(hub, OF_THE_PROPERTY, pdf(101))
    assert "1 of 1 tenants have no statement" in cli(hub, "missing", "--account", id_).out
    drop(hub, STATEMENT, pdf())
    assert "all 1 tenants have a statement" in cli(hub, "missing", "--account", id_).out
    water = cli(hub, "missing", "--property", "1-1", "--type", "water", "--period", PERIOD, "--json")
    assert [one["tenancy"] for one in water.json["missing"]] == ["1-1-1-1"]


def test_who_moved_out_within_the_period_needs_a_statement_too(hub: Hub) -> None:
    long = cli(hub, "missing", "--property", "1-1", "--type", "heat", "--period", "2024-06-01..2025-05-31", "--json")
    assert [(one["tenancy"], one["standing"]) for one in long.json["missing"]] == [
        ("1-1-1-1", "present"),
        ("1-1-2-1", "moved_out"),
    ]


def test_a_document_is_attached_by_hand_once_under_its_key(either_hub: Hub) -> None:
    hub = either_hub
    path = hub.site.root / "Opgørelse.pdf"
    path.write_bytes(pdf())
    how = ("--tenancy", "01-1-1-1", "--type", "heat", "--period", PERIOD, "--actor", "Ida", "--json")
    first = cli(hub, "attach", path, *how, "--key", "k1")
    assert (first.status, first.json["of"], first.json["charge_type"]) == (0, "1-1-1-1", "75020")
    assert cli(hub, "attach", path, *how, "--key", "k1").json == first.json | {"repeated": True}
    again = cli(hub, "attach", path, *how)
    assert again.status == 1
    assert "filed there already, as file" in again.err
    assert path.exists()
    assert documents(hub, "1-1-1-1") == ["Opgørelse.pdf"]
    [lying] = (hub.site.archive / "attached").rglob("*.pdf")
    assert lying.read_bytes() == pdf()
    assert in_order(hub) == []


def test_what_is_attached_to_a_property_is_an_attachment_where_it_is_said_so(hub: Hub) -> None:
    path = hub.site.root / "Bilag.pdf"
    path.write_bytes(pdf())
    how = ("--property", "1-2", "--type", "water", "--period", PERIOD, "--what", "attachment")
    assert cli(hub, "attach", path, *how).status == 0
    [one] = cli(hub, "1-2", "--json").json["documents"]
    assert (one["what"], one["charge_type"], one["tenancy"]) == ("attachment", "73035", None)


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (b"", ("--tenancy", "1-1-1-1"), "the file is empty"),
        (b"hello", ("--tenancy", "1-1-1-1"), "it is no PDF: it begins with b'hello'"),
        (b"%PDF-1.4\n1 0 obj", ("--tenancy", "1-1-1-1"), "it was cut on its way"),
        (None, ("--tenancy", "1-1-9-9"), "unknown tenancy 1-1-9-9"),
        (None, ("--tenancy", "1-1-2-1"), "ended on 2024-12-31, before the document's period"),
        (None, ("--property", "1-7"), "unknown property 1-7"),
        (None, ("--property", "1-1-1"), "is no tenancy or property"),
        (None, (), "give one of them"),
    ],
)
def test_what_nobody_could_use_is_not_attached(
    hub: Hub, content: bytes | None, options: tuple[str, ...], said: str
) -> None:
    path = hub.site.root / "a.pdf"
    path.write_bytes(pdf() if content is None else content)
    refused = cli(hub, "attach", path, *options, "--type", "heat", "--period", PERIOD)
    assert refused.status == 1
    assert said in refused.err
    assert documents(hub, "1-1") == []


def test_a_quarantined_document_leaves_quarantine_when_it_is_attached(hub: Hub) -> None:
    outcome = drop(hub, "Søren varme.pdf", pdf())
    [lying] = hub.site.quarantine.glob("*.pdf")
    done = cli(hub, "attach", lying, "--tenancy", "1-1-1-1", "--type", "heat", "--period", PERIOD, "--json")
    assert done.json["file"] == outcome.id
    assert documents(hub, "1-1-1-1") == ["Søren varme.pdf"]
    assert not list(hub.site.quarantine.iterdir())
    assert in_order(hub) == []


def test_a_dropped_document_is_filed_anew_by_command_or_when_it_comes_again(either_hub: Hub) -> None:
    hub = either_hub
    first = drop(hub, STATEMENT, pdf())
    for anew in (
        lambda: cli(hub, "refile", first.id),
        lambda: drop(hub, STATEMENT, pdf()),
        lambda: drop(hub, "again.zip", zipped({STATEMENT: pdf()})),
    ):
        assert cli(hub, "drop", first.id, "--reason", "wrong year").status == 0
        assert documents(hub, "1-1-1-1") == []
        assert "reversed" in run("files", site=hub.site.root).out
        assert in_order(hub) == []
        anew()
        assert documents(hub, "1-1-1-1") == [STATEMENT]
        assert in_order(hub) == []
    assert drop(hub, STATEMENT, pdf()).result.state == "duplicate"


def test_the_same_zip_again_files_what_was_dropped_of_it(hub: Hub) -> None:
    inner = zipped({STATEMENT: pdf()})
    content = zipped({"inner.zip": inner, MADS: pdf(102)})
    drop(hub, "july.zip", content)
    [id_] = [one["id"] for one in cli(hub, "1-1", "--json").json["documents"]]
    cli(hub, "drop", id_, "--reason", "letters are written again")
    assert drop(hub, "july.zip", content).result.state == "booked"
    assert documents(hub, "1-1-1-1") == [STATEMENT]
    assert drop(hub, "july.zip", content).result.state == "duplicate"
    assert in_order(hub) == []


def test_all_statements_of_an_account_are_dropped_and_filed_anew(hub: Hub) -> None:
    id_ = account(hub)
    for name, width in ((STATEMENT, 100), (OF_THE_PROPERTY, 101), (MADS, 102)):
        drop(hub, name, pdf(width))
    by_hand = hub.site.root / "by hand.pdf"
    by_hand.write_bytes(pdf(103))
    cli(hub, "attach", by_hand, "--tenancy", "1-1-1-1", "--type", "heat", "--period", PERIOD)
    cli(hub, "attach", by_hand, "--property", "1-1", "--type", "heat", "--period", PERIOD, "--what", "attachment")
    dropped = cli(hub, "drop", "--account", id_, "--reason", "wrong letters", "--key", "k", "--json")
    assert len(dropped.json["dropped"]) == 3
    assert cli(hub, "drop", "--account", id_, "--reason", "wrong letters", "--key", "k", "--json").json["repeated"]
    assert documents(hub, "1-1") == ["by hand.pdf"]
    assert documents(hub, "1-2") == [MADS]
    anew = cli(hub, "refile", "--account", id_, "--json")
    assert [one["state"] for one in anew.json["files"]] == ["booked"] * 3
    assert sorted(documents(hub, "1-1")) == sorted([STATEMENT, OF_THE_PROPERTY, "by hand.pdf", "by hand.pdf"])
    assert cli(hub, "refile", "--account", id_).out == "nothing was taken off: nothing to do\n"
    assert in_order(hub) == []


def test_filing_an_account_anew_leaves_off_what_was_taken_off_by_itself_or_before(either_hub: Hub) -> None:
    hub = either_hub
    id_ = account(hub)
    letter = hub.site.root / "letter.pdf"
    letter.write_bytes(pdf(103))
    wrong = cli(hub, "attach", letter, "--tenancy", "1-1-1-1", "--type", "heat", "--period", PERIOD, "--json")
    cli(hub, "drop", wrong.json["file"], "--reason", "another tenant's")
    drop(hub, STATEMENT, pdf(100))
    cli(hub, "drop", "--account", id_, "--reason", "the vendor sends new ones")
    # The new letter, under the same name.
    anew = drop(hub, STATEMENT, pdf(101)).id
    cli(hub, "drop", "--account", id_, "--reason", "wrong letters")
    filed = cli(hub, "refile", "--account", id_, "--json")
    assert [(one["id"], one["state"]) for one in filed.json["files"]] == [(anew, "booked")]
    assert documents(hub, "1-1") == [STATEMENT]
    assert cli(hub, "refile", "--account", id_).out == "nothing was taken off: nothing to do\n"
    assert documents(hub, "1-1") == [STATEMENT]
    assert in_order(hub) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("drop", 99, "--reason", "x"), "file 99 is nobody's document"),
        (("drop", 1), "for a reason"),
        (("drop", "--account", 99, "--reason", "x"), "there is no consumption account 99"),
        (("refile", 99), "file 99 is nobody's document"),
        (("drop",), "give the number of a file, or --account ID"),
        (("missing", "--property", "1-1"), "all of --property, --type and --period"),
        (("missing", "--property", "1-1", "--type", "steam", "--period", PERIOD), "has no consumption type 'steam'"),
        (("--missing", 99), "there is no consumption account 99"),
        ((), "give a tenancy or property"),
    ],
)
def test_what_cannot_be_asked_is_said(hub: Hub, arguments: tuple[object, ...], said: str) -> None:
    drop(hub, STATEMENT, pdf())
    refused = cli(hub, *arguments) if arguments else cli(hub, "list")
    assert refused.status == 1
    assert said in re.sub(r"\s+", " ", refused.err)


def test_a_document_is_dropped_and_not_reversed(hub: Hub) -> None:
    outcome = drop(hub, STATEMENT, pdf())
    refused = run("files", "reverse", outcome.id, "--reason", "test_file", site=hub.site.root)
    assert refused.status == 1
    assert f"hub documents drop {outcome.id}" in refused.err


def test_read_documents_go_where_the_instance_says(hub: Hub) -> None:
    config = hub.site.root / "config/vendors/heat.toml"
    config.write_text(config.read_text() + '\n[consumption]\nread_documents = "read/heat"\n')
    moved = Hub.of(load_site(hub.site.root), hub.db, hub.vendors, hub.clock)
    outcome = drop(moved, STATEMENT, pdf())
    assert (hub.site.root / "read/heat" / f"{outcome.id}-{STATEMENT}").read_bytes() == pdf()
    assert drop(moved, STATEMENT, pdf()).result.state == "duplicate"
    assert len(list((hub.site.root / "read/heat").iterdir())) == 1
    assert drop(moved, "nonsense.pdf", pdf()).result.state == "quarantined"


@pytest.mark.parametrize("folder", ["read/../../outside", "inbox/heat", "content", "a//b", "/tmp/x", "./read"])
def test_a_read_folder_that_is_not_its_own_is_refused(hub: Hub, folder: str) -> None:
    config = hub.site.root / "config/vendors/heat.toml"
    config.write_text(config.read_text() + f'\n[consumption]\nread_documents = "{folder}"\n')
    checked = run("check", site=hub.site.root)
    assert checked.status == 1
    assert "consumption.read_documents" in checked.err + checked.out


def test_a_tenants_statements_of_all_types_come_as_one_pdf_where_that_is_switched_on(hub: Hub) -> None:
    drop(hub, STATEMENT, pdf(100))
    drop(hub, STATEMENT.replace("-F-", "-V-"), pdf(200))
    by_hand = hub.site.root / "Brev.pdf"
    by_hand.write_bytes(pdf(300))
    cli(hub, "attach", by_hand, "--tenancy", "1-1-1-1", "--type", "heat", "--period", PERIOD, "--what", "attachment")
    apart = cli(hub, "show", "1-1-1-1", "--period", PERIOD, "--out", hub.site.root / "apart", "--json")
    assert len(apart.json["written"]) == 3
    config = hub.site.root / "config/vendors/heat.toml"
    config.write_text(config.read_text() + "\n[consumption]\ncombined_statement = true\n")
    out = hub.site.root / "together"
    shown = cli(hub, "show", "1-1-1-1", "--period", PERIOD, "--out", out, "--json")
    assert [one["charge_type"] for one in shown.json["documents"]] == ["75020", "73035", "75020"]
    pages = pypdf.PdfReader(out / "1-1-1-1.pdf").pages
    assert [page.mediabox.width for page in pages] == [100, 200]
    assert len(list(out.iterdir())) == 2
    assert cli(hub, "show", "1-1-1-1", "--period", PERIOD, "--out", out).status == 1
    assert "no documents of" in cli(hub, "show", "1-1-1-1", "--period", "2020-06-01..2021-05-31").out


def test_a_document_that_is_open_elsewhere_is_told_and_taken_when_it_is_closed(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hub.site.inbox / "heat" / STATEMENT
    path.write_bytes(pdf())
    really = os.open

    def locked(name: object, *how: int, **more: int) -> int:
        if name == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(name))
        return really(name, *how, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", locked)
        with pytest.raises(LockedError, match="close it in the program that has it open"):
            pipeline.take_in(hub, look_at(path), actor="test")
    assert path.exists()
    pipeline.finish_open(hub, "test")
    assert documents(hub, "1-1-1-1") == [STATEMENT]
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (update(document).values(dropped_at=tiny_site.NOW), "was taken off as a document, and is booked"),
        (update(document).values(dropped_at=None), "is filed as a document, and is reversed"),
    ],
)
def test_a_document_that_says_otherwise_than_its_file_is_proved_wrong(hub: Hub, change: Update, said: str) -> None:
    outcome = drop(hub, STATEMENT, pdf())
    if "reversed" in said:
        cli(hub, "drop", outcome.id, "--reason", "x")
    with hub.db.write() as conn:
        conn.execute(change)
    assert f"file {outcome.id} ({STATEMENT}) {said}" in in_order(hub)


def test_a_quarantined_document_says_how_to_file_it_by_hand(hub: Hub) -> None:
    drop(hub, "Søren.pdf", pdf())
    [reason] = hub.site.quarantine.glob("*.reason.txt")
    assert "hub documents attach" in reason.read_text(encoding="utf-8")
