"""``hub layout``: an admin sets positions with eyes."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hub.imports.portfolio import import_portfolio
from hub.store.consumption.known import KnownTenancy, known_tenancies
from hub.store.database import Database
from tests.hostile_zips import zipped
from tests.integration.cli_runner import Answer, hub

_PORTFOLIO = "company,company_name,property,property_name,unit,tenant,name,move_in\n" + "".join(
    f"1,Skovly,12,Aakaj,{101 + number},{1 + number % 2},{name} {number},2020-01-{1 + number:02}\n"
    for number, name in enumerate(["Søren Ærø", "Åse Øst", "Mads Holm", "Ida Lund"] * 5)
)
_ASKED = """implied_decimals = 2
sign_tenant_pays = "+"
sign_tenant_receives = "-"
charge_type = "75040"
"""
_VENDORS = {
    "heat": (
        f'plugin = "brunata"\n[settings.result]\n{_ASKED}unit_length = 5\n[settings.export]\nimplied_decimals = 2\n'
    ),
    "broken": f'plugin = "brunata"\n[door]\npattern = ""\n[settings.result]\n{_ASKED}amount_start = 18\n',
    "columns": (
        'plugin = "own_meter"\n[door]\npattern = ""\n[settings.result]\n'
        f'{_ASKED}delimiter = ";"\ncompany_column = 1\nproperty_column = 2\nunit_column = 3\ntenant_column = 5\n'
        "amount_column = 6\nsign_column = 7\n"
    ),
    "pdfs": 'plugin = "brunata"\n[door]\npattern = ""\n[settings.statements]\n',
}
LINES = [
    *(f"0001000012{101 + number:05} {1 + number % 2:03} {100 * number:010}{'+-'[number % 2]}" for number in range(20)),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("layout") / "site"
    assert hub("init", root).status == 0
    for template in (root / "config/vendors").glob("*.toml"):
        template.unlink()
    for name, text in _VENDORS.items():
        (root / f"config/vendors/{name}.toml").write_text(text)
    people = root / "portfolio.csv"
    people.write_text(_PORTFOLIO)
    assert hub("portfolio", "import", people, site=root).status == 0
    return root


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write(tmp_path / "HEAT.txt", *LINES)


def write(path: Path, *lines: str, encoding: str = "iso8859-1") -> Path:
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    return path


def show(site: Path, *arguments: object) -> Answer:
    return hub("layout", "show", *arguments, site=site)


def under(answer: Answer, text: str) -> str:
    """What stands two lines under the ones of the ruler: each position's letter."""
    lines = answer.out.split("\n")
    return lines[next(at for at, line in enumerate(lines) if line.strip() == text) + 1].strip()


def test_the_layout_alone_stands_on_an_empty_ruler(site: Path) -> None:
    answer = show(site, "heat", "--kind", "result")
    assert answer.status == 0
    assert "                10        20        30" in answer.out
    assert under(answer, "1234567890123456789012345678901") == "aaaabbbbbbccccc.ddd.eeeeeeeeeef"
    assert "no field has position 16, 20 (R34)" in answer.out


def test_the_legend_says_item_setting_and_where_it_comes_from(site: Path) -> None:
    (legend,) = (line for line in show(site, "heat", "--kind", "result").out.split("\n") if "unit" in line)
    assert [cell.strip() for cell in legend.split("   ") if cell.strip()] == [
        *("c", "unit", "11-15", "5", "12.05-12.06", "result.unit_start, _length"),
        "sheet default, config/vendors/heat.toml:7",
    ]


def test_every_kind_is_shown_without_a_file(site: Path) -> None:
    answer = show(site, "heat", "--json")
    assert [(each["kind"], each["length"]) for each in answer.json["layouts"]] == [("result", 31), ("export", 118)]
    (new_address,) = (each for each in answer.json["layouts"][1]["fields"] if each["field"] == "new_address")
    assert new_address == {
        **{"letter": "i", "field": "new_address", "first": 78, "last": 107, "length": 30, "item": "11.18-11.19"},
        **{"setting": "export.new_address_start", "origin": "sheet default"},
        **{"length_setting": "export.new_address_length", "length_origin": "sheet default"},
    }
    assert answer.json["layouts"][1]["gaps"] == [[20, 20], [72, 77], [108, 108]]


def test_the_files_lines_stand_under_the_ruler_with_their_values(site: Path, results: Path) -> None:
    answer = show(site, "heat", results, "--lines", 2)
    assert answer.status == 0
    lines = answer.out.split("\n")
    at = next(number for number, line in enumerate(lines) if line.endswith(LINES[0]))
    ruler = next(line for line in lines if line.endswith("1234567890123456789012345678901"))
    assert lines[at].index(LINES[0]) == ruler.index("1")
    assert lines[at + 1].strip() == (
        "a company 1; b property 12; c unit 101; d tenant 1; e amount 0.00; f sign tenant pays"
    )
    assert lines[at + 2].endswith(LINES[1])
    assert not any(LINES[2] in line for line in lines)
    assert lines[-2] == "well-formed: 20 records"


def test_fields_have_their_colours_where_there_are_any_and_say_the_same_without(
    site: Path, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = show(site, "heat", results).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = show(site, "heat", results).out
    assert "\x1b" not in plain
    assert "\x1b[30;106m0001\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert "106m" not in show(site, "heat", results).out


def test_a_broken_line_far_down_is_shown_and_marked_under_its_bytes(site: Path, tmp_path: Path) -> None:
    broken = LINES[14][:20] + "00000O1400" + LINES[14][30:]
    answer = show(site, "heat", write(tmp_path / "x.txt", *LINES[:14], broken, *LINES[15:]), "--lines", 1)
    assert answer.status == 1
    lines = answer.out.split("\n")
    at = next(number for number, line in enumerate(lines) if line.endswith(broken))
    marks = lines[at + 1]
    assert lines[at][marks.index("^") : marks.rindex("^") + 1] == "00000O1400"
    assert "! amount 21-30: found '00000O1400', expected 10 digits" in lines[at + 3]
    assert lines[-2].startswith("malformed: 1 problems in 20 records, the first at line 15, positions 21-30, amount")


def test_an_overlap_is_shown_where_it_lies_though_the_settings_are_refused(site: Path, results: Path) -> None:
    answer = show(site, "broken")
    assert answer.status == 1
    assert under(answer, "1234567890123456789012345678901") == "aaaabbbbbbccccccd!!eeeeeeee...f"
    assert "! tenant and amount overlap in position 18-19" in answer.out
    assert "! config/vendors/broken.toml: settings.result" in answer.out
    assert "config/vendors/broken.toml:9" in answer.out
    over = show(site, "broken", results, "--lines", 1)
    assert LINES[0] in over.out
    assert "not read: the settings are refused" in over.out
    document = show(site, "broken", "--json").json
    assert document["layouts"][0]["overlaps"] == [{"first": 18, "last": 19, "fields": ["tenant", "amount"]}]
    assert document["problems"][0]["key"] == "settings.result"


def test_a_delimited_file_in_its_columns(site: Path, tmp_path: Path) -> None:
    answer = show(site, "columns", write(tmp_path / "x.csv", "1;12;0101;Åse;1;12550;+", "1;12;102;Åse;2;1x;+"))
    assert answer.status == 1
    assert "result: 7 columns" in answer.out
    assert "no field has column 4" in answer.out
    assert "0101 = 101" in answer.out
    assert "12550 = 125.50" in answer.out
    assert "! line 2, column 6, amount: found '1x'" in answer.out
    assert "the first at line 2, column 6, amount" in answer.out


def test_a_file_of_another_plug_in_is_shown_by_its_own_fields(site: Path, tmp_path: Path) -> None:
    (site / "config/vendors/bs.toml").write_text(
        'plugin = "nets_bs"\n[door]\npattern = ""\n[settings]\ncreditors = ["09999999"]\n'
    )
    file = write(tmp_path / "D1.BS1", "BS00287654321BS106020000000001".ljust(49) + "301225".ljust(79))
    answer = show(site, "bs", file)
    assert "a record_type BS002; b data_supplier 87654321" in answer.out
    assert "no setting places the fields of plug-in nets_bs" in show(site, "bs").err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "no vendor instance is named 'nobody'. the instances:"),
        (
            ("heat", "--kind", "statement"),
            "instance heat has no layout of kind 'statement'. its layouts: result, export",
        ),
        (("heat", "nowhere.txt"), "there is no file nowhere.txt"),
        (("pdfs",), "no setting places the fields of plug-in brunata"),
    ],
)
def test_what_cannot_be_shown_is_told(site: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = show(site, *arguments)
    assert answer.status == 1
    assert said in answer.err


def test_a_document_has_no_positions(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "1-12-F-20250601-20260531-101-1.pdf"
    file.write_bytes(b"%PDF-1.4\n%%EOF\n")
    assert "is a document: its name says whose it is" in show(site, "pdfs", file).err


def test_a_zip_has_no_positions(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "results.zip"
    file.write_bytes(zipped({"results.txt": b"0001000012000304002 0000125050+\r\n"}))
    answer = show(site, "heat", file)
    assert (answer.status, answer.out) == (1, "")
    assert "results.zip is a zip" in answer.err


def test_a_guess_is_told_with_its_evidence_and_as_toml(site: Path, tmp_path: Path) -> None:
    names = ["Søren Ærø", "Åse Øst", "Mads Holm", "Ida Lund"] * 5
    lines = [f"{line}{name.upper():20}" for line, name in zip(LINES, names, strict=True)]
    file = write(tmp_path / "x.txt", "HEAD 2025", *lines, encoding="cp865")
    answer = hub("layout", "guess", file, site=site)
    assert answer.status == 0
    assert "20 of 21 lines are those of known tenancies, of 20 different ones" in answer.out
    assert "20 of 21 lines hold a unit of property 1-12" in answer.out
    toml = answer.out[answer.out.index("[settings.result]") :]
    result = tomllib.loads(toml)["settings"]["result"]
    assert {key: result[key] for key in ("amount_start", "amount_length", "sign_start", "encoding")} == {
        **{"amount_start": 21, "amount_length": 10, "sign_start": 31, "encoding": "cp865"}
    }


def test_a_guess_as_json(site: Path, results: Path) -> None:
    document = hub("layout", "guess", results, "--instance", "heat", "--json", site=site).json
    unit, *_ = (each for each in document["findings"] if each["field"] == "unit")
    assert unit == {
        **{"field": "unit", "first": 11, "last": 15, "verdict": "sure", "contradicted_by": [], "alternatives": []},
        **{"evidence": "20 of 20 lines hold a unit of property 1-12", "written": ""},
    }
    assert document["missing"] == []
    assert tomllib.loads(document["toml"])["settings"]["result"]["unit_start"] == 11


def test_what_was_guessed_reads_the_file(site: Path, results: Path) -> None:
    """Pasted, with what the vendor was asked, it is a layout that reads every line."""
    toml: str = hub("layout", "guess", results, "--json", site=site).json["toml"]
    asked = toml.replace("[settings.result]\n", f"[settings.result]\n{_ASKED}")
    (site / "config/vendors/guessed.toml").write_text(f'plugin = "own_meter"\n[door]\npattern = ""\n{asked}')
    answer = show(site, "guessed", results)
    assert answer.out.rstrip().endswith("well-formed: 20 records")


def test_a_guess_that_finds_no_tenancy_says_so(site: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "x.txt", *["nothing of ours here"] * 30)
    answer = hub("layout", "guess", file, site=site)
    assert answer.status == 1
    assert "not found: company, property, unit, tenant" in answer.out
    assert "there is no file" in hub("layout", "guess", tmp_path / "none", site=site).err
    assert "no tenancies to guess by" in hub("layout", "guess", file, "--company", "7", site=site).err
    assert hub("layout", "guess", file, "--encoding", "utf-8", site=site).status == 1


def test_what_the_portfolio_knows_of_the_companies_and_properties_asked_for(database: Database, tmp_path: Path) -> None:
    people = tmp_path / "portfolio.csv"
    people.write_text(
        "company,company_name,property,property_name,unit,tenant,name,second_name,move_in,move_out\n"
        "1,Skovly,12,Aakaj,101,2,Åse,Ib,2020-01-01,2024-12-31\n1,Skovly,13,Bakken,5,1,Mads,,,\n2,Englyst,12,Eng,1,1,Ida,,,\n"
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    import_portfolio(database, people, currency_of=lambda _: "DKK", now=now, actor="anna")
    with database.read() as conn:
        everyone = {each.name for each in known_tenancies(conn)}
        of_one = {each.name for each in known_tenancies(conn, companies=("01",))}
        (tenancy,) = known_tenancies(conn, properties=("1-12",))
    assert everyone == {"Åse", "Mads", "Ida"}
    assert of_one == {"Åse", "Mads"}
    assert tenancy == KnownTenancy("1", "12", "101", "2", "Åse", "Ib", date(2020, 1, 1), date(2024, 12, 31))
