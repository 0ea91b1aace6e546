"""Documents that an index file names: before the index or after it they end where it says, and it can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.intake import pipeline
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.settings import load_site
from hub.store import database, views
from hub.store.tables import document_named
from hub.store.verify import verify
from hub.transport.folders import look_at
from hub.vendors import Vendors
from tests import tiny_site
from tests.hostile_zips import zipped
from tests.integration.cli_runner import hub as run
from tests.tiny_site import PDF

ARGE = """plugin = "arge"
period = "2025-06-01..2026-05-31"
[settings]
customer = "88001"
[settings.index]
charge_types = { HKA = "75020" }
"""
INDEX = "DTE898_20260701120000.DAT"


def index(*documents: tuple[str, str]) -> bytes:
    """E898: a record a document, (tenancy, name)."""
    records = []
    for key, name in documents:
        record = list(" " * 120)
        pieces = (
            (1, "E898"),
            (5, "000000140000004711000103041"),
            (32, key),
            (53, name),
            (109, "001"),
            (112, "310526"),
            (118, "HKA"),
        )
        for first, text in pieces:
            record[first - 1 : first - 1 + len(text)] = text
        records.append("".join(record) + "\r\n")
    return "".join(records).encode("iso8859-15")


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendors]:
    root = tmp_path_factory.mktemp("template") / "site"
    write_site(root, "sqlite:///hub.db")
    with Vendors(load_site(root)) as started:
        yield started


@pytest.fixture
def hub(vendors: Vendors, database_url: str, tmp_path: Path) -> Iterator[Hub]:
    root = tmp_path / "site"
    write_site(root, database_url)
    site = load_site(root)
    opened = database.connect(site.database_url)
    yield Hub.of(site, opened, vendors, lambda: tiny_site.NOW)
    opened.close()


def write_site(root: Path, database_url: str) -> None:
    tiny_site.write_site(root, database_url)
    (root / "config/vendors/arge.toml").write_text(ARGE)
    (root / "inbox/arge").mkdir()


def drop(hub: Hub, name: str, content: bytes) -> FileOutcome:
    path = hub.site.inbox / "arge" / name
    path.write_bytes(content)
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    return outcome


def documents(hub: Hub, key: str) -> list[str]:
    with hub.db.read() as conn:
        return [one.name for one in views.documents(conn, key)]


def in_order(hub: Hub) -> list[str]:
    with hub.db.read() as conn:
        return verify(conn, "", hub.site.content).problems


def test_a_document_is_filed_by_its_index_whichever_comes_first(hub: Hub) -> None:
    early = drop(hub, "Æ 7.pdf", PDF)
    assert early.result.state == "quarantined"
    assert early.result.reasons[0].startswith("no name known yet")
    outcome = drop(hub, INDEX, index(("1-1-1-1", "bilag\\Æ 7.pdf"), ("1-2-1-1", "late.pdf")))
    assert (outcome.result.state, outcome.result.counts.kept) == ("booked", 2)
    assert documents(hub, "1-1-1-1") == ["Æ 7.pdf"]
    assert not list(hub.site.quarantine.iterdir())
    assert drop(hub, "late.pdf", PDF).result.state == "booked"
    assert documents(hub, "1-2-1-1") == ["late.pdf"]
    assert in_order(hub) == []


def test_documents_and_index_in_one_zip_find_each_other(hub: Hub) -> None:
    outcome = drop(hub, "all.zip", zipped({"a.pdf": PDF, INDEX: index(("1-1-1-1", "a.pdf"), ("1-2-1-1", "b.pdf"))}))
    assert (outcome.result.state, outcome.result.reasons) == ("booked", ["2 in the zip: 2 booked"])
    assert documents(hub, "1-1-1-1") == ["a.pdf"]
    assert in_order(hub) == []


def test_a_line_about_nobody_is_held_and_the_rest_is_filed(hub: Hub) -> None:
    drop(hub, "a.pdf", PDF)
    outcome = drop(hub, INDEX, index(("1-1-1-1", "a.pdf"), ("1-1-9-9", "b.pdf"), ("1-1-2-1", "c.pdf")))
    assert (outcome.result.state, outcome.result.counts.kept, outcome.result.counts.held) == ("partly_booked", 1, 2)
    assert documents(hub, "1-1-1-1") == ["a.pdf"]
    listed = next(hub.site.lists.glob("*.errors.csv")).read_text(encoding="utf-8-sig")
    assert "b.pdf: unknown tenancy 1-1-9-9" in listed
    assert "c.pdf: tenancy 1-1-2-1 ended on 2024-12-31" in listed
    assert in_order(hub) == []


def test_a_reversed_index_names_nothing_any_more(hub: Hub) -> None:
    outcome = drop(hub, INDEX, index(("1-1-1-1", "a.pdf"), ("1-2-1-1", "b.pdf")))
    drop(hub, "a.pdf", PDF)
    done = run("files", "reverse", outcome.id, "--reason", "test_file", "--json", site=hub.site.root)
    assert (done.status, done.json["names"]) == (0, 2)
    assert drop(hub, "b.pdf", PDF).result.reasons[0].startswith("no name known yet")
    assert documents(hub, "1-1-1-1") == ["a.pdf"]
    assert in_order(hub) == []
    assert run("files", "retry", outcome.id, site=hub.site.root).status == 0
    assert documents(hub, "1-2-1-1") == ["b.pdf"]
    assert in_order(hub) == []


def test_a_later_index_has_the_last_word_and_what_is_filed_elsewhere_is_told(hub: Hub) -> None:
    drop(hub, INDEX, index(("1-1-1-1", "a.pdf")))
    filed = drop(hub, "a.pdf", PDF)
    later = drop(hub, INDEX.replace("0701", "0702"), index(("1-2-1-1", "a.pdf")))
    assert f"a.pdf is another's by this index than where it is filed as file {filed.id}" in later.result.reasons[0]
    assert documents(hub, "1-1-1-1") == ["a.pdf"]
    assert run("documents", "drop", filed.id, "--reason", "another's", site=hub.site.root).status == 0
    assert run("documents", "refile", filed.id, site=hub.site.root).status == 0
    assert (documents(hub, "1-1-1-1"), documents(hub, "1-2-1-1")) == ([], ["a.pdf"])
    with hub.db.read() as conn:
        assert sorted(conn.scalars(select(document_named.c.withdrawn))) == [False, True]
    assert in_order(hub) == []


def test_a_name_that_an_index_gives_to_two_is_nobodys(hub: Hub) -> None:
    outcome = drop(hub, INDEX, index(("1-1-1-1", "a.pdf"), ("1-2-1-1", "a.pdf"), ("1-2-1-1", "b.pdf")))
    assert (outcome.result.state, outcome.result.counts.held) == ("partly_booked", 2)
    assert drop(hub, "a.pdf", PDF).result.state == "quarantined"
    assert drop(hub, "b.pdf", PDF).result.state == "booked"


def test_a_document_that_was_cut_is_told_though_its_index_names_it(hub: Hub) -> None:
    drop(hub, INDEX, index(("1-1-1-1", "a.pdf")))
    outcome = drop(hub, "a.pdf", PDF[:-6])
    assert outcome.result.state == "quarantined"
    assert "it was cut on its way" in outcome.result.reasons[0]


def test_a_zip_that_an_instance_says_is_its_own_is_not_taken_apart(hub: Hub) -> None:
    outcome = drop(hub, INDEX, zipped({"a.pdf": PDF}))
    assert (outcome.vendor, outcome.result.state) == ("arge", "quarantined")
    assert outcome.result.reasons[0].startswith("malformed")
    with hub.db.read() as conn:
        assert [one.name for one in views.files(conn)] == [INDEX]
