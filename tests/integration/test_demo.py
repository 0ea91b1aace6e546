"""``make demo`` ends well, others say the same of its books, what it tells people to type works, and its judgement can
say no.
"""

from __future__ import annotations

import copy
import re
import shlex
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from demo import proof
from demo.expected import AFTER, BALANCES_IN_THE_END, BY_OTHERS, DESK, PROOF, RESTORED, differences
from demo.portfolio import CREDITOR, Dates, tenancies, tenancy, write_charges, write_holdings, write_portfolio
from demo.proof import beancount_of, check_by_others, program_of_others
from demo.shown import show_proof
from hub.calendar import is_bank_day, is_overdue

PROJECT = Path(__file__).parents[2]
#: As config/vendors/betalingsservice.toml has it.
CLEARING_DAYS_MAX = timedelta(days=10)
#: A posting of a tenant's account in the export; whatever else it says, Beancount has to sum these.
_POSTING = re.compile(r"^  Assets:1:Receivable:(\S+) (-?\d+\.\d\d) DKK$", re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "site"


@pytest.fixture(scope="module")
def demo(site: Path) -> subprocess.CompletedProcess[str]:
    return _run(site)


@pytest.fixture
def program() -> Path:
    found = program_of_others()
    assert found is not None, "bean-check belongs to the environment of the tests"
    return found


def test_the_demo_ends_with_all_as_it_should_be(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "All is as it should be" in demo.stdout
    assert "5 clearing accounts are at 0.00; bank and books both end with 558903.67" in _unwrapped(demo.stdout)
    assert "7840.00 less than told: 1-3-5-1 in 0602-næste-husleje.txt, line 41" in _unwrapped(demo.stdout)
    assert "wrong total in the trailer BS992: found 6951.00, expected 6950.00" in demo.stdout
    assert "refused: 1-2-14-1: 3500.00 is more than the 3000.00" in demo.stdout
    assert "bean-check accepts the export; Beancount has the balances of 42 tenants" in demo.stdout
    assert "215 entries: all is proved" in demo.stdout


def test_beancount_has_every_tenants_balance_as_the_hub_says_it(
    demo: subprocess.CompletedProcess[str], site: Path, program: Path
) -> None:
    checked = check_by_others(program, beancount_of(site))

    assert (checked["status"], checked["complaints"]) == (0, "")
    # The hub's own are held against the same by the demo, before the next month is collected.
    assert checked["balances"] == BALANCES_IN_THE_END


def test_one_ore_in_the_export_is_found(
    demo: subprocess.CompletedProcess[str], site: Path, program: Path, tmp_path: Path
) -> None:
    text = beancount_of(site).read_text(encoding="utf-8")
    wrong = next(match for match in _POSTING.finditer(text) if match[1] == "1-1-2-1")
    amount = Decimal(wrong[2]) + Decimal("0.01")
    export = tmp_path / "wrong.beancount"
    export.write_text(f"{text[: wrong.start(2)]}{amount}{text[wrong.end(2) :]}", encoding="utf-8")

    said = differences(BY_OTHERS, check_by_others(program, export))

    assert "balances: 1-1-2-1: expected '6950.00', found '6950.01'" in said
    assert "status: expected 0, found 1" in said


def test_without_bean_check_it_says_that_nobody_else_has_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof.sys, "executable", str(tmp_path / "python"))
    assert program_of_others() is None
    restored = {**RESTORED, "site": "restored", "backup": {"backup": "backup.hub.tar", "bytes": 1}}

    console = Console(record=True, width=120)
    show_proof(console, PROOF, None, restored)

    said = console.export_text()
    assert "bean-check is not installed here, so nobody else has checked the books" in said
    assert "215 entries: all is proved" in said


def test_its_journal_holds_every_entry_once(demo: subprocess.CompletedProcess[str], site: Path) -> None:
    (file,) = (site / "journals").iterdir()
    title, *lines = file.read_text(encoding="cp1252").rstrip("\r\n").replace("\r\n", "\n").split("\n")
    amounts = [Decimal(line.rpartition(";")[2].replace(",", ".")) for line in lines]

    assert title == "Bilagsnr.;Dato;Konto;Tekst;Beløb"
    assert sum(amounts) == 0
    assert sum(amount for amount in amounts if amount > 0) == Decimal(PROOF["journal"]["debit"])
    assert len({line.split(";")[0] + line.split(";")[1][-4:] for line in lines}) == PROOF["journal"]["entries"]


def test_every_command_that_the_demo_names_works(demo: subprocess.CompletedProcess[str]) -> None:
    _, _, further = demo.stdout.partition("Look further\n")
    named = [line.strip() for line in further.split("\n") if line.startswith("  ")]
    assert len(named) == 13
    for line in named:
        done = subprocess.run(shlex.split(line), cwd=PROJECT, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout, line


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    refused = _run(tmp_path)

    assert refused.returncode == 1
    assert "no demo has made" in " ".join(refused.stdout.split())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("path", "wrong", "said"),
    [
        (("files", "copy", "state"), "booked", "files: copy: state: expected 'duplicate', found 'booked'"),
        (("balances", "1-3-4-1", "overdue"), "0.01", "balances: 1-3-4-1: overdue: expected '0.00', found '0.01'"),
        (("verify", "ok"), False, "verify: ok: expected True, found False"),
        (("left in the inboxes",), ["x"], "left in the inboxes: expected 0 of them, found 1: ['x']"),
        (("files", "payments", "records"), {"read": 44}, "files: payments: records: booked: missing"),
    ],
)
def test_what_differs_is_said(path: tuple[str, ...], wrong: object, said: str) -> None:
    found = copy.deepcopy(dict(AFTER))
    assert differences(AFTER, found) == []

    *above, last = path
    table = found
    for key in above:
        table = table[key]
    table[last] = wrong

    assert said in differences(AFTER, found)


def test_a_refusal_that_says_something_else_is_said() -> None:
    said = differences(DESK["second reversal"], {"error": "no such tenancy"})

    assert said == ["error: expected 'has been taken back by reversal' in 'no such tenancy'"]


def test_its_dates_are_sensible_on_every_day() -> None:
    for number in range(366 * 2):
        dates = Dates(date(2027, 1, 1) + timedelta(days=number))
        assert is_overdue(dates.rent_due, dates.today, business=True)
        assert is_overdue(dates.rent_due, dates.today, business=False)
        assert dates.rent_due <= dates.paid <= dates.today < dates.coming
        assert is_bank_day(dates.paid)
        assert is_bank_day(dates.coming)
        assert is_bank_day(dates.settled)
        assert dates.paid < dates.settled <= dates.today
        assert dates.coming < dates.cleared <= dates.collected_for + CLEARING_DAYS_MAX
        assert dates.heat_year[1] < dates.today


def test_its_company_has_some_forty_tenancies_none_like_another(tmp_path: Path) -> None:
    all_of_them = list(tenancies())
    assert len(all_of_them) == 42
    for told_apart_by in ("key", "customer", "name"):
        assert len({getattr(one, told_apart_by) for one in all_of_them}) == 42
    assert tenancy(2, 14).name == "Ørneredens Brødhus"

    write_portfolio(tmp_path / "portfolio.csv")
    write_charges(tmp_path / "charges.csv", Dates(date(2026, 7, 6)))
    write_holdings(tmp_path / "holdings.csv", Dates(date(2026, 7, 6)))
    holdings = (tmp_path / "holdings.csv").read_text(encoding="utf-8")
    portfolio = (tmp_path / "portfolio.csv").read_text(encoding="utf-8")
    charges = (tmp_path / "charges.csv").read_text(encoding="utf-8")
    assert portfolio.count(CREDITOR) == 42
    assert "1-2-3-1;2026-06-01;10010;-500,00;Betalt for meget, gammelt system;GAMMEL-1" in charges
    assert holdings.count(";deposit;") == 41
    assert "1-2-14-1" not in holdings


def _unwrapped(text: str) -> str:
    """Cells of tables run over several lines."""
    return " ".join(text.split())


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "demo" / "run.py"), str(folder)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8")
