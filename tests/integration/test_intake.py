"""The way of a file in, as the person who dropped it sees it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.errors import HubError
from hub.imports.portfolio import import_portfolio
from hub.intake import lists, pipeline, steps
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.settings import load_site
from hub.store import database, journal, tables, views
from hub.transport.folders import look_at
from hub.vendors import Vendors
from tests import tiny_site
from tests.tiny_site import PDF, STATEMENT, delivery, results

PAYMENTS = delivery(("101", 10_000), ("102", 5_000), ("999", 700))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    return root


@pytest.fixture(scope="module")
def vendors(template: Path) -> Iterator[Vendors]:
    """One plug-in process an instance for all tests here: they ask nothing of each other."""
    with Vendors(load_site(template)) as started:
        yield started


@pytest.fixture
def hub(template: Path, vendors: Vendors, tmp_path: Path) -> Iterator[Hub]:
    root = tmp_path / "site"
    shutil.copytree(template, root)
    site = load_site(root)
    opened = database.connect(site.database_url)
    yield Hub.of(site, opened, vendors, lambda: tiny_site.NOW)
    opened.close()


def drop(hub: Hub, name: str, content: bytes, inbox: str = "") -> FileOutcome:
    """Into an instance's own inbox, or the common one."""
    path = hub.site.inbox / inbox / name
    path.write_bytes(content)
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    assert not path.exists()
    return outcome


def by_hand(hub: Hub, name: str, content: bytes, **how: object) -> FileOutcome:
    path = hub.site.root / name
    path.write_bytes(content)
    outcome = pipeline.ingest(hub, path, actor="test", **how)  # type: ignore[arg-type]
    assert path.read_bytes() == content
    return outcome


def count(hub: Hub, table: str) -> int:
    with hub.db.read() as conn:
        return conn.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one()


def balance(hub: Hub, tenancy_key: str) -> int:
    with hub.db.read() as conn:
        query = select(tables.account.c.balance).join(tables.tenancy).where(tables.tenancy.c.key == tenancy_key)
        return conn.execute(query).scalar_one()


def filed_at(hub: Hub, outcome: FileOutcome) -> Path:
    with hub.db.read() as conn:
        file = journal.get_file(conn, outcome.id or 0)
    assert file is not None
    assert file.filed_at is not None
    return hub.site.root / file.filed_at


def reason_of(path: Path) -> str:
    return path.with_name(path.name + ".reason.txt").read_text(encoding="utf-8")


def test_a_delivery_is_booked_archived_and_listed(hub: Hub) -> None:
    outcome = drop(hub, "0602.txt", PAYMENTS)
    assert (outcome.vendor, outcome.kind, outcome.result.state) == ("bs", "0602", "booked")
    assert (outcome.result.counts.booked, outcome.result.counts.unmatched, outcome.result.amount) == (2, 1, 15_700)
    assert balance(hub, "1-1-1-1") == -10_000
    assert filed_at(hub, outcome).read_bytes() == PAYMENTS
    assert filed_at(hub, outcome).parent == hub.site.archive / "bs" / "2026-07"
    assert hub.blob_path(outcome.sha256).read_bytes() == PAYMENTS


def test_the_lists_open_in_a_danish_excel(hub: Hub) -> None:
    outcome = drop(hub, "0602.txt", PAYMENTS)
    payments = (hub.site.lists / f"{outcome.id}-0602.txt.payments.csv").read_bytes()
    assert payments.startswith(b"\xef\xbb\xbf")
    lines = payments.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "record;outcome;tenancy;name;value_date;amount;reference;text;reason"
    assert "3;booked;1-1-1-1;Søren Ærø;2026-07-01;100,00;;Betalingsservice R11;" in lines
    errors = (hub.site.lists / f"{outcome.id}-0602.txt.errors.csv").read_text(encoding="utf-8-sig")
    assert "5;unmatched;;;2026-07-01;7,00;R13;" in errors
    assert "booked" not in errors


def test_a_cell_from_outside_is_never_a_formula() -> None:
    assert lists._plain('=HYPERLINK("http://example.com")') == '\'=HYPERLINK("http://example.com")'
    assert lists._plain("Søren") == "Søren"


def test_no_error_list_without_errors(hub: Hub) -> None:
    drop(hub, "0602.txt", delivery(("101", 10_000)))
    assert [path.name for path in hub.site.lists.iterdir()] == ["1-0602.txt.payments.csv"]


def test_the_same_bytes_again_are_a_duplicate_under_any_name(hub: Hub) -> None:
    first = drop(hub, "0602.txt", PAYMENTS)
    again = drop(hub, "copy of 0602.txt", PAYMENTS)
    assert again.result.state == "duplicate"
    assert again.result.reasons == [
        f"duplicate: same bytes as file {first.id} 0602.txt, booked at 2026-07-06 08:00 UTC"
    ]
    assert (again.result.counts.read, again.result.counts.duplicate, again.result.amount) == (3, 3, 0)
    assert balance(hub, "1-1-1-1") == -10_000
    assert filed_at(hub, again).exists()


def test_a_pdf_under_two_names_is_two_documents_and_under_one_a_duplicate(hub: Hub) -> None:
    mads = "1-2-F-20250601-20260531-1-1.pdf"
    assert drop(hub, STATEMENT, PDF).result.state == "booked"
    assert drop(hub, mads, PDF).result.state == "booked"
    assert drop(hub, mads, PDF).result.state == "duplicate"
    assert count(hub, "document") == 2


def test_a_pdf_of_a_property_is_filed_on_the_property(hub: Hub) -> None:
    drop(hub, "01-002-F-20250601-20260531.pdf", PDF)
    with hub.db.read() as conn:
        row = conn.execute(select(tables.property_.c.number, tables.document.c.tenancy_id).join(tables.document)).one()
    assert tuple(row) == ("2", None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("1-1-F-20250601-20260531-9-9.pdf", "unknown tenancy 1-1-9-9"),
        ("1-7-F-20250601-20260531.pdf", "unknown property 1-7"),
        ("1-1-F-20250601-20260531-2-1.pdf", "tenancy 1-1-2-1 ended on 2024-12-31, before the document's period"),
        ("1-1-F-20180601-20190531-1-1.pdf", "tenancy 1-1-1-1 begins on 2020-01-01, after the document's period"),
        ("1-1-F-20250601.pdf", "malformed: field 'number of parts'"),
    ],
)
def test_a_document_that_belongs_nowhere_is_quarantined(hub: Hub, name: str, said: str) -> None:
    outcome = drop(hub, name, PDF, "heat")
    assert outcome.result.state == "quarantined"
    assert said in outcome.result.reasons[0]
    assert count(hub, "document") == 0
    assert filed_at(hub, outcome).parent == hub.site.quarantine
    assert said in reason_of(filed_at(hub, outcome))


def test_what_nobody_knows_is_quarantined_with_every_instances_reason(hub: Hub) -> None:
    outcome = drop(hub, "letter.pdf.txt", b"Dear hub")
    assert outcome.result.reasons[0].startswith("unrecognised: bs: not mine: ")
    assert outcome.vendor is None
    path = filed_at(hub, outcome)
    assert path.read_bytes() == b"Dear hub"
    assert f"hub files retry {outcome.id}" in reason_of(path)
    assert outcome.sha256 in reason_of(path)


def test_in_its_own_inbox_an_instance_alone_is_asked(hub: Hub) -> None:
    outcome = drop(hub, "0602.txt", PAYMENTS, "heat")
    assert outcome.result.state == "quarantined"
    assert outcome.result.reasons[0].startswith("unrecognised: heat: not mine: ")
    assert "bs" not in outcome.result.reasons[0]


def test_a_cut_file_books_nothing_and_says_where_it_broke(hub: Hub) -> None:
    outcome = drop(hub, "0602.txt", PAYMENTS[:-40])
    assert outcome.result.state == "quarantined"
    assert outcome.result.reasons[0].startswith("malformed: line ")
    assert balance(hub, "1-1-1-1") == 0
    assert count(hub, "entry") == 0


def test_a_bad_name_is_quarantined_under_an_escaped_one(hub: Hub) -> None:
    outcome = drop(hub, "0602\n.txt", PAYMENTS, "bs")
    assert outcome.name == "0602\\u000a.txt"
    assert outcome.result.reasons[0].startswith("bad name: ")
    assert filed_at(hub, outcome).name == f"{outcome.id}-0602_u000a.txt"


def test_names_are_compared_composed(hub: Hub) -> None:
    outcome = drop(hub, "A\u030aben.txt", b"x")
    assert outcome.name == "Åben.txt"


def test_a_file_over_the_limit_is_put_aside_without_a_copy(hub: Hub) -> None:
    intake = hub.site.hub.intake.model_copy(update={"file_bytes_max": 100})
    small = replace(hub, site=replace(hub.site, hub=hub.site.hub.model_copy(update={"intake": intake})))
    outcome = drop(small, "0602.txt", PAYMENTS, "bs")
    assert outcome.result.reasons[0].startswith(f"too big: {len(PAYMENTS)} bytes, intake.file_bytes_max allows 100")
    assert not hub.blob_path(outcome.sha256).exists()
    assert filed_at(hub, outcome).read_bytes() == PAYMENTS
    with pytest.raises(HubError, match="drop it again"):
        pipeline.retry(small, outcome.id or 0, actor="test")
    assert drop(hub, "0602.txt", PAYMENTS, "bs").result.state == "booked"


def test_the_done_companion_goes_with_its_file(hub: Hub) -> None:
    (hub.site.inbox / "0602.txt.done").touch()
    drop(hub, "0602.txt", PAYMENTS)
    assert [path.name for path in hub.site.inbox.iterdir() if path.is_file()] == []


def test_dropping_what_was_quarantined_tries_it_again(hub: Hub) -> None:
    name = "1-1-F-20250601-20260531-3-1.pdf"
    first = drop(hub, name, PDF)
    aside = filed_at(hub, first)
    again = drop(hub, name, PDF)
    assert (again.id, again.result.state) == (first.id, "quarantined")
    assert filed_at(hub, again) == aside
    add_tenancy(hub)
    third = drop(hub, name, PDF)
    assert (third.id, third.result.state) == (first.id, "booked")
    assert not aside.exists()
    assert not aside.with_name(aside.name + ".reason.txt").exists()
    assert filed_at(hub, third).read_bytes() == PDF
    assert count(hub, "arrival") == 3
    assert count(hub, "reading") == 3


def test_dropping_what_was_partly_booked_books_the_rest_and_nothing_twice(hub: Hub) -> None:
    rows = results((1, 1, 1, 12_345), (2, 1, 1, 500), (2, 5, 1, 700))
    first = drop(hub, "results.txt", rows, "heat")
    assert first.result.state == "partly_booked"
    assert (balance(hub, "1-1-1-1"), balance(hub, "1-2-1-1")) == (12_345, 0)
    errors = (hub.site.lists / f"{first.id}-results.txt.errors.csv").read_text(encoding="utf-8-sig")
    assert "3;held" in errors
    add_tenancy(hub, property_="2", unit="5")
    again = drop(hub, "results.txt", rows, "heat")
    assert (again.id, again.result.state) == (first.id, "booked")
    assert (balance(hub, "1-1-1-1"), balance(hub, "1-2-1-1"), balance(hub, "1-2-5-1")) == (12_345, 500, 700)
    assert not (hub.site.lists / f"{first.id}-results.txt.errors.csv").exists()


def add_tenancy(hub: Hub, property_: str = "1", unit: str = "3") -> None:
    """The tenant whom the portfolio lacked."""
    path = hub.site.root / "more.csv"
    path.write_text(f"company,property,unit,tenant,name,move_in\n1,{property_},{unit},1,Nete Ny,2020-01-01\n")
    report = import_portfolio(hub.db, path, now=tiny_site.NOW, actor="test", currency_of=lambda _: "DKK")
    assert report.added == 1


def test_retry_release_and_ignore_by_hand(hub: Hub) -> None:
    outcome = drop(hub, "1-1-F-20250601-20260531-3-1.pdf", PDF)
    file_id = outcome.id or 0
    assert pipeline.retry(hub, file_id, actor="anna").result.state == "quarantined"
    ignored = pipeline.ignore(hub, file_id, reason="sent by mistake", actor="anna")
    assert ignored.result.reasons[0] == "ignored: sent by mistake"
    assert filed_at(hub, ignored).parent == hub.site.archive / "heat" / "2026-07"
    assert list(hub.site.quarantine.iterdir()) == []
    with pytest.raises(
        HubError, match=f"file {file_id} is ignored: only one that is held_for_approval can be released"
    ):
        pipeline.release(hub, file_id, actor="anna")
    add_tenancy(hub)
    assert pipeline.retry(hub, file_id, actor="anna").result.state == "booked"
    with hub.db.read() as conn:
        detail = views.file_detail(conn, file_id)
    assert detail is not None
    assert [reading["state"] for reading in detail.readings] == ["quarantined", "quarantined", "ignored", "booked"]
    acts = [(event["what"], event["actor"]) for event in detail.events]
    assert ("retried", "anna") in acts
    assert ("ignored", "anna") in acts


def test_a_mended_copy_in_quarantine_is_never_lost_or_archived_as_the_original(hub: Hub) -> None:
    outcome = drop(hub, "1-1-F-20250601-20260531-3-1.pdf", PDF)
    aside = filed_at(hub, outcome)
    aside.write_bytes(b"mended in place")
    add_tenancy(hub)
    retried = pipeline.retry(hub, outcome.id or 0, actor="test")
    assert filed_at(hub, retried).read_bytes() == PDF
    assert aside.read_bytes() == b"mended in place"


def test_books_after_approval_when_a_person_releases(hub: Hub, tmp_path: Path) -> None:
    config = hub.site.root / "config/vendors/bs.toml"
    config.write_text('book = "after_approval"\n' + config.read_text())
    site = load_site(hub.site.root)
    with Vendors(site) as vendors:
        careful = Hub.of(site, hub.db, vendors, hub.clock)
        held = drop(careful, "0602.txt", PAYMENTS)
        assert (held.result.state, held.result.counts.held, held.result.amount) == ("held_for_approval", 3, 0)
        assert drop(careful, "0602.txt", PAYMENTS).id == held.id
        assert balance(hub, "1-1-1-1") == 0
        assert pipeline.release(careful, held.id or 0, actor="anna").result.state == "booked"
        assert balance(hub, "1-1-1-1") == -10_000


def test_by_hand_nothing_is_moved_and_the_archive_has_it_all_the_same(hub: Hub) -> None:
    outcome = by_hand(hub, "mine.txt", PAYMENTS, vendor="bs")
    assert outcome.result.state == "booked"
    assert filed_at(hub, outcome).read_bytes() == PAYMENTS
    assert by_hand(hub, "mine.txt", PAYMENTS).result.state == "duplicate"
    refused = by_hand(hub, "bad.txt", b"?")
    assert filed_at(hub, refused).parent == hub.site.quarantine


def test_the_period_by_hand_is_that_of_the_results(hub: Hub) -> None:
    period = (date(2024, 6, 1), date(2025, 5, 31))
    by_hand(hub, "results.txt", results((1, 1, 1, 500)), vendor="heat", period=period)
    with hub.db.read() as conn:
        found = conn.execute(select(tables.charge_line.c.period_from, tables.charge_line.c.period_to)).one()
    assert tuple(found) == period


def test_equal_bytes_that_are_said_to_be_of_another_period_are_no_copy(hub: Hub) -> None:
    """No sheet's results carry a period: those of two years may be alike to the byte (R30, R4)."""
    years = [(date(year, 6, 1), date(year + 1, 5, 31)) for year in (2023, 2024)]

    def state(period: tuple[date, date], **how: bool) -> str:
        content = results((1, 1, 1, 500))
        return by_hand(hub, "results.txt", content, vendor="heat", period=period, **how).result.state

    assert [state(period, dry_run=dry) for period in years for dry in (True, False)] == ["booked"] * 4
    assert balance(hub, "1-1-1-1") == 1_000
    assert [state(period) for period in years] == ["duplicate", "duplicate"]
    assert balance(hub, "1-1-1-1") == 1_000


def test_by_hand_errors_change_nothing(hub: Hub) -> None:
    with pytest.raises(HubError, match=r"no vendor instance is called 'nets'\. the instances: bs, heat"):
        by_hand(hub, "mine.txt", PAYMENTS, vendor="nets")
    with pytest.raises(HubError, match="cannot be taken in"):
        pipeline.ingest(hub, hub.site.root / "none.txt", actor="test")
    assert count(hub, "arrival") == 0


@pytest.mark.parametrize(
    ("name", "content", "state"),
    [
        ("0602.txt", PAYMENTS, "booked"),
        (STATEMENT, PDF, "booked"),
        ("x", b"?", "quarantined"),
        ("y", PAYMENTS[:-40], "quarantined"),
    ],
)
def test_a_dry_run_tells_and_writes_nothing(hub: Hub, name: str, content: bytes, state: str) -> None:
    before = sorted(path for path in hub.site.root.rglob("*") if "hub.db" not in path.name)
    outcome = by_hand(hub, name, content, dry_run=True)
    assert (outcome.id, outcome.result.state) == (None, state)
    (hub.site.root / name).unlink()
    assert sorted(path for path in hub.site.root.rglob("*") if "hub.db" not in path.name) == before
    assert [count(hub, table) for table in ("arrival", "blob", "file", "reading", "entry", "document", "event")] == [
        0
    ] * 6 + [1]


def test_a_dry_run_knows_a_duplicate(hub: Hub) -> None:
    by_hand(hub, "0602.txt", PAYMENTS)
    assert by_hand(hub, "0602.txt", PAYMENTS, dry_run=True).result.state == "duplicate"


def test_a_file_replaced_after_the_look_is_left_to_settle_again(hub: Hub) -> None:
    path = hub.site.inbox / "0602.txt"
    path.write_bytes(PAYMENTS)
    seen = look_at(path)
    path.write_bytes(b"another")
    assert pipeline.take_in(hub, seen, actor="test") is None
    assert path.read_bytes() == b"another"
    assert count(hub, "file") == 0
    assert steps.waiting(hub) == []
    assert drop(hub, "0602.txt", PAYMENTS).result.state == "booked"


def test_a_file_that_takes_the_name_while_the_first_is_read_is_kept(hub: Hub) -> None:
    path = hub.site.inbox / "0602.txt"
    path.write_bytes(PAYMENTS)
    claim = steps.claim(hub, look_at(path), actor="test")
    assert claim is not None
    stored = steps._store(hub, claim, "test")
    path.write_bytes(b"the next one")
    outcome = steps.finish(hub, stored, "test")
    assert outcome is not None
    assert filed_at(hub, outcome).read_bytes() == PAYMENTS
    assert path.read_bytes() == b"the next one"
