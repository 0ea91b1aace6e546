"""Statements gathered from the books: to whom, in which language, with which charges."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from hub.acts.charges import credit_charge
from hub.errors import HubError
from hub.reports.statement import render
from hub.reports.statement.model import Ageing, Statement
from hub.reports.statements import Asked, statement_of
from hub.store.database import Database
from tests.desk import taken_back
from tests.hand import FIRST, Hand
from tests.integration.cli_runner import hub
from tests.teller import ABROAD, HOME, NEIGHBOUR, Teller

TODAY = date(2026, 11, 22)


@pytest.fixture
def teller(database: Database, tmp_path: Path) -> Teller:
    teller = Teller(database, tmp_path)
    teller.charge(HOME, "2026-09-01", ("10", 5000_00), ("75020", 412_50), reference="SEP")
    teller.charge(HOME, "2026-10-01", ("10", 5000_00), reference="OCT")
    teller.charge(HOME, "2026-12-01", ("10", 5000_00), reference="DEC", at="2026-11-20")
    teller.pay(HOME, "2026-09-03", 5412_50, reference="SEP")
    teller.charge(NEIGHBOUR, "2026-10-01", ("10", 300_00), reference="LAST")
    teller.charge(ABROAD, "2026-10-01", ("10", 300_00), reference="SV")
    return teller


def statement(teller: Teller, key: str, first: date | None = None, *references: str, as_of: date = TODAY) -> Statement:
    with teller.db.read() as conn:
        return statement_of(conn, teller.site, key, Asked(as_of, TODAY, first, references))


class TestGathering:
    def test_figures_are_those_of_the_balance(self, teller: Teller) -> None:
        found = statement(teller, HOME)
        assert (found.balance, found.overdue, found.coming) == (5000_00, 5000_00, 5000_00)
        assert found.ageing == Ageing(0, 0, 5000_00, 0, 0)
        assert [(one.name, one.charged, one.held) for one in found.holdings] == [("heat", 412_50, 412_50)]

    def test_charges_that_count_and_all_movements(self, teller: Teller) -> None:
        found = statement(teller, HOME)
        assert [(one.reference, one.amount, one.remaining, one.overdue) for one in found.charges] == [
            ("SEP", 5412_50, 0, False),
            ("OCT", 5000_00, 5000_00, True),
        ]
        assert [line.charge_type for line in found.charges[0].lines] == ["10", "75020"]
        assert [(one.kind, one.balance) for one in found.movements] == [
            ("charge", 5412_50),
            ("payment", 0),
            ("charge", 5000_00),
            ("charge", 10000_00),
        ]

    def test_money_that_went_out_is_no_charge_and_what_is_owed_of_it_is_told(
        self, database: Database, tmp_path: Path
    ) -> None:
        hand = Hand(database, tmp_path)
        hand.charge(FIRST, "NOV", "2026-11-01", 300_00)
        hand.pay(FIRST, 1000_00)
        hand.pay_out(FIRST, 500_00)
        hand.desk.book(taken_back("101", 450_00))
        with hand.db.read() as conn:
            found = statement_of(conn, hand.site, FIRST, Asked(TODAY, TODAY))
        assert [(one.reference, one.amount, one.remaining) for one in found.charges] == [("NOV", 300_00, 0)]
        # The payout was of his credit, of which 200.00 was left for what was taken back.
        assert [(one.kind, one.amount, one.settled, one.remaining) for one in found.debts] == [
            ("chargeback", 450_00, 200_00, 250_00)
        ]
        assert found.debts[0].overdue
        assert found.balance == found.overdue == sum(one.remaining for one in (*found.charges, *found.debts))
        assert [one.kind for one in found.movements] == ["charge", "chargeback", "payment", "payout"]

    def test_from_a_day_what_is_open_is_told_whatever_its_age(self, teller: Teller) -> None:
        found = statement(teller, HOME, date(2026, 11, 1))
        assert [one.reference for one in found.charges] == ["OCT"]
        assert [one.kind for one in found.movements] == ["charge"]

    @pytest.mark.parametrize("first", [date(2026, 11, 1), date(2026, 11, 20)])
    def test_from_a_day_every_format_tells_what_was_brought_forward(self, teller: Teller, first: date) -> None:
        found = statement(teller, HOME, first)
        written = {format_: render([found], format_, count=1) for format_ in ("csv", "json", "xlsx")}
        rows = list(csv.DictReader(io.StringIO(written["csv"].decode("utf-8-sig"), newline=""), delimiter=";"))
        opening, *moved = [row for row in rows if row["Afsnit"] == "Bevægelse"]
        assert (opening["Type"], opening["Dato"], opening["Saldo"]) == ("Saldo fra tidligere", "", "5000,00")
        assert [row["Saldo"] for row in moved] == ["10000,00"]
        (told,) = json.loads(written["json"])["statements"]
        assert told["opening_balance"] == "5000.00"
        sheet = list(openpyxl.load_workbook(io.BytesIO(written["xlsx"]))["Bevægelser"].values)
        assert [(row[3], row[6]) for row in sheet[1:]] == [("Saldo fra tidligere", 5000), ("Opkrævning", 10000)]

    def test_with_no_movement_since_all_was_brought_forward(self, teller: Teller) -> None:
        (told,) = json.loads(render([statement(teller, NEIGHBOUR, TODAY)], "json", count=1))["statements"]
        assert (told["opening_balance"], told["movements"]) == ("300.00", [])
        (whole,) = json.loads(render([statement(teller, HOME)], "json", count=1))["statements"]
        assert whole["opening_balance"] == "0.00"

    def test_of_a_day_in_the_past(self, teller: Teller) -> None:
        found = statement(teller, HOME, as_of=date(2026, 9, 2))
        assert [(one.reference, one.remaining) for one in found.charges] == [("SEP", 5412_50)]

    def test_of_chosen_charges_is_a_settlement_of_those(self, teller: Teller) -> None:
        found = statement(teller, HOME, None, "DEC", "SEP")
        assert [(one.reference, one.remaining) for one in found.charges] == [("SEP", 0), ("DEC", 5000_00)]
        assert (found.chosen, found.movements, found.holdings) == (True, (), ())

    def test_what_credit_pays_of_a_charge_to_come_is_not_asked_for_again(self, teller: Teller) -> None:
        teller.pay(HOME, "2026-11-21", 11000_00)
        teller.charge(HOME, "2026-12-15", ("10", 1500_00), reference="KEYS", at="2026-11-21")
        found = statement(teller, HOME, None, "KEYS", "DEC")
        assert [(one.reference, one.remaining) for one in found.charges] == [("DEC", 0), ("KEYS", 500_00)]

    def test_a_settlement_names_the_credit_notes_that_stand(self, teller: Teller) -> None:
        for amount in (300_00, 200_00):
            teller.act("2026-11-21", lambda acting, amount=amount: credit_charge(acting, HOME, "OCT", amount=amount))
        last = teller.act("2026-11-21", lambda acting: credit_charge(acting, HOME, "OCT", amount=50_00))
        teller.reverse(last["entry"], "2026-11-21")
        chosen = statement(teller, HOME, None, "OCT")
        (charge,) = chosen.charges
        assert (charge.remaining, [note.amount for note in charge.credit_notes]) == (4500_00, [300_00, 200_00])
        assert "Kreditnota" in b"".join([render([chosen], "csv", count=1)]).decode("utf-8-sig")
        (charge,) = json.loads(render([chosen], "json", count=1))["statements"][0]["charges"]
        assert [note["amount"] for note in charge["credit_notes"]] == ["300.00", "200.00"]
        assert render([chosen], "pdf", count=1)
        sheet = openpyxl.load_workbook(io.BytesIO(render([chosen], "xlsx", count=1)))["Linjer"]
        assert [row[5] for row in sheet.values][-2:] == ["Kreditnota OCT"] * 2
        assert json.loads(render([chosen], "json", count=1))["statements"][0]["opening_balance"] == "0.00"

    def test_another_tenants_charge_cannot_be_chosen(self, teller: Teller) -> None:
        with pytest.raises(HubError, match="no charge 'LAST'"):
            statement(teller, HOME, None, "LAST")

    def test_letterhead(self, teller: Teller) -> None:
        found = statement(teller, HOME)
        assert (found.company.name, found.company.lines) == ("Skovly", ("Torvet 1", "8000 Aarhus C"))
        assert found.tenant == ("Søren Ærø", "Ida Ærø", ("Skovvej 1", "8000 Aarhus C"))

    def test_who_has_moved_out_is_written_to_where_he_lives_now(self, teller: Teller) -> None:
        assert statement(teller, NEIGHBOUR).tenant.address == ("Havnegade 9", "9000 Aalborg")
        before = statement(teller, NEIGHBOUR, as_of=date(2026, 10, 30))
        assert before.tenant.address == ("Skovvej 2", "8000 Aarhus C")

    def test_language_and_currency_are_the_companys(self, teller: Teller) -> None:
        assert [(one.language, one.currency) for one in (statement(teller, HOME), statement(teller, ABROAD))] == [
            ("da", "DKK"),
            ("sv", "SEK"),
        ]


class TestCommand:
    @pytest.fixture
    def site(self, teller: Teller, database_url: str, tmp_path: Path) -> Path:
        root = tmp_path / "site"
        (root / "config").mkdir(parents=True)
        (root / "config/hub.toml").write_text(f'database = "{database_url}"\n', encoding="utf-8")
        return root

    @pytest.mark.parametrize(("format_", "begins"), [("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", "\ufeff".encode())])
    def test_writes_a_file(self, site: Path, tmp_path: Path, format_: str, begins: bytes) -> None:
        out = tmp_path / f"one.{format_}"
        answer = hub("statement", HOME, "--as-of", TODAY, "--format", format_, "--out", out, "--json", site=site)
        assert (answer.status, answer.json["statements"]) == (0, 1)
        assert out.read_bytes().startswith(begins)
        assert answer.json["bytes"] == out.stat().st_size

    def test_of_a_company_is_one_file_for_all_who_have_movements(self, site: Path, tmp_path: Path) -> None:
        out = tmp_path / "all.json"
        assert (
            hub("statement", "--company", 1, "--as-of", TODAY, "--format", "json", "--out", out, site=site).status == 0
        )
        assert [one["tenancy"] for one in json.loads(out.read_bytes())["statements"]] == [HOME, NEIGHBOUR]

    def test_of_chosen_tenants_and_of_a_property(self, site: Path, tmp_path: Path) -> None:
        for arguments in ((HOME, NEIGHBOUR), ("--property", "1-1")):
            out = tmp_path / f"{len(arguments[0])}.csv"
            assert hub("statement", *arguments, "--format", "csv", "--out", out, site=site).status == 0
            rows = csv.DictReader(io.StringIO(out.read_bytes().decode("utf-8-sig")), delimiter=";")
            assert {row["Lejemål"] for row in rows} == {HOME, NEIGHBOUR}

    def test_never_overwrites_unless_told_to(self, site: Path, tmp_path: Path) -> None:
        out = tmp_path / "kept.json"
        out.write_text("kept")
        refused = hub("statement", HOME, "--format", "json", "--out", out, site=site)
        assert (refused.status, out.read_text()) == (1, "kept")
        assert "--force" in refused.err
        assert hub("statement", HOME, "--format", "json", "--out", out, "--force", site=site).status == 0
        assert out.read_text() != "kept"

    def test_nobody_to_write_to_is_said(self, site: Path) -> None:
        answer = hub("statement", "--property", "1-2", site=site)
        assert (answer.status, "no tenancy with movements" in answer.err) == (1, True)

    def test_a_folder_that_is_not_there_is_said(self, site: Path, tmp_path: Path) -> None:
        answer = hub("statement", HOME, "--out", tmp_path / "none" / "one.pdf", site=site)
        assert (answer.status, "cannot be written" in answer.err) == (1, True)

    def test_a_name_that_no_file_can_have_is_said(self, site: Path, tmp_path: Path) -> None:
        # Of the second the name is short enough, and that of the file beside it, which is written first, is not.
        for name, do in (("n" * 300, "name another with --out"), ("n" * 254, "")):
            answer = hub("statement", HOME, "--format", "json", "--out", tmp_path / name, "--json", site=site)
            assert (answer.status, answer.json["code"]) == (1, "NotWrittenError")
            assert f"cannot be written: File name too long. {do}".rstrip(". ") in answer.json["error"]

    @pytest.mark.parametrize(
        ("asked", "named"), [(("--company", "01 "), "1"), (("--property", " 01-001"), "1-1"), (("01-1-1-01",), HOME)]
    )
    def test_its_file_is_named_after_the_number_however_it_is_written(
        self, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...], named: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        told = hub("statement", *asked, "--as-of", TODAY, "--format", "json", "--json", site=site).json
        assert told["path"] == f"statement-{named}-{TODAY}.json"
        assert (tmp_path / told["path"]).exists()

    def test_one_tenancy_written_in_two_ways_is_named_twice(self, site: Path, tmp_path: Path) -> None:
        answer = hub("statement", HOME, "01-1-1-01", "--out", tmp_path / "x.pdf", site=site)
        assert (answer.status, "a tenancy is named twice" in answer.err) == (1, True)

    def test_what_is_no_tenancy_is_said_before_any_file_is_thought_of(self, site: Path) -> None:
        answer = hub("statement", "1/1", "--json", site=site)
        assert (answer.status, answer.json["code"]) == (1, "NoSuchTenancyError")
