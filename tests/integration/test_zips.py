"""Zips at a door: taken apart, each member as if dropped there, and the zip's own state says what became of them."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.imports.portfolio import import_portfolio
from hub.intake import pipeline, steps
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.intake.placing import place
from hub.settings import load_site
from hub.store import database, journal, views
from hub.store.tables import document, entry, file
from hub.store.verify import verify
from hub.transport.content import store
from hub.transport.folders import look_at
from hub.vendors import Vendors
from tests import tiny_site
from tests.hostile_zips import crowded, encrypted, lying, named, symlink, twice, zipped
from tests.tiny_site import PDF, STATEMENT, results

MADS = "1-2-F-20250601-20260531-1-1.pdf"
RESULTS = results((1, 1, 1, 12_345), (2, 1, 1, -500))


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
    root = tmp_path / "below" / "site"
    shutil.copytree(template, root)
    yield from hub_on(root, vendors)


@pytest.fixture
def either_hub(vendors: Vendors, database_url: str, tmp_path: Path) -> Iterator[Hub]:
    """On both databases: what is asked of the journal about members is SQL of its own."""
    root = tmp_path / "below" / "site"
    tiny_site.write_site(root, database_url)
    yield from hub_on(root, vendors)


def hub_on(root: Path, vendors: Vendors) -> Iterator[Hub]:
    site = load_site(root)
    opened = database.connect(site.database_url)
    yield Hub.of(site, opened, vendors, lambda: tiny_site.NOW)
    opened.close()


def drop(hub: Hub, name: str, content: bytes, inbox: str = "heat") -> FileOutcome:
    path = hub.site.inbox / inbox / name
    path.write_bytes(content)
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    assert not path.exists()
    return outcome


def states(hub: Hub) -> dict[str, str | None]:
    """The last file of each name."""
    with hub.db.read() as conn:
        return {one.name: one.state for one in views.files(conn)}


def documents(hub: Hub, key: str) -> list[str]:
    with hub.db.read() as conn:
        return [one.name for one in views.documents(conn, key)]


def in_order(hub: Hub) -> list[str]:
    with hub.db.read() as conn:
        return verify(conn, "", hub.site.content).problems


def test_members_are_read_as_if_dropped_at_that_door(hub: Hub) -> None:
    outcome = drop(hub, "july.zip", zipped({"2026/results.txt": RESULTS, f"2026/pdf/{STATEMENT}": PDF}))
    assert (outcome.vendor, outcome.kind, outcome.result.state) == (None, "zip", "booked")
    assert outcome.result.reasons == ["2 in the zip: 2 booked"]
    assert documents(hub, "1-1-1-1") == [STATEMENT]
    with hub.db.read() as conn:
        rows = conn.execute(select(file.c.name, file.c.parent_id, file.c.vendor, file.c.filed_at)).all()
        assert conn.execute(select(entry.c.id)).all()
    assert {(name, parent, vendor) for name, parent, vendor, _ in rows} == {
        ("july.zip", None, None),
        ("results.txt", outcome.id, "heat"),
        (STATEMENT, outcome.id, "heat"),
    }
    for name, _, vendor, filed_at in rows:
        assert (hub.site.root / filed_at).name.endswith(name)
        assert Path(filed_at).parts[:2] == ("archive", vendor or "zips")
    assert in_order(hub) == []


def test_the_common_inbox_asks_everybody_about_each_member(hub: Hub) -> None:
    payments = tiny_site.delivery(("101", 10_000))
    outcome = drop(hub, "all.zip", zipped({"0602.txt": payments, STATEMENT: PDF, "letter.txt": b"Dear hub"}), inbox="")
    assert outcome.result.state == "partly_booked"
    assert outcome.result.reasons[0] == "3 in the zip: 2 booked, 1 quarantined"
    assert outcome.result.reasons[1].startswith("letter.txt: quarantined, see file ")
    assert states(hub)["letter.txt"] == "quarantined"


def test_the_same_zip_again_is_a_duplicate_and_its_members_zipped_anew_are(hub: Hub) -> None:
    members = {"results.txt": RESULTS, STATEMENT: PDF}
    drop(hub, "july.zip", zipped(members))
    before = states(hub)
    assert drop(hub, "again.zip", zipped(members)).result.state == "duplicate"
    assert states(hub) == before | {"again.zip": "duplicate"}
    anew = drop(hub, "anew.zip", zipped({f"folder/{name}": content for name, content in members.items()}))
    assert anew.result.state == "duplicate"
    assert anew.result.reasons == ["2 in the zip: 2 duplicate"]


def test_dropped_again_after_the_trouble_is_mended_it_books_what_was_missing_alone(either_hub: Hub) -> None:
    unknown = "1-1-F-20250601-20260531-3-1.pdf"
    content = zipped({STATEMENT: PDF, unknown: PDF})
    assert drop(either_hub, "july.zip", content).result.state == "partly_booked"
    add_tenancy(either_hub)
    again = drop(either_hub, "july.zip", content)
    assert (again.result.state, again.result.reasons) == ("booked", ["2 in the zip: 2 booked"])
    assert documents(either_hub, "1-1") == [STATEMENT, unknown]
    with either_hub.db.read() as conn:
        assert len(list(views.files(conn))) == 3
    assert in_order(either_hub) == []


def test_what_becomes_of_a_member_later_the_zip_says_too(either_hub: Hub) -> None:
    unknown = "1-1-F-20250601-20260531-3-1.pdf"
    outcome = drop(either_hub, "july.zip", zipped({unknown: PDF}))
    assert outcome.result.state == "quarantined"
    add_tenancy(either_hub)
    with either_hub.db.read() as conn:
        [member] = [one.id for one in views.files(conn, "quarantined") if one.name == unknown]
    pipeline.retry(either_hub, member, actor="test")
    assert states(either_hub) == {"july.zip": "booked", unknown: "booked"}
    assert not list(either_hub.site.quarantine.iterdir())
    assert [path.name for path in (either_hub.site.archive / "zips").rglob("*.zip")] == [f"{outcome.id}-july.zip"]
    assert in_order(either_hub) == []


def test_what_becomes_of_a_member_of_a_zip_in_a_zip_the_outer_one_says_too(either_hub: Hub) -> None:
    unknown = "1-1-F-20250601-20260531-3-1.pdf"
    drop(either_hub, "outer.zip", zipped({"inner.zip": zipped({unknown: PDF})}))
    assert states(either_hub) == {"outer.zip": "quarantined", "inner.zip": "quarantined", unknown: "quarantined"}
    add_tenancy(either_hub)
    with either_hub.db.read() as conn:
        [member] = [one.id for one in views.files(conn, "quarantined") if one.name == unknown]
    pipeline.retry(either_hub, member, actor="test")
    assert states(either_hub) == {"outer.zip": "booked", "inner.zip": "booked", unknown: "booked"}
    assert not list(either_hub.site.quarantine.iterdir())
    assert in_order(either_hub) == []


def test_a_zip_in_a_zip_is_taken_apart_as_deep_as_is_allowed(hub: Hub) -> None:
    inner = zipped({STATEMENT: PDF})
    assert drop(hub, "outer.zip", zipped({"inner.zip": inner})).result.state == "booked"
    assert documents(hub, "1-1-1-1") == [STATEMENT]
    deep = zipped({"middle.zip": zipped({"deepest.zip": zipped({MADS: PDF})})})
    assert drop(hub, "deep.zip", deep).result.state == "quarantined"
    assert states(hub)["deepest.zip"] == "quarantined"
    assert documents(hub, "1-2") == []
    with hub.db.read() as conn:
        [why] = [one.reasons for one in views.files(conn) if one.name == "deepest.zip"]
    assert "intake.zip_depth_max allows 1" in why[0]


def test_limits_hold_for_all_that_is_in_a_zip(either_hub: Hub) -> None:
    tight = limited(either_hub, zip_members_max=3)
    inner = zipped({"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"})
    assert drop(tight, "outer.zip", zipped({"x.txt": b"x", "inner.zip": inner})).result.state == "quarantined"
    assert states(tight) == {"outer.zip": "quarantined", "x.txt": "quarantined", "inner.zip": "quarantined"}


def test_a_limit_that_was_raised_holds_at_the_next_try(hub: Hub) -> None:
    refused = drop(limited(hub, zip_members_max=1), "two.zip", zipped({STATEMENT: PDF, MADS: PDF}))
    assert "intake.zip_members_max allows 1" in refused.result.reasons[0]
    assert states(hub) == {"two.zip": "quarantined"}
    assert refused.id is not None
    assert pipeline.retry(hub, refused.id, actor="test").result.state == "booked"
    assert documents(hub, "1-2") == [MADS]


def test_a_member_whose_bytes_somebody_else_reads_is_named_and_taken_up_later(hub: Hub) -> None:
    path = hub.site.inbox / "heat" / STATEMENT
    path.write_bytes(PDF)
    claim = steps.claim(hub, look_at(path), actor="other")
    assert claim is not None
    stored = store(look_at(path), hub.content, part="other", bytes_max=1_000)
    with hub.db.write() as conn:
        journal.set_stored(conn, claim.id, stored.sha256, stored.size, tiny_site.NOW)
    place(hub, claim._replace(sha256=stored.sha256), "other")
    outcome = drop(hub, "july.zip", zipped({STATEMENT: PDF, "results.txt": RESULTS}))
    assert outcome.id is not None
    assert outcome.result.state == "partly_booked"
    assert "the same bytes are being read as file 1" in outcome.result.reasons[1]
    pipeline.finish_open(hub, "other")
    again = pipeline.retry(hub, outcome.id, actor="test")
    assert (again.result.state, again.result.reasons) == ("booked", ["2 in the zip: 1 duplicate, 1 booked"])
    assert documents(hub, "1-1-1-1") == [STATEMENT]
    assert in_order(hub) == []


def test_a_workbook_is_not_taken_apart(hub: Hub) -> None:
    content = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})
    outcome = drop(hub, "results.xlsx", content)
    assert outcome.result.reasons[0].startswith("unrecognised")
    assert list(states(hub)) == ["results.xlsx"]


def test_an_empty_zip_is_told(hub: Hub) -> None:
    outcome = drop(hub, "empty.zip", zipped({"folder/": b""}))
    assert (outcome.result.state, outcome.result.reasons) == ("quarantined", ["zip: nothing is in it"])


def test_a_rehearsal_says_what_would_become_of_the_members(hub: Hub) -> None:
    path = hub.site.root / "july.zip"
    path.write_bytes(zipped({STATEMENT: PDF, "../evil.pdf": PDF, "letter.txt": b"Dear hub"}))
    before = tree(hub.site.root)
    outcome = pipeline.ingest(hub, path, actor="test", vendor="heat", dry_run=True)
    assert outcome.result.state == "partly_booked"
    assert outcome.result.reasons[0] == "3 in the zip: 1 booked, 1 quarantined, 1 not taken out"
    assert states(hub) == {}
    assert tree(hub.site.root) == before


HOSTILE = {
    "up.zip": zipped({"../../evil.pdf": PDF, "..\\evil.pdf": PDF}),
    "root.zip": zipped({"/tmp/evil.pdf": PDF, "C:\\evil.pdf": PDF}),
    "link.zip": symlink("evil.pdf", "/etc/passwd"),
    "control.zip": named(b"evil\x1b[2J.pdf"),
    "nul.zip": named(b"evil.pdf\x00.txt"),
    "long.zip": named(b"evil" * 74 + b".pdf"),
    "twice.zip": twice(STATEMENT, PDF, PDF + b"other"),
    "case.zip": zipped({"Å.pdf": PDF, unicodedata.normalize("NFD", "å.PDF"): PDF}),
    "locked.zip": encrypted(STATEMENT),
    "lying.zip": lying(STATEMENT, PDF * 1_000, 20),
    "bomb.zip": zipped({"bomb.txt": bytes(8 << 20)}),
    "crowd.zip": crowded(40),
    "cut.zip": zipped({STATEMENT: PDF})[:-30],
}


def test_nothing_of_a_hostile_zip_is_taken_or_written_elsewhere(hub: Hub) -> None:
    strict = limited(hub, zip_members_max=30, zip_ratio_max=100)
    above = hub.site.root.parent
    outside = tree(above) - {path for path in tree(above) if path.startswith("site/")}
    for name, content in HOSTILE.items():
        outcome = drop(strict, name, content)
        assert outcome.result.state == "quarantined", name
        reason = next(hub.site.quarantine.glob(f"*-{name}.reason.txt")).read_text(encoding="utf-8")
        assert outcome.result.reasons[-1] in reason
        assert all(line.isprintable() for line in reason.split("\n"))
    assert set(states(strict)) == HOSTILE.keys()
    kept = {path for path in tree(hub.site.content) if Path(path).suffix != ".db"}
    assert len(kept) == len(HOSTILE)
    assert tree(above) - {path for path in tree(above) if path.startswith("site/")} == outside
    with hub.db.read() as conn:
        assert not conn.execute(select(document.c.id)).all()
    assert in_order(strict) == []


def test_a_name_in_two_parts_of_unicode_and_one_of_long_parts_are_kept_as_the_hub_keeps_names(hub: Hub) -> None:
    nfd = unicodedata.normalize("NFD", "1-1-F-20250601-20260531-Å-1.pdf")
    drop(hub, "macos.zip", zipped({f"{'folder/' * 60}{nfd}": PDF}))
    assert set(states(hub)) == {"macos.zip", "1-1-F-20250601-20260531-Å-1.pdf"}


def limited(hub: Hub, **limits: int) -> Hub:
    intake = hub.site.hub.intake.model_copy(update=limits)
    site = load_site(hub.site.root)
    config = site.hub.model_copy(update={"intake": intake})
    return Hub.of(type(site)(site.root, config, site.companies, site.vendors), hub.db, hub.vendors, hub.clock)


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and "hub.db" not in path.name}


def add_tenancy(hub: Hub) -> None:
    more = hub.site.root / "more.csv"
    more.write_text("company,property,unit,tenant,name\n1,1,3,1,Nanna\n", encoding="utf-8")
    import_portfolio(hub.db, more, now=tiny_site.NOW, actor="test", currency_of=lambda _: "DKK")
