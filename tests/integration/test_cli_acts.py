"""The commands of acts: what they answer, under keys, by whom; files undone and booked anew; the bytes of a record."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import tiny_site
from tests.integration.cli_runner import Answer, hub

FIRST, MOVED, OTHER = "1-1-1-1", "1-1-2-1", "1-2-1-1"
_COMPANY = 'number = "1"\n[charge_types]\n"10" = "Husleje"\n"20" = { text = "Depositum", holding = "deposit" }\n'


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    (root / "config/companies/1.toml").write_text(_COMPANY)
    return root


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "site"))


def _json(site: Path, *arguments: object) -> Any:
    answer = hub(*arguments, "--json", site=site)
    assert answer.status == 0, answer.err
    return answer.json


def _balance(site: Path, tenancy: str = FIRST) -> str:
    return str(_json(site, "balance", tenancy, "--as-of", "2030-01-01")["balance"])


def _rent(site: Path, *more: str) -> Any:
    given = ("--due", "2026-07-01", "--line", "10=5125.00", "--period", "2026-07-01..2026-07-31", "--kind", "rent")
    return _json(site, "charges", "add", FIRST, *given, "--actor", "anna", *more)


def _delivered(site: Path, *payments: tuple[str, int], number: int = 1) -> Any:
    path = site / f"delivery{number}.txt"
    path.write_bytes(tiny_site.delivery(*payments, number=number))
    return hub("ingest", path, "--json", site=site).json["files"][0]


class TestMoney:
    def test_charge_pay_credit_pay_out(self, site: Path) -> None:
        charged = _rent(site)
        assert {name: charged[name] for name in ("reference", "amount", "remaining", "due_date", "repeated")} == {
            **{"reference": "2607-1", "amount": "5125.00", "remaining": "5125.00"},
            **{"due_date": "2026-07-01", "repeated": False},
        }
        paid = _json(site, "pay", FIRST, "5.000,00", "--reference", "2607-1", "--date", "2026-07-02")
        assert (paid["amount"], paid["date"], paid["tenancy"]) == ("5000.00", "2026-07-02", FIRST)
        credited = _json(site, "charges", "credit", FIRST, "2607-1", "--line", "1=200.00", "--date", "2026-07-03")
        assert (credited["amount"], credited["remaining"]) == ("200.00", "0.00")
        assert _balance(site) == "-75.00"
        out = _json(site, "payout", FIRST, "75", "--text", "Retur")
        assert (out["amount"], _balance(site)) == ("75.00", "0.00")
        assert hub("verify", site=site).status == 0

    def test_the_reference_of_money_by_hand_stays_with_it(self, site: Path) -> None:
        _rent(site)
        paid = _json(site, "pay", FIRST, "77.00", "--reference", "2607-1", "--text", "Overført via netbank")
        mistyped = hub("pay", FIRST, "5.00", "--reference", "2607-l", site=site)

        assert paid["reference_found"] is True
        assert "1-1-1-1 has no open charge with reference 2607-l" in mistyped.err
        assert _json(site, "pay", FIRST, "1.00", "--reference", "2607-l")["reference_found"] is False
        assert _json(site, "pay", FIRST, "1.00", "--text", "Se 2607-1", "--reference", "2607-1")["reference_found"]
        assert _json(site, "pay", FIRST, "2.00")["reference_found"] is None
        texts = [one["text"] for one in _json(site, "movements", FIRST)["movements"] if one["kind"] == "payment"]
        assert texts == [
            *("Overført via netbank 2607-1", "Indbetaling 2607-l", "Indbetaling 2607-l", "Se 2607-1", "Indbetaling"),
        ]

    def test_blanks_around_a_reference_are_not_of_it(self, site: Path) -> None:
        _rent(site)
        asked = ("pay", FIRST, "77.00", "--date", "2026-07-02", "--key", "K")
        assert _json(site, *asked, "--reference", " 2607-1 ")["reference_found"] is True
        assert _json(site, *asked, "--reference", "2607-1")["repeated"] is True

    def test_a_reference_that_pays_nothing_as_the_money_is_held_is_said(self, site: Path) -> None:
        _rent(site)
        held = hub("pay", FIRST, "5.00", "--to", "deposit", "--reference", "2607-1", site=site)
        assert (held.status, held.err) == (0, "hub: reference 2607-1 pays no charge: the money went to deposit\n")
        assert hub("pay", FIRST, "5.00", "--to", "deposit", site=site).err == ""

    def test_a_small_difference_that_was_written_off_is_told(self, site: Path) -> None:
        (site / "config/companies/1.toml").write_text(_COMPANY + '[allocation]\nsmall_difference = "0.50"\n')
        _rent(site)
        assert _json(site, "pay", FIRST, "5000.00")["written_off"] is None
        told = hub("pay", FIRST, "124.75", site=site)
        assert re.search(r"written off +0\.25", told.out)
        _rent(site, "--reference", "B")
        assert _json(site, "pay", FIRST, "5124.75")["written_off"] == "0.25"

    def test_lines_types_and_what_it_was_asked_in(self, site: Path) -> None:
        given = (
            "--line",
            "10=100.00=Leje = a",
            "--line",
            "20=50",
            "--foreign",
            "EUR:20.11:7.46",
            "--reference",
            "IN 1",
        )
        _json(site, "charges", "add", FIRST, "--due", "2026-07-01", *given, "--kind", "moving_in", "--vat", "0")
        (charged,) = _json(site, "movements", FIRST)["movements"]
        explained = _json(site, "explain", charged["entry"])

        assert (charged["amount"], charged["text"]) == ("150.00", "Leje = a, Depositum")
        assert explained["holdings"] == [{"holding": "deposit", "amount": "50.00"}]
        assert explained["charge"]["kind"] == "moving_in"

    def test_holdings_and_transfers(self, site: Path) -> None:
        _json(site, "pay", FIRST, "500", "--to", "deposit")
        _json(site, "transfer", FIRST, "100", "--from", "deposit", "--to", "balance")
        answer = hub("payout", FIRST, "400.01", "--from", "deposit", site=site)

        assert _balance(site) == "-100.00"
        assert answer.status == 1
        assert "400.01 is more than the 400.00 that holding 'deposit' has" in answer.err

    def test_a_key_does_it_once(self, site: Path) -> None:
        first, again = (
            _json(site, "pay", "01-1-1-1", "1.00", "--key", "mail 17", "--date", "2026-07-01") for _ in "ab"
        )
        other = hub("pay", FIRST, "2.00", "--key", "mail 17", "--date", "2026-07-01", "--json", site=site)

        assert (first["repeated"], again["repeated"]) == (False, True)
        assert {**again, "repeated": False} == first
        assert other.status == 1
        assert "key 'mail 17' was used before for pay with other input" in other.json["error"]
        told = hub("pay", FIRST, "1.00", "--key", "mail 17", "--date", "2026-07-01", site=site)
        assert "done before under this key; nothing was done now" in told.out
        assert _balance(site) == "-1.00"
        assert _json(site, "explain", first["entry"])["key"] == "mail 17"

    @pytest.mark.parametrize(
        ("command", "message"),
        [
            (
                f"pay {FIRST} 1.005",
                "AMOUNT: '1.005' is no amount. its sign could stand between thousands or before decimals",
            ),
            (f"pay {FIRST} 0.005", "AMOUNT: '0.005' is no amount. it has more than two decimals"),
            (f"charges credit {FIRST} X --amount 1.005", "--amount: '1.005' is no amount"),
            (f"one-off add {FIRST} --type 10 --amount 0.005 --due-from 2026-07-01", "--amount: '0.005' is no amount"),
            ("consumption total 1 0.005", "AMOUNT: '0.005' is no amount"),
            ("settle 1 account:bank_fees --amount 0.005", "--amount: '0.005' is no amount"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1.005", "--line: '1.005' is no amount"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=", "--line: '' is no amount"),
            (f"pay {FIRST} 1 --date 1.7.2026", "no day: write YYYY-MM-DD"),
            (f"pay {FIRST} 0", "an amount of 0.00"),
            (f"pay {FIRST} -5", "an amount of -5.00. the command says which way the money goes"),
            (f"payout {FIRST} -5", "an amount of -5.00"),
            (f"transfer {FIRST} -5 --from balance --to heat", "an amount of -5.00"),
            (f"pay {FIRST} 5 --dat 2026-07-01", "--dat"),
            ("pay 9-9-9-9 1", "there is no tenancy 9-9-9-9"),
            (f"transfer {FIRST} 1 --from balance", "Missing option '--to'"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10", "write TYPE=AMOUNT[=TEXT]"),
            (f"charges add {FIRST} --due 2026-07-01 --line 11=1", "'11' is not in use"),
            (f"charges add {FIRST} --due 2026-07-01", "Missing option '--line'"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1 --period 2026", "no period"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1 --vat x", "no rate"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1 --foreign EUR:1", "CURRENCY:AMOUNT:RATE"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1 --foreign EUR:-1:7", "CURRENCY:AMOUNT:RATE"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1 --foreign EUR:1:NaN", "CURRENCY:AMOUNT:RATE"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1 --foreign DKK:1:1", "DKK is the company's own"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1 --foreign EUR:1:7", "7.00 DKK, the charge 1.00"),
            (f"match 1 {FIRST} --takes-back 0", "--takes-back"),
            (f"charges credit {FIRST} X --line 1", "write N=AMOUNT"),
            (f"charges credit {FIRST} X --line 1=1 --line 1=2", "each line once"),
            (f"charges credit {FIRST} X --line 1=1 --amount 1", "give one of them"),
            (f"charges credit {FIRST} X", "there is no charge 'X'"),
            ("reverse 1 --reason mistake", "'mistake' is no reason code"),
            ("reverse 1", "Missing option '--reason'"),
            ("files reverse 7 --reason test_file", "there is no file 7"),
            ("unmatch 7", "there is no entry 7"),
            ("rules forget 7", "there is no rule 7 in use"),
            ("explain 7", "there is no entry 7"),
            ("suggest 7", "payment 7 is not unmatched"),
            (f"pay {FIRST} 1 --key '  sp'", "no control character, no blank at either end"),
        ],
    )
    def test_wrong_use_is_one_line_and_status_1(self, template: Path, command: str, message: str) -> None:
        answer = hub(*shlex.split(command), "--json", site=template)

        assert answer.status == 1
        assert message in answer.json["error"]
        assert answer.err.count("\n") == 1

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            (f"pay {FIRST} 1.005", "AmountError"),
            (f"charges add {FIRST} --due 2026-07-01 --line 10=1.005", "AmountError"),
            (f"charges credit {FIRST} X --line 1=1.005", "AmountError"),
            (f"payout {FIRST} 1", "OverdrawnError"),
            (f"charges credit {FIRST} X", "NoChargeError"),
            *(("pay 9-9-9-9 1", "NoSuchTenancyError"), ("balance 9-9-9-9", "NoSuchTenancyError")),
            *(("arrears --company 9", "NoSuchCompanyError"), ("journal list --company 9", "NoSuchCompanyError")),
            *(("arrears --property 9-9", "NoSuchPropertyError"), ("charges show X", "NoChargeError")),
            *(("explain 7", "NotFoundError"), ("files show 7", "NotFoundError"), ("slips show 7", "NotFoundError")),
            *(("collections show 7", "NotFoundError"), ("consumption show 7", "NotFoundError")),
            *(("journal show 1 --out /none/x", "NoFolderError"), ("journal show 1 --out /dev/null", "FileThereError")),
            (f"pay {FIRST} 1 --key ' k'", "KeyRefusedError"),
            ("pay", "WrongUse"),
        ],
    )
    def test_a_program_is_told_by_a_code(self, template: Path, command: str, code: str) -> None:
        assert hub(*shlex.split(command), "--json", site=template).json["code"] == code


class TestNotesAndAttachments:
    def test_a_file_is_kept_and_given_back(self, site: Path, tmp_path: Path) -> None:
        _rent(site)
        (tmp_path / "bilag ø.pdf").write_bytes(tiny_site.PDF)
        made = _json(site, "charges", "attach", FIRST, "2607-1", tmp_path / "bilag ø.pdf", "--actor", "anna")
        (listed,) = _json(site, "charges", "attachments", FIRST, "2607-1")["attachments"]
        out = tmp_path / "out.pdf"
        _json(site, "charges", "attachment", made["attachment"], "--out", out)

        assert (site / "content" / made["sha256"][:2] / made["sha256"]).read_bytes() == tiny_site.PDF
        assert (listed["id"], listed["name"], listed["size"], listed["actor"]) == (
            *(made["attachment"], "bilag ø.pdf", len(tiny_site.PDF), "anna"),
        )
        assert out.read_bytes() == tiny_site.PDF
        assert "bilag ø.pdf" in hub("charges", "attachments", FIRST, "2607-1", site=site).out
        assert _json(site, "charges", "show", "2607-1")["attachments"] == [listed]
        shown = hub("charges", "show", "2607-1", site=site).out
        assert f"hub charges attachment {made['attachment']} --out FILE" in shown
        again = hub("charges", "attachment", made["attachment"], "--out", out, site=site)
        assert (again.status, "File exists" in again.err) == (1, True)

    def test_asked_again_after_the_file_was_deleted_it_tells_what_came_of_it(self, site: Path, tmp_path: Path) -> None:
        _rent(site)
        paper = tmp_path / "bilag ø.pdf"
        paper.write_bytes(tiny_site.PDF)
        asked = ("charges", "attach", FIRST, "2607-1", paper)
        made = _json(site, *asked, "--key", "K")
        paper.unlink()
        assert _json(site, *asked, "--key", "K") == {**made, "repeated": True}
        other = hub(*asked[:-1], tmp_path / "other.pdf", "--key", "K", "--json", site=site)
        assert (other.status, other.json["code"]) == (1, "KeyUsedError")
        for key in ((), ("--key", "L")):
            gone = hub(*asked, *key, "--json", site=site)
            assert (gone.status, "does not exist" in gone.json["error"]) == (1, True)
        assert len(_json(site, "charges", "attachments", FIRST, "2607-1")["attachments"]) == 1

    def test_what_belongs_to_nothing_is_not_kept(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "bilag.pdf").write_bytes(tiny_site.PDF)
        answer = hub("charges", "attach", FIRST, "X", tmp_path / "bilag.pdf", site=site)

        assert (answer.status, list((site / "content").iterdir())) == (1, [])
        assert hub("charges", "attachment", 1, "--out", tmp_path / "x", site=site).status == 1
        assert not (tmp_path / "x").exists()

    def test_a_file_over_the_limit_is_not_kept(self, site: Path, tmp_path: Path) -> None:
        _rent(site)
        config = site / "config/hub.toml"
        config.write_text(config.read_text().replace("[intake]", "[intake]\nfile_bytes_max = 10"))
        (tmp_path / "bilag.pdf").write_bytes(tiny_site.PDF)
        answer = hub("charges", "attach", FIRST, "2607-1", tmp_path / "bilag.pdf", site=site)

        assert (answer.status, "intake.file_bytes_max allows 10" in answer.err) == (1, True)

    def test_a_note(self, site: Path) -> None:
        _rent(site)

        assert _json(site, "charges", "note", FIRST, "2607-1", "Ring til lejer")["note"] == "Ring til lejer"


class TestSuspense:
    def test_suggested_matched_remembered_and_forgotten(self, site: Path) -> None:
        _rent(site)
        _delivered(site, ("999", 5_125_00))
        (found,) = _json(site, "suggest")["payments"]
        (candidate,) = found["candidates"]
        assert (candidate["tenancy"], candidate["charge"]) == (FIRST, "2607-1")
        assert candidate["reasons"][0]["code"] == "amount"
        assert candidate["command"] in hub("suggest", found["payment"], site=site).out

        matched = _json(site, *shlex.split(candidate["command"])[1:], "--remember", "--actor", "anna")
        assert (matched["amount"], matched["tenancy"], _balance(site)) == ("5125.00", FIRST, "0.00")
        (rule,) = _json(site, "rules", "list")["rules"]
        assert (rule["id"], rule["customer"], rule["tenancy"], rule["actor"]) == (matched["rule"], "999", FIRST, "anna")
        assert _delivered(site, ("999", 1_00), number=2)["records"]["booked"] == 1
        assert _json(site, "rules", "list")["rules"][0]["uses"] == 1
        assert _json(site, "rules", "forget", rule["id"])["forgotten"] is True
        assert "forgotten" in hub("rules", "list", site=site).out
        assert hub("suggest", site=site).out == "nothing is unmatched\n"

    def test_unmatched_again(self, site: Path) -> None:
        _delivered(site, ("999", 7_50))
        (payment,) = _json(site, "unmatched")["unmatched"]
        matched = _json(site, "match", payment["payment"], FIRST)
        back = _json(site, "unmatch", payment["payment"], "--note", "naboens")

        assert (back["reverses"], back["reason"]) == (matched["entry"], "wrong_tenancy")
        assert len(_json(site, "unmatched")["unmatched"]) == 1

    def test_where_nothing_fits(self, site: Path) -> None:
        _delivered(site, ("999999", 7_50))

        assert "nothing fits" in hub("suggest", site=site).out


class TestReversed:
    def test_an_entry_with_its_reason(self, site: Path) -> None:
        paid = _json(site, "pay", FIRST, "1.00")
        back = _json(site, "reverse", paid["entry"], "--reason", "duplicate", "--note", "to gange", "--actor", "bo")
        told = _json(site, "explain", paid["entry"])["taken_back_by"]

        assert (back["reverses"], back["amount"], _balance(site)) == (paid["entry"], "1.00", "0.00")
        assert (told["reason"], told["note"], told["actor"]) == ("duplicate", "to gange", "bo")

    def test_a_file_booked_in_the_wrong_company_is_undone_mended_and_booked_anew(self, site: Path) -> None:
        """The customer number stood in the wrong company's portfolio."""
        creditor, twin = tiny_site.CREDITOR, "2-1-1-1"
        file = _delivered(site, ("101", 100_00), ("102", 50_00))
        assert (file["state"], _balance(site)) == ("booked", "-100.00")
        undone = _json(site, "files", "reverse", file["id"], "--reason", "wrong_company", "--actor", "anna")
        assert (undone["state"], undone["entries"]) == ("reversed", 2)
        assert (_balance(site), _balance(site, MOVED)) == ("0.00", "0.00")

        again = hub("ingest", site / "delivery1.txt", "--json", site=site).json["files"][0]
        assert (again["id"], again["state"], again["records"]["booked"]) == (file["id"], "reversed", 0)
        assert "anna set file 1 delivery1.txt aside" in again["reasons"][0]
        assert _balance(site) == "0.00"

        portfolio = site / "twin.csv"
        portfolio.write_text(
            "company,company_name,pbs_number,debtor_group,property,property_name,unit,tenant,name,bs_customer\n"
            f"1,Skovly,08888888,,1,Aakaj,1,1,Søren Ærø,101\n2,Rette,{creditor},,1,Ny,1,1,Rette Lejer,101\n"
        )
        assert hub("portfolio", "import", portfolio, site=site).status == 0
        retried = hub("files", "retry", file["id"], "--json", site=site).json["files"][0]
        assert (retried["state"], retried["records"]["booked"], retried["records"]["unmatched"]) == ("booked", 1, 1)
        assert (_balance(site), _balance(site, MOVED), _balance(site, twin)) == ("0.00", "0.00", "-100.00")
        assert hub("ingest", site / "delivery1.txt", "--json", site=site).json["files"][0]["state"] == "duplicate"
        assert hub("verify", site=site).status == 0

    def test_a_file_undone_and_booked_anew_as_it_was(self, site: Path) -> None:
        file = _delivered(site, ("101", 100_00), ("999", 50_00))
        _json(site, "files", "reverse", file["id"], "--reason", "test_file", "--key", "k")
        assert _json(site, "files", "reverse", file["id"], "--reason", "test_file", "--key", "k")["repeated"] is True
        for _ in "ab":
            retried = hub("files", "retry", file["id"], "--json", site=site).json["files"][0]
            assert (retried["state"], _balance(site)) == ("booked", "-100.00")
            assert len(_json(site, "unmatched")["unmatched"]) == 1
            _json(site, "files", "reverse", file["id"], "--reason", "test_file")
        shown = _json(site, "files", "show", file["id"])

        assert shown["state"] == "reversed"
        assert [event["what"] for event in shown["events"]].count("reversed") == 3
        assert hub("verify", site=site).status == 0


class TestExplained:
    def test_down_to_the_bytes(self, site: Path) -> None:
        _rent(site)
        file = _delivered(site, ("101", 5_125_00), ("101", 1_00))
        content = (site / "delivery1.txt").read_bytes()
        for movement in _json(site, "movements", FIRST)["movements"][1:]:
            source = _json(site, "explain", movement["entry"])["source"]
            first, length = source["byte_offset"], source["byte_length"]
            line = content.split(b"\n")[source["record"] - 1].removesuffix(b"\r")

            assert (source["file"], source["file_id"], source["vendor"]) == ("delivery1.txt", file["id"], "bs")
            assert source["sha256"] == file["sha256"]
            assert content[first : first + length] == line
            assert source["bytes"] == line.decode("ascii")

    def test_a_person_reads_sentence_facts_and_bytes(self, site: Path) -> None:
        _rent(site)
        _delivered(site, ("101", 5_125_00))
        payment = _json(site, "movements", FIRST)["movements"][-1]["entry"]
        answer = hub("explain", payment, site=site)

        assert answer.out.startswith(
            "Din indbetaling på 5.125,00 kr. den 1. juli 2026 betalte huslejen for juli (5.125,00 kr.), fordi husleje"
        )
        for told in ("voucher", "2026-2", "what its money did", "obligatory", "delivery1.txt", "the first is 0"):
            assert told in answer.out

    def test_bytes_that_are_gone_are_said_to_be(self, site: Path) -> None:
        file = _delivered(site, ("101", 1_00))
        (site / "content" / file["sha256"][:2] / file["sha256"]).unlink()
        (movement,) = _json(site, "movements", FIRST)["movements"]

        assert _json(site, "explain", movement["entry"])["source"]["byte_offset"] is None
        assert "its bytes are not in the content store" in hub("explain", movement["entry"], site=site).out

    def test_an_act_has_no_source(self, site: Path) -> None:
        paid = _json(site, "pay", FIRST, "1.00", "--actor", "anna")
        told = _json(site, "explain", paid["entry"])

        assert (told["source"], told["actor"], told["document_type"]) == (None, "anna", "000")


def test_who_does_it_is_the_user_unless_told(site: Path) -> None:
    answer: Answer = hub("pay", FIRST, "1.00", "--actor", " ", "--json", site=site)

    assert (answer.status, "a name is needed" in answer.json["error"]) == (1, True)
