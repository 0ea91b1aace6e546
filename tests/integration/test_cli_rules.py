"""Bank rules and bank lines at the command line: what is shown of them, from the file to the answer."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from tests import camt, tiny_site
from tests.integration.cli_runner import hub

ACCOUNT, PAYER = "DK5000400440116243", "DK2050510001234567"
_BANK = f"""plugin = "iso20022"
numbers = {{ "{ACCOUNT}" = "1" }}
"""
_FEES = """
[[rules]]
name = "bank-fees"
text = "gebyr*"
amount = "-500.00..-0.01"
account = "bank_fees"
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    (root / "inbox/bank").mkdir()
    return root


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(template, tmp_path / "site"))
    _settings(copy, _FEES)
    return copy


def _settings(site: Path, *more: str) -> None:
    (site / "config/vendors/bank.toml").write_text(_BANK + "".join(more), encoding="utf-8")


def _line(amount: int, text: str, day: int = 1, **more: str) -> camt.Line:
    return camt.Line(amount, date(2026, 7, day), text=text, **more)


def _take_in(site: Path, number: int, *lines: camt.Line) -> None:
    content = camt.statement(
        ACCOUNT, date(2026, 7, number), date(2026, 7, number), 0, lines, identification=f"S{number}", sequence=number
    )
    path = site / f"s{number}.xml"
    path.write_bytes(content)
    answer = hub("ingest", path, "--json", site=site)
    assert [one["state"] for one in answer.json["files"]] == ["booked"], answer.out


def _open_lines(site: Path) -> Sequence[int]:
    return [one["payment"] for one in hub("unmatched", "--json", site=site).json["unmatched"]]


def test_a_rule_is_used_when_the_file_comes_and_its_uses_are_shown(site: Path) -> None:
    _take_in(site, 1, _line(-35_00, "Gebyr 1"), _line(-35_00, "Gebyr 2"), _line(-900_00, "Gebyr 3"))

    (rule,) = hub("rules", "list", "--json", site=site).json["bank_rules"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*", rule.pop("last_used_at"))
    assert rule == {
        **{"vendor": "bank", "name": "bank-fees", "in_settings": True, "uses": 2, "taken_back": 0},
        **{"code": None, "text": "gebyr*", "payer_account": None, "amount": "-500.00..-0.01"},
        **{"account": "bank_fees", "tenancy": None},
    }
    shown = hub("rules", "list", site=site).out
    assert "text gebyr*" in shown
    assert "no longer" not in shown

    _settings(site)
    assert "no longer in the settings" in hub("rules", "list", site=site).out
    (rule,) = hub("rules", "list", "--json", site=site).json["bank_rules"]
    assert (rule["in_settings"], rule["uses"], rule["text"]) == (False, 2, None)


def test_a_site_without_banks_has_no_rules_of_theirs(site: Path) -> None:
    (site / "config/vendors/bank.toml").unlink()

    assert hub("rules", "list", site=site).out == "nothing is remembered, and no bank has rules\n"
    assert hub("rules", "suggest", site=site).out.startswith("nothing was said 3 times")


def test_a_suggestion_is_pasted_and_used(site: Path) -> None:
    _take_in(site, 1, *[_line(9_00, f'Vask "{n}"', payer="Vask", payer_account=PAYER) for n in range(3)])
    for payment in _open_lines(site):
        assert hub("match", payment, "1-1-1-1", site=site).status == 0

    (found,) = hub("rules", "suggest", "--json", site=site).json["suggestions"]
    assert (found["file"], found["times"]) == ("config/vendors/bank.toml", 3)
    assert found["rule"] == {
        **{"name": "vask", "payer_account": PAYER, "amount": "0.01..", "tenancy": "1-1-1-1"},
    }
    assert tomllib.loads(found["toml"])["rules"] == [found["rule"]]
    told = hub("rules", "suggest", site=site).out
    assert found["toml"] in told
    for one in found["evidence"]:
        assert re.search(rf"(?m)^ *{one['entry']} ", told)

    _settings(site, _FEES, "\n", found["toml"])
    assert hub("check", site=site).status == 0
    _take_in(site, 2, _line(9_00, "Noget andet", 2, payer="Vask", payer_account=PAYER))
    assert _open_lines(site) == []


def test_unmatched_and_suggest_tell_what_the_bank_says(site: Path) -> None:
    _take_in(site, 1, _line(9_00, "Vask a", payer="Møntvask", payer_account=PAYER), _line(8_00, "Uden navn"))
    one, other = hub("unmatched", "--json", site=site).json["unmatched"]
    assert one["bank"] is not None
    assert (one["bank"]["account"], one["bank"]["payer"], one["bank"]["payer_account"]) == (ACCOUNT, "Møntvask", PAYER)
    assert "Vask a" in one["bank"]["text"]
    assert other["bank"]["payer"] == ""
    shown = hub("unmatched", site=site).out
    assert f"Møntvask · {PAYER} · Vask a" in shown
    assert ACCOUNT in shown

    assert hub("match", one["payment"], "1-1-1-1", site=site).status == 0
    _take_in(site, 2, _line(7_00, "Vask b", 2, payer="Møntvask ApS", payer_account=PAYER))
    (found,) = [said for said in hub("suggest", "--json", site=site).json["payments"] if said["amount"] == "7.00"]
    assert f"the bank says: Møntvask ApS · {PAYER} · Vask b" in hub("suggest", site=site).out
    (candidate,) = found["candidates"]
    assert (candidate["tenancy"], [reason["code"] for reason in candidate["reasons"]]) == ("1-1-1-1", ["same_payer"])


def test_where_money_came_from_is_a_record_as_a_banks_file_has_no_lines_to_go_by(site: Path) -> None:
    _take_in(site, 1, _line(9_00, "Vask", reference="777"), _line(8_00, "Husleje", reference="101"))
    for asked, place in (
        (("unmatched",), "s1.xml record 2"),
        (("transactions", "--company", 1), "s1.xml record 2"),
        (("search", "9,00"), "s1.xml record 2"),
        (("movements", "1-1-1-1"), "s1.xml record 3"),
        (("reconcile",), "s1.xml record 2"),
    ):
        assert place in hub(*asked, site=site).out


def test_a_payment_slip_that_a_remembered_match_knows_is_its_tenancys_in_the_lists(site: Path) -> None:
    _settings(site, f'books_slips_of = ["{tiny_site.CREDITOR}"]\n')
    slip = {"creditor": tiny_site.CREDITOR, "payment_id": "000000000000026"}
    _take_in(site, 1, _line(9_00, "A", **slip), _line(8_00, "B", reference="101"))
    (payment,) = _open_lines(site)
    assert hub("match", payment, "1-1-1-1", "--remember", site=site).status == 0
    _take_in(site, 2, _line(7_00, "C", 2, **slip))

    asked = ("transactions", "--company", 1, "--json")
    by_rule, by_number, by_hand = hub(*asked, site=site).json["transactions"]
    assert (by_rule["amount"], by_rule["text"][-9:]) == ("7.00", "(regel 1)")
    assert by_rule["tenancy"] == by_number["tenancy"] == "1-1-1-1"
    assert by_rule["name"] == by_number["name"]
    assert (by_rule["customer"], by_hand["customer"]) == (None, "26")


def test_a_line_is_explained_down_to_its_fields(site: Path) -> None:
    _take_in(site, 1, _line(-35_00, "Gebyr 1"), _line(9_00, "Vask", payer="Møntvask"))
    (settled,) = [
        one["entry"]
        for one in hub("transactions", "--company", 1, "--kind", "payout", "--json", site=site).json["transactions"]
    ]
    told = hub("explain", settled, "--json", site=site).json
    (step,) = told["story"]
    assert (step["kind"], step["found_to_be"]["rule"]) == ("settlement", "bank-fees")

    found = hub("explain", step["entry"], "--json", site=site).json
    assert (found["account"], found["found_to_be"]["how"]) == ("named:bank_fees", "rule")
    source = found["source"]
    texts = [one["text"] for one in source["fields"]]
    assert (source["record"], "35.00" in texts, "Gebyr 1" in texts, "Vask" in texts) == (2, True, True, False)
    shown = hub("explain", step["entry"], site=site).out
    assert "found to be: account named:bank_fees" in shown
    assert f"the bank says: account {ACCOUNT}" in shown
