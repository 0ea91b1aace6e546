"""A stranger's plug-in in an installation that is not ours: docs/write-a-plugin.md, run as printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "write-a-plugin.md").read_text(encoding="utf-8")
ACME = PROJECT / "tests" / "third_party" / "acme"
#: What ``make setup`` installs and these tests use.
WHEELS = (PROJECT, *(PROJECT / "plugins" / name for name in ("brunata", "nets_bs", "own_meter")))
PORTFOLIO = """company,company_name,pbs_number,property,property_name,unit,tenant,name,bs_customer
1,Skovly,09999999,12,Æblehaven,304,2,Åse Ørnsø,1230402
1,Skovly,09999999,12,Æblehaven,305,1,Bo Ærø,1230501
"""
ON_ACCOUNT = """tenancy,due_date,charge_type,amount,text,reference
1-12-304-2,2025-10-01,75020,"600,00",Aconto varme,A1
1-12-305-1,2025-10-01,75020,"600,00",Aconto varme,A2
"""
#: All that a meter company of the usual kind takes.
NORDVARME = """plugin = "own_meter"

[door]
pattern = ""

[consumption]
type = "heat"
export = true

[settings.result]
charge_type = "75040"
amounts = "cost"
delimiter = ";"
decimal_mark = ","
implied_decimals = 2
heading_lines = 1
date_format = "DDMMÅÅÅÅ"
encoding = "cp1252"
sign_tenant_pays = ""
sign_tenant_receives = "-"
company_column = 1
property_column = 2
unit_column = 3
tenant_column = 4
amount_column = 5
period_from_column = 6
period_to_column = 7

[settings.export]
delimiter = ";"
decimal_mark = ","
implied_decimals = 2
date_format = "DDMMÅÅÅÅ"
encoding = "cp1252"
company_column = 1
property_column = 2
unit_column = 3
tenant_column = 4
name_column = 5
amount_column = 6
period_from_column = 7
period_to_column = 8

[settings.statements]
types = { varme = "75020" }
separator = "_"
tenant_document = { company = 1, property = 2, unit = 3, tenant = 4, period_from = 5, period_to = 6, type = 7 }
"""
_NOT_THIRD_PARTY = ("bolighub", "hub_", "_editable_impl", "__pycache__")


class Installation:
    """A fresh environment that has the hub from its own wheels, and no trace of the checkout.

    Third-party libraries are links to ours, since a test has no network; whatever is the hub's is left out of them, so
    that what is missing in a wheel is missing here.
    """

    def __init__(self, folder: Path) -> None:
        libraries, wheels = folder / "libraries", folder / "wheels"
        libraries.mkdir()
        for installed in Path(sysconfig.get_path("purelib")).iterdir():
            if not installed.name.startswith(_NOT_THIRD_PARTY) and installed.suffix != ".pth":
                (libraries / installed.name).symlink_to(installed)
        venv.create(folder / "venv", with_pip=False)
        self.bin = folder / "venv" / "bin"
        (site_packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
        (site_packages / "libraries.pth").write_text(f"{libraries}\n")
        for project in WHEELS:
            self.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)], project)
        self.run(["python", "-m", "pip", "install", "--quiet", "--no-deps", *map(str, wheels.iterdir())], folder)

    def run(self, command: Sequence[str], folder: Path) -> str:
        """What a command prints; what it says of errors where it fails."""
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HUB_SITE")},
            "PATH": os.pathsep.join([str(self.bin), os.environ["PATH"]]),
            "PYTHONUTF8": "1",
            # No network: nothing is asked of an index, and the build backend is the one that is installed.
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
        }
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
        )
        assert done.returncode == 0, f"{' '.join(command)[:200]}\n{done.stdout}{done.stderr}"
        return done.stdout

    def hub(self, site: Path, *arguments: str) -> Any:
        """The answer of a command as JSON."""
        return json.loads(self.run(["hub", *arguments, "--json"], site))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("installation"))


def test_the_plugin_is_what_the_page_shows() -> None:
    shown = _files()
    assert {path.relative_to(ACME).as_posix() for path in _sources()} == set(shown)
    for path in _sources():
        assert path.read_text(encoding="utf-8") == shown[path.relative_to(ACME).as_posix()], path.name
    assert len(shown["hub_acme.py"].split("\n")) < 100


def test_the_page_leads_from_an_empty_folder_to_a_vendor_in_use(installation: Installation, tmp_path: Path) -> None:
    for name, text in _files().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    build, use, again = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    tested = installation.run(["bash", "-euo", "pipefail", "-c", build], tmp_path)
    assert " passed" in tested
    for answer in (ACME / "golden").glob("*.golden.json"):
        assert (tmp_path / "golden" / answer.name).read_bytes() == answer.read_bytes()

    used = installation.run(["bash", "-euo", "pipefail", "-c", use], tmp_path)
    assert re.search(r"^owes +50\.00$", used, re.MULTILINE)
    site = tmp_path / "site"
    (acme,) = (plugin for plugin in installation.hub(site, "vendors")["plugins"] if plugin["name"] == "acme")
    assert acme == {"name": "acme", "distribution": "hub-acme", "version": "1.0.0", "problem": ""}
    assert _balance(installation, site, "1-12-305-1") == "-450.50"

    refused = installation.run(["bash", "-euo", "pipefail", "-c", again], site)
    assert "malformed: line 3: wrong total" in refused
    assert "refused, as it should be" in refused
    assert re.search(r"^owes +50\.00$", refused, re.MULTILINE)


def test_a_seventh_meter_vendor_is_a_config_file_alone(installation: Installation, tmp_path: Path) -> None:
    """Nordvarme: told of the tenants, its costs taken in and booked, a statement filed."""
    installation.run(["hub", "init", "site"], tmp_path)
    site = tmp_path / "site"
    (site / "portfolio.csv").write_text(PORTFOLIO, encoding="utf-8")
    (site / "config" / "vendors" / "nordvarme.toml").write_text(NORDVARME, encoding="utf-8")
    installation.run(["hub", "portfolio", "import", "portfolio.csv"], site)
    installation.run(["hub", "check"], site)
    (site / "charges.csv").write_text(ON_ACCOUNT, encoding="utf-8")
    installation.run(["hub", "charges", "import", "charges.csv"], site)

    told = installation.hub(site, "export", "nordvarme", "--property", "1-12", "--period", "2025-06-01..2026-05-31")
    assert Path(told["path"]).read_bytes().decode("cp1252").split("\r\n") == [
        "1;12;304;2;Åse Ørnsø;600,00;01062025;31052026",
        "1;12;305;1;Bo Ærø;600,00;01062025;31052026",
        "",
    ]

    result = "Selskab;Ejendom;Lejemål;Lejer;Forbrug;Fra;Til\r\n"
    result += "1;12;304;2;800,00;01062025;31052026\r\n1;12;305;1;450,25;01062025;31052026\r\n"
    (tmp_path / "afregning.csv").write_bytes(result.encode("cp1252"))
    (tmp_path / "1_12_304_2_20250601_20260531_varme.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    files = ("../afregning.csv", "../1_12_304_2_20250601_20260531_varme.pdf")
    installation.run(["hub", "ingest", "--vendor", "nordvarme", *files], site)
    # Cost less what was asked on account, and what of that nobody has paid.
    assert _balance(installation, site, "1-12-304-2") == "800.00"
    assert _balance(installation, site, "1-12-305-1") == "450.25"
    (account,) = installation.hub(site, "consumption", "list")["accounts"]
    assert account["state"] == "booked"
    (document,) = installation.hub(site, "documents", "list", "1-12-304-2")["documents"]
    assert document["name"] == "1_12_304_2_20250601_20260531_varme.pdf"


def _balance(installation: Installation, site: Path, tenancy: str) -> str:
    balance: str = installation.hub(site, "balance", tenancy)["balance"]
    return balance


def _sources() -> list[Path]:
    return [
        path
        for path in sorted(ACME.rglob("*"))
        if path.is_file()
        and not any(part.startswith((".", "__")) for part in path.relative_to(ACME).parts)
        and not path.name.endswith(".golden.json")
    ]


def _files() -> dict[str, str]:
    """The files that the page shows, by name."""
    return dict(re.findall(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
