"""A person's hand for tests: does acts on a desk's books, and sees what a tenancy has, owes and is owed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from hub.acts import charges, files, money, reversals, suspense
from hub.acts.act import Acting, Done, perform
from hub.acts.charges import ChargeAsked, LineAsked
from hub.imports.portfolio import import_portfolio
from hub.settings import CompanyConfig, Site
from hub.store.database import Database
from hub.store.holdings import holdings_of
from hub.store.tables import account, company, credit, entry, metadata
from hub.store.verify import verify
from tests.desk import NOW, Desk, ref

#: What is charged in company 1 and 3; company 2 takes any type.
CHARGE_TYPES = {
    "10": "Husleje",
    "20": {"text": "Depositum", "holding": "deposit"},
    "30": {"text": "Erhvervsleje", "vat": "25"},
    "75020": "Aconto varme",
    "75040": "Varmeregnskab",
    "90": {"text": "Gebyr", "claim": "fee"},
}
_SWEDEN = """company,company_name,pbs_number,debtor_group,property,property_name,unit,tenant,name,bs_customer,business
3,Åkern,03333333,1,1,Ekbacken,1,1,Örjan,301,0
3,Åkern,03333333,1,1,Ekbacken,2,1,Butik AB,302,1
"""
FIRST, SECOND, OTHER, SWEDISH, SHOP = "1-1-1-1", "1-1-2-1", "2-1-1-1", "3-1-1-1", "3-1-2-1"


@dataclass(frozen=True)
class Position:
    """Øre; ``open`` is what is left by reference, ``held`` by name of the holding."""

    balance: int
    open: Mapping[str, int]
    credit: int
    held: Mapping[str, int]


class Hand:
    """``small_difference`` is company 1's limit as its settings have it, ``closed`` its last closed day."""

    def __init__(
        self, database: Database, folder: Path, *, small_difference: str = "0", closed: date | None = None
    ) -> None:
        self.db = database
        self.desk = Desk(database, folder)
        sweden = folder / "sweden.csv"
        sweden.write_text(_SWEDEN, encoding="utf-8")
        assert not import_portfolio(database, sweden, now=NOW, actor="test", currency_of=lambda number: "SEK").bad
        one = CompanyConfig(
            number="1",
            charge_types=CHARGE_TYPES,
            allocation={"small_difference": small_difference},
            books_closed_through=closed,
        )
        three = CompanyConfig(number="3", currency="SEK", language="sv", charge_types=CHARGE_TYPES)
        self.companies = self.desk.companies = {"1": one, "3": three}
        self._folder = folder

    @property
    def site(self) -> Site:
        return Site(self._folder, companies=self.companies, vendors=self.desk.vendors)

    def do(
        self,
        what: str,
        do: Callable[[Acting], Mapping[str, Any]],
        *,
        key: str | None = None,
        asked: Mapping[str, Any] | None = None,
    ) -> Done:
        return perform(self.db, self.site, what, asked or {}, do, actor="anna", now=NOW, key=key)

    def charge(self, tenancy: str, reference: str, due: str, *lines: LineAsked | int, **more: Any) -> dict[str, Any]:
        """A line is of type 10 where it is only an amount."""
        asked = tuple(line if isinstance(line, LineAsked) else LineAsked("10", line) for line in lines)
        charge = ChargeAsked(date.fromisoformat(due), asked, reference=reference, **more)
        return dict(self.do("charges add", lambda acting: charges.add_charge(acting, tenancy, charge)).result)

    def credit(self, tenancy: str, reference: str, amount: int | None = None, **more: Any) -> dict[str, Any]:
        def do(acting: Acting) -> Mapping[str, Any]:
            return charges.credit_charge(acting, tenancy, reference, amount=amount, **more)

        return dict(self.do("charges credit", do).result)

    def pay(self, tenancy: str, amount: int, **more: Any) -> int:
        """The id of its entry, as of the others here."""
        return int(self.do("pay", lambda acting: money.receive(acting, tenancy, amount, **more)).result["entry"])

    def pay_out(self, tenancy: str, amount: int, **more: Any) -> int:
        return int(self.do("payout", lambda acting: money.pay_out(acting, tenancy, amount, **more)).result["entry"])

    def transfer(self, tenancy: str, amount: int, source: str, target: str) -> int:
        def do(acting: Acting) -> Mapping[str, Any]:
            return money.transfer(acting, tenancy, amount, source=source, target=target)

        return int(self.do("transfer", do).result["entry"])

    def reverse(self, entry_id: int, reason: str = "other", day: date | None = None, note: str = "") -> int:
        why = reversals.Why(reason, note)
        return int(self.do("reverse", lambda acting: reversals.reverse(acting, entry_id, why, day)).result["entry"])

    def reverse_file(self, file_id: int, reason: str = "test_file") -> dict[str, Any]:
        why = reversals.Why(reason)
        return dict(self.do("files reverse", lambda acting: files.reverse_file(acting, file_id, why)).result)

    def match(self, payment: int, tenancy: str, **more: Any) -> dict[str, Any]:
        return dict(self.do("match", lambda acting: suspense.match(acting, payment, tenancy, **more)).result)

    def unmatch(self, entry_id: int) -> dict[str, Any]:
        why = reversals.Why("wrong_tenancy")
        return dict(self.do("unmatch", lambda acting: suspense.unmatch(acting, entry_id, why)).result)

    def forget(self, rule: int) -> None:
        self.do("rules forget", lambda acting: suspense.forget(acting, rule))

    def write_off_to(self, limit: str) -> None:
        """What may be missing of a charge in company 1 from now on."""
        terms = self.companies["1"].allocation.model_validate({"small_difference": limit})
        self.companies["1"] = self.companies["1"].model_copy(update={"allocation": terms})

    def let(self, count: int) -> list[str]:
        """So many more tenancies, for a table of cases on one database; unit and customer numbers are from 500."""
        table = self._folder / "more.csv"
        rows = [f"1,1,{number},1,Lejer {number},{number}" for number in range(500, 500 + count)]
        table.write_text("company,property,unit,tenant,name,bs_customer\n" + "\n".join(rows) + "\n")
        assert not import_portfolio(self.db, table, now=NOW, actor="test", currency_of=lambda number: "DKK").bad
        return [f"1-1-{number}-1" for number in range(500, 500 + count)]

    # --- What came of it ---------------------------------------------------------------------------------------------

    def position(self, tenancy: str) -> Position:
        open_: dict[str, int] = {}
        for reference, left in self.desk.open_lines(tenancy):
            open_[reference] = open_.get(reference, 0) + left
        with self.db.read() as conn:
            tenancy_id = ref(conn, tenancy).id
            in_credit = select(func.coalesce(func.sum(credit.c.remaining), 0)).where(credit.c.tenancy_id == tenancy_id)
            held = {one.name: one.held for one in holdings_of(conn, tenancy_id) if one.held}
            return Position(self.desk.balance(tenancy), open_, int(conn.execute(in_credit).scalar_one()), held)

    def of_account(self, code: str, number: str = "1") -> int:
        """Øre on a company's account, debit positive."""
        total = select(func.coalesce(func.sum(account.c.balance), 0))
        return int(self.desk.one(total.where(account.c.code == code, _of(number))))

    def last_entry(self, kind: str) -> int:
        return int(self.desk.one(select(func.max(entry.c.id)).where(entry.c.kind == kind)))

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """All rows of the database but counters of ids, which a refused act may have used."""
        return {
            table.name: sorted(map(tuple, self.desk.all(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name != "counter"
        }

    def proved(self) -> None:
        with self.db.read() as conn:
            assert verify(conn).problems == []


def _of(number: str) -> Any:
    return account.c.company_id == select(company.c.id).where(company.c.number == number).scalar_subquery()
