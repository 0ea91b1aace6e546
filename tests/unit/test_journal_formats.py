"""The account mapping, the two ready layouts and what else can be set; names of accounts in Beancount."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from beancount.parser import parser
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.ledger import kinds
from hub.reports.beancount import account_name
from hub.reports.journal.formats import Line, render
from hub.settings import CompanyConfig
from hub.settings.journal import LAYOUTS, JournalConfig

PAYMENT = Line(
    17, "000", date(2026, 11, 2), date(2026, 11, 3), "5600", -641250, "DKK", "Betaling", 4, "payment", "suspense", "k#1"
)
CHARGED = PAYMENT._replace(amount=641250, account="1010", text="Husleje; december", document_type="001", voucher=18)


def config(**changes: Any) -> JournalConfig:
    return JournalConfig.model_validate({"format": "csv", "accounts": {"receivable": "5600"}} | changes)


def written(of: JournalConfig, *lines: Line) -> str:
    return b"".join(render(of.full_layout, lines)).decode(of.full_layout.encoding)


def test_e_conomic_gets_semicolons_decimal_commas_and_danish_dates() -> None:
    assert written(config(format="e-conomic"), CHARGED, PAYMENT) == (
        "Bilagsnr.;Dato;Konto;Tekst;Beløb\r\n"
        '18;02-11-2026;1010;"Husleje; december";6412,50\r\n'
        "17;02-11-2026;5600;Betaling;-6412,50\r\n"
    )


def test_business_central_gets_the_captions_of_its_general_journal() -> None:
    assert written(config(format="business-central"), PAYMENT) == (
        "Posting Date;Document Type;Document No.;Account Type;Account No.;Description;Amount\r\n"
        "2026-11-02;;2026-17;G/L Account;5600;Betaling;-6412.50\r\n"
    )


def test_plain_csv_tells_all_with_debit_and_credit_apart() -> None:
    debit, credit = csv.DictReader(io.StringIO(written(config(), CHARGED, PAYMENT)), delimiter=";")
    assert (debit["debit"], debit["credit"], credit["debit"], credit["credit"]) == ("6412.50", "", "", "6412.50")
    assert (credit["key"], credit["code"], credit["kind"], credit["batch"]) == ("k#1", "suspense", "payment", "4")
    assert (credit["value_date"], credit["currency"], credit["document_type"]) == ("2026-11-03", "DKK", "000")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"header": False}, "17;02-11-2026;5600;Betaling;-6412,50\r\n"),
        ({"header": False, "delimiter": "\t"}, "17\t02-11-2026\t5600\tBetaling\t-6412,50\r\n"),
        ({"header": False, "delimiter": ","}, '17,02-11-2026,5600,Betaling,"-6412,50"\r\n'),
        ({"header": False, "decimal": "."}, "17;02-11-2026;5600;Betaling;-6412.50\r\n"),
        ({"header": False, "date": "yyyymmdd"}, "17;20261102;5600;Betaling;-6412,50\r\n"),
        ({"header": False, "text_characters_max": 3}, "17;02-11-2026;5600;Bet;-6412,50\r\n"),
        (
            {
                "columns": [
                    {"title": "Type", "value": "Finansbilag"},
                    {"title": "Nr", "field": "voucher"},
                    {"title": "Dag", "field": "posting_date"},
                    {"title": "Konto", "field": "account"},
                    {"title": "Debet", "field": "debit"},
                    {"title": "Kredit", "field": "credit"},
                ]
            },
            "Type;Nr;Dag;Konto;Debet;Kredit\r\nFinansbilag;17;02-11-2026;5600;;6412,50\r\n",
        ),
    ],
)
def test_what_a_vendor_has_not_published_is_a_setting(changes: dict[str, Any], expected: str) -> None:
    assert written(config(format="e-conomic", layout=changes), PAYMENT) == expected


def test_the_encoding_is_the_configs() -> None:
    line = PAYMENT._replace(text="Ærø Łódź")
    assert b";\xc6r\xf8 ?\xf3d?;" in b"".join(render(LAYOUTS["e-conomic"], [line]))
    assert ";Ærø Łódź;".encode() in b"".join(render(LAYOUTS["business-central"], [line]))


@pytest.mark.parametrize("text", ["=1+1", "+45 12", "-note", "@SUM(A1)", "\t=1+1"])
def test_no_text_is_a_formula_or_breaks_its_line(text: str) -> None:
    out = written(config(format="e-conomic", layout={"header": False}), PAYMENT._replace(text=f"{text}\r\nmore\x00"))
    assert out.count("\r\n") == 1
    assert out.split(";")[3].startswith("'")


@given(
    st.lists(st.tuples(st.text(max_size=40), st.integers(-(10**15), 10**15)), max_size=20),
    st.sampled_from(list(LAYOUTS)),
)
@settings(max_examples=60)
def test_every_amount_and_line_survives_whatever_the_text_is(lines: list[tuple[str, int]], format_: Any) -> None:
    layout = LAYOUTS[format_]
    given_lines = [PAYMENT._replace(text=text, amount=amount, key=text) for text, amount in lines]
    text = b"".join(render(layout, given_lines)).decode(layout.encoding)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=layout.delimiter))
    amounts = [row.get("Beløb") or row.get("Amount") or row.get("debit") or f"-{row.get('credit')}" for row in rows]
    read = [0 if one == "-" else round(float(one.replace(",", ".")) * 100) for one in amounts]
    assert [abs(one) for one in read] == [abs(amount) for _, amount in lines]
    assert all((one < 0) == (amount < 0) for one, (_, amount) in zip(read, lines, strict=True))


def test_the_longest_pattern_holds() -> None:
    accounts = {"income:*": "1000", "income:10010": "1010", "holding:deposit": "6910", "clearing": "5820"}
    found = config(accounts=accounts)
    assert found.account_for("income:10010") == "1010"
    assert found.account_for("income:100100") == "1000"
    assert found.account_for("income:75040") == "1000"
    assert found.account_for("holding:deposit:1-12-304-2") == "6910"
    assert found.account_for("holding:prepaid_rent:1-12-304-2") is None
    assert found.account_for("clearing:nets_bs:09999999:00001") == "5820"
    assert found.account_for("suspense") is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": "navision"}, "e-conomic"),
        ({"accounts": {}}, "at least 1"),
        ({"accounts": {"*": "1000"}}, "pattern"),
        ({"accounts": {"inc*": "1000"}}, "pattern"),
        ({"accounts": {"income": "1000", "income:*": "1010"}}, "said twice: income"),
        ({"accounts": {"income": "10 00"}}, "pattern"),
        ({"format": "e-conomic", "accounts": {"income": "A100"}}, "at most nine digits, not A100"),
        ({"format": "e-conomic", "accounts": {"income": "1234567890"}}, "at most nine digits"),
        ({"layout": {"encoding": "utf-16"}}, "utf-8"),
        ({"layout": {"columns": [{"title": "Konto", "field": "account"}]}}, "posting_date"),
        (
            {
                "layout": {
                    "columns": [
                        {"title": "1", "field": "account"},
                        {"title": "2", "field": "posting_date"},
                        {"title": "3", "field": "voucher"},
                        {"title": "4", "field": "debit"},
                    ]
                }
            },
            "debit and credit",
        ),
        ({"layout": {"columns": [{"title": "Konto"}]}}, "a field or a value"),
        ({"layout": {"columns": [{"title": "Konto", "field": "account", "value": "1"}]}}, "a field or a value"),
        ({"layout": {"columns": [{"title": "Konto", "field": "konto"}]}}, "posting_date"),
        ({"layout": {"decimals": ","}}, "Extra inputs"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        config(**changes)


# --- Beancount ---------------------------------------------------------------------------------------------------

#: Account codes as we make them, and as nobody would.
KINDS = st.sampled_from(
    [kinds.RECEIVABLE, kinds.HOLDING, kinds.CLEARING, kinds.SUSPENSE, kinds.INCOME, kinds.OPENING_BALANCE, "new"]
)
WORDS = st.text(st.sampled_from("abqzABQZæøåÆØÅßŁı019_-. 'é²三"), max_size=6) | st.text(max_size=5)
CODES = st.lists(WORDS.filter(lambda word: ":" not in word), min_size=1, max_size=4).map(":".join)


@pytest.mark.parametrize(
    ("kind", "company", "code", "name"),
    [
        ("receivable", "1", "receivable:1-12-304-2", "Assets:1:Receivable:1-12-304-2"),
        ("receivable", "1", "receivable:1-ågården-2tv-1", "Assets:1:Receivable:1-ågården-2tv-1"),
        ("holding", "å1", "holding:deposit:1-1-1-1", "Liabilities:Å1:Holding:Deposit:1-1-1-1"),
        ("clearing", "1", "clearing:nets_bs:09999999:00001", "Assets:1:Clearing:NetsQ5fQbs:09999999:00001"),
        ("income", "1", "income:10010", "Income:1:Income:10010"),
        ("suspense", "A", "suspense", "Liabilities:Q41Q:Suspense"),
        ("bank", "1", "bank", "Assets:1:Bank:QQ"),
        ("bank", "1", "bank:DK5000400440116243", "Assets:1:Bank:Q44QK5000400440116243"),
        ("named", "1", "named:bank_fees", "Expenses:1:Named:BankQ5fQfees"),
        ("clearing", "1", "clearing:mobilepay:10115225:payout", "Assets:1:Clearing:Mobilepay:10115225:Payout"),
    ],
)
def test_accounts_are_readable_in_beancount(kind: str, company: str, code: str, name: str) -> None:
    assert account_name(kind, company, code) == name


@given(st.lists(st.tuples(KINDS, WORDS.filter(lambda word: ":" not in word), CODES), min_size=1, max_size=12))
@settings(max_examples=150)
def test_beancount_takes_every_name_and_tells_every_two_apart(accounts: list[tuple[str, str, str]]) -> None:
    names = {(company, code): account_name(kind, company, code) for kind, company, code in accounts}
    assert len(set(names.values())) == len(names)
    source = "".join(f"1900-01-01 open {name} DKK\n" for name in names.values())
    entries, errors, _ = parser.parse_string(source)
    assert not errors
    assert {entry.account for entry in entries} == set(names.values())


# --- The document ------------------------------------------------------------------------------------------------

DOCUMENT = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
EXAMPLES = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)]


@pytest.mark.parametrize("format_", ["e-conomic", "business-central"])
def test_the_documented_mapping_has_an_account_for_every_kind_of_account(format_: str) -> None:
    (company,) = [CompanyConfig.model_validate(one) for one in EXAMPLES if one["journal"].get("format") == format_]
    assert company.journal is not None
    shared = [kinds.SUSPENSE, kinds.OPENING_BALANCE, kinds.BANK, kinds.VAT, kinds.DIFFERENCES]
    holdings = [kinds.holding_code(holding, "1-1-1-1") for holding in kinds.HOLDINGS]
    others = [
        kinds.receivable_code("1-1-1-1"),
        kinds.clearing_code("nets_bs", "09999999", "00001"),
        kinds.income_code("75040"),
        kinds.bank_code("DK5000400440116243"),
        kinds.clearing_code("mobilepay", "10115225", kinds.IN_TRANSIT),
        kinds.named_code("vendor_fees"),
        kinds.named_code("bank_fees"),
    ]
    assert [code for code in (*shared, *holdings, *others) if company.journal.account_for(code) is None] == []


def test_the_documented_layout_is_what_it_says() -> None:
    (section,) = [one["journal"]["layout"] for one in EXAMPLES if "layout" in one["journal"]]
    assert written(config(format="e-conomic", layout=section), PAYMENT) == (
        "Finansbilag;17;02-11-2026;5600;Betaling;-6412,50\r\n"
    )
