"""Results that were booked before there were consumption accounts are taken over, and never booked again (R31)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.acts import files
from hub.acts.act import perform
from hub.acts.reversals import Why
from hub.plugin import ConsumptionResult
from hub.settings import Site
from hub.store.database import create
from hub.store.tables import consumption_result, consumption_revision, entry, posting
from hub.store.verify import verify
from tests import schemas
from tests.desk import NOW, Desk
from tests.metering import said

#: What the earlier program has read in file 3: one result in each of two properties.
_FILE = 3


@pytest.fixture
def desk(empty_url: str, tmp_path: Path) -> Iterator[Desk]:
    """On the books that the program without accounts left."""
    schemas.fill(empty_url, "0002")
    desk = Desk.__new__(Desk)
    desk.db, desk.companies, desk.vendors, desk.folder, desk._files = create(empty_url), {}, {}, tmp_path, 900
    yield desk
    desk.db.close()


def earlier(desk: Desk) -> list[ConsumptionResult]:
    """The lines of that file."""
    own = (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0)
    query = select(entry.c.key, posting.c.amount, entry.c.record).join_from(entry, posting, own)
    rows = desk.all(query.where(entry.c.kind == "result").order_by(entry.c.id))
    return [said(key.split("-")[2], amount, record, property_=key.split("-")[1]) for key, amount, record in rows]


def revisions(desk: Desk) -> list[tuple[object, ...]]:
    columns = (consumption_revision.c.account_id, consumption_revision.c.what, consumption_revision.c.state)
    return desk.all(select(*columns).order_by(consumption_revision.c.id))


def proved(desk: Desk) -> None:
    with desk.db.read() as conn:
        assert verify(conn).problems == []


def test_the_same_lines_in_another_file_are_duplicates(desk: Desk) -> None:
    lines = earlier(desk)
    before = desk.balance("1-1-1-1"), desk.balance("1-2-1-1")
    outcome = desk.book(*lines)
    assert (outcome.state, outcome.counts.duplicate, outcome.amount) == ("duplicate", 2, 0)
    assert (desk.balance("1-1-1-1"), desk.balance("1-2-1-1")) == before
    assert revisions(desk) == [(1, "carried", "booked"), (2, "carried", "booked")]
    taken = select(consumption_result.c.result, consumption_result.c.reading_id).order_by(consumption_result.c.id)
    assert desk.all(taken) == [(line.amount, _FILE) for line in lines]
    proved(desk)


def test_a_later_result_adds_to_them(desk: Desk) -> None:
    first, *_ = earlier(desk)
    before = desk.balance("1-1-1-1")
    assert desk.book(first._replace(amount=12_34)).counts.booked == 1
    assert desk.balance("1-1-1-1") == before + 12_34
    assert [what for _, what, _ in revisions(desk)] == ["carried", "adds"]
    proved(desk)


@pytest.mark.parametrize("touched", [False, True])
def test_their_file_is_taken_back_and_they_are_booked_anew(desk: Desk, touched: bool) -> None:
    lines = earlier(desk)
    before = desk.balance("1-1-1-1")
    if touched:
        desk.book(*lines)
    perform(
        desk.db,
        Site(desk.folder),
        "files reverse",
        {},
        lambda acting: files.reverse_file(acting, _FILE, Why("test_file")),
        actor="anna",
        now=NOW,
    )
    assert desk.balance("1-1-1-1") == before - lines[0].amount
    assert desk.book(*lines).counts.booked == 2
    assert desk.balance("1-1-1-1") == before
    states = [(what, state) for _, what, state in revisions(desk)]
    assert sorted(states) == [("carried", "withdrawn")] * 2 + [("first", "booked")] * 2
    proved(desk)


def test_books_that_nobody_has_touched_prove_as_they_are(desk: Desk) -> None:
    assert revisions(desk) == []
    proved(desk)
