"""``hub collect`` after ``hub collect``: nobody is asked twice, nobody is paid twice, and nothing open goes unsaid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.collecting_site import CREDITOR, DATA_SUPPLIER, NOW, PEOPLE, A, B, C, CollectingSite, D
from tests.integration.test_collections import payments
from tests.simulator import Betalingsservice

Sites = Callable[..., CollectingSite]
_OVERDUE = '[collection.overdue]\nleast = "1.00"\nmost = "9000.00"'
_SOON, _LATE = NOW + timedelta(days=20), NOW + timedelta(days=24)
_JANUARY = "2027-01-04"


@pytest.fixture
def sites(database_url: str, tmp_path: Path) -> Sites:
    return lambda **settings: CollectingSite(tmp_path / "site", database_url, **settings)


def test_what_was_not_answered_is_not_asked_again_by_itself(sites: Sites) -> None:
    site = sites(collection=_OVERDUE)
    site.mandate(D)
    site.rent(A, B, C)
    site.collect()
    site.hub("ingest", payments(site))
    site.hub("charges", "add", D, "--due", "2026-12-02", "--line", "10010=10.00")
    site.collect(due="2026-12-02")

    # B has paid too little and C could not be collected from: that is free at once. D's answer is out.
    soon = site.collect("--check", due=_JANUARY, now=_SOON)
    assert {one["property"]: one["overdue"] for one in soon["properties"]} == {"1-1": "1000.00", "1-2": "5000.00"}
    assert [(one["due"], one["amount"]) for one in soon["already_asked"]] == [("2026-12-02", "10.00")]
    late = site.collect("--check", due=_JANUARY, now=_LATE)
    assert [(one["tenancy"], one["amount"], one["why"]) for one in late["left"]] == [
        (D, "10.00", "asked for 2026-12-02 by delivery 2, not answered: --ask-again")
    ]
    assert late["open_and_not_asked"] == "10.00"
    again = site.collect("--check", "--ask-again", due=_JANUARY, now=_LATE)
    assert (again["left"], again["properties"][1]["overdue"]) == ([], "5010.00")


def test_a_slip_that_nobody_pays_is_overdue_in_the_end(sites: Sites) -> None:
    site = sites(collection=_OVERDUE)
    site.hub("charges", "add", D, "--due", "2026-12-02", "--line", "10010=10.00")
    site.collect(due="2026-12-02")
    assert site.collect("--check", due=_JANUARY, now=_SOON)["collections"] == 0
    assert site.collect("--check", due=_JANUARY, now=_LATE)["amount"] == "10.00"


def test_own_slips_are_never_asked_for_by_a_run_again(sites: Sites) -> None:
    site = sites(collection=f'without_mandate = "own_slip"\n{_OVERDUE}')
    site.rent(A)
    site.collect()
    run = site.collect("--ask-again", due=_JANUARY, now=_LATE)
    assert (run["collections"], run["amount"]) == (1, "5000.00")
    assert [(one["tenancy"], one["amount"], one["why"]) for one in run["left"]] == [
        (A, "5000.00", "asked for 2026-12-01 by an own slip: a reminder asks again")
    ]


def test_credit_is_paid_out_once(sites: Sites) -> None:
    site = sites(collection='payout_most = "2000.00"')
    enrolled = [(CREDITOR, "00001", "101".rjust(15, "0"))]
    file = site.root / "inbox/bs/D1"
    file.write_bytes(Betalingsservice(seed=1).enrol(enrolled, date(2026, 11, 2), DATA_SUPPLIER))
    site.hub("ingest", file)
    site.rent(B)
    site.hub("pay", A, "1000.00")

    first = site.collect("--payouts")
    assert [one["amount"] for one in first["payouts"]] == ["1000.00"]
    assert site.collect("--payouts", "--check", due=_JANUARY, now=_LATE)["payouts"] == []
    site.hub("pay", A, "250.00")
    more = site.collect("--payouts", "--check", due=_JANUARY, now=_LATE)
    assert [one["amount"] for one in more["payouts"]] == ["250.00"]


def test_nothing_open_goes_unsaid(sites: Sites) -> None:
    site = sites()
    site.rent(A)
    site.hub("charges", "add", B, "--due", "2026-11-27", "--line", "10010=6100.00")
    site.hub("charges", "add", C, "--due", "2026-11-01", "--line", "10010=500.00")
    run = site.collect()
    assert [(one["tenancy"], one["why"]) for one in run["left"]] == [
        (B, "6100.00 due 2026-11-27: collect for that day"),
        (C, "overdue 500.00: collection.overdue is not set"),
    ]
    assert run["open_and_not_asked"] == "6600.00"
    told = site.hub("collect", "--company", "1", "--due", "2026-12-01", "--check", "--now", NOW.isoformat()).out
    assert "open and not asked: 6600.00" in told
    assert "already asked for 2026-12-01 by delivery 1 (made, not handed over): 1 tenancies, 5000.00" in told


def test_a_delivery_that_asks_for_what_was_paid_is_not_handed_over_unsaid(sites: Sites) -> None:
    site = sites()
    site.rent(A, B)
    run = site.collect()
    id_ = run["delivery"]["id"]
    site.hub("pay", A, "2000.00")

    (one,) = site.ask("deliveries", "show", id_)["outdated"]
    assert (one["tenancy"], one["amount"], one["open"]) == (A, "5000.00", "3000.00")
    refused = site.hub("deliveries", "sent", id_, status=1).err
    assert f"1 collections of delivery {id_} ask for more than is open: first {A}" in refused
    Path(run["path"]).unlink()
    assert f"delivery {id_} is not in the outbox" in site.hub("deliveries", "list").out
    assert site.ask("deliveries", "sent", id_, "--anyway")["state"] == "sent"


def test_credit_that_is_used_stands_below_the_whole_rent(sites: Sites) -> None:
    site = sites(collection="tell_vat = true")
    site.hub("pay", A, "1000.00")
    site.hub("recurring", "add", A, "--type", "20010", "--amount", "5000.00", "--from", "2026-12-01")
    run = site.collect()
    texts = [line[52:112] for line in site.delivered(run) if line[:5] == "BS052"]
    assert [(text[:46].rstrip(), text[46:].strip()) for text in texts] == [
        ("Parkering 01.12.2026-31.12.2026", "5.000,00"),
        ("  heraf moms 25 %", "1.000,00"),
        ("Tidligere betalt", "-1.000,00"),
        ("I alt", "4.000,00"),
    ]
    assert run["amount"] == "4000.00"
    assert site.hub("verify").status == 0


@pytest.mark.parametrize(("due", "said"), [("2026-11-19", "has passed"), ("2062-12-01", "more than 366 days ahead")])
def test_a_day_that_no_own_slip_has_is_refused(sites: Sites, due: str, said: str) -> None:
    site = sites(people=PEOPLE[:1])
    toml = site.root / "config/companies/1.toml"
    toml.write_text(toml.read_text().replace('vendor = "bs"\n', ""))
    site.rent(A)
    assert said in site.refused(due=due)
    assert site.balance(A) == "0.00"
