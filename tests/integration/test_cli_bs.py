"""``hub bs show``: a person looks into a file of Betalingsservice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from hub.plugin import Payment
from hub.settings import HubConfig, VendorConfig
from hub.vendors import Instance
from hub_nets_bs import making, making_receipts, records
from hub_nets_bs.making_receipts import NoteSection, Transmission
from tests.integration.cli_runner import Answer, hub

CREDITOR = "09999999"
DAY = date(2026, 1, 2)
HEAD = {"data_supplier": "87654321", "created": "2025-12-30"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bs") / "site"
    assert hub("init", root).status == 0
    return root


def payments(count: int = 2) -> Iterator[Payment]:
    return (records.payment(CREDITOR, "00001", str(10 + n), 150_00 + n, DAY, DAY, DAY) for n in range(count))


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    path = tmp_path / "D0000001.BS1"
    path.write_bytes(b"".join(making.make(payments(), HEAD, "iso8859-1")))
    return path


@pytest.fixture
def broken(delivery: Path) -> Path:
    """The second payment's due date cannot be, and BS092 counts 3."""
    lines = delivery.read_bytes().split(b"\r\n")
    lines[3] = lines[3][:49] + b"310226" + lines[3][55:]
    lines[4] = lines[4][:41] + b"3" + lines[4][42:]
    delivery.write_bytes(b"\r\n".join(lines))
    return delivery


def show(site: Path, *arguments: object) -> Answer:
    return hub("bs", "show", *arguments, site=site)


def test_a_delivery_as_a_person_reads_it(site: Path, delivery: Path) -> None:
    answer = show(site, delivery)
    assert answer.status == 0
    lines = answer.out.split("\n")
    assert lines[0].split() == [
        *("1", "BS002", "start", "of", "delivery"),
        *("data_supplier", "87654321;", "subsystem", "BS1;", "delivery_type", "0602;", "delivery", "0000000001;"),
        *("created", "2025-12-30"),
    ]
    assert "     3  BS042 0236 paid" in lines[2]
    assert lines[2].endswith(
        "due 2026-01-02; sign 1; amount_due 150.00; paid_on 2026-01-02; booked_on 2026-01-02; paid 150.00"
    )
    assert lines[-2] == "well-formed: 6 records"


def test_a_broken_delivery_is_marked_under_its_bytes(site: Path, broken: Path) -> None:
    answer = show(site, broken)
    assert answer.status == 1
    lines = answer.out.split("\n")
    at = next(number for number, line in enumerate(lines) if "!" in line)
    assert lines[at].strip() == "! positions 50-55, due: found '310226', expected a date DDMMYY or zeros"
    record, mark = lines[at + 1], lines[at + 2]
    assert record[mark.index("^") : mark.rindex("^") + 1] == "310226"
    assert "wrong count in the trailer BS092: found 3, expected 2" in answer.out
    assert lines[-2].startswith("malformed: 2 problems in 6 records, the first at line 4, positions 50-55, due: found")


def test_raw_has_positions_and_bytes(site: Path, broken: Path) -> None:
    rows = [line.split() for line in show(site, broken, "--raw", "--lines", "4").out.split("\n")]
    assert ["116-128", "paid", "|0000000015001|", "150.01"] in rows
    assert ["50-55", "due", "|310226|"] in rows
    assert not any(row[1:2] == ["delivery_type"] for row in rows)


@pytest.mark.parametrize(("lines", "shown"), [("3..4", [3, 4]), ("..2", [1, 2]), ("5..", [5, 6]), ("6", [6])])
def test_lines_choose_what_is_shown_and_not_what_is_judged(
    site: Path, broken: Path, lines: str, shown: list[int]
) -> None:
    answer = show(site, broken, "--lines", lines, "--json")
    assert [record["line"] for record in answer.json["records"]] == shown
    assert (answer.json["problems"], answer.status) == (2, 1)


@pytest.mark.parametrize("lines", ["x", "1..y", "..", "", "-1..2"])
def test_what_is_no_range_is_refused(site: Path, delivery: Path, lines: str) -> None:
    answer = show(site, delivery, f"--lines={lines}")
    assert answer.status == 1
    assert "no range of lines such as 3..10" in answer.err


def test_json_is_one_document(site: Path, delivery: Path) -> None:
    document = show(site, delivery, "--json").json
    assert (document["file"], document["instance"]) == ("D0000001.BS1", "betalingsservice")
    assert (document["problems"], document["verdict"]) == (0, "well-formed: 6 records")
    paid = document["records"][2]["fields"][-1]
    expected = {"field": "paid", "first": 116, "last": 128, "raw": "0000000015000", "value": "150.00", "problem": ""}
    assert paid == expected


def test_a_stored_file_is_shown_by_its_number(site: Path, delivery: Path) -> None:
    hub("ingest", delivery, "--vendor", "betalingsservice", site=site)
    file_id = hub("files", "--json", site=site).json["files"][-1]["id"]
    answer = show(site, file_id, "--json")
    assert answer.json["file"] == "D0000001.BS1"
    assert answer.json["records"] == show(site, delivery, "--json").json["records"]


def test_what_cannot_be_shown_is_told(site: Path, delivery: Path) -> None:
    assert "there is no file 4711. see: hub files" in show(site, 4711).err
    assert "there is no file missing.txt" in show(site, "missing.txt").err
    unknown = show(site, delivery, "--instance", "brunata-heat")
    assert unknown.status == 1
    assert "no instance of Betalingsservice is called 'brunata-heat'. the instances: betalingsservice" in unknown.err


def test_receipts_are_taken_in_and_kept(site: Path, tmp_path: Path) -> None:
    sent = Transmission("93F108A4AD2", datetime(2026, 1, 2, 12, 54, 4))  # noqa: DTZ001  # a receipt says no zone
    note = making_receipts.note([NoteSection(CREDITOR, "00001", "0211", 2, 300_01)])
    files = {"T0000007": making_receipts.transmitted(sent), "F0000007": note, "F0000008": note, "0601-7.OK": ""}
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    answer = hub("ingest", *(tmp_path / name for name in files), "--vendor", "betalingsservice", "--json", site=site)
    # Two notes of the same words are about two files.
    assert [file["state"] for file in answer.json["files"]] == ["booked"] * 4
    assert [file["records"]["kept"] for file in answer.json["files"]] == [1, 2, 2, 1]


def test_many_records_come_over_in_batches_in_order(tmp_path: Path) -> None:
    path = tmp_path / "D0000002.BS1"
    path.write_bytes(b"".join(making.make(payments(2_000), HEAD, "iso8859-1")))
    with Instance("bs", VendorConfig(plugin="nets_bs"), HubConfig()) as instance:
        shown = list(instance.show(path, path.name))
        assert [field.record for field in shown] == sorted(field.record for field in shown)
        assert shown[-1].record == 2_004
        left = instance.show(path, path.name)
        assert next(left).record == 1
        left.close()
        assert next(instance.show(path, path.name)).field == "record_type"
