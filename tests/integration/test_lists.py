"""Lists over many tenants, the next charge, and what the commands answer."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub.acts import charges, contributions
from hub.settings import CompanyConfig
from hub.store.database import Database
from tests.desk import Desk, paid, taken_back
from tests.integration.cli_runner import Answer, hub
from tests.teller import HOME, NEIGHBOUR, OTHER_PROPERTY, SHOP, Teller, moment

TODAY = "2026-11-22"
_HUB = 'database = "{url}"\n'
_COMPANY = """number = "1"
charge_types = { "10" = "Husleje", "20" = "Vask", "30" = "Nøgle", "75020" = "Varme, aconto" }
"""


@pytest.fixture
def site(database: Database, database_url: str, tmp_path: Path) -> Path:
    """A site on the database, where things have happened."""
    root = tmp_path / "site"
    (root / "config/companies").mkdir(parents=True)
    (root / "config/hub.toml").write_text(_HUB.format(url=database_url), encoding="utf-8")
    (root / "config/companies/1.toml").write_text(_COMPANY, encoding="utf-8")
    (root / "config/companies/2.toml").write_text('number = "2"\ncurrency = "SEK"\nlanguage = "sv"\n')
    return root


@pytest.fixture
def teller(database: Database, tmp_path: Path) -> Teller:
    return Teller(database, tmp_path)


@pytest.fixture
def booked(teller: Teller) -> Teller:
    teller.charge(HOME, "2026-09-01", ("10", 5000_00), ("75020", 412_50), reference="SEP")
    teller.charge(HOME, "2026-12-01", ("10", 5000_00), reference="DEC", at="2026-11-20")
    teller.charge(SHOP, "2026-10-01", ("10", 9000_00), reference="SHOP-OCT", kind="other")
    teller.pay(HOME, "2026-09-03", 5000_00, reference="SEP")
    teller.pay(NEIGHBOUR, "2026-11-03", 70_00)
    teller.pay(NEIGHBOUR, "2026-11-10", 1200_00, holding="deposit")
    return teller


def told(site: Path, *arguments: object) -> Any:
    answer = hub(*arguments, "--json", site=site)
    assert answer.status == 0, answer
    return answer.json


class TestBalance:
    def test_tells_holdings_ageing_and_the_next_collection(self, booked: Teller, site: Path) -> None:
        # R23: of 412.50 charged for heat, the part of the payment that reached it is held.
        found = told(site, "balance", HOME, "--as-of", TODAY)
        assert {name: found[name] for name in ("balance", "overdue", "coming", "next_charge", "moved_out")} == {
            "balance": "412.50",
            "overdue": "412.50",
            "coming": "5000.00",
            "next_charge": "2027-01-01",
            "moved_out": False,
        }
        assert found["ageing"] == {
            "not_due": "0.00",
            "under_30": "0.00",
            "from_30_to_60": "0.00",
            "over_60": "412.50",
            "credit": "0.00",
        }
        (heat,) = found["holdings"]
        assert (heat["name"], heat["charged"]) == ("heat", "412.50")
        assert float(heat["held"]) == pytest.approx(412.50 - float(heat["unpaid"]))
        assert heat["account"].startswith("99")
        assert found["account"].startswith("99")

    def test_a_deposit_does_not_reduce_what_is_owed(self, booked: Teller, site: Path) -> None:
        # R19
        found = told(site, "balance", NEIGHBOUR, "--as-of", TODAY)
        assert found["balance"] == "-70.00"
        assert [(one["name"], one["held"]) for one in found["holdings"]] == [("deposit", "1200.00")]
        assert told(site, "balance", NEIGHBOUR, "--as-of", "2026-11-09")["holdings"][0]["held"] == "0.00"

    def test_who_has_moved_out_is_said_to_have(self, booked: Teller, site: Path) -> None:
        found = told(site, "balance", NEIGHBOUR, "--as-of", TODAY)
        assert (found["moved_out"], found["move_out"], found["next_charge"]) == (True, "2026-10-31", None)
        assert "moved out 2026-10-31" in hub("balance", NEIGHBOUR, "--as-of", TODAY, site=site).out

    @pytest.mark.parametrize(
        ("recorded", "balance", "coming"),
        [
            ("2026-09-02", "5412.50", "0.00"),
            ("2026-09-03", "412.50", "0.00"),
            ("2026-09-03T13:59", "5412.50", "0.00"),
            ("2026-09-03T14:00", "412.50", "0.00"),
            ("2026-09-03T12:00+00:00", "412.50", "0.00"),
            ("2026-11-20", "412.50", "5000.00"),
        ],
    )
    def test_as_the_books_stood_at_a_moment(
        self, booked: Teller, site: Path, recorded: str, balance: str, coming: str
    ) -> None:
        """A moment without an offset is that of the company: noon in UTC is two in the afternoon in September."""
        found = told(site, "balance", HOME, "--as-of", TODAY, "--recorded", recorded)
        assert (found["balance"], found["coming"]) == (balance, coming)

    def test_a_moment_alone_answers_for_its_day(self, booked: Teller, site: Path) -> None:
        assert told(site, "balance", HOME, "--recorded", "2026-09-02")["as_of"] == "2026-09-02"


class TestMovements:
    def test_have_document_type_and_voucher(self, booked: Teller, site: Path) -> None:
        found = told(site, "movements", HOME)["movements"]
        assert [(one["kind"], one["document_type"], one["reference"], one["balance"]) for one in found] == [
            ("charge", "001", "SEP", "5412.50"),
            ("payment", "000", "", "412.50"),
            ("charge", "001", "DEC", "5412.50"),
        ]
        assert [one["voucher"] for one in found] == ["2026-1", "2026-4", "2026-2"]

    def test_a_reversal_is_a_document_of_what_it_takes_back(self, booked: Teller, site: Path) -> None:
        entry = told(site, "charges", "show", "DEC")["entry"]
        booked.reverse(entry, TODAY)
        last = told(site, "movements", HOME)["movements"][-1]
        assert (last["kind"], last["document_type"], last["corrects"], last["balance"]) == (
            "reversal",
            "001",
            entry,
            "412.50",
        )

    def test_from_a_day_begin_with_what_was_brought_forward(self, booked: Teller, site: Path) -> None:
        found = told(site, "movements", HOME, "--from", "2026-09-03", "--to", "2026-11-30")
        assert (found["opening"], len(found["movements"]), found["closing"]) == ("5412.50", 1, "412.50")
        assert "brought forward" in hub("movements", HOME, "--from", "2026-09-03", site=site).out

    def test_of_a_holding(self, booked: Teller, site: Path) -> None:
        found = told(site, "movements", NEIGHBOUR, "--holding", "deposit")
        assert [(one["amount"], one["balance"]) for one in found["movements"]] == [("1200.00", "1200.00")]

    def test_in_detail_tell_what_paid_what(self, booked: Teller, site: Path) -> None:
        charge, payment, _ = told(site, "movements", HOME, "--detail")["movements"]
        assert charge["allocations"] == payment["allocations"]
        assert {one["reference"] for one in payment["allocations"]} == {"SEP"}
        assert sum(float(one["amount"]) for one in payment["allocations"]) == 5000
        assert "to SEP, 10 (reference)" in hub("movements", HOME, "--detail", site=site).out


class TestNextCharge:
    def test_is_arrears_recurring_lines_and_one_offs_less_credit(self, booked: Teller, site: Path) -> None:
        booked.recurring(OTHER_PROPERTY, "10", 4000_00, "2026-01-01")
        booked.recurring(OTHER_PROPERTY, "75020", 300_00, "2027-02-15")
        once = charges.LineAsked("30", 250_00)
        booked.act(
            TODAY,
            partial(
                contributions.add_one_off, tenancy_key=OTHER_PROPERTY, line=once, due_from=moment("2026-12-24").date()
            ),
        )
        booked.pay(OTHER_PROPERTY, "2026-11-05", 100_00)
        found = told(site, "next-charge", OTHER_PROPERTY, "--as-of", TODAY)
        assert (found["due_date"], found["period_to"]) == ("2027-01-01", "2027-03-31")
        assert [(one["text"], one["amount"], one["months"], one["partial"]) for one in found["lines"]] == [
            ("Husleje", "12000.00", 3, False),
            ("Varme, aconto", "600.00", 2, True),
            ("Nøgle", "250.00", 0, False),
        ]
        assert (found["arrears"], found["credits_used"], found["total"]) == ("0.00", "100.00", "12750.00")
        assert "charged whole" in hub("next-charge", OTHER_PROPERTY, "--as-of", TODAY, site=site).out

    def test_a_month_whose_rent_is_charged_already_is_not_charged_again(self, booked: Teller, site: Path) -> None:
        found = told(site, "next-charge", HOME, "--as-of", TODAY)
        assert (found["due_date"], found["arrears"], found["demanded"]) == ("2027-01-01", "412.50", "5000.00")
        booked.reverse(told(site, "charges", "show", "DEC")["entry"], TODAY)
        assert told(site, "next-charge", HOME, "--as-of", TODAY)["due_date"] == "2026-12-01"

    def test_books_nothing(self, booked: Teller, site: Path) -> None:
        before = told(site, "verify")["head"]
        told(site, "next-charge", HOME)
        assert told(site, "verify")["head"] == before


class TestCharges:
    def test_are_listed_with_what_is_left(self, booked: Teller, site: Path) -> None:
        found = told(site, "charges", "list", "--company", 1)["charges"]
        assert [(one["reference"], one["tenancy"], one["kind"], one["amount"], one["remaining"]) for one in found] == [
            ("DEC", HOME, "rent", "5000.00", "5000.00"),
            ("SHOP-OCT", SHOP, "other", "9000.00", "9000.00"),
            ("SEP", HOME, "rent", "5412.50", "412.50"),
        ]

    @pytest.mark.parametrize(
        ("options", "references"),
        [
            (("--tenancy", HOME), ["DEC", "SEP"]),
            (("--property", "1-2"), ["SHOP-OCT"]),
            (("--kind", "rent"), ["DEC", "SEP"]),
            (("--company", 2), []),
        ],
    )
    def test_of_some(self, booked: Teller, site: Path, options: tuple[object, ...], references: list[str]) -> None:
        found = told(site, "charges", "list", *options)["charges"]
        assert [one["reference"] for one in found] == references

    def test_open_are_those_with_something_left(self, booked: Teller, site: Path) -> None:
        booked.pay(HOME, TODAY, 412_50, reference="SEP")
        found = told(site, "charges", "list", "--open", "--tenancy", HOME)
        assert [one["reference"] for one in found["charges"]] == ["DEC"]

    def test_more_than_asked_for_are_counted(self, booked: Teller, site: Path) -> None:
        assert told(site, "charges", "list", "--limit", 1)["left_out"] == 2
        assert "and 2 more" in hub("charges", "list", "--limit", 1, site=site).out

    def test_one_is_shown_with_all_that_belongs_to_it(self, booked: Teller, site: Path) -> None:
        booked.act(TODAY, partial(charges.credit_charge, tenancy_key=HOME, reference="SEP", amount=100_00))
        booked.act(TODAY, partial(charges.add_note, tenancy_key=HOME, reference="SEP", text="ringet"))
        found = told(site, "charges", "show", "SEP")
        assert (found["amount"], found["remaining"], found["credited"]) == ("5412.50", "312.50", "100.00")
        assert [line["charge_type"] for line in found["lines"]] == ["10", "75020"]
        assert {(one["act_kind"], one["policy"]) for one in found["allocations"]} == {
            ("payment", "reference"),
            ("credit_note", "document"),
        }
        assert [one["text"] for one in found["notes"]] == ["ringet"]
        assert "ringet" in hub("charges", "show", f"#{found['id']}", site=site).out

    def test_two_of_one_reference_are_told_apart_by_id(self, booked: Teller, site: Path) -> None:
        booked.charge(SHOP, "2026-11-01", ("10", 100_00), reference="SEP")
        answer = hub("charges", "show", "SEP", site=site)
        assert (answer.status, "more than one charge" in answer.err, SHOP in answer.err) == (1, True, True)
        by_id = told(site, "charges", "list", "--tenancy", SHOP)["charges"][0]["id"]
        assert told(site, "charges", "show", f"#{by_id}")["tenancy"] == SHOP


class TestArrears:
    def test_one_figure_a_tenant_the_largest_first(self, booked: Teller, site: Path) -> None:
        found = told(site, "arrears", "--company", 1, "--as-of", TODAY)["tenants"]
        assert [(one["tenancy"], one["amount"]) for one in found] == [
            (SHOP, "9000.00"),
            (HOME, "412.50"),
            (NEIGHBOUR, "-70.00"),
        ]
        assert told(site, "arrears", "--company", 1, "--limit", 1)["left_out"] == 2


class TestSearch:
    def test_who_paid_it_on_that_day(self, booked: Teller, site: Path) -> None:
        for text in ("5000", "5.000,00", "5,000.00"):
            (found,) = told(site, "search", text, "--on", "2026-09-03")["entries"]
            assert (found["tenancy"], found["kind"], found["amount"]) == (HOME, "payment", "-5000.00")
        assert told(site, "search", "5000", "--from", "2026-11-01")["entries"][0]["kind"] == "charge"
        assert told(site, "search", "5000", "--company", 2)["entries"] == []

    def test_an_amount_as_people_write_it(self, booked: Teller, site: Path) -> None:
        booked.pay(HOME, "2026-11-03", 6412_50)
        for text in ("6 412,50", "kr. 6.412,50", "DKK 6,412.50"):
            answer = hub("search", text, "--on", "2026-11-03", "--json", site=site)
            assert ([one["amount"] for one in answer.json["entries"]], answer.err) == (["-6412.50"], "")

    def test_how_it_was_read_is_said_where_it_could_mean_two(self, booked: Teller, site: Path) -> None:
        booked.pay(HOME, "2026-11-03", 6412_00)
        answer = hub("search", "6.412", "--json", site=site)
        assert (answer.json["amount"], answer.json["entries"][0]["amount"]) == ("6412.00", "-6412.00")
        assert "6.412 is read as 6412.00" in answer.err

    def test_money_in_a_holding_is_found_too(self, booked: Teller, site: Path) -> None:
        (found,) = told(site, "search", "1200")["entries"]
        assert found["tenancy"] == NEIGHBOUR

    @pytest.mark.parametrize("text", ["søren", "IDA ÆRØ", "skovvej 1", "1-1-1-1", "101"])
    def test_a_tenant_by_what_is_known(self, booked: Teller, site: Path, text: str) -> None:
        assert [one["key"] for one in told(site, "search", text)["tenancies"]] == [HOME]

    def test_a_charge_by_the_beginning_of_its_reference(self, booked: Teller, site: Path) -> None:
        assert [one["reference"] for one in told(site, "search", "SHOP")["charges"]] == ["SHOP-OCT"]

    def test_the_text_of_an_entry_and_the_reference_given_by_hand(self, booked: Teller, site: Path) -> None:
        given = ("--reference", "BANKREF-4711", "--text", "Overført via NETBANK, ØRE")
        assert hub("pay", HOME, "77.00", *given, site=site).status == 0
        for text in ("BANKREF-4711", "bankref-47", "netbank", "overført", "øre"):
            (found,) = told(site, "search", text)["entries"]
            assert (found["tenancy"], found["amount"]) == (HOME, "-77.00")
        assert "Overført via NETBANK, ØRE BANKREF-4711" in hub("search", "4711", site=site).out
        assert told(site, "search", "ET")["entries"] == []

    def test_a_voucher_as_it_is_printed(self, booked: Teller, site: Path) -> None:
        assert hub("pay", SHOP, "1.00", "--date", TODAY, "--text", "Se 2026-3", site=site).status == 0
        every = [one for key in (HOME, SHOP) for one in told(site, "movements", key)["movements"]]
        for one in every:
            found = told(site, "search", one["voucher"], "--company", 1)["entries"][0]
            assert (found["entry"], found["voucher"], found["company"]) == (one["entry"], one["voucher"], "1")
        first, mentioned = told(site, "search", "2026-3")["entries"]
        assert (first["voucher"], mentioned["text"]) == ("2026-3", "Se 2026-3")
        assert told(site, "search", "2026-3", "--limit", 1)["entries"] == [first]
        for text in ("2026-99", "2025-3", "2026-0", "2026-3x"):
            assert told(site, "search", text)["entries"] == []
        assert told(site, "search", "2026-3", "--company", 2)["entries"] == []

    def test_no_wild_cards(self, booked: Teller, site: Path) -> None:
        found = told(site, "search", "%%%")
        assert (found["tenancies"], found["charges"], found["entries"]) == ([], [], [])

    def test_what_is_too_much_is_said_to_be(self, booked: Teller, site: Path) -> None:
        assert told(site, "search", "1-1", "--limit", 1)["more"]
        assert "and more" in hub("search", "1-1", "--limit", 1, site=site).out


class TestFromFiles:
    """What vendors' files have brought."""

    @pytest.fixture
    def desk(self, database: Database, tmp_path: Path) -> Desk:
        desk = Desk(database, tmp_path)
        desk.charge("1-1-1-1", "NOV", "2026-11-01", 300_00)
        desk.book(paid("101", 300_00, "NOV"), paid("777", 41_00, "REF9", line=4))
        desk.book(taken_back("101", 300_00, "NOV"))
        return desk

    def test_money_that_went_out_is_no_charge_and_listed_while_something_of_it_is_owed(
        self, desk: Desk, site: Path
    ) -> None:
        def listed(*options: str) -> list[tuple[str, str, str]]:
            found = told(site, "charges", "list", "--company", 1, *options)["charges"]
            return [(one["kind"], one["reference"], one["remaining"]) for one in found]

        desk.book(taken_back("102", 50_00))
        assert listed() == listed("--kind", "other") == [("other", "NOV", "300.00")]
        assert listed("--open") == [("chargeback", "", "50.00"), ("other", "NOV", "300.00")]
        assert listed("--open", "--kind", "other") == [("other", "NOV", "300.00")]
        (back, _) = told(site, "charges", "list", "--company", 1, "--open")["charges"]
        assert told(site, "charges", "show", f"#{back['id']}")["kind"] == "chargeback"

    def test_transactions_are_those_of_all_channels_the_newest_first(self, desk: Desk, site: Path) -> None:
        found = told(site, "transactions", "--company", 1)["transactions"]
        assert [(one["kind"], one["amount"], one["tenancy"], one["customer"]) for one in found] == [
            ("chargeback", "-300.00", "1-1-1-1", None),
            ("payment", "41.00", None, "777"),
            ("payment", "300.00", "1-1-1-1", None),
        ]
        assert found[1]["source"] == {"file": "file1", "record": 4, "file_id": 1}
        assert found[1]["channel"].startswith("clearing:nets_bs")

    def test_what_was_taken_back_is_marked_with_the_entry_that_did(self, desk: Desk, site: Path) -> None:
        back, _, payment = told(site, "transactions", "--company", 1)["transactions"]
        assert payment["taken_back_by"] == {"entry": back["entry"], "kind": "chargeback"}
        assert back["taken_back_by"] is None
        found = {one["kind"]: one["taken_back_by"] for one in told(site, "search", "300")["entries"]}
        assert found == {"charge": None, "payment": payment["taken_back_by"], "chargeback": None}
        for asked in (("transactions", "--company", 1), ("search", "300")):
            assert f"chargeback {back['entry']}" in hub(*asked, site=site).out

    def test_a_posting_date_is_told_where_it_is_another(self, desk: Desk, site: Path) -> None:
        # R22: what counts in a closed period is posted on the first open day.
        assert "2026-11-16" not in hub("movements", "1-1-2-1", site=site).out
        desk.companies["1"] = CompanyConfig(number="1", books_closed_through=date(2026, 11, 15))
        desk.book(paid("102", 10_00))
        (found,) = told(site, "movements", "1-1-2-1")["movements"]
        assert (found["value_date"], found["posting_date"]) == ("2026-11-02", "2026-11-16")
        assert "2026-11-16" in hub("movements", "1-1-2-1", site=site).out

    def test_a_match_that_was_undone_is_marked(self, desk: Desk, site: Path) -> None:
        (unknown,) = told(site, "search", "777")["entries"]
        matched = told(site, "match", unknown["entry"], "1-1-2-1")["entry"]
        undone = told(site, "unmatch", unknown["entry"])["entry"]
        found = {one["entry"]: one["taken_back_by"] for one in told(site, "search", "41")["entries"]}
        assert found[matched] == {"entry": undone, "kind": "reversal"}
        assert found[unknown["entry"]] is None

    def test_transactions_of_a_kind_and_of_some_days(self, desk: Desk, site: Path) -> None:
        company = ("transactions", "--company", 1)
        assert len(told(site, *company, "--kind", "payment")["transactions"]) == 2
        assert len(told(site, *company, "--from", "2026-11-03")["transactions"]) == 1
        assert len(told(site, *company, "--to", "2026-11-02")["transactions"]) == 2
        assert told(site, *company, "--limit", 2)["left_out"] == 1

    def test_a_payment_by_the_day_of_its_booking_or_the_day_on_which_it_counts(self, desk: Desk, site: Path) -> None:
        desk.book(paid("102", 777_77, on=date(2026, 11, 10))._replace(booking_date=date(2026, 11, 11)))
        (booked,) = (
            one for one in told(site, "transactions", "--company", 1)["transactions"] if one["amount"] == "777.77"
        )
        assert booked["value_date"] != booked["booked_on"]
        for day in (booked["value_date"], booked["booked_on"]):
            (found,) = told(site, "search", "777.77", "--on", day)["entries"]
            assert (found["value_date"], found["booked_on"]) == (booked["value_date"], booked["booked_on"])
        assert told(site, "search", "777.77", "--to", "2026-11-01")["entries"] == []

    def test_money_of_nobody_is_found_by_amount_customer_and_reference(self, desk: Desk, site: Path) -> None:
        for text in ("41,00", "777", "ref9"):
            (found,) = told(site, "search", text)["entries"]
            assert (found["tenancy"], found["customer"], found["amount"]) == (None, "777", "-41.00")
            assert "unknown" in found["reason"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("balance", HOME, "--as-of", "2026-02-30"), "no day"),
        (("balance", HOME, "--as-of", "9999-12-31"), "no day of any books"),
        (("balance", HOME, "--as-of", "2026-W48-1"), "write YYYY-MM-DD"),
        (("balance", HOME, "--as-of", "20261123"), "write YYYY-MM-DD"),
        (("balance", HOME, "--recorded", "noon"), "no moment"),
        (("movements", HOME, "--holding", "heat"), "no holding heat"),
        (("movements", HOME, "--from", "2026-02-01", "--to", "2026-01-01"), "is before"),
        (("movements", HOME, "--to", TODAY, "--as-of", TODAY), "leave one"),
        (("movements", HOME, "--detail", "--holding", "deposit"), "balance alone"),
        (("ageing", "--company", "1", "--property", "1-1"), "name one of them"),
        (("ageing", "--company", "77"), "no company 77"),
        (("next-charge", "1-1-1-9"), "no tenancy"),
        (("next-charge", ""), "there is no tenancy ''"),
        (("statement", "--company", ""), "there is no company ''"),
        (("statement", "--property", ""), "there is no property ''"),
        (("transactions",), "--company"),
        (("transactions", "--company", "1", "--kind", "rent"), "none of payment"),
        (("charges", "list", "--kind", "gift"), "none of rent"),
        (("charges", "show", "NONE"), "no charge NONE"),
        (("charges", "show", "#99999999999999999999"), "no charge"),
        (("arrears", "--property", "1"), "no property 1"),
        (("search", " "), "nothing to look for"),
        (("search", "x", "--on", TODAY, "--to", TODAY), "one day"),
        (("statement",), "name tenancies"),
        (("statement", HOME, "--company", "1"), "name tenancies"),
        (("statement", HOME, HOME), "named twice"),
        (("statement", HOME, NEIGHBOUR, "--charge", "SEP"), "of one tenancy"),
        (("statement", HOME, "--from", "2030-01-01"), "is after"),
        (("statement", HOME, "--charge", "NONE"), "no charge 'NONE'"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_answered_is_said_with_what_to_do(
    teller: Teller, site: Path, arguments: tuple[object, ...], message: str
) -> None:
    answer: Answer = hub(*arguments, site=site)
    assert (answer.status, answer.out) == (1, "")
    assert message in " ".join(answer.err.split())
