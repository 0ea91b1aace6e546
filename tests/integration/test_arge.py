"""The standard data exchange from end to end: tenants out, results in, and PDFs filed by the index that names them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from hub.settings import load_site
from hub.store.database import connect
from hub.store.documents import standing
from hub.store.portfolio import refs_with
from tests.exporting import FORTY, MOVED_OUT, PEOPLE, STAYED, write_people
from tests.integration.cli_runner import Answer, hub

PERIOD = "2025-06-01..2026-05-31"
_HUB = """
database = "{database}"
[intake]
settle_looks = 1
settle_age_seconds = 0
"""
_VENDOR = """plugin = "arge"
[consumption]
type = "heat"
export = true
export_name = "DTM305_{stamp}.DAT"
[settings]
customer = "88001"
[settings.result]
charge_types = { 231 = "75040" }
amounts = "balance"
[settings.index]
charge_types = { HKA = "75020" }
[settings.export]
properties = { "1-7" = "000004711" }
dwelling_is_unit = true
"""
_PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def _put(length: int, *pieces: tuple[int, str]) -> bytes:
    """A record of blanks with texts at 1-based positions."""
    record = bytearray(b" " * length)
    for first, text in pieces:
        raw = text.encode("iso8859-15")
        record[first - 1 : first - 1 + len(raw)] = raw
    assert len(record) == length
    return bytes(record) + b"\r\n"


def _result(key: str, cost: int, on_account: int, last_day: str = "310526") -> bytes:
    """A D record."""
    amounts = (cost, on_account, cost - on_account)
    return _put(
        1024,
        (1, "D03.050000088001  0000047110001"),
        (32, key),
        (52, last_day),
        *((first, f"{amount:010}") for first, amount in zip((58, 78, 128), amounts, strict=True)),
        (148, "231"),
        (201, "DKK"),
        (1024, "D"),
    )


def _document(key: str, path: str) -> bytes:
    """An E898 record."""
    return _put(120, (1, "E898"), (14, "000004711000103041"), (32, key), (53, path), (109, "001310526HKA"))


class ArgeSite:
    def __init__(self, root: Path, database_url: str) -> None:
        self.root = root
        for folder in ("config/companies", "config/vendors", "content", "archive", "quarantine", "lists", "inbox/arge"):
            (root / folder).mkdir(parents=True)
        (root / "config/hub.toml").write_text(_HUB.format(database=database_url))
        (root / "config/vendors/arge.toml").write_text(_VENDOR)
        self.hub("portfolio", "import", write_people(root / "people.csv", *PEOPLE))

    def hub(self, *arguments: object, status: int = 0) -> Answer:
        answer = hub(*arguments, site=self.root)
        assert answer.status == status, f"{answer.status}: {answer.err or answer.out}"
        return answer

    def charge(self, tenancy: str, amount: str) -> None:
        self.hub("charges", "add", tenancy, "--due", "2025-10-01", "--line", f"75020={amount}", "--kind", "rent")

    def ingest(self, name: str, content: bytes, *options: str) -> Any:
        """What became of a file dropped under this name."""
        path = self.root / name
        path.write_bytes(content)
        answer = hub("ingest", path, *options, "--json", site=self.root)
        return answer.json["files"]

    def balance(self, tenancy: str) -> str:
        return str(self.hub("balance", tenancy, "--json").json["balance"])

    def whose(self, file: Any) -> str:
        """The key of the tenancy that a document is filed on."""
        opened = connect(load_site(self.root).database_url)
        with opened.read() as conn:
            filed = standing(conn, file["id"])
            assert filed is not None
            assert filed.dropped_at is None
            assert filed.place.tenancy_id is not None
            key = refs_with(conn, [filed.place.tenancy_id])[filed.place.tenancy_id].key
        opened.close()
        return key


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> ArgeSite:
    return ArgeSite(tmp_path / "site", database_url)


def test_tenants_go_out_and_results_come_back(site: ArgeSite) -> None:
    site.charge(STAYED[0], "6000.00")
    site.charge(MOVED_OUT[0], "2000.00")
    path = Path(site.hub("export", "arge", "--property", "1-7", "--period", PERIOD, "--json").json["path"])
    assert re.fullmatch(r"DTM305_[0-9]{14}\.DAT", path.name)
    property_, *users = path.read_bytes().split(b"\r\n")[:-1]
    assert property_[115:127] == b"010625310526"
    assert [user[31:51].decode().rstrip() for user in users] == list(FORTY)
    assert {user[31:51].decode().rstrip(): user[522:532] for user in users if user[522:532] != b"0000000000"} == {
        STAYED[0]: b"0000600000",
        MOVED_OUT[0]: b"0000200000",
    }

    results = _result(STAYED[0], 512550, 600000) + _result(MOVED_OUT[0], 250000, 200000, "301125")
    results += b"".join(_result(key, 100000, 0) for key in FORTY if key not in (STAYED[0], MOVED_OUT[0]))
    # No period is given: it is that of the account that the export has opened (R30).
    (file,) = site.ingest("DTD305_20260701120000.DAT", results)
    assert (file["state"], file["records"]["booked"], file["amount"]) == ("booked", 40, "37625.50")
    owed = {STAYED[0]: "5125.50", MOVED_OUT[0]: "2500.00", STAYED[1]: "1000.00"}
    assert {key: site.balance(key) for key in owed} == owed

    again = site.ingest("DTD305_20260702120000.DAT", results)
    assert [file["state"] for file in again] == ["duplicate"]
    assert {key: site.balance(key) for key in owed} == owed


def test_a_file_that_breaks_the_standard_books_nothing_and_says_where(site: ArgeSite) -> None:
    right, other = _result(STAYED[0], 512550, 0), _result(STAYED[1], 100000, 0)
    for number, (wrong, said) in enumerate(
        [
            (other.replace(b"310526", b"010626"), "line 2, positions 52-57, field 'last_day': found 2026-06-01"),
            (other.replace(b"DKK", b"EUR"), "line 2, positions 201-203, field 'currency': found EUR, expected DKK"),
        ]
    ):
        (file,) = site.ingest(f"DTD305_2026070{number + 1}120000.DAT", right + wrong, "--period", PERIOD)
        assert file["state"] == "quarantined"
        assert said in " ".join(file["reasons"])
    looked = hub("layout", "show", "arge", file["id"], site=site.root)
    assert looked.status == 1
    assert "currency 201-203: found EUR, expected DKK" in looked.out
    assert site.balance(STAYED[0]) == "0.00"


def test_last_years_results_are_not_taken_into_the_account_that_is_open(site: ArgeSite) -> None:
    """A file without a period is that of the open account, unless its last days of use say that it cannot be (R30)."""
    site.hub("consumption", "open", "--property", "1-7", "--type", "heat", "--period", PERIOD)
    (last_year,) = site.ingest("DTD305_20250701120000.DAT", _result(STAYED[0], 512550, 0, "310525"))
    assert last_year["state"] == "quarantined"
    assert "period unknown: record 1" in " ".join(last_year["reasons"])
    assert site.balance(STAYED[0]) == "0.00"


def test_a_file_that_came_under_a_wrong_name_is_taken_under_the_right_one(site: ArgeSite) -> None:
    """The name decides which records a file may hold."""
    results = _result(STAYED[0], 512550, 0)
    (wrong,) = site.ingest("DTA305_20260701120000.DAT", results, "--period", PERIOD)
    assert wrong["state"] == "quarantined"
    (right,) = site.ingest("DTD305_20260701120000.DAT", results, "--period", PERIOD)
    assert (right["state"], site.balance(STAYED[0])) == ("booked", "5125.50")
    assert right["id"] != wrong["id"]


def test_pdfs_are_filed_by_the_index_that_names_them(site: ArgeSite) -> None:
    (early,) = site.ingest("0000471.pdf", _PDF)
    assert early["state"] == "quarantined"
    index = _document(STAYED[0], "bilag\\0000471.pdf") + _document(MOVED_OUT[0], "0000472.pdf")
    (read,) = site.ingest("DTE898_20260701120000.DAT", index, "--period", PERIOD)[:1]
    assert (read["state"], read["records"]["kept"]) == ("booked", 2)
    (late,) = site.ingest("0000472.pdf", _PDF.replace(b"1 0 obj", b"2 0 obj"))
    assert late["state"] == "booked"
    assert [site.whose(file) for file in (early, late)] == [STAYED[0], MOVED_OUT[0]]
