"""``hub export`` as a person asks it: the bytes of every vendor's file, counted by the set-up sheet's own numbers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.outbox import placing
from tests.exporting import FORTY, MOVED_OUT, PEOPLE, PERIOD, STAYED, row, write_people
from tests.integration.cli_runner import Answer, hub

_HUB = """
database = "{database}"
[intake]
settle_looks = 1
settle_age_seconds = 0
"""
_CONSUMPTION = '[consumption]\ntype = "heat"\nexport = true\n'
_AMOUNTS = "[settings.export]\nimplied_decimals = 2\n"
#: Config of an instance, by name.
VENDORS = {
    "brunata": f'plugin = "brunata"\n{_CONSUMPTION}{_AMOUNTS}',
    "techem": f'plugin = "techem"\n{_CONSUMPTION}{_AMOUNTS}',
    "ista": f'plugin = "ista"\n{_CONSUMPTION}{_AMOUNTS}',
    "casi": f'plugin = "casi"\n{_CONSUMPTION}{_AMOUNTS}',
    "sinergi": f"""plugin = "sinergi"
{_CONSUMPTION}
{_AMOUNTS}
company_start = 1
company_length = 4
property_start = 5
property_length = 6
unit_start = 11
unit_length = 6
tenant_start = 17
tenant_length = 3
amount_start = 21
amount_length = 10
distribution_type = "F1"
distribution_type_start = 32
distribution_type_length = 3
on_account_type = "75020"
on_account_type_start = 36
on_account_type_length = 5
second_tenant_number = "2"
second_tenant_number_start = 42
second_tenant_number_length = 1
""",
    "columns": f"""plugin = "own_meter"
{_CONSUMPTION}
{_AMOUNTS}
delimiter = ";"
decimal_mark = ","
date_format = "DDMMÅÅÅÅ"
company_column = 1
property_column = 2
unit_column = 3
tenant_column = 4
amount_column = 5
period_from_column = 6
period_to_column = 7
name_column = 8
""",
}
ASKED = ("--property", "1-7", "--period", "2025-06-01..2026-05-31")
#: Start and length of each field, as the sheet has them: items 11.02-11.21, 20.05-20.29 and, of ista and Casi, those of
#: the results (15.01-15.10, 24.01-24.10), which the export mirrors (R36); of SINergi, those of the config above.
SHEET: dict[str, dict[str, tuple[int, int]]] = {
    "brunata": {
        "key": (1, 19),
        "amount": (21, 10),
        "move_in": (31, 8),
        "move_out": (39, 8),
        "name": (47, 25),
        "new_address": (78, 30),
        "new_postal_code": (109, 10),
    },
    "techem": {
        "key": (1, 19),
        "period": (22, 16),
        "amount": (38, 10),
        "name": (48, 50),
        "second_name": (98, 50),
        "new_address": (148, 50),
        "new_postal_code": (198, 4),
        "new_city": (202, 20),
        "vat": (222, 1),
    },
    "ista": {"key": (1, 19), "amount": (22, 10)},
    "casi": {"key": (1, 13), "amount": (22, 10)},
    "sinergi": {"key": (1, 19), "amount": (21, 10), "17.05": (32, 3), "17.06": (36, 5), "17.07": (42, 1)},
}
#: Digits of company, property, unit and tenant number.
DIGITS = {
    "brunata": (4, 6, 6, 3),
    "techem": (4, 6, 6, 3),
    "ista": (4, 6, 6, 3),
    "casi": (2, 4, 4, 3),
    "sinergi": (4, 6, 6, 3),
}


class ExportSite:
    def __init__(self, root: Path, database_url: str) -> None:
        self.root = root
        for folder in ("config/companies", "config/vendors", "content", "archive", "quarantine", "lists", "inbox"):
            (root / folder).mkdir(parents=True)
        self.write("hub.toml", _HUB.format(database=database_url))
        for name, text in VENDORS.items():
            self.write(f"vendors/{name}.toml", text)
        self.hub("portfolio", "import", write_people(root / "people.csv", *PEOPLE))

    def write(self, name: str, text: str) -> None:
        (self.root / "config" / name).write_text(text, encoding="utf-8")

    def hub(self, *arguments: object, status: int = 0) -> Answer:
        answer = hub(*arguments, site=self.root)
        assert answer.status == status, f"{answer.status}: {answer.err or answer.out}"
        return answer

    def charge(self, tenancy: str, amount: str, day: str = "2025-10-01") -> None:
        self.hub("charges", "add", tenancy, "--due", day, "--line", f"75020={amount}", "--kind", "rent")

    def export(self, *more: object, instance: str = "brunata") -> Any:
        return self.hub("export", instance, *ASKED, *more, "--json").json


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> ExportSite:
    return ExportSite(tmp_path / "site", database_url)


def key_of(vendor: str, tenancy: str) -> str:
    return "".join(part.zfill(digits) for part, digits in zip(tenancy.split("-"), DIGITS[vendor], strict=True))


def test_every_vendors_file_has_its_fields_where_the_sheet_says(site: ExportSite) -> None:
    site.charge(STAYED[0], "600.00")
    site.charge(STAYED[0], "1150.50", "2025-11-01")
    site.charge(MOVED_OUT[0], "75.00")
    gone = row(MOVED_OUT[0], move_out="2025-11-30", new="Nyvej 1,5000,Odense").replace("Øst,,", "Øst,Ågot Æbelø,")
    site.hub("portfolio", "import", write_people(site.root / "people.csv", f"{gone[:-1]}1"))
    amounts = {STAYED[0]: "0000175050", MOVED_OUT[0]: "0000007500"}
    for vendor, places in SHEET.items():
        lines = Path(site.export(instance=vendor)["path"]).read_bytes().split(b"\r\n")
        assert lines.pop() == b""
        assert len(lines) == 40
        assert len({len(line) for line in lines}) == 1

        def cut(line: bytes, name: str, places: dict[str, tuple[int, int]] = places) -> str:
            first, length = places[name]
            return line[first - 1 : first - 1 + length].decode("iso8859-1")

        by_key = {cut(line, "key"): line for line in lines}
        assert list(by_key) == [key_of(vendor, tenancy) for tenancy in FORTY]
        for tenancy in FORTY:
            assert cut(by_key[key_of(vendor, tenancy)], "amount") == amounts.get(tenancy, "0000000000")
        told = {name: cut(by_key[key_of(vendor, MOVED_OUT[0])], name) for name in places}
        expected = {
            "name": "Lejer 37.1 Øst",
            "move_in": "01012020",
            "move_out": "30112025",
            "period": "2025060120260531",
            "new_address": "Nyvej 1",
            "new_postal_code": "5000",
            "new_city": "Odense",
            "second_name": "Ågot Æbelø",
            "vat": "1",
            "17.05": "F1",
            "17.06": "75020",
            "17.07": "2",
        }
        for name in places.keys() & expected.keys():
            assert told[name] == expected[name].ljust(places[name][1])
        _blank_between(lines[0], places.values())


def _blank_between(line: bytes, places: Any) -> None:
    """What no field of the sheet covers is blank (R34)."""
    covered = {at for first, length in places for at in range(first - 1, first - 1 + length)}
    assert {line[at] for at in range(len(line)) if at not in covered} <= {ord(" ")}


def test_a_delimited_file_has_its_columns(site: ExportSite) -> None:
    site.charge(STAYED[0], "600.00")
    lines = Path(site.export(instance="columns")["path"]).read_text("iso8859-1").split("\n")
    assert lines[0].rstrip("\r") == "1;7;1;1;600,00;01062025;31052026;Lejer 1.1 Øst"


def test_asked_again_it_makes_no_second_file(site: ExportSite, tmp_path: Path) -> None:
    first = site.export("--out", tmp_path / "mail")
    again = site.export("--out", tmp_path / "mail")
    assert (first["unchanged"], again["unchanged"]) == (False, True)
    assert again["delivery"] == first["delivery"]
    assert Path(again["copy"]).read_bytes() == Path(first["path"]).read_bytes()
    assert len(site.hub("deliveries", "list", "--json").json["deliveries"]) == 1
    assert "no second file was made" in site.hub("export", "brunata", *ASKED).out


def test_under_one_key_it_is_done_once_whatever_has_changed(site: ExportSite) -> None:
    first = site.export("--key", "heat 2026")
    site.charge(STAYED[0], "600.00")
    again = site.export("--key", "heat 2026")
    assert (again["repeated"], again["delivery"], again["on_account"]) == (True, first["delivery"], "0.00")
    assert site.export()["delivery"]["id"] != first["delivery"]["id"]


def test_what_was_handed_over_leaves_the_outbox_and_is_copied_still(site: ExportSite, tmp_path: Path) -> None:
    made = site.export()
    site.hub("deliveries", "sent", made["delivery"]["id"])
    assert not Path(made["path"]).exists()
    again = site.export("--out", tmp_path)
    assert again["path"] is None
    assert Path(again["copy"]).name == made["delivery"]["name"]
    refused = site.hub("deliveries", "write", made["delivery"]["id"], status=1).err
    assert "handed over twice tells of 40 tenancies twice" in refused


def test_a_copy_never_overwrites_another_file(site: ExportSite, tmp_path: Path) -> None:
    (tmp_path / "heat-1-7-20250601-20260531.txt").write_text("what was sent last year")
    answer = site.hub("export", "brunata", *ASKED, "--out", tmp_path, status=1)
    assert "is there with other bytes" in answer.err
    assert (tmp_path / "heat-1-7-20250601-20260531.txt").read_text() == "what was sent last year"


def test_what_was_cut_between_commit_and_outbox_is_mended(site: ExportSite, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(placing, "place", _killed)
        assert hub("export", "brunata", *ASKED, "--key", "mail 7", site=site.root).status == 130
    (made,) = site.hub("deliveries", "list", "--json").json["deliveries"]
    assert (made["state"], made["in_outbox"]) == ("made", False)
    again = site.export("--key", "mail 7")
    assert (again["repeated"], again["delivery"]["id"]) == (True, made["id"])
    assert Path(again["path"]).exists()


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_our_own_file_is_no_input(site: ExportSite) -> None:
    """R3: whatever it is called, and wherever it is dropped."""
    made = site.export()
    dropped = site.root / "inbox/brunata/results.txt"
    dropped.parent.mkdir(exist_ok=True)
    dropped.write_bytes(Path(made["path"]).read_bytes())
    (file,) = site.hub("ingest", dropped, "--json", status=2).json["files"]
    assert file["state"] == "quarantined"
    assert f"our own delivery {made['delivery']['id']}" in file["reasons"][0]


def test_a_check_writes_nothing(site: ExportSite) -> None:
    site.charge(STAYED[0], "600.00")
    before = _files(site.root)
    shown = site.export("--check")
    assert [one["tenancy"] for one in shown["tenants"]] == list(FORTY)
    assert shown["tenants"][0]["on_account"] == shown["on_account"] == "600.00"
    assert (shown["present"], shown["moved_out"], shown["account"]) == (38, 2, None)
    assert _files(site.root) == before
    assert site.hub("deliveries", "list", "--json").json["deliveries"] == []
    assert "this was the check" in site.hub("export", "brunata", *ASKED, "--check").out
    assert site.export()["account"] == site.export("--check")["account"]


def _files(root: Path) -> set[Path]:
    return {path for folder in ("content", "outbox") for path in (root / folder).rglob("*")}


def test_every_name_that_has_no_room_is_told(site: ExportSite) -> None:
    long = "Christiane Søndergaard-Østergaard"
    people = [row.replace("Lejer 1.1 Øst", long).replace("Lejer 36.1 Øst", f"{long} II") for row in PEOPLE]
    site.hub("portfolio", "import", write_people(site.root / "people.csv", *people))
    error = site.hub("export", "brunata", *ASKED, status=1).err
    assert "2 of 40 tenancies cannot be told" in error
    assert "1-7-1-1: positions 47-71, field 'name': 33 characters have no room in 25; 1-7-36-1: " in error
    checked = site.hub("export", "brunata", *ASKED, "--check", "--json", status=1).json
    assert [one["tenancy"] for one in checked["refused"]] == ["1-7-1-1", "1-7-36-1"]
    site.write("vendors/brunata.toml", VENDORS["brunata"] + 'too_long = "cut"\n')
    made = site.export()
    assert "is cut to 25 characters for tenancy 1-7-1-1, tenancy 1-7-36-1" in made["remarks"][0]
    (event,) = [one for one in site.hub("deliveries", "show", 1, "--json").json["events"] if one["what"] == "note"]
    assert event["text"] == made["remarks"][0]


def test_a_set_up_that_makes_no_file_is_told_by_its_reason(site: ExportSite) -> None:
    on = VENDORS["ista"]
    results = 'plugin = "ista"\n[settings.statements]\n' + _CONSUMPTION
    for text, why in (
        (on.replace("export = true", "export = false"), "consumption.export: export is off"),
        (results, "exports are off: no [settings.export]"),
    ):
        site.write("vendors/ista.toml", text)
        assert why in site.hub("export", "ista", *ASKED, status=1).err


def test_it_is_shown_with_the_other_deliveries(site: ExportSite) -> None:
    site.charge(STAYED[0], "600.00")
    made = site.export()["delivery"]
    (listed,) = site.hub("deliveries", "list", "--json").json["deliveries"]
    assert (listed["kind"], listed["items"], listed["amount"], listed["in_outbox"]) == ("export", 40, "600.00", True)
    shown = site.hub("deliveries", "show", made["id"], "--json").json
    assert [one["tenancy"] for one in shown["told"]] == list(FORTY)
    assert shown["told"][0] == {
        "tenancy": STAYED[0],
        "name": "Lejer 1.1 Øst",
        "on_account": "600.00",
        "account": 1,
        "type": "heat",
        "period": f"{date.isoformat(PERIOD[0])}..{PERIOD[1].isoformat()}",
    }
    assert "40 tenancies, with what was asked of them on account" in site.hub("deliveries", "show", made["id"]).out
