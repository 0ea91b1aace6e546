"""``hub mandates``: a tenant is enrolled, the vendor answers; whose number is shown to nobody; what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.acts.act import Acting, perform
from hub.collecting.orders import late_enrolments
from hub.plugin import MandateChange
from hub.settings import load_site
from hub.store.collecting import mandates
from hub.store.tables import act, mandate_order
from hub_nets_bs import making_mandates, records
from tests.collecting_site import CREDITOR, NOW, PEOPLE, A, B, C, CollectingSite, D
from tests.desk import ref
from tests.integration.cli_runner import hub

Sites = Callable[..., CollectingSite]
CPR, CVR = "0101701234", "12345678"
WAITING = ("mandates", "orders", "--company", "1")


@pytest.fixture
def sites(database_url: str, tmp_path: Path) -> Sites:
    return lambda **settings: CollectingSite(tmp_path / "site", database_url, **settings)


@pytest.fixture
def site(sites: Sites) -> CollectingSite:
    return sites()


def enrol(site: CollectingSite, tenancy: str, *arguments: object, payer: str = CPR) -> Any:
    asked = ("--payer-id", payer, "--account", "1234-0001234567", *arguments)
    return site.ask("mandates", "enrol", tenancy, *asked)


def refused(site: CollectingSite, *arguments: object) -> str:
    answer = hub("mandates", *arguments, site=site.root)
    assert answer.status == 1, answer.out
    return answer.err


def deliver(site: CollectingSite, *arguments: object) -> Any:
    return site.ask("mandates", "deliver", "--company", "1", *arguments)


def come(site: CollectingSite, name: str, changes: Iterable[MandateChange]) -> Any:
    """A delivery 0603 of the vendor's, taken in."""
    path = site.root / name
    head = {"data_supplier": "99999994", "created": "2026-11-25"}
    path.write_bytes(b"".join(making_mandates.make(changes, head, "iso8859-1")))
    (taken,) = site.ask("ingest", path)["files"]
    return taken


def registered(customer: str, group: str, number: str, line: int) -> MandateChange:
    start = date(2026, 11, 25)
    return records.mandate_change(CREDITOR, group, customer, number, "0231", start, None, record=line)


def test_an_enrolment_goes_out_and_is_settled_by_the_vendors_answer(site: CollectingSite) -> None:
    first = enrol(site, A, "--for", "2099-12-01")
    assert (first["payer"], first["account"], first["deliver_by"]) == ("******1234", "1234-******4567", "2099-11-29")
    enrol(site, C, payer=CVR)
    made = deliver(site, "--key", "k")
    assert deliver(site, "--key", "k")["path"] == made["path"]
    assert made["delivery"]["name"] == "BS0605-0000000001.txt"
    assert [one["tenancy"] for one in made["orders"]] == [A, C]
    lines = [line.ljust(128) for line in site.delivered(made)]
    assert [line[:5] for line in lines] == ["BS002", "BS012", "BS042", "BS042", "BS092", "BS992"]
    assert [line for line in lines if CPR in line]
    assert "no orders of company 1 wait" in refused(site, "deliver", "--company", "1")
    assert "has no answer yet" in refused(site, "enrol", A, "--payer-id", CPR, "--account", "1234-1")

    come(site, "0603-1.txt", [registered("101", "00001", "000000007", 3), registered("201", "00002", "000000008", 4)])
    shown = site.ask("mandates", "show", A)
    assert [(one["what"], one["file"], one["line"]) for one in shown["history"]] == [("registered", "0603-1.txt", 3)]
    (order,) = shown["orders"]
    assert (order["outcome"], order["number"], order["payer"]) == ("done", "000000007", None)
    assert site.ask(*WAITING)["orders"] == []
    told = site.hub(*WAITING, "--all").out + site.hub("mandates", "show", C).out + site.hub("files").out
    assert CPR not in told
    opened = site.database()
    with opened.read() as conn:
        kept = conn.execute(select(mandate_order.c.payer_id, mandate_order.c.bank_account)).all()
        assert {tuple(row) for row in kept} == {("", "")}
        assert CPR not in repr(conn.execute(select(act)).all())
        assert mandates.mandates_on(conn, [ref(conn, A).id], date(2026, 12, 1)) == {ref(conn, A).id: "000000007"}
    opened.close()
    assert site.hub("verify").status == 0

    cancelled = site.ask("mandates", "cancel", A)
    assert cancelled["mandate"] == "000000007"
    assert "no mandate that could be cancelled" in refused(site, "cancel", B)
    lines = site.delivered(deliver(site))
    assert [line[:17] for line in lines if line[:5] == "BS042"] == [f"BS042{CREDITOR}0257"]
    assert "has mandate 000000008 already" in refused(site, "enrol", C, "--payer-id", CPR, "--account", "1234-1")


def test_a_person_settles_what_no_machine_can(site: CollectingSite) -> None:
    id_ = enrol(site, B)["order"]
    assert "nobody can have refused it" in refused(site, "settle", id_, "--refused", "wrong account")
    done = site.ask("mandates", "settle", id_, "--withdrawn", "the tenant has changed her mind", "--key", "s")
    assert done["outcome"] == "withdrawn"
    assert "it is withdrawn already: the tenant" in refused(site, "settle", id_, "--withdrawn", "again")
    assert "say one of" in refused(site, "settle", id_)
    id_ = enrol(site, B)["order"]
    deliver(site)
    assert "is in delivery 1" in refused(site, "settle", id_, "--withdrawn", "too late")
    site.ask("mandates", "settle", id_, "--refused", "0621: the account is closed")
    (first, second) = site.ask(*WAITING, "--all")["orders"]
    assert (first["outcome"], second["outcome"], second["payer"]) == ("withdrawn", "refused", None)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ((A, "--payer-id", "010170-123", "--account", "1234-1"), "no CPR number of 10 digits"),
        ((A, "--payer-id", CPR), "the tenancy has no account with a Danish bank"),
        ((A, "--payer-id", CPR, "--account", "SE4550000000058398257466"), "that is no account of a Danish bank"),
        ((A, "--payer-id", CPR, "--account", "1234-1", "--for", "2020-12-01"), "on 2020-11-29 at the latest"),
    ],
)
def test_an_enrolment_that_the_vendor_would_refuse_is_refused(
    site: CollectingSite, asked: tuple[str, ...], why: str
) -> None:
    said = refused(site, "enrol", *asked)
    assert why in said
    assert asked[2] not in said


def test_a_fault_of_ours_logs_no_payer(site: CollectingSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError("not foreseen")

    monkeypatch.setattr("hub.collecting.orders.enrol", fault)
    for option in (("--payer-id", CPR), (f"--payer-id={CPR}",)):
        answer = hub("mandates", "enrol", A, *option, site=site.root)
        assert answer.status == 3
        assert "not foreseen" in answer.err
        assert CPR not in answer.err


def test_enrolments_that_come_too_late_for_a_collection_are_told(site: CollectingSite) -> None:
    """R16: two days before; who is told of them still gets a slip."""
    enrol(site, A)
    loaded, opened = load_site(site.root), site.database()
    section = loaded.vendors["bs"].delivery
    assert section is not None

    def late(moment: str) -> list[str]:
        def do(acting: Acting) -> dict[str, Any]:
            return {"late": [one.tenancy for one in late_enrolments(acting, "1", section, date(2026, 12, 1))]}

        now = datetime.fromisoformat(moment)
        return list(perform(opened, loaded, "look", {}, do, actor="test", now=now).result["late"])

    assert late("2026-11-29T23:00+01:00") == []
    assert late("2026-11-30T00:30+01:00") == [A]
    opened.close()


def test_a_company_without_an_agreement_enrols_nobody(sites: Sites) -> None:
    site = sites()
    company = site.root / "config/companies/1.toml"
    company.write_text(company.read_text().replace('vendor = "bs"', ""))
    said = refused(site, "enrol", A, "--payer-id", CPR, "--account", "1234-1")
    assert "has no agreement with a vendor of mandates" in said


def test_a_mandate_that_came_before_its_customer_number_was_made_is_found(sites: Sites) -> None:
    form = 'customer_number = [{ part = "unit", first = 1, length = 3 }, { part = "tenant", first = 4, length = 1 }]'
    site = sites(collection=form, people=[PEOPLE[0].replace(",,101", ",,")])
    come(site, "0603-1.txt", [registered("11", "00001", "000000007", 3)])
    assert len(site.ask("mandates", "list", "--unassigned")["mandates"]) == 1
    site.rent(A)
    (demand,) = [line for line in site.delivered(site.collect()) if line[:5] == "BS042"]
    assert demand[27:51] == "0011".rjust(15, "0") + "000000007"
    (found,) = site.ask("mandates", "list", "--tenancy", A)["mandates"]
    assert (found["number"], found["serves"]) == ("000000007", True)


def test_a_full_list_is_compared_and_adopted_by_a_person(site: CollectingSite) -> None:
    come(site, "0603-1.txt", [registered("101", "00001", "000000007", 3)])
    in_force = [
        records.mandate_change(
            CREDITOR, group, customer, number, "0230", date(2026, 1, 1), None, section="0210", listed=NOW.date()
        )._replace(record=line)
        for line, (group, customer, number) in enumerate(
            [("00001", "102", "000000009"), ("00001", "999", "000000010")], start=3
        )
    ]
    file = come(site, "0603-2.txt", in_force)
    assert any("a full list of 2 agreements" in reason for reason in file["reasons"])
    found = site.ask("mandates", "compare", file["id"])["differences"]
    missing = [(one["what"], one["customer"], one["line"]) for one in found]
    assert missing[:2] == [("missing", "102", 3), ("missing", "999", 4)]
    assert site.ask("mandates", "list", "--on", "2026-12-01", "--tenancy", B)["mandates"] == []

    assert len(site.ask("mandates", "adopt", file["id"], "--key", "list")["adopted"]) == 2
    (adopted,) = site.ask("mandates", "list", "--on", "2026-12-01", "--tenancy", B)["mandates"]
    assert (adopted["number"], adopted["first_day"], adopted["serves"]) == ("000000009", "2026-01-01", True)
    (unknown,) = site.ask("mandates", "list", "--unassigned", "--company", "1")["mandates"]
    assert "is customer 202" in refused(site, "assign", unknown["id"], D)
    assert "has no full list" in refused(site, "compare", 1)
    (said,) = site.ask("mandates", "show", B)["history"]
    assert (said["what"], said["source"]) == ("adopted", "0603-2.txt record 3")
