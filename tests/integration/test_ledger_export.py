"""The ledger for programs that are not ours: Beancount computes the same balances, JSON is enough for the chain."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core.data import Balance, Open, Transaction
from beancount.core.realization import compute_balance, get, realize
from sqlalchemy import select, update

from hub.ledger import chain
from hub.money import parse_amount
from hub.reports.beancount import account_name, write_beancount
from hub.reports.ledger_json import write_json
from hub.store.database import Database
from hub.store.portfolio import NoSuchCompanyError
from hub.store.tables import account, company, entry
from hub.store.verify import verify
from tests.banking import ACCOUNT
from tests.desk import NOW, Desk
from tests.every_kind import KINDS, book_every_kind

Lines = dict[str, list[dict[str, Any]]]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    desk = Desk(database, tmp_path)
    book_every_kind(desk)
    return desk


def beancount(desk: Desk, path: Path, company_number: str | None = None) -> Path:
    with desk.db.read() as conn:
        path.write_text("".join(write_beancount(conn, company_number=company_number)), encoding="utf-8")
    return path


def bean_check(path: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("bean-check")
    return subprocess.run([program, "--no-cache", path], capture_output=True, text=True, timeout=60, check=False)


def json_lines(lines: Iterable[str]) -> Lines:
    by_type: Lines = defaultdict(list)
    for line in lines:
        assert line.endswith("}\n")
        told = json.loads(line)
        by_type[told.pop("type")].append(told)
    return by_type


def exported(desk: Desk, company_number: str | None = None) -> Lines:
    with desk.db.read() as conn:
        return json_lines(write_json(conn, now=NOW, company_number=company_number))


def test_the_books_have_every_kind_and_are_in_order(desk: Desk) -> None:
    assert {kind for (kind,) in desk.all(select(entry.c.kind).distinct())} == KINDS
    with desk.db.read() as conn:
        assert verify(conn).problems == []


class TestBeancount:
    def test_bean_check_accepts_it_and_every_balance_is_ours(self, desk: Desk, tmp_path: Path) -> None:
        path = beancount(desk, tmp_path / "hub.beancount")
        checked = bean_check(path)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
        entries, errors, _ = loader.load_file(str(path))
        assert errors == []
        theirs = realize(entries)
        ours = desk.all(
            select(company.c.number, account.c.kind, account.c.code, account.c.balance).join_from(account, company)
        )
        assert len(ours) == len([one for one in entries if isinstance(one, Open)]) > 10
        assert len([one for one in entries if isinstance(one, Balance)]) == len(ours)
        for number, kind, code, balance in ours:
            found = compute_balance(get(theirs, account_name(str(kind), str(number), str(code))))
            assert (found.get_currency_units("DKK").number or 0) * 100 == balance, code

    def test_every_entry_is_a_transaction_that_tells_where_it_came_from(self, desk: Desk, tmp_path: Path) -> None:
        entries, _, _ = loader.load_file(str(beancount(desk, tmp_path / "hub.beancount")))
        found = {one.meta["key"]: one for one in entries if isinstance(one, Transaction)}
        assert sorted(found) == sorted(key for (key,) in desk.all(select(entry.c.key)))
        out = found["hand|out#1"]
        assert out.narration == 'Istandsættelse "køkken" \\ bad'
        assert (out.meta["kind"], out.meta["source"]) == ("charge", 'by Åse "the" bookkeeper')
        assert [str(posting.units) for posting in out.postings] == ["1250.00 DKK", "-1000.00 DKK", "-250.00 DKK"]
        suspended = [one for one in found.values() if one.postings[0].account == "Liabilities:1:Suspense"]
        sources = ["file1 record 4", "file5 record 1", "file5 record 2", "file5 record 3"]
        assert sorted(one.meta["source"] for one in suspended) == sources

    def test_one_ore_that_is_not_ours_is_found(self, desk: Desk, tmp_path: Path) -> None:
        with desk.db.write() as conn:
            wrong = account.c.code == "receivable:1-1-1-1"
            conn.execute(update(account).where(wrong).values(balance=account.c.balance + 1))
        checked = bean_check(beancount(desk, tmp_path / "hub.beancount"))
        assert checked.returncode == 1
        assert "Balance failed for 'Assets:1:Receivable:1-1-1-1'" in checked.stderr

    def test_one_company_alone_is_accepted_too(self, desk: Desk, tmp_path: Path) -> None:
        path = beancount(desk, tmp_path / "hub.beancount", "2")
        assert bean_check(path).returncode == 0
        assert "Assets:1:" not in path.read_text(encoding="utf-8")
        assert "  Assets:2:Receivable:2-1-1-1 -12.34 DKK" in path.read_text(encoding="utf-8")

    def test_nothing_booked_yet_is_accepted(self, database: Database, tmp_path: Path) -> None:
        path = beancount(Desk(database, tmp_path), tmp_path / "hub.beancount")
        assert bean_check(path).returncode == 0

    def test_an_unknown_company_is_named(self, desk: Desk, tmp_path: Path) -> None:
        with pytest.raises(NoSuchCompanyError, match="there is no company 7"):
            beancount(desk, tmp_path / "hub.beancount", "7")


class TestJson:
    def test_what_the_bank_said_and_what_it_was_found_to_be(self, desk: Desk) -> None:
        told = exported(desk)
        entries = {one["id"]: one for one in told["entry"]}
        assert [(one["account"], one["amount"], one["text"]) for one in told["bank_line"]] == [
            (ACCOUNT, "485.00", "MP 10115225 20261103"),
            (ACCOUNT, "-35.00", "Gebyr"),
            (ACCOUNT, "7.00", "?"),
        ]
        (sent,) = told["payout"]
        assert (sent["amount"], entries[sent["entry"]]["kind"]) == ("485.00", "settlement")
        by_payout, by_rule = told["settlement"]
        assert (by_payout["how"], by_payout["item"], by_payout["amount"]) == ("payout", sent["entry"], "485.00")
        assert (by_rule["rule"], by_rule["account"], by_rule["amount"]) == ("fees", "named:bank_fees", "-35.00")
        for one in told["settlement"]:
            assert entries[one["entry"]]["corrects"] == one["line"]
            assert entries[one["entry"]]["document_type"] == "100"

    def test_postings_make_every_balance(self, desk: Desk) -> None:
        told = exported(desk)
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for one in told["entry"]:
            assert sum(Decimal(posting["amount"]) for posting in one["postings"]) == 0
            for posting in one["postings"]:
                sums[one["company"], posting["account"]] += Decimal(posting["amount"])
        balances = {(one["company"], one["code"]): Decimal(one["balance"]) for one in told["account"]}
        assert {key: sums[key] for key in balances} == balances

    def test_lines_less_allocations_are_what_every_tenancy_has_open(self, desk: Desk) -> None:
        told = exported(desk)
        tenancies = {one["id"]: one["tenancy"] for one in told["charge"]}
        whose = {one["id"]: tenancies[one["charge"]] for one in told["line"]}
        opened: dict[str, Decimal] = defaultdict(Decimal)
        for one in told["line"]:
            opened[whose[one["id"]]] += Decimal(one["amount"])
        allocated: dict[str, Decimal] = defaultdict(Decimal)
        for one in told["allocation"]:
            allocated[whose[one["line"]]] += Decimal(one["amount"])
        for tenancy, left in opened.items():
            assert left - allocated[tenancy] == sum(Decimal(ore) / 100 for _, ore in desk.open_lines(tenancy)), tenancy

    def test_the_chain_can_be_computed_from_it_alone(self, desk: Desk) -> None:
        told = exported(desk)
        details = _details(told)
        keys = {one["id"]: one["key"] for one in told["entry"]}
        roots: dict[tuple[str, int], chain.Root] = defaultdict(chain.Root)
        for one in told["entry"]:
            leaf = chain.leaf(
                one["kind"],
                one["key"],
                one["value_date"],
                one["posting_date"],
                one["record"],
                keys[one["corrects"]] if one["corrects"] else "",
                bytes.fromhex(one["input_hash"]),
                details.get(one["id"], ""),
                [
                    (posting["account"], parse_amount(posting["amount"]), posting["value_date"])
                    for posting in one["postings"]
                ],
            )
            assert leaf.hex() == one["leaf"], one["key"]
            roots[one["company"], one["batch"]].add([leaf])
        batches = {one["id"]: (one["company"], one["batch"]) for one in told["entry"]}
        paid_and_demanded: dict[tuple[str, int], chain.Allocated] = defaultdict(chain.Allocated)
        for one in told["allocation"]:
            paid = (one["entry"], one["seq"], one["payment"], one["line"], parse_amount(one["amount"]), one["policy"])
            paid_and_demanded[batches[one["entry"]]].pay([paid])
        entries = {one["id"]: one["entry"] for one in told["charge"]}
        for one in sorted(told["line"], key=lambda one: (entries[one["charge"]], one["seq"])):
            entry_id = entries[one["charge"]]
            paid_and_demanded[batches[entry_id]].demand([(entry_id, one["seq"], one["id"])])
        heads = {one["number"]: chain.genesis(one["number"]) for one in told["company"]}
        for one in told["batch"]:
            at = datetime.fromisoformat(one["recorded_at"])
            facts = (one["company"], one["seq"], at, one["actor"], one["source"] or "")
            batch = (one["company"], one["seq"])
            assert paid_and_demanded[batch].digest().hex() == one["allocated"]
            allocated = bytes.fromhex(one["allocated"])
            heads[one["company"]] = chain.batch_hash(heads[one["company"]], *facts, roots[batch], allocated)
            assert heads[one["company"]].hex() == one["hash"]
        assert {number: head.hex() for number, head in heads.items()} == {
            one["number"]: one["head"] for one in told["company"]
        }

    def test_the_last_line_counts_all_the_others(self, desk: Desk) -> None:
        told = exported(desk)
        (end,) = told.pop("end")
        (head,) = told.pop("ledger")
        assert end["lines"] == {type_: len(rows) for type_, rows in told.items()}
        assert head == {"version": 1, "at": "2026-11-22T12:00:00.000000+00:00", "companies": ["1", "2"]}

    def test_one_company_alone(self, desk: Desk) -> None:
        told = exported(desk, "2")
        assert [one["key"] for one in told["entry"]] == ["hand|credit#1"]
        assert {one["company"] for one in told["account"]} == {"2"}
        assert told["allocation"] == []


def _details(told: Lines) -> dict[int, str]:
    """What entries say beyond their postings, as docs/journal.md has it."""
    lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in told["line"]:
        lines[one["charge"]].append(one)
    seqs = {one["id"]: one["seq"] for one in told["line"]}
    details = {one["entry"]: chain.reversal_detail(one["reason"]) for one in told["reversal"]}
    credited: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for one in told["credited"]:
        credited[one["entry"]].append((seqs[one["line"]], parse_amount(one["amount"]), parse_amount(one["vat"])))
    details |= {entry_id: chain.credited_detail(sorted(some)) for entry_id, some in credited.items()}
    details |= {
        one["entry"]: chain.suspense_detail(one["vendor"], one["customer"], one["reference"])
        for one in told["suspense"]
    }
    for one in told["charge"]:
        charged = [
            (
                line["charge_type"],
                parse_amount(line["amount"]),
                line["period_from"],
                line["period_to"],
                line["vat_rate"],
                parse_amount(line["vat"]),
                line["claim"],
                line["holding"],
            )
            for line in lines[one["id"]]
        ]
        details[one["entry"]] = chain.charge_detail(one["due_date"], one["reference"], one["kind"], charged)
    return details
