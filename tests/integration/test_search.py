"""What ``hub search`` finds, however it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.store.database import Database
from tests.desk import Desk, paid
from tests.integration.cli_runner import hub
from tests.teller import HOME, NEIGHBOUR, Teller

_COMPANY = 'number = "1"\n'
_DAY = "2026-11-03"


@pytest.fixture
def site(database: Database, database_url: str, tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "config/companies").mkdir(parents=True)
    (root / "config/hub.toml").write_text(f'database = "{database_url}"\n', encoding="utf-8")
    (root / "config/companies/1.toml").write_text(_COMPANY, encoding="utf-8")
    return root


@pytest.fixture
def teller(database: Database, tmp_path: Path) -> Teller:
    return Teller(database, tmp_path)


def told(site: Path, *arguments: object) -> Any:
    answer = hub("search", *arguments, "--json", site=site)
    assert answer.status == 0, answer
    return answer.json


@pytest.mark.parametrize(
    "text", ["løn fra ørnsø", "LØN FRA ØRNSØ", "løN FRA øRnsø", "ørnSØ, æbleVEJ", "1_%ÅÄÖÉ", "1_%åäöé", "1_%åÄöÉ"]
)
def test_no_letter_is_another_for_its_case(teller: Teller, site: Path, text: str) -> None:
    teller.pay(HOME, _DAY, 12_00, text="Løn fra ØRNSØ, ÆbleVej 1_%ÅäÖé")
    assert [one["amount"] for one in told(site, text)["entries"]] == ["-12.00"]


def test_a_letter_may_be_written_as_two_characters(teller: Teller, site: Path) -> None:
    teller.pay(HOME, _DAY, 12_00, text="Løn fra ÅSÖRN")
    teller.pay(HOME, _DAY, 13_00, text="Gave fra A\u030alund")
    assert [one["amount"] for one in told(site, "a\u030aso\u0308rn")["entries"]] == ["-12.00"]
    assert [one["amount"] for one in told(site, "a\u030alund")["entries"]] == ["-13.00"]
    assert [one["name"] for one in told(site, "a\u030ase")["tenancies"]] == [
        one["name"] for one in told(site, "åse")["tenancies"]
    ]
    assert told(site, "a\u030ase")["tenancies"]


@pytest.mark.parametrize("text", ["01-001-01-01", "1-1-1-01"])
def test_a_tenancys_key_with_leading_zeros(teller: Teller, site: Path, text: str) -> None:
    assert [one["key"] for one in told(site, text)["tenancies"]] == [HOME]


def test_other_letters_are_others(teller: Teller, site: Path) -> None:
    teller.pay(HOME, _DAY, 12_00, text="Løn fra ØRNSØ 1_%ÅäÖé")
    for text in ("lån fra ørnsø", "lon fra ørnsø", "ørnsæ", "1x%åäöé", "1_%aäöé"):
        assert told(site, text)["entries"] == []


def test_what_a_bank_and_a_vendor_have_said_too(database: Database, tmp_path: Path, site: Path) -> None:
    desk = Desk(database, tmp_path)
    desk.book(paid("777", 41_00, "Ærø-ÅRSkort", line=4))
    for text in ("ærø-årskort", "ÆRØ-åRSKORT"):
        assert [one["amount"] for one in told(site, text)["entries"]] == ["-41.00"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        *(("8000 Aarhus", HOME), ("8000, aarhus", HOME), ("skovvej 1, 8000 AARHUS C", HOME)),
        *(("Skovvej 1 8000  Aarhus", HOME), ("havnegade 9", NEIGHBOUR), ("9000 aalborg", NEIGHBOUR)),
    ],
)
def test_an_address_as_it_is_written_and_where_a_tenant_has_moved_to(
    teller: Teller, site: Path, text: str, key: str
) -> None:
    found = {one["key"]: one for one in told(site, text)["tenancies"]}
    assert found[key]["address"] in ("Skovvej 1, 8000 Aarhus C", "Skovvej 2, 8000 Aarhus C")
    assert {one["new_address"] for one in found.values()} <= {"", "Havnegade 9, 9000 Aalborg"}
    assert "Havnegade 9, 9000 Aalborg" in hub("search", "Åse", site=site).out


def test_blanks_and_commas_alone_are_in_no_address(teller: Teller, site: Path) -> None:
    assert told(site, ",")["tenancies"] == told(site, " , ,")["tenancies"] == []


@pytest.mark.parametrize("text", ["x" * 201, "_" * 25_100, "ø" * 100_000])
def test_a_text_that_is_too_long_is_refused_by_name(teller: Teller, site: Path, text: str) -> None:
    answer = hub("search", text, site=site)
    assert (answer.status, answer.out) == (1, "")
    assert "200 are looked for at most. give a part of it" in " ".join(answer.err.split())
    assert len(answer.err) < 400
    assert told(site, text[:200])["entries"] == []
