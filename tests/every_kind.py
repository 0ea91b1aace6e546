"""Books with an entry of every kind that there is, for what is read out of them as a whole."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from hub.ledger import kinds
from hub.ledger.chain import input_hash
from hub.ledger.terms import Terms
from hub.reconciling.engine import reconcile
from hub.settings import Site, VendorConfig
from hub.store.books import Books
from hub.store.entries import Account, Correction, Credited, Movement, NewLine, Part
from hub.store.portfolio import TenancyRef
from hub.store.tables import charge, charge_line, entry
from hub.store.taking_back import mirrors_of, uses_of
from tests.banking import ACCOUNT, UNIT, InstanceOf, fee, line, paid_by_phone, payout
from tests.desk import NOW, Desk, failed, paid, ref, result, taken_back

#: All of hub.ledger.kinds but ``match``, which is a person's act.
KINDS = {
    kinds.CHARGE,
    kinds.CREDIT_NOTE,
    kinds.PAYMENT,
    kinds.PAYMENT_FAILED,
    kinds.PAYOUT,
    kinds.TRANSFER,
    kinds.CHARGEBACK,
    kinds.RESULT,
    kinds.OPENING,
    kinds.DIFFERENCE,
    kinds.REVERSAL,
    kinds.FEE,
    kinds.SETTLEMENT,
}
_DAY = "2026-11-20"
_TERMS = Terms(small_difference=1_00)


def book_every_kind(desk: Desk) -> None:
    """Two companies, files and manual acts, VAT and a holding, money in suspense, dates that lie ahead, a bank."""
    desk.charge("1-1-1-1", "NOV", "2026-11-01", 5_000_00, 412_50)
    desk.charge("1-1-2-1", "NOV", "2026-12-01", 700_10)
    desk.book(
        paid("101", 5_000_00, "NOV", line=3),
        paid("nobody", 33_33, line=4, trace="x"),
        paid("102", 800_00, line=5, on=date(2027, 1, 4)),
        paid("102", -20_00, line=6, trace="out"),
        failed("102", 99_00, line=7),
    )
    desk.book(taken_back("101", 5_000_00, "NOV"))
    desk.book(result("1", 250_00), result("2", -75_05, line=2))
    with desk.db.write() as conn:
        books = Books(conn, recorded_at=NOW, actor='Åse "the" bookkeeper', terms_of=lambda number: _TERMS)
        _by_hand(conn, books, ref(conn, "1-2-1-1"))
        books.close()
    with desk.db.write() as conn:
        books = Books(conn, recorded_at=NOW, actor="test", terms_of=lambda number: _TERMS)
        _reverse_last_payment(conn, books, ref(conn, "1-2-1-1"))
        tenancy = ref(conn, "2-1-1-1")
        opening = books.shared_account(tenancy.company_id, kinds.OPENING_BALANCE, kinds.OPENING_BALANCE)
        books.post(tenancy.company_id, [_movement(kinds.OPENING, tenancy, -12_34, opening, "credit")])
        books.close()
    _by_bank(desk)


def _by_bank(desk: Desk) -> None:
    """A payout that the bank shows, a fee of each, and a line that nobody explains."""
    fees = {"name": "fees", "text": "*gebyr*", "account": "bank_fees"}
    desk.vendors["mobilepay"] = VendorConfig(plugin="mobilepay", numbers={UNIT: "1"})
    desk.vendors["bank"] = VendorConfig.model_validate(
        {"plugin": "iso20022", "numbers": {ACCOUNT: "1"}, "rules": [fees]}
    )
    bank_lines = (line(485_00, "MP 10115225 20261103"), line(-35_00, "Gebyr", record=2), line(7_00, "?", record=3))
    told = {
        "mobilepay": (paid_by_phone("101", 500_00), fee(15_00), payout(485_00)),
        "bank": [one._replace(key=f"{one.key}|{one.record}") for one in bank_lines],
    }
    for name, records in told.items():
        desk.book_as(InstanceOf(name, desk.vendors[name], records), desk.new_file())
    reconcile(desk.db, Site(desk.folder, companies=desk.companies, vendors=desk.vendors), actor="hub", now=NOW)


def _by_hand(conn: Connection, books: Books, tenancy: TenancyRef) -> None:
    company = tenancy.company_id
    income = books.shared_account(company, kinds.INCOME, kinds.income_code("10010"))
    vat = books.shared_account(company, kinds.VAT, kinds.VAT)
    bank = books.shared_account(company, kinds.BANK, kinds.BANK)
    deposit = books.holding(tenancy, kinds.DEPOSIT)
    moving_out = _movement(
        kinds.CHARGE,
        tenancy,
        1_250_00,
        income,
        "out",
        text='Istandsættelse "køkken"\n\\ bad',
        reference="OUT",
        due_date="2026-12-15",
        lines=(NewLine("10010", 1_250_00, "2026-12-01", "2026-12-31", 25_00, 250_00, "other", text="Maling"),),
        parts=(Part(income, -1_000_00), Part(vat, -250_00)),
        charge_kind=kinds.MOVING_OUT,
    )
    (charged,) = books.post(company, [moving_out])
    line_id = conn.execute(select(charge_line.c.id).join(charge).where(charge.c.reference == "OUT")).scalar_one()
    note = _movement(
        kinds.CREDIT_NOTE,
        tenancy,
        -125_00,
        income,
        "note",
        parts=(Part(income, 100_00), Part(vat, 25_00)),
        earmarked=((line_id, 125_00),),
        credited=(Credited(line_id, 0, 125_00, 25_00),),
        corrects=charged,
        corrects_key=moving_out.key,
    )
    books.post(company, [note])
    books.post(company, [_movement(kinds.PAYMENT, tenancy, -1_124_40, bank, "paid", reference="OUT")])
    books.enter(company, bank, _movement(kinds.TRANSFER, None, 500_00, deposit, "deposit"))
    books.post(company, [_movement(kinds.PAYMENT, tenancy, -44_00, bank, "wrong")])


def _reverse_last_payment(conn: Connection, books: Books, tenancy: TenancyRef) -> None:
    wrong = conn.execute(select(entry).where(entry.c.key == "hand|wrong#1")).one()
    mirror = mirrors_of(conn, [wrong.id])[wrong.id]
    reopened, unused = uses_of(conn, {wrong.id: mirror.own.code})[wrong.id]
    back = _movement(
        kinds.REVERSAL,
        tenancy,
        mirror.amount,
        mirror.parts[0].account,
        "back",
        parts=mirror.parts,
        corrects=wrong.id,
        corrects_key=wrong.key,
        reason="wrong_tenancy",
    )
    books.correct(tenancy.company_id, Correction(back, mirror.own, tenancy, reopened, unused))


def _movement(kind: str, tenancy: TenancyRef | None, amount: int, contra: Account, name: str, **more: Any) -> Movement:
    text = more.pop("text", "ved håndkraft")
    return Movement(kind, tenancy, amount, _DAY, _DAY, contra, _DAY, f"hand|{name}#1", input_hash(amount), text, **more)
