"""A seeded random driver of the ledger: does what people and files do, and keeps a ledger of its own beside it.

Its own is as plain as can be: what each act must do to each tenancy's balance, each holding and suspense. What the hub
keeps has to agree after every step, and to prove itself (``hub verify``). An act that is refused must change nothing.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from hub.acts.act import Acting, Done, KeyUsedError, perform
from hub.acts.charges import ChargeAsked, LineAsked, add_charge, credit_charge
from hub.acts.files import reverse_file
from hub.acts.money import pay_out, receive, transfer
from hub.acts.reversals import Why, reverse
from hub.acts.suspense import match, unmatch
from hub.errors import HubError
from hub.ledger import kinds
from hub.settings import CompanyConfig, Site
from hub.store.holdings import holdings_of
from hub.store.portfolio import tenancies_of_posted
from hub.store.tables import account, batch, charge, entry, file, posting, reading, suspense, tenancy
from hub.store.verify import verify
from hub.store.views.balances import least_held
from tests.desk import NOW, Desk, FileOf, paid, taken_back

TODAY = NOW.date()
#: Before all that the driver does.
SINCE = TODAY - timedelta(100)
TAKES_BACK = (kinds.CHARGEBACK, kinds.REVERSAL)
TENANTS = {"1-1-1-1": "101", "1-1-2-1": "102", "1-2-1-1": "201", "2-1-1-1": "901"}
OTHER_COMPANY = {"creditor": "09999999"}
TYPES = {"10": "Husleje", "20": {"text": "Depositum", "holding": "deposit"}, "30": {"text": "Gebyr", "claim": "fee"}}
TYPES |= {"40": {"text": "Parkering", "claim": "other", "vat": 25}, "75020": "Aconto varme"}


class Driver:
    """One run; everything random comes from ``seed``. After each step the books have to agree with its own, and after
    each ``prove_every`` steps to prove themselves.
    """

    def __init__(self, desk: Desk, seed: int, *, prove_every: int = 1) -> None:
        self.desk = desk
        self.prove_every = prove_every
        self.chance = random.Random(seed)
        self.balances: defaultdict[str, int] = defaultdict(int)
        self.holdings: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.suspense: defaultdict[str, int] = defaultdict(int)
        self.steps = 0
        self.done: list[tuple[str, Mapping[str, Any], Callable[[Acting], dict[str, Any]], str, Done]] = []
        self.least: dict[str, dict[str, int]] = {}
        self.seen = 0
        self.reopen_books()

    def reopen_books(self) -> None:
        for number in ("1", "2"):
            self.desk.companies[number] = CompanyConfig.model_validate({"number": number, "charge_types": TYPES})

    def step(self) -> str:
        """One random act; gives what it was, for whoever reads a failure."""
        self.steps += 1
        acts = {
            self.charge: 10,
            self.book_file: 8,
            self.pay_by_hand: 4,
            self.credit: 4,
            self.reverse_something: 6,
            self.charge_back: 4,
            self.move_money: 6,
            self.match_something: 4,
            self.unmatch_something: 2,
            self.move_what_was_brought_back: 2,
            self.undo_file: 1,
            self.ask_again: 3,
            self.change_settings: 1,
        }
        (chosen,) = self.chance.choices(list(acts), list(acts.values()))
        told = chosen()
        self.check(f"step {self.steps}: {told}")
        if self.steps % self.prove_every == 0:
            self.prove(f"step {self.steps}: {told}")
        return told

    def prove(self, told: str) -> None:
        with self.desk.db.read() as conn:
            problems = verify(conn).problems
        assert problems == [], f"{told}: {problems}"

    def check(self, told: str) -> None:
        with self.desk.db.read() as conn:
            kept = dict(
                conn.execute(
                    select(tenancy.c.key, account.c.balance).join(account, account.c.id == tenancy.c.account_id)
                ).all()
            )
            assert {key: kept[key] for key in TENANTS} == {key: self.balances[key] for key in TENANTS}, told
            for key, id_ in conn.execute(select(tenancy.c.key, tenancy.c.id)).all():
                for one in holdings_of(conn, id_):
                    assert one.charged == self.holdings[key, one.name], told
                    assert one.unpaid >= 0, told
            waiting = dict(
                conn.execute(
                    select(suspense.c.company_id, func.sum(suspense.c.remaining)).group_by(suspense.c.company_id)
                ).all()
            )
            assert sum(map(int, waiting.values())) == sum(self.suspense.values()), told
            assert int(conn.execute(select(func.sum(account.c.balance))).scalar_one()) == 0, told
            self._check_days(conn, told)

    def _check_days(self, conn: Connection, told: str) -> None:
        """No act takes a holding below zero on any day (R10, R23), or further below, but these: a charge-back comes as
        the bank has done it, a file is reversed on its own days, whatever its payments had filled, and a reversal by
        hand leaves what was before its own day.
        """
        rows = conn.execute(select(entry.c.id, entry.c.kind, entry.c.value_date).where(entry.c.id > self.seen)).all()
        whose = tenancies_of_posted(conn, [row.id for row in rows])
        taken_back = {whose[row.id].key: row.value_date for row in rows if row.kind in TAKES_BACK and row.id in whose}
        for one in set(whose.values()):
            before = self.least.get(one.key, {})
            self.least[one.key] = least_held(conn, one, SINCE)
            if one.key in taken_back and not told.startswith(("reverse", "unmatch")):
                continue
            for name, ore in least_held(conn, one, taken_back.get(one.key, SINCE)).items():
                assert ore >= min(0, before.get(name, 0)), (told, one.key, name, before, ore)
        self.seen = max((row.id for row in rows), default=self.seen)

    # --- What people do --------------------------------------------------------------------------------------

    def charge(self) -> str:
        key = self._tenant()
        lines = tuple(
            LineAsked(self.chance.choice(list(TYPES)), self._ore()) for _ in range(self.chance.choice((1, 1, 2, 3)))
        )
        due = TODAY + timedelta(self.chance.randrange(-90, 40))
        asked = ChargeAsked(due, lines, kind=self.chance.choice(kinds.CHARGE_KINDS))
        if self._do("charge", {"tenancy": key, "charge": repr(asked)}, lambda acting: add_charge(acting, key, asked)):
            self.balances[key] += sum(line.amount for line in lines)
            for line in lines:
                if line.charge_type in ("20", "75020"):
                    name = {"20": "deposit", "75020": "heat"}[line.charge_type]
                    self.holdings[key, name] += line.amount
        return f"charge {key} {asked}"

    def pay_by_hand(self) -> str:
        key, ore = self._tenant(), self._ore()
        holding = self.chance.choice((kinds.BALANCE, kinds.BALANCE, "deposit"))
        day = TODAY + timedelta(self.chance.randrange(-60, 20))
        asked = {"tenancy": key, "amount": ore, "holding": holding, "day": day}
        if done := self._do("pay", asked, lambda acting: receive(acting, key, ore, holding=holding, day=day)):
            if holding == kinds.BALANCE:
                self.balances[key] -= ore + self._written_off(done.result["entry"])
            else:
                self.holdings[key, holding] += ore
        return f"pay {asked}"

    def credit(self) -> str:
        key = self._tenant()
        charges = self.desk.all(
            select(charge.c.id, charge.c.reference)
            .join(tenancy, tenancy.c.id == charge.c.tenancy_id)
            .join(entry, entry.c.id == charge.c.entry_id)
            .where(tenancy.c.key == key, entry.c.kind == kinds.CHARGE)
        )
        if not charges:
            return f"credit {key}: nothing charged"
        id_, _ = self.chance.choice(charges)
        amount = self.chance.choice((None, self._ore()))
        asked = {"tenancy": key, "charge": id_, "amount": amount}
        last = self._last_entry()
        if self._do("credit", asked, lambda acting: credit_charge(acting, key, f"#{id_}", amount=amount)):
            self._follow_all_after(last)
        return f"credit {asked}"

    def reverse_something(self) -> str:
        ids = [id_ for (id_,) in self.desk.all(select(entry.c.id))]
        if not ids:
            return "reverse: nothing booked"
        id_ = self.chance.choice(ids)
        last = self._last_entry()
        why = Why(self.chance.choice(kinds.REASONS))
        if self._do("reverse", {"entry": id_}, lambda acting: reverse(acting, id_, why)):
            self._follow_all_after(last)
        return f"reverse {id_}"

    def move_money(self) -> str:
        key, ore = self._tenant(), self._ore()
        places = [kinds.BALANCE, "deposit", "heat", "withheld"]
        source, target = self.chance.choice(places), self.chance.choice([*places, None])
        day = self.chance.choice((None, TODAY + timedelta(self.chance.randrange(-60, 40))))
        asked = {"tenancy": key, "amount": ore, "from": source, "to": target, "day": day}

        def act(acting: Acting) -> dict[str, Any]:
            if target is None:
                return pay_out(acting, key, ore, holding=source, day=day)
            return transfer(acting, key, ore, source=source, target=target, day=day)

        last = self._last_entry()
        if self._do("move", asked, act):
            self._follow_all_after(last)
        return f"move {asked}"

    def match_something(self) -> str:
        waiting = self.desk.all(select(suspense.c.entry_id).where(suspense.c.remaining != 0))
        if not waiting:
            return "match: nothing in suspense"
        (id_,) = self.chance.choice(waiting)
        key = self._tenant()
        last = self._last_entry()
        if self._do("match", {"payment": id_, "tenancy": key}, lambda acting: match(acting, id_, key)):
            self._follow_all_after(last)
        return f"match {id_} {key}"

    def unmatch_something(self) -> str:
        moved = (kinds.MATCH, kinds.PAYMENT, kinds.PAYOUT, kinds.CHARGEBACK)
        money = self.desk.all(select(entry.c.id).where(entry.c.kind.in_(moved)))
        if not money:
            return "unmatch: no money"
        (id_,) = self.chance.choice(money)
        last = self._last_entry()
        if self._do("unmatch", {"entry": id_}, lambda acting: unmatch(acting, id_, Why("wrong_tenancy"))):
            self._follow_all_after(last)
        return f"unmatch {id_}"

    def move_what_was_brought_back(self) -> str:
        """A charge-back was wrong, and the money another's; at last its file goes, or the charge-back's."""
        backs = self.desk.all(
            select(entry.c.id, entry.c.corrects).where(entry.c.kind == kinds.CHARGEBACK, entry.c.corrects.is_not(None))
        )
        if not backs:
            return "bring back: no charge-back"
        back, payment = self.chance.choice(backs)
        key = self._tenant()
        acts: list[tuple[str, Callable[[Acting], dict[str, Any]]]] = [
            ("bring back", lambda acting: reverse(acting, back, Why("other"))),
            ("take", lambda acting: unmatch(acting, payment, Why("wrong_tenancy"))),
            ("give", lambda acting: match(acting, payment, key)),
            ("take away", lambda acting: reverse(acting, payment, Why("other"))),
        ]
        last = self._last_entry()
        for what, act in acts[: self.chance.randrange(1, 5)]:
            self._do(what, {"back": back, "payment": payment, "tenancy": key}, act)
        self._follow_all_after(last)
        undone = self._undo(self._file_of(self.chance.choice((back, payment)))) if self.chance.random() < 0.5 else ""
        return f"bring back {back}, take {payment}, give {key} {undone}"

    def undo_file(self) -> str:
        files = self.desk.all(select(file.c.id).where(file.c.state.in_(("booked", "partly_booked"))))
        return self._undo(self.chance.choice(files)[0] if files else None)

    def _undo(self, file_id: int | None) -> str:
        if file_id is None:
            return "undo: no file"
        last = self._last_entry()
        if self._do("undo", {"file": file_id}, lambda acting: reverse_file(acting, file_id, Why("test_file"))):
            self._follow_all_after(last)
        return f"undo file {file_id}"

    def _file_of(self, entry_id: int) -> int | None:
        of_file = select(reading.c.file_id).join(batch, batch.c.reading_id == reading.c.id)
        found = self.desk.all(of_file.join(entry, entry.c.batch_id == batch.c.id).where(entry.c.id == entry_id))
        return found[0][0] if found else None

    def ask_again(self) -> str:
        """The same key and input: told the same, nothing done. Other input: refused."""
        if not self.done:
            return "ask again: nothing done"
        what, asked, act, key, first = self.chance.choice(self.done)
        before = self._state()
        again = self._perform(what, asked, act, key)
        assert again.repeated
        assert again.result == first.result
        try:
            self._perform(what, {**asked, "other": 1}, act, key)
        except KeyUsedError:
            pass
        else:
            raise AssertionError("another input was taken under the same key")
        assert self._state() == before
        return f"ask again {key}"

    def change_settings(self) -> str:
        """Closes periods, allows small differences, changes the policy; sometimes all is as it was."""
        number = self.chance.choice(("1", "2"))
        closed = self.chance.choice((None, TODAY - timedelta(40), TODAY - timedelta(20)))
        allocation = {
            "homes": self.chance.choice(("obligatory", "costs", "oldest")),
            "small_difference": self.chance.choice(("0.00", "1.00", "50.00")),
        }
        given = {"number": number, "charge_types": TYPES, "allocation": allocation, "books_closed_through": closed}
        self.desk.companies[number] = CompanyConfig.model_validate(given)
        return f"settings {given}"

    # --- What files do ---------------------------------------------------------------------------------------

    def book_file(self) -> str:
        records = []
        for line in range(1, self.chance.randrange(2, 6)):
            key = self.chance.choice([*TENANTS, None])
            day = TODAY + timedelta(self.chance.randrange(-60, 10))
            reference = self._reference(key)
            other = OTHER_COMPANY if key and key.startswith("2") else {}
            customer = TENANTS[key] if key else str(self.chance.randrange(700, 705))
            records.append(paid(customer, self._ore(), reference, line=line, on=day, **other))
        if not key or not key.startswith("2"):
            # Sometimes the bank takes the last one back in the same file.
            amount = records[-1].amount
            records += [taken_back(customer, amount, reference, line=9, on=TODAY)] * self.chance.choice((0, 0, 1))
        last = self._last_entry()
        self.desk.book_as(FileOf(records, size=self.chance.choice((1, 2, 2000))), self.desk.new_file())
        self._follow_all_after(last)
        return f"file {records}"

    def charge_back(self) -> str:
        payments = self.desk.all(
            select(entry.c.key, posting.c.amount)
            .join(posting, (posting.c.entry_id == entry.c.id) & (posting.c.seq == 0))
            .where(entry.c.kind == kinds.PAYMENT, entry.c.key.startswith("nets|"), posting.c.amount < 0)
        )
        if not payments:
            return "charge back: no payment"
        key, amount = self.chance.choice(payments)
        customer, reference = key.split("|")[5:7]
        record = taken_back(customer, -amount, reference, line=1, on=TODAY - timedelta(self.chance.randrange(5)))
        if customer == "901":
            record = record._replace(creditor="09999999")
        last = self._last_entry()
        self.desk.book_as(FileOf([record]), self.desk.new_file())
        self._follow_all_after(last)
        return f"charge back {record}"

    # --- Beside the hub --------------------------------------------------------------------------------------

    def _do(self, what: str, asked: Mapping[str, Any], act: Callable[[Acting], dict[str, Any]]) -> Done | None:
        """None where it was refused, and then nothing has changed."""
        key = f"{what}-{self.steps}"
        before = self._state()
        try:
            done = self._perform(what, asked, act, key)
        except HubError:
            assert self._state() == before, f"refused, and yet something changed: {what} {asked}"
            return None
        self.done.append((what, asked, act, key, done))
        return done

    def _perform(self, what: str, asked: Mapping[str, Any], act: Callable[[Acting], dict[str, Any]], key: str) -> Done:
        site = Site(self.desk.folder, companies=self.desk.companies)
        return perform(self.desk.db, site, what, asked, act, actor="driver", now=NOW, key=key)

    def _state(self) -> list[tuple[object, ...]]:
        tables = (select(func.count(), func.sum(account.c.balance * account.c.id)), select(func.count(entry.c.id)))
        return [row for query in tables for row in self.desk.all(query)]

    def _follow(self, entry_id: int) -> None:
        """What an entry must have done, by its postings alone."""
        rows = self.desk.all(
            select(account.c.kind, account.c.code, posting.c.amount)
            .join(account, account.c.id == posting.c.account_id)
            .where(posting.c.entry_id == entry_id)
        )
        assert sum(int(amount) for _, _, amount in rows) == 0
        for kind, code, amount in rows:
            if kind == kinds.RECEIVABLE:
                self.balances[code.split(":", 1)[1]] += amount
            elif kind == kinds.HOLDING:
                _, name, key = code.split(":")
                self.holdings[key, name] -= amount
            elif kind == kinds.SUSPENSE:
                self.suspense["all"] -= amount

    def _follow_all_after(self, entry_id: int) -> None:
        for (id_,) in self.desk.all(select(entry.c.id).where(entry.c.id > entry_id)):
            self._follow(id_)

    def _written_off(self, entry_id: int) -> int:
        query = select(func.coalesce(func.sum(-posting.c.amount), 0)).join(entry, entry.c.id == posting.c.entry_id)
        of_it = (entry.c.corrects == entry_id, entry.c.kind == kinds.DIFFERENCE, posting.c.seq == 0)
        return int(self.desk.one(query.where(*of_it)))

    def _last_entry(self) -> int:
        return self.desk.one(select(func.coalesce(func.max(entry.c.id), 0)))

    def _tenant(self) -> str:
        return self.chance.choice(list(TENANTS))

    def _ore(self) -> int:
        return self.chance.choice((100_00, 100_00, 50_00, 99_99, self.chance.randrange(1, 300_00)))

    def _reference(self, key: str | None) -> str:
        references = self.desk.all(
            select(charge.c.reference).join(tenancy, tenancy.c.id == charge.c.tenancy_id).where(tenancy.c.key == key)
        )
        if not references or self.chance.random() < 0.3:
            return f"R{self.chance.randrange(1000)}"
        return self.chance.choice(references)[0]
