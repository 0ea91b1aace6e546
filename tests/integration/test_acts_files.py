"""A whole file undone at once is what undoing its entries one by one would be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from hub.acts.act import Acting
from hub.acts.files import reverse_file
from hub.acts.reversals import Why
from hub.store.database import Database, connect, create
from hub.store.tables import account, allocation, batch, charge_line, credit, entry, reading, suspense
from tests.desk import FileOf, failed, paid, result, taken_back
from tests.hand import Hand

_TENANTS = 12
#: Records of the file: whose money came and was given to somebody, and a payment with its charge-back.
_MATCHED = (11, 72)
_COME_TO_NOTHING = (53, 77)


def _work(hand: Hand) -> int:
    """A mixed file and what came before and after it, in which nothing hinders its undoing; gives the file's number."""
    keys = hand.let(_TENANTS)
    numbers = [key.split("-")[2] for key in keys]
    for n, key in enumerate(keys):
        hand.charge(key, "OLD", "2026-09-01", 80_00 + n)
        hand.charge(key, "NOW", "2026-11-01", 100_00)
        hand.desk.book(paid(numbers[n], 30_00, "EARLY", trace=f"e{n}"))
    records = [paid(one, 99_75 + 80_00 + n, "OLD", line=n + 1) for n, one in enumerate(numbers)]
    records += [paid(one, 25_00, "NOW", line=50 + n, trace="second") for n, one in enumerate(numbers[:6])]
    records += [
        failed(numbers[0], 1_00, 70),
        paid(numbers[1], -7_00, line=71, trace="out"),
        paid("9991", 44_00, line=72),
    ]
    records += [paid("9992", 45_00, line=73), paid("9993", -46_00, line=74), taken_back("9994", 47_00, line=75)]
    records += [taken_back(numbers[2], 30_00, "EARLY", line=76), taken_back(numbers[3], 25_00, "NOW", line=77)]
    records += [
        result(numbers[4], 60_00, line=80),
        result(numbers[5], -60_00, line=81),
        taken_back(numbers[7], 3_00, line=82),
    ]
    file = hand.desk.new_file()
    hand.desk.book_as(FileOf(records, size=7), file)
    of_file = {
        int(record): int(id_)
        for record, id_ in hand.desk.all(
            select(entry.c.record, entry.c.id)
            .join(batch, batch.c.id == entry.c.batch_id)
            .where(entry.c.record.is_not(None), entry.c.id >= _first_of(hand, file.id))
        )
    }
    hand.match(of_file[72], keys[8])
    hand.match(of_file[75], keys[9])
    hand.unmatch(of_file[10])
    hand.unmatch(of_file[11])
    hand.match(of_file[11], keys[0])
    for key in keys:
        hand.charge(key, "LATER", "2026-12-01", 55_00)
    hand.desk.book(taken_back(numbers[6], 99_75 + 80_00 + 6, "OLD"))
    hand.reverse(hand.last_entry("chargeback"))
    return file.id


def _first_of(hand: Hand, file_id: int) -> int:
    of_file = select(reading.c.id).where(reading.c.file_id == file_id)
    return int(hand.desk.one(select(func.min(batch.c.entry_first)).where(batch.c.reading_id.in_(of_file))))


def _undone_one_by_one(hand: Hand, file_id: int) -> None:
    """Latest first, each in an act of its own; a payment with its charge-back in the file is left as it is."""
    of_file = select(reading.c.id).where(reading.c.file_id == file_id)
    rows = hand.desk.all(
        select(entry.c.id, entry.c.record, entry.c.value_date)
        .join(batch, batch.c.id == entry.c.batch_id)
        .where(batch.c.reading_id.in_(of_file), entry.c.record.is_not(None), entry.c.kind != "difference")
        .order_by(entry.c.id.desc())
    )
    for id_, record, day in rows:
        if record in _MATCHED:
            hand.unmatch(int(id_))
        if record not in _COME_TO_NOTHING:
            hand.reverse(int(id_), "test_file", day)


def _state(hand: Hand) -> dict[str, list[tuple[object, ...]]]:
    """What the books come to: every account, what is open of each line, credit and suspense in all."""
    of_line = select(allocation.c.line_id, func.sum(allocation.c.amount)).group_by(allocation.c.line_id)
    return {
        "accounts": sorted(hand.desk.all(select(account.c.code, account.c.balance)), key=repr),
        "lines": hand.desk.all(select(charge_line.c.id, charge_line.c.remaining).order_by(charge_line.c.id)),
        "paid": [(line, int(paid_)) for line, paid_ in hand.desk.all(of_line.order_by(allocation.c.line_id)) if paid_],
        "credit": [(t, int(c)) for t, c in hand.desk.all(_sum_by(credit.c.tenancy_id, credit.c.remaining)) if c],
        "suspense": [(t, int(c)) for t, c in hand.desk.all(_sum_by(suspense.c.company_id, suspense.c.remaining))],
    }


def _sum_by(whose: object, amount: object) -> object:
    return select(whose, func.sum(amount)).group_by(whose).order_by(whose)


def _done(hand: Hand, undo: Callable[[Hand, int], None]) -> dict[str, list[tuple[object, ...]]]:
    undo(hand, _work(hand))
    hand.proved()
    return _state(hand)


def test_at_once_is_one_by_one(database: Database, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    url = f"sqlite:///{other / 'hub.db'}"
    create(url).close()
    second = connect(url)
    try:
        at_once = _done(Hand(database, tmp_path, small_difference="0.50"), lambda hand, id_: hand.reverse_file(id_))
        one_by_one = _done(Hand(second, other, small_difference="0.50"), _undone_one_by_one)
    finally:
        second.close()
    assert _named(at_once) == _named(one_by_one)


def _named(state: dict[str, list[tuple[object, ...]]]) -> dict[str, list[object]]:
    """Without ids, which differ from database to database."""
    return {name: [row if name == "accounts" else row[1] for row in rows] for name, rows in state.items()}


def test_it_tells_how_far_it_has_come(database: Database, tmp_path: Path) -> None:
    hand = Hand(database, tmp_path)
    hand.desk.book(*[paid(str(7000 + n), 1_00, line=n + 1) for n in range(2_500)])
    told: list[tuple[int, int]] = []

    def do(acting: Acting) -> dict[str, object]:
        return reverse_file(acting, 1, Why("test_file"), lambda done, total: told.append((done, total)))

    assert hand.do("files reverse", do).result["entries"] == 2_500
    assert told == [(0, 2_500), (2_000, 2_500), (2_500, 2_500)]
    assert hand.of_account("suspense") == 0
