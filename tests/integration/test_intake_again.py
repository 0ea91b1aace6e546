"""A file that comes again, or that a person takes up again: what was decided of it before holds."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.imports.portfolio import import_portfolio
from hub.intake import pipeline
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.settings import load_site
from hub.store import database, tables
from hub.transport.folders import look_at
from hub.vendors import Vendors
from hub_nets_bs import making, records
from tests import tiny_site
from tests.tiny_site import CREDITOR, PDF, STATEMENT, delivery, results

#: Property 1 can be booked; property 2 is held, because the tenant of its unit 5 is missing.
RESULTS = results((1, 1, 1, 12_345), (2, 1, 1, 500), (2, 5, 1, 700))
BOOKED_AT = "2026-07-06 08:00 UTC"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With water, an instance of the same plug-in as heat."""
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    shutil.copy(root / "config/vendors/heat.toml", root / "config/vendors/water.toml")
    (root / "inbox/water").mkdir()
    return root


@pytest.fixture(scope="module")
def vendors(template: Path) -> Iterator[Vendors]:
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


@pytest.fixture
def after_approval(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The meter company's instances book what a person has released."""
    for name in ("heat", "water"):
        instance = hub.vendors.instances[name]
        monkeypatch.setattr(instance, "config", instance.config.model_copy(update={"book": "after_approval"}))


def drop(hub: Hub, name: str, content: bytes, inbox: str) -> FileOutcome:
    path = hub.site.inbox / inbox / name
    path.write_bytes(content)
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    assert not path.exists()
    return outcome


def the_missing_tenant_moves_in(hub: Hub) -> None:
    path = hub.site.root / "more.csv"
    path.write_text("company,property,unit,tenant,name,move_in\n1,2,5,1,Nete Ny,2020-01-01\n")
    report = import_portfolio(hub.db, path, now=tiny_site.NOW, actor="test", currency_of=lambda _: "DKK")
    assert report.added == 1


def count(hub: Hub, table: str) -> int:
    with hub.db.read() as conn:
        return conn.execute(select(func.count()).select_from(tables.metadata.tables[table])).scalar_one()


def listed(hub: Hub, outcome: FileOutcome, which: str) -> list[tuple[str, str, str]] | None:
    """(record, outcome, amount) of a list; None = it is not there."""
    path = hub.site.lists / f"{outcome.id}-{outcome.name}.{which}.csv"
    if not path.exists():
        return None
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    return [(row["record"], row["outcome"], row["amount"]) for row in rows]


class TestTheSameBytesThroughAnotherInstance:
    def test_are_not_booked_twice(self, hub: Hub) -> None:
        first = drop(hub, "results.txt", RESULTS, "heat")
        second = drop(hub, "other name.txt", RESULTS, "water")
        assert second.result.state == "quarantined"
        assert second.result.reasons == [
            f"booked elsewhere: the same bytes were booked through heat as file {first.id} results.txt at {BOOKED_AT}; "
            "if they are meant for both, ask the vendor for two files"
        ]
        assert pipeline.retry(hub, second.id or 0, actor="anna").result.reasons == second.result.reasons
        assert count(hub, "entry") == 1

    def test_nor_after_an_approval(self, hub: Hub, after_approval: None) -> None:
        heat, water = drop(hub, "results.txt", RESULTS, "heat"), drop(hub, "results.txt", RESULTS, "water")
        assert (heat.result.state, water.result.state) == ("held_for_approval", "held_for_approval")
        assert pipeline.release(hub, heat.id or 0, actor="anna").result.state == "partly_booked"
        refused = pipeline.release(hub, water.id or 0, actor="anna")
        assert refused.result.state == "quarantined"
        assert refused.result.reasons[0].startswith("booked elsewhere: ")

    def test_a_dry_run_says_so(self, hub: Hub) -> None:
        drop(hub, "results.txt", RESULTS, "heat")
        path = hub.site.root / "results.txt"
        path.write_bytes(RESULTS)
        said = pipeline.ingest(hub, path, actor="test", vendor="water", dry_run=True).result
        assert said.reasons[0].startswith("booked elsewhere: ")

    def test_a_document_is_another_under_another_name(self, hub: Hub) -> None:
        drop(hub, STATEMENT, PDF, "heat")
        assert drop(hub, STATEMENT, PDF, "water").result.reasons[0].startswith("booked elsewhere: ")
        assert drop(hub, "1-2-F-20250601-20260531-1-1.pdf", PDF, "water").result.state == "booked"

    def test_what_was_booked_nowhere_is_no_hindrance(self, hub: Hub) -> None:
        assert drop(hub, "cut.txt", RESULTS[:-5], "heat").result.state == "quarantined"
        again = drop(hub, "cut.txt", RESULTS[:-5], "water")
        assert again.result.reasons[0].startswith("malformed: ")


@pytest.mark.usefixtures("after_approval")
class TestApproval:
    def test_is_of_the_file_and_needed_once(self, hub: Hub) -> None:
        held = drop(hub, "results.txt", RESULTS, "heat")
        assert pipeline.release(hub, held.id or 0, actor="anna").result.state == "partly_booked"
        retried = pipeline.retry(hub, held.id or 0, actor="anna").result
        assert (retried.state, retried.counts.duplicate, retried.counts.held) == ("partly_booked", 1, 2)
        the_missing_tenant_moves_in(hub)
        again = drop(hub, "results.txt", RESULTS, "heat")
        assert (again.id, again.result.state, again.result.counts.booked) == (held.id, "booked", 2)

    def test_shows_what_would_be_booked_and_books_nothing(self, hub: Hub) -> None:
        held = drop(hub, "results.txt", RESULTS, "heat")
        assert listed(hub, held, "payments") == [
            ("1", "to be booked", "123,45"),
            ("2", "held", "5,00"),
            ("3", "held", "7,00"),
        ]
        assert listed(hub, held, "errors") == [("2", "held", "5,00"), ("3", "held", "7,00")]
        assert [count(hub, table) for table in ("entry", "batch", "outcome", "reading")] == [0, 0, 0, 1]
        pipeline.release(hub, held.id or 0, actor="anna")
        assert listed(hub, held, "payments") == [
            ("1", "booked", "123,45"),
            ("2", "held", "5,00"),
            ("3", "held", "7,00"),
        ]

    def test_is_not_asked_for_a_document(self, hub: Hub) -> None:
        assert drop(hub, STATEMENT, PDF, "heat").result.state == "booked"
        assert list(hub.site.lists.iterdir()) == []

    def test_takes_the_lists_away_with_what_nobody_needs(self, hub: Hub) -> None:
        held = drop(hub, "results.txt", RESULTS, "heat")
        pipeline.ignore(hub, held.id or 0, reason="sent by mistake", actor="anna")
        assert list(hub.site.lists.iterdir()) == []


def test_a_partly_booked_file_is_never_quarantined(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its retry failed, and what is booked of it is booked."""
    first = drop(hub, "results.txt", RESULTS, "heat")
    lists = [listed(hub, first, which) for which in ("payments", "errors")]
    shutil.rmtree(hub.site.lists)
    with monkeypatch.context() as broken:
        broken.setattr(hub.vendors.instances["heat"].talk, "fault", "does not work today")
        failed = pipeline.retry(hub, first.id or 0, actor="anna")
    assert failed.result.state == "partly_booked"
    assert failed.result.reasons[0].startswith("plug-in fault: vendor heat: does not work today")
    assert failed.result.reasons[1] == f"what was booked of it before, first at {BOOKED_AT}, stays booked"
    assert [listed(hub, failed, which) for which in ("payments", "errors")] == lists
    assert list(hub.site.quarantine.iterdir()) == []
    the_missing_tenant_moves_in(hub)
    assert pipeline.retry(hub, first.id or 0, actor="anna").result.state == "booked"


def test_a_copy_that_came_during_a_fault_does_not_hide_the_partly_booked_one(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = drop(hub, "results.txt", RESULTS, "heat")
    with monkeypatch.context() as broken:
        broken.setattr(hub.vendors.instances["heat"].talk, "fault", "does not work today")
        assert drop(hub, "results.txt", RESULTS, "heat").result.state == "quarantined"
    the_missing_tenant_moves_in(hub)
    again = drop(hub, "results.txt", RESULTS, "heat")
    assert (again.id, again.result.state) == (first.id, "booked")


def test_what_a_person_ignored_stays_so_until_a_person_takes_it_up(hub: Hub) -> None:
    first = drop(hub, "results.txt", RESULTS[:-5], "heat")
    pipeline.ignore(hub, first.id or 0, reason="a test of theirs", actor="anna")
    for _ in range(2):
        again = drop(hub, "results.txt", RESULTS[:-5], "heat")
        assert (again.id, again.result.state) == (first.id, "ignored")
        assert again.result.reasons == [
            f"ignored: anna set file {first.id} results.txt aside at {BOOKED_AT}, because: a test of theirs; if it is "
            f"needed after all: hub files retry {first.id}"
        ]
    assert pipeline.retry(hub, first.id or 0, actor="bo").result.state == "quarantined"


class TestLists:
    def test_of_a_file_whose_rest_came_in_another(self, hub: Hub) -> None:
        """What once was held is not shown as held for ever."""
        first = drop(hub, "results.txt", RESULTS, "heat")
        the_missing_tenant_moves_in(hub)
        drop(hub, "rest.txt", results((2, 1, 1, 500), (2, 5, 1, 700)), "heat")
        again = drop(hub, "results.txt", RESULTS, "heat")
        assert listed(hub, first, "payments") == [
            ("1", "booked", "123,45"),
            ("2", "duplicate", "5,00"),
            ("3", "duplicate", "7,00"),
        ]
        assert listed(hub, again, "errors") == [("2", "duplicate", "5,00"), ("3", "duplicate", "7,00")]

    def test_name_what_another_file_has_booked(self, hub: Hub) -> None:
        """It may be a tenant's real second payment."""
        drop(hub, "first.txt", delivery(("101", 10_000)), "bs")
        second = drop(hub, "second.txt", delivery(("101", 10_000), ("102", 5_000)), "bs")
        assert (second.result.state, second.result.counts.duplicate) == ("booked", 1)
        assert listed(hub, second, "errors") == [("3", "duplicate", "100,00")]

    def test_are_not_made_for_a_file_that_is_a_duplicate_as_a_whole(self, hub: Hub) -> None:
        drop(hub, "first.txt", RESULTS, "heat")
        copy = drop(hub, "copy.txt", results((1, 1, 1, 12_345)), "heat")
        assert copy.result.state == "duplicate"
        assert (listed(hub, copy, "payments"), listed(hub, copy, "errors")) == (None, None)

    def test_of_money_taken_back_that_was_nobodys(self, hub: Hub) -> None:
        paid, back = date(2026, 7, 1), date(2026, 7, 5)
        made = [
            records.payment(CREDITOR, "00001", "999", 700, paid, paid, paid, ""),
            records.chargeback(CREDITOR, "00001", "999", 700, back, back, paid, ""),
        ]
        head = {"data_supplier": "00000001", "created": "2026-07-06", "delivery": "0000000001", "chargebacks": "added"}
        outcome = drop(hub, "0602.txt", b"".join(making.make(made, head, "iso8859-1")), "bs")
        assert (outcome.result.counts.unmatched, outcome.result.counts.booked) == (2, 0)
        both = [("3", "unmatched", "7,00"), ("4", "unmatched", "-7,00")]
        assert listed(hub, outcome, "payments") == both
        assert listed(hub, outcome, "errors") == both
