"""``hub init``, ``check``, ``vendors``, and the program as a process: status, streams, signals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest

from hub.cli import output
from hub.settings import CompanyConfig, HubConfig, load_site
from hub.store import views
from hub.store.database import SCHEMA_HEAD, connect
from tests import schemas, tiny_site
from tests.integration.cli_runner import hub

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("hub")
SAMPLE = (
    REPOSITORY.parent / "shared/samples/betalingsservice/0602_sections0211+0215_automatic-completed-and-rejected.txt"
)
#: A line that is a setting when the # is taken away.
_SETTING = re.compile(r"^# ((?:\w+ = |\[).*)$", re.MULTILINE)
_EXAMPLE = re.compile(r"^#   (.*)$", re.MULTILINE)


def run_program(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAM), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    assert hub("init", root).status == 0
    return root


class TestInit:
    def test_a_new_site_is_in_order_at_once(self, tmp_path: Path) -> None:
        made = hub("init", tmp_path / "new", "--json")
        assert made.status == 0
        assert made.json["site"] == str(tmp_path / "new")
        assert {"config/hub.toml", "config/vendors/betalingsservice.toml", "inbox/"} <= set(made.json["made"])
        assert hub("check", "--json", site=tmp_path / "new").json == {"ok": True, "problems": []}
        assert hub("verify", site=tmp_path / "new").status == 0

    def test_again_keeps_what_is_there_and_makes_what_is_missing(self, site: Path) -> None:
        (site / "config/hub.toml").write_text('[site]\nname = "Mine"\n')
        (site / "config/vendors/brunata-heat.toml").unlink()
        shutil.rmtree(site / "inbox")
        again = hub("init", site, "--json")
        assert set(again.json["made"]) == {"config/vendors/brunata-heat.toml", "inbox/", "inbox/betalingsservice/"}
        assert (site / "config/hub.toml").read_text() == '[site]\nname = "Mine"\n'
        assert "nothing was changed" in hub("init", site).out

    def test_again_leaves_the_books_as_they_are(self, site: Path) -> None:
        (site / "portfolio.csv").write_text(
            "company,company_name,property,property_name,unit,tenant,name\n1,A,1,B,1,1,Ida\n"
        )
        assert hub("portfolio", "import", site / "portfolio.csv", site=site).status == 0
        hub("init", site)
        assert hub("balance", "1-1-1-1", "--json", site=site).json["name"] == "Ida"

    @pytest.mark.parametrize("as_json", [False, True])
    def test_tells_that_it_has_brought_the_database_forward(self, site: Path, as_json: bool) -> None:
        (site / "hub.db").unlink()
        earlier = schemas.revisions()[-1]
        schemas.fill(f"sqlite:///{site / 'hub.db'}", earlier)
        told = hub("init", site, *(["--json"] if as_json else []))
        if as_json:
            assert told.json["brought_forward"] == {"from": earlier, "to": SCHEMA_HEAD}
        else:
            assert told.out == f"{site}: database brought from {earlier} to {SCHEMA_HEAD}; next: hub verify\n"
        assert hub("init", site, "--json").json["brought_forward"] is None

    def test_takes_another_database(self, empty_url: str, tmp_path: Path) -> None:
        assert hub("init", tmp_path / "site", "--database", empty_url).status == 0
        assert load_site(tmp_path / "site").hub.database == empty_url
        connect(empty_url).close()
        assert hub("init", tmp_path / "site", "--database", empty_url).status == 0
        other = hub("init", tmp_path / "site", "--database", "sqlite:///other.db")
        assert other.status == 1
        assert "has another database" in other.err

    def test_a_place_where_no_site_can_be_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        answer = hub("init", tmp_path / "file")
        assert answer.status == 1
        assert "a site cannot be made here" in answer.err

    def test_names_every_setting_with_its_default(self, site: Path) -> None:
        text = _SETTING.sub(r"\1", (site / "config/hub.toml").read_text(encoding="utf-8"))
        given = tomllib.loads(text)
        assert HubConfig.model_validate(given) == HubConfig()
        assert _keys(given) == _keys(HubConfig().model_dump(exclude_none=True))

    def test_its_examples_are_right(self, site: Path) -> None:
        text = (site / "config/hub.toml").read_text(encoding="utf-8")
        example = HubConfig.model_validate(tomllib.loads("\n".join(_EXAMPLE.findall(text))))
        assert example.mail is not None
        assert example.mail.confirmed == ("anna@example.com",)

    def test_the_example_of_a_company_is_one(self, site: Path) -> None:
        example = (site / "config/companies/1.toml.example").read_text(encoding="utf-8")
        company = CompanyConfig.model_validate(
            tomllib.loads(_SETTING.sub(r"\1", re.sub(r"^# (\d)", r"\1", example, flags=re.M)))
        )
        assert company.charge_types["75040"].text == "Varmeregnskab"
        assert company.charge_types["10090"].holding == "deposit"
        (site / "config/companies/1.toml").write_text(example, encoding="utf-8")
        assert hub("check", site=site).status == 0

    def test_brunata_is_on_once_the_vendors_answers_are_filled_in(self, site: Path) -> None:
        # R25: what the sheet leaves open has no default.
        config = site / "config/vendors/brunata-heat.toml"
        text = config.read_text(encoding="utf-8").replace("enabled = false", "enabled = true")
        config.write_text(text, encoding="utf-8")
        problems = hub("check", "--json", site=site).json["problems"]
        assert {problem["key"].rpartition(".")[2] for problem in problems} == {
            *("implied_decimals", "sign_tenant_pays", "sign_tenant_receives")
        }
        config.write_text(_SETTING.sub(r"\1", text), encoding="utf-8")
        assert hub("check", "--json", site=site).json["problems"] == []

    def test_the_examples_of_meter_companies_are_right_once_the_vendors_answers_are_filled_in(self, site: Path) -> None:
        examples = sorted((site / "config/vendors").glob("*-heat.toml.example"))
        assert [path.name[:-18] for path in examples] == ["casi", "ista", "own-meter", "sinergi", "techem"]
        for example in examples:
            text = _SETTING.sub(r"\1", example.read_text(encoding="utf-8"))
            example.with_suffix("").write_text(text, encoding="utf-8")
        assert hub("check", "--json", site=site).json["problems"] == []
        shown = hub("vendors", "show", "techem-heat", "--json", site=site).json["settings"]
        places = {row["key"]: (row["item"], row["value"], row["origin"]) for row in shown}
        assert places["settings.export.vat_start"] == ("20.29", 222, "sheet default")

    @pytest.mark.parametrize(("name", "wrong"), [("bank", {"numbers", "books_slips_of"}), ("mobilepay", {"numbers"})])
    def test_the_examples_of_a_bank_and_of_mobilepay_are_right(self, site: Path, name: str, wrong: set[str]) -> None:
        example = site / f"config/vendors/{name}.toml.example"
        text = _SETTING.sub(r"\1", example.read_text(encoding="utf-8"))
        example.with_suffix("").write_text(text, encoding="utf-8")
        problems = hub("check", "--json", site=site).json["problems"]
        # The company whose numbers these are is not in the portfolio yet; nothing else is wrong.
        assert {one["file"] for one in problems} == {f"config/vendors/{name}.toml"}
        assert {one["key"].split(".")[0] for one in problems} == wrong
        assert load_site(site).vendors[name].match == ("customer", "charge", "tenancy")

    def test_templates_are_in_the_wheel(self, tmp_path: Path) -> None:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
        subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True, timeout=60)
        (wheel,) = tmp_path.glob("*.whl")
        names = zipfile.ZipFile(wheel).namelist()
        templates = REPOSITORY / "hub/cli/templates"
        wanted = {path.relative_to(REPOSITORY).as_posix() for path in templates.rglob("*") if path.is_file()}
        assert len(wanted) >= 4
        assert wanted <= set(names)


class TestCheck:
    def test_all_that_is_wrong_is_told_at_once(self, site: Path) -> None:
        (site / "config/hub.toml").write_text("[intake]\nscan_seconds = -1\n")
        (site / "config/companies/a.toml").write_text('number = "1"\ncurrency = "EUR"\n')
        (site / "config/vendors/x.toml").write_text('plugin = "nobody"\n')
        answer = hub("check", "--json", site=site)
        assert answer.status == 1
        assert answer.json["ok"] is False
        found = {(problem["file"], problem["key"]) for problem in answer.json["problems"]}
        assert found >= {
            ("config/hub.toml", "intake.scan_seconds"),
            ("config/companies/a.toml", "currency"),
            ("config/vendors/x.toml", "plugin"),
        }
        told = hub("check", site=site).out
        assert "scan_seconds, given -1" in told

    def test_creditors_that_cannot_be_told_apart_are_found_in_the_portfolio(self, site: Path) -> None:
        # R7
        (site / "p.csv").write_text(
            "company,company_name,pbs_number,property,property_name,unit,tenant,name\n"
            "1,A,09999999,1,X,1,1,Ida\n2,B,09999999,1,Y,1,1,Per\n"
        )
        assert hub("portfolio", "import", site / "p.csv", site=site).status == 0
        (problem, *_) = hub("check", "--json", site=site).json["problems"]
        assert "share creditor number 09999999" in problem["allowed"]

    def test_a_layout_too_short_for_the_portfolios_numbers_is_found_before_a_file_comes(self, site: Path) -> None:
        # R34
        (site / "p.csv").write_text(
            "company,company_name,property,property_name,unit,tenant,name\n1,A,1,X,9,1,Ida\n1,A,1,X,3041234,1,Per\n"
        )
        assert hub("portfolio", "import", site / "p.csv", site=site).status == 0
        config = site / "config/vendors/brunata-heat.toml"
        text = config.read_text(encoding="utf-8").replace("enabled = false", "enabled = true")
        config.write_text(_SETTING.sub(r"\1", text), encoding="utf-8")
        assert hub("check", "--json", site=site).json["problems"] == [
            {
                "file": "config/vendors/brunata-heat.toml",
                "key": f"settings.{table}.unit_length",
                "given": "6",
                "allowed": f"7 or more: property 1-1 has unit numbers of 7 characters (sheet item {item}, R34)",
            }
            for table, item in (("result", "12.06"), ("export", "11.07"))
        ]

    def test_a_currency_that_the_books_do_not_have_is_found(self, site: Path) -> None:
        (site / "p.csv").write_text("company,company_name,property,property_name,unit,tenant,name\n1,A,1,X,1,1,Ida\n")
        hub("portfolio", "import", site / "p.csv", site=site)
        (site / "config/companies/1.toml").write_text('number = "1"\ncurrency = "SEK"\n')
        (problem,) = hub("check", "--json", site=site).json["problems"]
        assert (problem["key"], problem["given"]) == ("currency", "'SEK'")
        assert "in DKK" in problem["allowed"]

    def test_a_missing_database_is_a_problem_and_no_fault(self, site: Path) -> None:
        (site / "hub.db").unlink()
        answer = hub("check", "--json", site=site)
        assert answer.status == 1
        assert [problem["key"] for problem in answer.json["problems"]] == ["database"]
        assert "hub init" in answer.json["problems"][0]["allowed"]

    def test_a_folder_that_is_no_site_is_said_to_be_none(self, tmp_path: Path) -> None:
        for command in ("check", "files", "verify", "run"):
            answer = hub(command, site=tmp_path)
            assert answer.status == 1
            assert "hub init" in answer.out + answer.err

    def test_a_broken_vendor_file_stops_no_look_at_the_books(self, site: Path, tmp_path: Path) -> None:
        (site / "config/vendors/x.toml").write_text("plugin = 3\n")
        looked = hub("files", "--json", site=site)
        assert (looked.status, looked.json) == (0, {"files": []})
        assert "warning: config/vendors/x.toml" in looked.err
        (tmp_path / "a.txt").write_text("a")
        refused = hub("ingest", tmp_path / "a.txt", "--json", site=site)
        assert refused.status == 1
        assert refused.json["problems"][0]["file"] == "config/vendors/x.toml"


class TestVendors:
    def test_plugins_and_instances_are_listed(self, site: Path) -> None:
        answer = hub("vendors", "--json", site=site).json
        assert {"brunata", "nets_bs"} <= {plugin["name"] for plugin in answer["plugins"]}
        (instance,) = answer["instances"]
        assert (instance["name"], instance["plugin"], instance["inbox"]) == (
            *("betalingsservice", "nets_bs", "inbox/betalingsservice"),
        )
        assert "bolighub-nets-bs" in hub("vendors", site=site).out

    def test_one_is_shown_with_where_each_value_comes_from(self, site: Path) -> None:
        settings = hub("vendors", "show", "betalingsservice", "--json", site=site).json["settings"]
        origins = {setting["key"]: setting["origin"] for setting in settings}
        assert re.fullmatch(r"config/vendors/betalingsservice\.toml:\d+", origins["plugin"])
        assert origins["settings.chargebacks_in_total"] == "default"
        unknown = hub("vendors", "show", "nobody", site=site)
        assert unknown.status == 1
        assert "betalingsservice" in unknown.err


class TestFaults:
    def test_are_status_3_with_the_traceback_on_stderr_and_no_tenants_data(
        self, site: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing(*_: object) -> None:
            secret = "tenant 1-1-1-1 owes"  # noqa: F841  what a traceback with local variables would print
            raise RuntimeError("broken")

        monkeypatch.setattr(views, "unmatched", failing)
        answer = hub("unmatched", "--json", site=site)
        assert answer.status == 3
        assert answer.json == {"error": "a fault of ours: RuntimeError: broken", "code": "OurFault"}
        assert "Traceback" in answer.err
        assert answer.err.endswith("hub: a fault of ours: RuntimeError: broken\n")
        assert "owes" not in answer.err.replace('secret = "tenant 1-1-1-1 owes"', "")


class TestProgram:
    def test_usage_errors_are_status_1(self) -> None:
        ended = run_program("nonsense")
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        for arguments in (["balance"], ["files", "--state"], [], ["portfolio"]):
            answer = hub(*arguments)
            assert answer.status == 1, arguments
            assert "Traceback" not in answer.err

    def test_version_and_help_are_status_0(self) -> None:
        assert re.fullmatch(r"hub \d+\.\d+\.\d+\S*\n", run_program("--version").stdout)
        assert "Exit status" in run_program("--help").stdout

    def test_help_waits_for_no_heavy_module(self) -> None:
        asked = "import sys, hub.cli.app; print({'sqlalchemy', 'pydantic', 'construct', 'holidays'} & set(sys.modules))"
        ended = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
        assert ended.stdout == "set()\n"

    def test_the_site_is_named_before_or_after_the_command_or_by_the_environment(
        self, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        none = tmp_path / "none"
        none.mkdir()
        assert run_program("files", cwd=none, HUB_SITE=str(site)).returncode == 0
        monkeypatch.chdir(none)
        assert hub("--site", site, "files").status == 0
        assert hub("files").status == 1
        monkeypatch.setenv("HUB_SITE", str(none))
        assert hub("files", "--site", site).status == 0
        monkeypatch.delenv("HUB_SITE")
        monkeypatch.chdir(site)
        assert hub("files").status == 0

    def test_json_is_utf8_whatever_the_locale(self, tmp_path: Path) -> None:
        tiny_site.write_site(tmp_path / "tiny")
        ended = run_program("balance", "1-1-1-1", "--json", cwd=tmp_path / "tiny", PYTHONIOENCODING="ascii", LC_ALL="C")
        assert json.loads(ended.stdout)["name"] == "Søren Ærø"

    def test_a_reader_who_leaves_early_is_no_fault(self, site: Path) -> None:
        with subprocess.Popen(
            [str(PROGRAM), "vendors", "--json"], cwd=site, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as program:
            assert program.stdout is not None
            assert program.stderr is not None
            program.stdout.close()
            assert program.stderr.read() == b""

    @pytest.mark.parametrize("arguments", [["--version"], ["vendors", "--json"], ["files", "show", "9", "--json"]])
    def test_an_answer_that_cannot_be_written_is_status_3_in_one_line(self, site: Path, arguments: list[str]) -> None:
        with open("/dev/full", "w") as full:
            ended = subprocess.run(
                [str(PROGRAM), *arguments], cwd=site, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
            )
        assert ended.returncode == 3
        assert ended.stderr.endswith("hub: the answer cannot be written to standard output: No space left on device\n")
        assert "Traceback" not in ended.stderr
        assert "Exception" not in ended.stderr

    def test_nothing_is_begun_whose_answer_has_nowhere_to_go(self, site: Path) -> None:
        ended = subprocess.run(
            ["/bin/sh", "-c", '"$0" files >&-', str(PROGRAM)], cwd=site, stderr=subprocess.PIPE, text=True, timeout=60
        )
        assert ended.returncode == 3
        assert ended.stderr.startswith("hub: standard output is closed")
        assert ended.stderr.count("\n") == 1

    def test_a_reader_who_leaves_in_the_middle_of_a_long_answer_is_no_fault(self, tmp_path: Path) -> None:
        tiny_site.write_site(tmp_path / "tiny")
        rows = "".join(f"{'x' * 500},1,{line},1,\n" for line in range(1000))
        (tmp_path / "bad.csv").write_text(f"company,property,unit,tenant,name\n{rows}")
        for form in ("--json", "--encoding=utf-8"):
            with subprocess.Popen(
                [str(PROGRAM), "portfolio", "import", tmp_path / "bad.csv", form],
                cwd=tmp_path / "tiny",
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as program:
                assert program.stdout is not None
                assert program.stderr is not None
                program.stdout.close()
                assert program.stderr.read() == b""

    def test_a_name_that_is_no_text_is_shown_all_the_same(self, tmp_path: Path) -> None:
        tiny_site.write_site(tmp_path / "tiny")
        odd = os.fsencode(tmp_path) + b"/\xff.txt"
        Path(os.fsdecode(odd)).write_text("odd")
        for form in (["--json"], []):
            ended = subprocess.run([str(PROGRAM), "ingest", odd, *form], cwd=tmp_path / "tiny", capture_output=True)
            assert ended.returncode == 2
            assert b"quarantined" in ended.stdout
        missing = subprocess.run(
            [str(PROGRAM), "ingest", b"\xfe.txt", "--json"], cwd=tmp_path / "tiny", capture_output=True
        )
        assert missing.returncode == 1
        assert "does not exist" in json.loads(missing.stdout)["error"]

    def test_the_daemon_books_what_is_dropped_and_stops_when_told(self, tmp_path: Path) -> None:
        root = tmp_path / "tiny"
        tiny_site.write_site(root)
        with subprocess.Popen([str(PROGRAM), "run"], cwd=root, stderr=subprocess.PIPE) as daemon:
            try:
                (root / "inbox/bs/payments.txt").write_bytes(tiny_site.delivery(("101", 100_00)))
                deadline = time.monotonic() + 30
                while not hub("movements", "1-1-1-1", "--json", site=root).json["movements"]:
                    assert time.monotonic() < deadline, "nothing was booked within 30 seconds"
                    time.sleep(0.1)
                daemon.send_signal(signal.SIGTERM)
                assert daemon.wait(timeout=30) == 0
            finally:
                daemon.kill()
            assert daemon.stderr is not None
            log = daemon.stderr.read().decode()
        assert "started" in log
        assert "stopped" in log

    @pytest.mark.skipif(not SAMPLE.is_file(), reason="the provider's sample is not beside this checkout")
    def test_a_real_delivery_is_booked_once(self, site: Path) -> None:
        (site / "portfolio.csv").write_text(_portfolio_of(SAMPLE), encoding="utf-8")
        assert hub("portfolio", "import", site / "portfolio.csv", site=site).status == 0
        first = run_program("ingest", SAMPLE, "--json", cwd=site)
        (file,) = json.loads(first.stdout)["files"]
        assert (first.returncode, file["state"], file["amount"]) == (0, "booked", "17550.00")
        assert (file["records"]["booked"], file["records"]["failed"], file["records"]["read"]) == (117, 7, 124)
        head = hub("verify", "--json", site=site).json["head"]
        second = run_program("ingest", SAMPLE, "--json", cwd=site)
        assert (second.returncode, json.loads(second.stdout)["files"][0]["state"]) == (0, "duplicate")
        assert hub("verify", "--expect", head, site=site).status == 0
        before = hub("balance", "1-1-1-1", "--as-of", "2010-01-03", "--json", site=site).json
        assert (before["balance"], before["coming"]) == ("0.00", "-150.00")


def test_a_terminal_gets_a_table_of_its_own_width(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.table(("name", ">amount"), [("en meget lang tekst som ikke kan stå på en linje", "-1250.00")])
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).split("\n")
    assert max(map(len, lines)) <= 40
    assert any(line.rstrip().endswith("-1250.00") for line in lines)


def _portfolio_of(sample: Path) -> str:
    """A portfolio in which every customer number of the sample is a tenancy."""
    rows = ["company;company_name;pbs_number;property;property_name;unit;tenant;name;bs_customer"]
    starts = {"0211": 25, "0215": 29}
    section = ""
    for line in sample.read_text(encoding="latin-1").split("\n"):
        if line.startswith("BS012"):
            section = line[13:17]
        elif line.startswith("BS042"):
            customer = line[starts[section] : starts[section] + 15]
            rows.append(f"1;Skovly;09999999;1;Åkaj;{len(rows)};1;Lejer {len(rows)};{customer}")
    return "\n".join(rows)


def _keys(settings: dict[str, object]) -> set[str]:
    found = set()
    for key, value in settings.items():
        found |= {f"{key}.{inner}" for inner in _keys(value)} if isinstance(value, dict) else {key}
    return found
