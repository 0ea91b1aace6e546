"""``hub``: files, books and their JSON, on a small site with the real plug-ins."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from hub.intake import pipeline
from hub.transport import content
from tests import tiny_site
from tests.integration.cli_runner import Answer, hub

RECORDS = {"read", "booked", "failed", "duplicate", "unmatched", "held", "kept"}
FIRST = "1-1-1-1"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    return root


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "site"))


@pytest.fixture(scope="module")
def booked(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """A site that took in a delivery, a result, a statement and a broken file; and what ``ingest`` answered.

    Only looked at by its tests.
    """
    folder = tmp_path_factory.mktemp("booked")
    root = Path(shutil.copytree(template, folder / "site"))
    (folder / "payments.txt").write_bytes(tiny_site.delivery(("101", 100_00), ("999", 7_50)))
    (folder / "results.txt").write_bytes(tiny_site.results((1, 1, 1, 400_00)))
    (folder / tiny_site.STATEMENT).write_bytes(tiny_site.PDF)
    (folder / "broken.txt").write_bytes(tiny_site.delivery(("101", 1_00))[:-40])
    names = ("payments.txt", tiny_site.STATEMENT, "broken.txt")
    answer = hub("ingest", *(folder / name for name in names), "--json", "--actor", "anna", site=root)
    assert hub("ingest", folder / "results.txt", "--vendor", "heat", site=root).status == 0
    return root, answer


class TestIngest:
    def test_answers_for_every_file_in_the_fixed_shape(self, booked: tuple[Path, Answer]) -> None:
        answer = booked[1]
        payments, statement, broken = answer.json["files"]
        assert payments.keys() == {
            *("id", "name", "sha256", "vendor", "kind", "state", "records", "amount", "currency", "reasons")
        }
        assert payments["records"].keys() == RECORDS
        assert payments["records"] == dict.fromkeys(RECORDS, 0) | {"read": 2, "booked": 1, "unmatched": 1}
        assert (payments["id"], payments["name"], payments["vendor"], payments["kind"]) == (
            1,
            "payments.txt",
            "bs",
            "0602",
        )
        assert (payments["state"], payments["amount"], payments["currency"]) == ("booked", "107.50", "DKK")
        assert re.fullmatch("[0-9a-f]{64}", payments["sha256"])
        assert (statement["state"], statement["vendor"]) == ("booked", "heat")
        assert (broken["state"], broken["records"]["read"]) == ("quarantined", 0)
        assert broken["reasons"][0].startswith("malformed: ")

    def test_something_quarantined_is_status_2(self, booked: tuple[Path, Answer]) -> None:
        assert booked[1].status == 2

    def test_a_duplicate_is_well(self, booked: tuple[Path, Answer], tmp_path: Path) -> None:
        again = tmp_path / "again.txt"
        again.write_bytes((booked[0].parent / "payments.txt").read_bytes())
        answer = hub("ingest", again, "--dry-run", "--json", site=booked[0])
        (file,) = answer.json["files"]
        assert (answer.status, file["id"], file["state"], file["amount"]) == (0, None, "duplicate", "0.00")

    def test_a_dry_run_leaves_no_trace(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "payments.txt").write_bytes(tiny_site.delivery(("101", 100_00)))
        before = _everything(site)
        answer = hub("ingest", tmp_path / "payments.txt", "--dry-run", "--json", site=site)
        assert (answer.status, answer.json["files"][0]["state"]) == (0, "booked")
        assert _everything(site) == before

    def test_a_period_given_is_that_of_the_results(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "results.txt").write_bytes(tiny_site.results((1, 1, 1, 400_00)))
        given = ("--vendor", "heat", "--period", "2024-06-01..2025-05-31")
        assert hub("ingest", tmp_path / "results.txt", *given, site=site).status == 0
        (movement,) = hub("movements", FIRST, "--json", site=site).json["movements"]
        assert "01.06.2024-31.05.2025" in movement["text"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("missing.txt",), "missing.txt"),
            (("payments.txt", "--vendor", "nobody"), "no vendor instance is called 'nobody'. the instances: bs, heat"),
            (("payments.txt", "--period", "2025"), "no period"),
            (("payments.txt", "--actor", " "), "a name is needed"),
            ((), "Missing argument"),
        ],
    )
    def test_wrong_use_is_status_1_and_takes_nothing(
        self, site: Path, tmp_path: Path, arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "payments.txt").write_bytes(tiny_site.delivery(("101", 100_00)))
        monkeypatch.chdir(tmp_path)
        answer = hub("ingest", *arguments, "--json", site=site)
        assert answer.status == 1
        assert message in answer.json["error"]
        assert message in answer.err
        assert hub("files", "--json", site=site).json == {"files": []}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ("explain abc", "Invalid value for 'ENTRY': 'abc' is no whole number (see: hub explain --help)"),
            (
                "ledger export --format xml",
                "Invalid value for '--format': 'xml' is not one of 'beancount', 'json' (see: hub ledger export --help)",
            ),
            (
                "journal export --company 1 --batch 0",
                "Invalid value for '--batch': 0 is less than 1 (see: hub journal export --help)",
            ),
            ("pay", "Missing argument 'TENANCY' (see: hub pay --help)"),
            ("rules nope", "No such command 'nope' (see: hub rules --help)"),
        ],
    )
    def test_wrong_use_is_told_in_our_words_with_the_help_to_look_at(self, arguments: str, message: str) -> None:
        answer = hub(*arguments.split(" "))
        assert (answer.status, answer.err) == (1, f"hub: {message}\n")

    def test_a_person_reads_a_table_and_the_reasons(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "unknown.txt").write_text("nobody's")
        answer = hub("ingest", tmp_path / "unknown.txt", site=site)
        assert answer.status == 2
        assert "quarantined" in answer.out
        assert "unknown.txt: unrecognised: " in answer.out

    def test_the_status_is_the_worst_of_all_files(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "odd.txt").write_text("odd")
        os.mkfifo(tmp_path / "no-file")
        answer = hub("ingest", tmp_path / "odd.txt", tmp_path / "no-file", "--json", site=site)
        assert [file["state"] for file in answer.json["files"]] == ["quarantined"]
        assert [error["file"] for error in answer.json["errors"]] == [str(tmp_path / "no-file")]
        assert answer.status == 2
        assert hub("ingest", tmp_path / "no-file", site=site).status == 1

    def test_what_somebody_else_works_on_is_status_2(
        self, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "payments.txt").write_bytes(tiny_site.delivery(("101", 1_00)))
        monkeypatch.setattr(pipeline, "take_in", lambda *_, **__: None)
        answer = hub("ingest", tmp_path / "payments.txt", "--json", site=site)
        assert (answer.status, answer.json["files"]) == (2, [])
        assert "another hub works on it" in answer.json["errors"][0]["error"]

    def test_a_fault_of_ours_in_one_file_leaves_the_others_booked(
        self, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stored, tries = content.hash_of, iter([True])

        def failing_once(source: BinaryIO, *, copied_to: BinaryIO | None = None) -> str:
            if next(tries, False):
                raise RuntimeError("the disk is on fire")
            return stored(source, copied_to=copied_to)

        monkeypatch.setattr(content, "hash_of", failing_once)
        for name, customer in (("first.txt", "101"), ("second.txt", "102")):
            (tmp_path / name).write_bytes(tiny_site.delivery((customer, 1_00)))
        answer = hub("ingest", tmp_path / "first.txt", tmp_path / "second.txt", "--json", site=site)
        assert answer.status == 3
        assert [(file["name"], file["state"]) for file in answer.json["files"]] == [("second.txt", "booked")]
        assert "a fault of ours: RuntimeError: the disk is on fire" in answer.json["errors"][0]["error"]
        assert "Traceback" in answer.err


class TestFiles:
    def test_are_listed_in_the_fixed_shape(self, booked: tuple[Path, Answer]) -> None:
        files = hub("files", "--json", site=booked[0]).json["files"]
        assert [file["state"] for file in files] == ["booked", "booked", "quarantined", "booked"]
        assert files[0].keys() == {"id", "name", "sha256", "vendor", "kind", "state", "received_at", "reasons"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", files[0]["received_at"])

    def test_can_be_asked_for_by_state(self, booked: tuple[Path, Answer]) -> None:
        files = hub("files", "--state", "quarantined", "--json", site=booked[0]).json["files"]
        assert [file["name"] for file in files] == ["broken.txt"]
        wrong = hub("files", "--state", "lost", site=booked[0])
        assert wrong.status == 1
        assert "partly_booked" in wrong.err

    def test_one_is_shown_with_its_whole_story(self, booked: tuple[Path, Answer]) -> None:
        shown = hub("files", "show", 1, "--json", site=booked[0]).json
        assert (shown["id"], shown["state"], shown["records"]["booked"], shown["amount"]) == (1, "booked", 1, "107.50")
        assert [event["what"] for event in shown["events"]] == ["claimed", "stored", "identified", "read", "filed"]
        assert {event["actor"] for event in shown["events"]} == {"anna"}
        assert hub("files", "--json", "show", 1, site=booked[0]).json == shown
        told = hub("files", "show", 3, site=booked[0]).out
        assert "quarantine/3-broken.txt" in told
        assert "malformed" in told

    def test_one_that_is_not_there_is_named(self, booked: tuple[Path, Answer]) -> None:
        for act in (("show", 99), ("retry", 99), ("release", 99), ("ignore", 99, "--reason", "x")):
            answer = hub("files", *act, "--json", site=booked[0])
            assert answer.status == 1
            assert "there is no file 99" in answer.json["error"]

    def test_a_quarantined_one_is_ignored_for_a_reason_and_taken_up_again(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "odd.txt").write_text("odd")
        hub("ingest", tmp_path / "odd.txt", site=site)
        assert hub("files", "ignore", 1, "--reason", " ", site=site).status == 1
        ignored = hub("files", "ignore", 1, "--reason", "a test", "--actor", "bo", "--json", site=site)
        assert (ignored.status, ignored.json["files"][0]["state"]) == (0, "ignored")
        assert "ignored: a test" in ignored.json["files"][0]["reasons"]
        retried = hub("files", "retry", 1, "--reason", "another look", "--json", site=site)
        assert (retried.status, retried.json["files"][0]["state"]) == (2, "quarantined")
        again = hub("files", "ignore", 1, "--json", site=site)
        assert "ignored: no reason given" in again.json["files"][0]["reasons"]
        events = hub("files", "show", 1, "--json", site=site).json["events"]
        assert [event["detail"]["reason"] for event in events if event["what"] in ("ignored", "retried")] == [
            "a test",
            "another look",
            "no reason given",
        ]

    def test_one_held_for_approval_is_booked_by_release(self, site: Path, tmp_path: Path) -> None:
        # R8
        config = site / "config/vendors/bs.toml"
        config.write_text(config.read_text().replace("[settings]", 'book = "after_approval"\n[settings]'))
        (tmp_path / "payments.txt").write_bytes(tiny_site.delivery(("101", 100_00)))
        held = hub("ingest", tmp_path / "payments.txt", "--json", site=site)
        assert (held.status, held.json["files"][0]["state"]) == (2, "held_for_approval")
        released = hub("files", "--json", "release", 1, "--reason", "seen by Bo", site=site)
        assert (released.status, released.json["files"][0]["amount"]) == (0, "100.00")
        assert "reason seen by Bo" in hub("files", "show", 1, site=site).out


class TestBooks:
    def test_balance(self, booked: tuple[Path, Answer]) -> None:
        answer = hub("balance", FIRST, "--as-of", "2026-07-06", "--json", site=booked[0])
        assert answer.json.keys() == {
            *("tenancy", "name", "currency", "balance", "overdue", "coming", "as_of", "recorded", "account"),
            *("moved_out", "move_out", "next_charge", "ageing", "holdings"),
        }
        assert {key: answer.json[key] for key in ("tenancy", "name", "currency", "as_of")} == {
            "tenancy": FIRST,
            "name": "Søren Ærø",
            "currency": "DKK",
            "as_of": "2026-07-06",
        }
        assert re.fullmatch(r"-?\d+\.\d\d", answer.json["balance"])

    def test_balance_of_a_day_before_anything(self, booked: tuple[Path, Answer]) -> None:
        found = hub("balance", FIRST, "--as-of", "2020-01-01", "--json", site=booked[0]).json
        assert (found["balance"], found["overdue"], found["coming"]) == ("0.00", "0.00", "300.00")

    def test_a_person_is_told_of_which_day_and_moment_it_is(self, booked: tuple[Path, Answer]) -> None:
        stood = "as the books stood at 2026-07-02T23:59:59.999999+02:00"
        shown = hub("ageing", "--company", "1", "--as-of", "2026-07-01", "--recorded", "2026-07-02", site=booked[0])
        assert shown.out.startswith(f"on 2026-07-01\n{stood}\n")
        assert hub("movements", FIRST, "--recorded", "2026-07-02", site=booked[0]).out.startswith(f"{stood}\n")
        assert "stood" not in hub("ageing", site=booked[0]).out

    def test_movements(self, booked: tuple[Path, Answer]) -> None:
        answer = hub("movements", FIRST, "--json", site=booked[0]).json
        payment = next(one for one in answer["movements"] if one["kind"] == "payment")
        assert answer["tenancy"] == FIRST
        assert payment.keys() == {
            *("entry", "value_date", "posting_date", "recorded_at", "kind", "text", "amount", "balance", "source"),
            *("document_type", "voucher", "reference", "corrects"),
        }
        assert (payment["value_date"], payment["amount"]) == ("2026-07-01", "-100.00")
        assert payment["source"] == {"file": "payments.txt", "record": 3, "file_id": 1}

    def test_unmatched(self, booked: tuple[Path, Answer]) -> None:
        (one,) = hub("unmatched", "--json", site=booked[0]).json["unmatched"]
        assert one.keys() >= {"payment", "value_date", "amount", "vendor", "reference", "reason", "source"}
        assert (one["amount"], one["vendor"], one["customer"]) == ("7.50", "bs", "999")
        assert one["source"] == {"file": "payments.txt", "record": 4, "file_id": 1}

    def test_documents(self, booked: tuple[Path, Answer]) -> None:
        (one,) = hub("documents", FIRST, "--json", site=booked[0]).json["documents"]
        assert (one["name"], one["tenancy"], one["charge_type"]) == (tiny_site.STATEMENT, FIRST, "75020")
        assert (booked[0] / one["path"]).read_bytes() == tiny_site.PDF
        assert hub("documents", "1-1", "--json", site=booked[0]).json["documents"] == [one]

    def test_people_see_whole_names_and_amounts(self, booked: tuple[Path, Answer]) -> None:
        assert "Søren Ærø" in hub("balance", FIRST, site=booked[0]).out
        assert re.search(r"payment .* -100\.00 .*payments\.txt record 3", hub("movements", FIRST, site=booked[0]).out)
        assert "customer number '999' is unknown under creditor 09999999" in hub("unmatched", site=booked[0]).out
        assert tiny_site.STATEMENT in hub("documents", FIRST, site=booked[0]).out

    @pytest.mark.parametrize(
        "arguments",
        [
            ("balance", "1-1-9-9"),
            ("movements", "9"),
            ("documents", "7-7"),
            ("balance", FIRST, "--as-of", "yesterday"),
            ("balance", "1-1-\udcff-1"),
            ("documents", "\udcff"),
            ("movements", "\udcff"),
            ("files", "show", "99999999999999999999"),
        ],
    )
    def test_what_is_not_there_is_status_1(self, booked: tuple[Path, Answer], arguments: tuple[str, ...]) -> None:
        answer = hub(*arguments, "--json", site=booked[0])
        assert answer.status == 1
        assert answer.json.keys() == {"error", "code"}

    def test_nothing_to_show_is_said(self, site: Path) -> None:
        assert "no movements" in hub("movements", FIRST, site=site).out
        assert "nothing is unmatched" in hub("unmatched", site=site).out
        assert "no documents" in hub("documents", "1-1", site=site).out
        assert "no files" in hub("files", site=site).out


class TestVerify:
    def test_books_in_order(self, booked: tuple[Path, Answer]) -> None:
        answer = hub("verify", "--json", site=booked[0])
        assert answer.status == 0
        assert answer.json.keys() == {
            *("ok", "entries", "postings", "heads", "head", "figures", "problems", "counts", "stored_files", "do")
        }
        assert (answer.json["ok"], answer.json["entries"], answer.json["postings"]) == (True, 3, 6)
        head = answer.json["heads"]["1"]
        assert head["seq"] == 2
        assert hub("verify", "--expect", head["hash"], site=booked[0]).status == 0
        assert "all is proved" in hub("verify", "--expect", answer.json["head"], site=booked[0]).out

    def test_a_head_that_is_not_there_is_status_3(self, booked: tuple[Path, Answer]) -> None:
        answer = hub("verify", "--expect", "0" * 64, "--json", site=booked[0])
        assert (answer.status, answer.json["ok"]) == (3, False)
        assert "in no chain" in answer.json["problems"][0]

    def test_what_is_no_hash_is_wrong_use(self, booked: tuple[Path, Answer]) -> None:
        for given in ("abc", "", " "):
            answer = hub("verify", "--expect", given, site=booked[0])
            assert (answer.status, answer.out) == (1, "")
            assert "64 hexadecimal digits" in answer.err

    def test_a_changed_amount_is_status_3(self, booked: tuple[Path, Answer], tmp_path: Path) -> None:
        site = Path(shutil.copytree(booked[0], tmp_path / "site"))
        with closing(sqlite3.connect(site / "hub.db", isolation_level=None)) as raw:
            raw.execute("UPDATE posting SET amount = amount * 2")
        answer = hub("verify", site=site)
        assert answer.status == 3
        assert "NOT OK" in answer.out
        assert "not as it was booked" in answer.out

    def test_books_in_another_currency_than_the_settings_say(self, booked: tuple[Path, Answer], tmp_path: Path) -> None:
        site = Path(shutil.copytree(booked[0], tmp_path / "site"))
        with closing(sqlite3.connect(site / "hub.db", isolation_level=None)) as raw:
            for table in ("company", "account", "reading"):
                raw.execute(f"UPDATE {table} SET currency = 'SEK' WHERE currency = 'DKK'")
        wrong = "company 1 has its books in SEK, which cannot be changed, and its settings say DKK"
        answer = hub("verify", "--json", site=site)
        assert (answer.status, answer.json["problems"][0]) == (3, wrong)
        assert wrong in hub("check", site=site).out

        (site / "config/companies/torn.toml").write_text("number =")
        answer = hub("verify", "--json", site=site)
        assert (answer.status, answer.json["problems"]) == (0, []), "whose settings these are, nobody can read"
        assert "torn.toml" in answer.err


class TestImports:
    def test_bad_rows_come_back_in_a_file_that_is_named(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "more.csv").write_text(
            "company;property;unit;tenant;name;floor\n1;1;3;1;Ida;2\n1;1;4-1;1;Per;2\n", encoding="cp1252"
        )
        answer = hub("portfolio", "import", tmp_path / "more.csv", "--encoding", "cp1252", "--json", site=site)
        assert answer.status == 2
        assert {key: answer.json[key] for key in ("rows", "added", "refused", "refused_file")} == {
            "rows": 2,
            "added": 1,
            "refused": 1,
            "refused_file": "lists/portfolio-more.refused.csv",
        }
        assert "'floor'" in answer.json["warnings"][0]
        assert answer.json["errors"][0]["line"] == 3
        assert "Per;2;unit: '4-1' holds a hyphen" in (site / "lists/portfolio-more.refused.csv").read_text()
        assert "lists/portfolio-more.refused.csv" in hub("portfolio", "import", tmp_path / "more.csv", site=site).out

    def test_imports_of_one_name_leave_each_others_lists(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "june.csv").write_text("company,property,unit,tenant,name\n1,1,4-1,1,Per\n")
        assert hub("portfolio", "import", tmp_path / "june.csv", site=site).status == 2
        (tmp_path / "june.csv").write_text("tenancy,due_date,charge_type,amount,reference\n9-9-9-9,x,,,\n")
        assert hub("charges", "import", tmp_path / "june.csv", site=site).status == 2
        assert "4-1" in (site / "lists/portfolio-june.refused.csv").read_text()
        assert "9-9-9-9" in (site / "lists/charges-june.refused.csv").read_text()
        (tmp_path / "june.csv").write_text("nothing of the kind")
        assert hub("charges", "import", tmp_path / "june.csv", site=site).status == 1
        assert "9-9-9-9" in (site / "lists/charges-june.refused.csv").read_text()

    def test_a_mended_file_is_well_and_the_list_goes(self, site: Path, tmp_path: Path) -> None:
        columns = "tenancy,due_date,charge_type,amount,text,reference\n"
        (tmp_path / "charges.csv").write_text(f'{columns}{FIRST},2026-07-01,10,"1.000,50",Leje,A\n9-9-9-9,x,,,,\n')
        assert hub("charges", "import", tmp_path / "charges.csv", site=site).status == 2
        assert (site / "lists/charges-charges.refused.csv").exists()
        (tmp_path / "charges.csv").write_text(f'{columns}{FIRST},2026-07-01,10,"1.000,50",Leje,A\n')
        answer = hub("charges", "import", tmp_path / "charges.csv", "--json", site=site)
        assert (answer.status, answer.json["unchanged"], answer.json["refused_file"]) == (0, 1, None)
        assert not list((site / "lists").glob("*.refused.csv"))
        assert hub("balance", FIRST, "--as-of", "2026-07-02", "--json", site=site).json["overdue"] == "1000.50"

    def test_a_file_that_cannot_be_read_is_status_1(self, site: Path, tmp_path: Path) -> None:
        (tmp_path / "odd.csv").write_text("a;b\n1;2\n")
        answer = hub("charges", "import", tmp_path / "odd.csv", site=site)
        assert answer.status == 1
        assert "the header row lacks" in answer.err


def _everything(site: Path) -> dict[str, bytes]:
    """Every file of the site; the database by its content."""
    with closing(sqlite3.connect(site / "hub.db")) as raw:
        database = "\n".join(raw.iterdump()).encode()
    files = {str(path): path.read_bytes() for path in site.rglob("*") if path.is_file() and "hub.db" not in path.name}
    return {**files, "hub.db": database}
