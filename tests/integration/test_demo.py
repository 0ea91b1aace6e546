"""``make demo`` ends well, what it tells people to type works, and its judgement can say no."""

from __future__ import annotations

import copy
import shlex
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from demo.expected import AFTER, differences
from demo.portfolio import CREDITOR, Dates, tenancies, tenancy, write_charges, write_portfolio
from hub.calendar import is_bank_day, is_overdue

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return _run(tmp_path_factory.mktemp("demo") / "site")


def test_the_demo_ends_with_all_as_it_should_be(demo: subprocess.CompletedProcess[str]) -> None:
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "All is as it should be" in demo.stdout
    assert "wrong total in the trailer BS992: found 6951.00, expected 6950.00" in demo.stdout


def test_every_command_that_the_demo_names_works(demo: subprocess.CompletedProcess[str]) -> None:
    _, _, further = demo.stdout.partition("Look further\n")
    named = [line.strip() for line in further.split("\n") if line.startswith("  ")]
    assert len(named) == 6
    for line in named:
        done = subprocess.run(shlex.split(line), cwd=PROJECT, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout, line


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    refused = _run(tmp_path)

    assert refused.returncode == 1
    assert "no demo has made" in refused.stdout
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


def test_its_dates_are_sensible_on_every_day() -> None:
    for number in range(366 * 2):
        dates = Dates(date(2027, 1, 1) + timedelta(days=number))
        assert is_overdue(dates.rent_due, dates.today, business=True)
        assert is_overdue(dates.rent_due, dates.today, business=False)
        assert dates.rent_due <= dates.paid <= dates.today < dates.coming
        assert is_bank_day(dates.paid)
        assert is_bank_day(dates.coming)
        assert dates.heat_year[1] < dates.today


def test_its_company_has_some_forty_tenancies_none_like_another(tmp_path: Path) -> None:
    all_of_them = list(tenancies())
    assert len(all_of_them) == 42
    for told_apart_by in ("key", "customer", "name"):
        assert len({getattr(one, told_apart_by) for one in all_of_them}) == 42
    assert tenancy(2, 14).name == "Ørneredens Brødhus"

    write_portfolio(tmp_path / "portfolio.csv")
    write_charges(tmp_path / "charges.csv", Dates(date(2026, 7, 6)))
    portfolio = (tmp_path / "portfolio.csv").read_text(encoding="utf-8")
    charges = (tmp_path / "charges.csv").read_text(encoding="utf-8")
    assert portfolio.count(CREDITOR) == 42
    assert "1-2-3-1;2026-06-01;10010;-500,00;Betalt for meget, gammelt system;GAMMEL-1" in charges


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(PROJECT / "demo" / "run.py"), str(folder)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8")
