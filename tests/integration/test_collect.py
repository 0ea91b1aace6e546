"""``hub collect``: who is asked for what, by which way; what the delivery says, byte by byte; what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.collecting_site import CREDITOR, DATA_SUPPLIER, DUE, NOW, PEOPLE, A, B, C, CollectingSite, D
from tests.integration.cli_runner import hub
from tests.simulator import take

Sites = Callable[..., CollectingSite]
NEW_TENANT = "1,1,Ågården,3,1,Kim,Testvej 9,2720,Vanløse"


def after_next_month() -> str:
    """A due date whose deadline is ahead, whatever day it is: the first of the month after the next."""
    month = datetime.now(UTC).date().replace(day=1)
    for _ in range(2):
        month = (month + timedelta(days=32)).replace(day=1)
    return month.isoformat()


@pytest.fixture
def sites(database_url: str, tmp_path: Path) -> Sites:
    return lambda **settings: CollectingSite(tmp_path / "site", database_url, **settings)


def test_a_run_charges_demands_and_delivers_once(sites: Sites) -> None:
    site = sites()
    site.rent(A, B, C)

    run = site.collect()

    assert (run["collections"], run["amount"], run["charged"]["charges"]) == (3, "15000.00", 3)
    assert [site.balance(one) for one in (A, B, C, D)] == ["5000.00", "5000.00", "5000.00", "0.00"]
    lines = site.delivered(run)
    assert lines[0][:30] == f"BS002{DATA_SUPPLIER}BS106010000000001"
    demands = [line for line in lines if line[:5] == "BS042"]
    assert [(line[22:27], line[27:42], line[51:59], line[59], line[60:73], line[73:82]) for line in demands] == [
        ("00001", "101".rjust(15, "0"), "01122026", "1", "0000000500000", "000000001"),
        ("00001", "102".rjust(15, "0"), "01122026", "1", "0000000500000", "000000002"),
        ("00002", "201".rjust(15, "0"), "01122026", "1", "0000000500000", "000000003"),
    ]
    assert lines[-1][:57] == f"BS992{DATA_SUPPLIER}BS10601" + "2".rjust(11, "0") + "3".rjust(11, "0") + "1500000".rjust(
        15, "0"
    )
    assert site.hub("verify").status == 0

    again = site.collect()
    assert (again["collections"], again["charged"]["charges"], again["delivery"]) == (0, 0, None)


def test_the_check_shows_what_would_be_done_and_writes_nothing(sites: Sites) -> None:
    site = sites()
    site.rent(A, B)

    checked = site.collect("--check")

    assert (checked["collections"], checked["amount"]) == (2, "10000.00")
    assert (checked["text_lines"], checked["text_lines_price"]) == (2, "0.50")
    assert checked["deadline"] == "2026-11-23T11:00:00+01:00"
    assert "delivery" not in checked
    assert not (site.root / "outbox").exists()
    assert site.balance(A) == "0.00"
    run = site.collect()
    assert {name: run[name] for name in checked} == checked


def test_a_key_asks_once(sites: Sites) -> None:
    site = sites()
    site.rent(A)
    first = site.collect("--key", "december")
    second = site.collect("--key", "december")
    assert second["repeated"]
    assert (second["delivery"], second["path"]) == (first["delivery"], first["path"])


def test_what_cannot_be_collected_is_listed_whole_and_refused_until_left_out(sites: Sites) -> None:
    people = [
        *PEOPLE[:2],
        PEOPLE[2].replace("Ib,", "Ib \u0141,").replace(",201", ","),
        PEOPLE[3].replace("Testvej 4,2720", ",27x"),
    ]
    site = sites(people=people)
    site.rent(A, C, D)

    assert "4 problems keep properties or tenants from being collected" in site.refused()
    problems = {(one["where"], one["why"]) for one in site.collect("--check")["unfit"]}
    assert problems == {
        (C, "the tenancy has no customer number"),
        (C, "name 'Ib Ł' has a character that a delivery cannot hold: 'Ł'"),
        (D, "the tenant has no address"),
        (D, "postal code '27x' is no Danish one of four digits"),
    }
    assert site.balance(A) == "0.00"
    run = site.collect("--leave-out")
    assert (run["collections"], run["amount"]) == (1, "5000.00")
    assert run["charged"]["charges"] == 3
    assert [(one["tenancy"], one["amount"]) for one in run["left"]] == [(C, "5000.00"), (D, "5000.00")]
    assert run["open_and_not_asked"] == "10000.00"


def test_a_property_without_a_debtor_group_is_named_once(sites: Sites) -> None:
    site = sites(people=[line.replace(",00002,", ",,") for line in PEOPLE])
    site.rent(A, C, D)
    (problem,) = site.collect("--check")["unfit"]
    assert (problem["where"], problem["why"]) == ("1-2", "the property has no debtor group")
    assert site.collect("--leave-out")["collections"] == 1


def test_electronic_invoices_go_another_way(sites: Sites) -> None:
    people = [PEOPLE[0].replace(",0,,101", ",1,5798009811578,101"), *PEOPLE[1:]]
    site = sites(people=people)
    site.rent(A, B)
    run = site.collect()
    assert [one["tenancy"] for one in run["left"]] == [A]
    assert run["collections"] == 1


def test_what_is_overdue_comes_along_within_its_interval(sites: Sites) -> None:
    site = sites(collection='[collection.overdue]\nleast = "100.00"\nmost = "900.00"')
    site.rent(A, B, C)
    for whose, amount in ((A, "99.99"), (B, "100.00"), (C, "900.01")):
        line = f"10010={amount}"
        site.hub("charges", "add", whose, "--due", "2026-11-01", "--line", line)

    run = site.collect()

    assert run["amount"] == "15100.00"
    assert {one["property"]: one["overdue"] for one in run["properties"]} == {"1-1": "100.00", "1-2": "0.00"}
    texts = [line[52:112] for line in site.delivered(run) if line[:5] == "BS052"]
    assert f"{'Forfalden saldo fra 01.11.2026':<46}{'100,00':>14}" in texts
    assert f"{'I alt':<46}{'5.100,00':>14}" in texts


@pytest.mark.parametrize(
    ("now", "due", "said"),
    [
        (datetime(2026, 11, 23, 10, tzinfo=UTC), "2026-12-01", "were to be delivered before 2026-11-23 11:00"),
        (NOW, "2026-11-20", "is not ahead"),
        (NOW, "2027-02-19", "more than 90 days ahead"),
    ],
)
def test_a_day_that_the_vendor_refuses_is_refused(sites: Sites, now: datetime, due: str, said: str) -> None:
    site = sites()
    site.rent(A)
    assert said in site.refused(due=due, now=now)
    assert site.balance(A) == "0.00"


def test_a_late_run_is_made_when_forced(sites: Sites) -> None:
    site = sites()
    site.rent(A)
    assert site.collect("--force", now=datetime(2026, 11, 23, 10, tzinfo=UTC))["collections"] == 1


def test_a_second_collection_for_a_day_is_refused_or_merged(sites: Sites) -> None:
    site = sites(collection='second = "refuse"')
    site.rent(A, B)
    first = site.collect()
    site.hub("charges", "add", A, "--due", "2026-12-01", "--line", "20010=1250.00")

    refused = site.refused()
    assert "tenants are asked for that day already, first 1-1-1-1 by delivery" in refused
    assert f"hub deliveries withdraw {first['delivery']['id']}, then collect again" in refused
    toml = site.root / "config/companies/1.toml"
    toml.write_text(toml.read_text().replace('"refuse"', '"merge"'))
    merged = site.collect()

    assert (merged["collections"], merged["amount"], merged["withdraws"]) == (2, "11250.00", [first["delivery"]["id"]])
    assert int(merged["delivery"]["number"]) == int(first["delivery"]["number"]) + 1
    assert [path.name for path in (site.root / "outbox/bs").iterdir()] == [merged["delivery"]["name"]]
    assert site.hub("verify").status == 0


@pytest.mark.parametrize(
    ("collection", "between", "asked", "said"),
    [
        (
            "",
            ("deliveries", "sent", 1),
            (),
            "delivery 1 is sent and can be changed no more. choose another due date",
        ),
        ("", None, ("--property", "1-1"), "delivery 1 asks tenants of other properties too. collect for the whole"),
        (
            'without_mandate = "own_slip"',
            None,
            (),
            "that is an own slip, and it is out. choose another due date",
        ),
    ],
)
def test_a_second_collection_that_cannot_be_merged_is_refused_and_changes_nothing(
    sites: Sites, collection: str, between: tuple[object, ...] | None, asked: tuple[str, ...], said: str
) -> None:
    site = sites(collection=f'second = "merge"\n{collection}')
    site.rent(A, C)
    site.collect()
    if between is not None:
        site.hub(*between)
    site.hub("charges", "add", A, "--due", DUE, "--line", "20010=1250.00")
    before = site.ask("deliveries", "list"), site.ask("collections", "list")

    run = ("collect", "--company", "1", "--due", DUE, "--now", NOW.isoformat(), *asked)
    refused = site.hub(*run, "--json", status=1).json

    assert refused["code"] == "SecondCollectionError"
    assert said in refused["error"]
    assert (site.ask("deliveries", "list"), site.ask("collections", "list")) == before
    assert site.hub("verify").status == 0


def test_next_month_is_compared_with_this(sites: Sites) -> None:
    site = sites()
    site.rent(A, B)
    site.collect()
    site.rent(C, amount="100.00")
    december = site.ask("recurring", "list", B)
    (line,) = december["recurring"]
    site.hub("recurring", "end", line["id"], "--last-day", "2026-12-31")
    site.hub("one-off", "add", A, "--type", "10010", "--amount", "7.50", "--due-from", "2027-01-01")

    january = site.collect(due="2027-01-01", now=NOW + timedelta(days=30))

    assert january["compared_with"] == "2026-12"
    assert [tuple(one.values()) for one in january["changes"]] == [
        (A, "changed", "5000.00", "5007.50"),
        (B, "gone", "5000.00", None),
        (C, "new", None, "200.00"),
    ]


def test_a_supplement_is_no_month_of_its_own(sites: Sites) -> None:
    site = sites()
    site.rent(A, B)
    site.collect()
    site.hub("charges", "add", A, "--due", "2027-01-15", "--line", "20010=7.50")
    site.collect(due="2027-01-01")
    # B is asked for this month already, and is not gone.
    supplement = site.collect(due="2027-01-15")
    assert (supplement["amount"], supplement["compared_with"]) == ("7.50", "2026-12")
    assert supplement["changes"] == [{"tenancy": A, "what": "changed", "before": "5000.00", "now": "5007.50"}]
    february = site.collect("--check", due="2027-02-01")
    assert february["compared_with"] == "2027-01"
    assert february["changes"] == [{"tenancy": A, "what": "changed", "before": "5007.50", "now": "5000.00"}]


def test_what_could_not_be_put_into_the_outbox_is_made_and_told(sites: Sites) -> None:
    site = sites()
    site.rent(A)
    (site.root / "outbox").write_text("a file where a folder should be")
    refused = site.refused()
    assert "delivery 1 is made and kept, but is not in the outbox: Not a directory" in refused
    assert "is not asked by another run. mend the folder, then: hub deliveries write 1" in refused
    (site.root / "outbox").unlink()
    assert site.collect()["collections"] == 0
    assert Path(site.ask("deliveries", "write", 1)["path"]).is_file()


def test_own_slips_are_asked_for_without_the_vendor(sites: Sites) -> None:
    site = sites(collection='without_mandate = "own_slip"')
    site.rent(A, B)
    run = site.collect()
    assert (run["own_slips"], run["delivery"]) == (2, None)
    assert site.collect()["collections"] == 0


def test_a_test_is_refused_on_a_production_site_and_made_on_another(sites: Sites, tmp_path: Path) -> None:
    site = sites(delivery='subsystem = "KR9"', production=True)
    due = after_next_month()
    site.hub("charges", "add", A, "--due", due, "--line", "10010=5000.00")
    refused = hub("collect", "--company", "1", "--due", due, site=site.root)
    assert refused.status == 1
    assert "subsystem KR9 is a test, and this is a production site" in refused.err
    toml = site.root / "config/hub.toml"
    toml.write_text(toml.read_text().replace("production = true", "production = false"))
    run = site.ask("collect", "--company", "1", "--due", due)
    assert (run["amount"], site.delivered(run)[0][13:16]) == ("5000.00", "KR9")


def test_on_a_production_site_only_the_check_goes_by_another_clock(sites: Sites) -> None:
    site = sites(production=True)
    due = after_next_month()
    site.hub("charges", "add", A, "--due", due, "--line", "10010=5000.00")
    run = ("collect", "--company", "1", "--due", due)
    early = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    refused = hub(*run, "--now", early.isoformat(), site=site.root)
    assert refused.status == 1
    assert f"--now {early.isoformat()} on a production site" in refused.err
    assert "a vendor's deadline that has passed would not be seen" in refused.err
    assert site.ask("deliveries", "list")["deliveries"] == []
    assert site.ask(*run, "--check", "--now", early.isoformat())["amount"] == "5000.00"
    late = datetime.fromisoformat(f"{due}T00:00+01:00") - timedelta(hours=13)
    refused = hub(*run, "--check", "--now", late.isoformat(), site=site.root)
    assert "were to be delivered before" in refused.err
    begun = datetime.now(UTC)
    made = site.ask(*run)["delivery"]["id"]
    told = site.ask("deliveries", "show", made)
    assert begun <= datetime.fromisoformat(told["made_at"]) <= datetime.now(UTC)


def test_customer_numbers_are_made_by_the_form_once(sites: Sites) -> None:
    form = ", ".join(
        f'{{ part = "{part}", first = {first}, length = {length} }}'
        for part, first, length in (("property", 1, 3), ("unit", 4, 3), ("tenant", 7, 2))
    )
    people = [line.rsplit(",", 1)[0] + "," for line in PEOPLE]
    site = sites(people=people, collection=f"customer_number = [{form}]")
    site.rent(A, C)

    run = site.collect()

    demands = [line[27:42] for line in site.delivered(run) if line[:5] == "BS042"]
    assert demands == ["00100101".rjust(15, "0"), "00200101".rjust(15, "0")]
    assert _events(site, A) == [("bs_customer", "00100101")]


def test_a_form_is_one_for_ever(sites: Sites) -> None:
    part = '{{ part = "{}", first = {}, length = {} }}'
    form = ", ".join((part.format("property", 1, 3), part.format("unit", 4, 3), part.format("tenant", 7, 2)))
    people = [line.rsplit(",", 1)[0] + "," for line in PEOPLE[:2]]
    site = sites(people=people, collection=f"customer_number = [{form}]")
    site.rent(A)
    site.collect()
    toml = site.root / "config/companies/1.toml"
    toml.write_text(toml.read_text().replace("first = 7", "first = 9"))
    (site.root / "new.csv").write_text(
        "\n".join(["company,property,property_name,unit,tenant,name,address,postal_code,city", NEW_TENANT]) + "\n"
    )
    site.hub("portfolio", "import", site.root / "new.csv")
    site.rent("1-1-3-1")
    refused = site.refused()
    assert "the form makes 0010020001 of 1-1-2-1, and has made 00100201: it is another one now" in refused
    toml.write_text(toml.read_text().replace("first = 9", "first = 7"))
    assert site.collect()["collections"] == 1


def test_the_vendor_bills_no_lines_of_own_slips(sites: Sites) -> None:
    site = sites(collection='without_mandate = "own_slip"')
    site.rent(A, B)
    site.mandate(A)
    run = site.collect()
    assert (run["collections"], run["text_lines"], run["text_lines_price"]) == (2, 1, "0.25")
    assert site.ask("deliveries", "show", 1)["texts"] == 1


@pytest.mark.parametrize("company", ["1-1", "", "9"])
def test_what_is_no_company_is_refused(sites: Sites, company: str) -> None:
    site = sites()
    for command in (("collect", "--due", "2026-12-01"), ("mandates", "deliver")):
        refused = hub(*command, "--company", company, site=site.root)
        assert (refused.status, f"company {company!r} is not in the portfolio" in refused.err) == (1, True)


def test_a_form_that_repeats_is_refused(sites: Sites) -> None:
    people = [line.rsplit(",", 1)[0] + "," for line in PEOPLE]
    site = sites(people=people, collection='customer_number = [{ part = "tenant", first = 1, length = 2 }]')
    site.rent(A, B)
    assert "customer number '01' would be that of 1-1-2-1 and is that of 1-1-1-1" in site.refused()


def test_creditor_of_the_delivery_is_the_companys(sites: Sites) -> None:
    site = sites()
    site.rent(A)
    assert {line[5:13] for line in site.delivered(site.collect())[1:-1]} == {CREDITOR}


def _events(site: CollectingSite, key: str) -> list[tuple[str, Any]]:
    changes = site.ask("portfolio", "history", key)["changes"]
    return [(one["field"], one["new"]) for one in changes]


def test_messages_stand_around_in_order_and_slips_have_their_own(sites: Sites) -> None:
    site = sites()
    site.rent(A, C)
    site.hub("messages", "set", "--company", "1", "--before", "Til alle", "--after", "Venlig hilsen")
    site.hub("messages", "set", "--property", "1-1", "--before", "Til ejendommen")
    site.hub("messages", "set", "--tenancy", A, "--after", "Til dig")
    site.hub("messages", "set", "--company", "1", "--slips", "--before", "På kortet")
    site.hub("messages", "set", "--company", "1", "--before", "x" * 301, status=1)

    texts = [line[52:112].rstrip() for line in site.delivered(site.collect()) if line[:5] == "BS052"]

    assert [text for text in texts if "Husleje" not in text] == [
        *("På kortet", "Til ejendommen", "Venlig hilsen", "Til dig"),
        *("På kortet", "Venlig hilsen"),
    ]
    assert len(site.ask("messages", "list", "--company", "1")["messages"]) == 5
    site.hub("messages", "set", "--tenancy", A, "--after", "")
    assert len(site.ask("messages", "list", "--company", "1")["messages"]) == 4


def test_what_a_delivery_cannot_hold_is_seen_by_the_check(sites: Sites) -> None:
    people = [
        *PEOPLE[:2],
        PEOPLE[2].replace(",Parken,", f",{'Lang' * 16},"),
        "1,Ådal,02345678,88888888,00003,3,Øst \u2013 vest,1,1,Kai,,Testvej 5,2720,Vanløse,2020-01-01,0,,301",
    ]
    site = sites(people=people)
    site.rent(A, C, "1-3-1-1")
    site.hub("charges", "add", B, "--due", "2026-12-01", "--line", "10010=10=Leje \u2013 vand")

    checked = site.collect("--check")

    assert {(one["where"], one["why"].split(" has ")[0]) for one in checked["unfit"]} == {
        ("1-2", "the property's name"),
        ("1-3", "the property's name"),
        (B, "text 'Leje \u2013 vand' of charge 2612-1"),
    }
    assert site.collect("--leave-out")["collections"] == 1


def test_one_unit_that_fits_no_number_keeps_nobody_else(sites: Sites) -> None:
    parts = (("property", 1, 3), ("unit", 4, 1), ("tenant", 7, 2))
    form = ", ".join(f'{{ part = "{part}", first = {first}, length = {length} }}' for part, first, length in parts)
    people = [line.rsplit(",", 1)[0] + "," for line in (*PEOPLE[:2], PEOPLE[2].replace("Parken,1,", "Parken,12,"))]
    site = sites(people=people, collection=f"customer_number = [{form}]")
    site.rent(A, "1-2-12-1")

    (problem,) = site.collect("--check")["unfit"]

    assert problem["where"] == "1-2-12-1"
    assert "unit '12' has 2 characters, the customer number has room for 1" in problem["why"]
    assert site.collect("--leave-out")["collections"] == 1


def test_a_group_of_two_properties_has_a_section_each(sites: Sites) -> None:
    people = [
        PEOPLE[0],
        PEOPLE[1].replace(",102", ",301"),
        *(line.replace(",00002,", ",00001,") for line in PEOPLE[2:]),
    ]
    site = sites(people=people)
    site.rent(A, B, C, D)
    headings = [line[68:].strip() for line in site.delivered(site.collect()) if line[:5] == "BS012"]
    assert headings == ["Parken", "Ågården"]


def test_a_property_pays_out_no_more_than_it_collects(sites: Sites) -> None:
    site = sites(collection='payout_most = "9000.00"')
    site.rent(A, C, amount="100.00")
    site.mandate(B, D)
    site.hub("pay", B, "50.00", "--date", "2026-11-01")
    site.hub("pay", D, "500.00", "--date", "2026-11-01")

    run = site.collect("--payouts")

    assert run["payouts"] == [{"tenancy": B, "amount": "50.00"}]
    assert [one["tenancy"] for one in run["left"]] == [D]


def test_what_is_left_out_makes_up_for_no_payout(sites: Sites) -> None:
    site = sites(collection='payout_most = "9000.00"', people=[PEOPLE[0].replace(",2720,", ",,"), PEOPLE[1]])
    site.rent(A, amount="100.00")
    site.mandate(B)
    site.hub("pay", B, "50.00", "--date", "2026-11-01")

    run = site.collect("--payouts", "--leave-out")

    assert (run["collections"], run["delivery"]) == (0, None)
    assert [one["where"] for one in run["unfit"]] == [A]
    assert [(one["tenancy"], one["amount"]) for one in run["left"]] == [(A, "100.00"), (B, "-50.00")]
    assert "would be paid out more than is collected" in run["left"][1]["why"]


def test_slips_of_the_vendor_may_stand_apart(sites: Sites) -> None:
    site = sites(collection='slips_apart = true\npayout_most = "9000.00"')
    site.rent(A, B, C)
    site.mandate(A, D)
    site.hub("pay", D, "50.00", "--date", "2026-11-01")

    run = site.collect("--payouts")

    taken = take(Path(run["path"]).read_bytes())
    asked = sorted((one.section, one.group, one.customer, one.mandate, one.amount) for one in taken.demands)
    assert asked == [
        ("0112", "00001", "000000000000101", "000000001", 500_000),
        ("0117", "00001", "000000000000102", "000000000", 500_000),
        ("0117", "00002", "000000000000201", "000000000", 500_000),
    ]
    # D's credit would be all that its section 0112 has: what section 0117 collects does not make up for it.
    assert [(one["tenancy"], one["amount"]) for one in run["left"]] == [(D, "-50.00")]


def test_two_deliveries_never_have_one_file_name(sites: Sites) -> None:
    site = sites()
    site.rent(A)
    first = site.collect()
    toml = site.root / "config/vendors/bs.toml"
    # Another administrator: its numbers begin with 1 again.
    toml.write_text(toml.read_text().replace(DATA_SUPPLIER, "12345674"))
    site.rent(B)
    assert "would be called BS0601-0000000001.txt, as delivery 1 is" in site.refused()
    toml.write_text(toml.read_text().replace("[delivery]", '[delivery]\nfile_name = "{data_supplier}-{number}.txt"'))
    second = site.collect()
    there = {path.name: path.read_bytes() for path in (site.root / "outbox/bs").iterdir()}
    assert sorted(there) == ["12345674-0000000001.txt", "BS0601-0000000001.txt"]
    assert there["BS0601-0000000001.txt"] == Path(first["path"]).read_bytes() != Path(second["path"]).read_bytes()
