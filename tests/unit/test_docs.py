"""What the documents say is what the program does: commands, settings, the plug-in API, and the examples themselves."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest
import typer
from pydantic import BaseModel
from typer.core import TyperCommand, TyperGroup

from hub.cli.app import app
from hub.plugin import Document, Malformed, Mine, NotMine, Payment, ShownField, VendorHooks
from hub.plugin.setting_keys import keys_of
from hub.plugin.testing import PluginTests
from hub.settings import CompanyConfig, HubConfig, Secret, VendorConfig
from hub.vendors import Instance
from hub_arge.settings import ArgeSettings
from hub_nets_bs import making, records
from hub_nets_bs.settings import BetalingsserviceSettings

PROJECT = Path(__file__).parents[2]
DOCUMENTS = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCUMENTS += sorted((PROJECT / "docs").rglob("*.md"))
Command: TypeAlias = TyperCommand | TyperGroup
NAMED = [*DOCUMENTS, *sorted((PROJECT / "config").rglob("*.toml"))]


# --- Commands ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", NAMED, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_every_command_named_exists(document: Path) -> None:
    unknown = [line for line in _hub_lines(document.read_text(encoding="utf-8")) if _what_is_wrong(line)]

    assert not unknown


def test_the_documents_name_every_command() -> None:
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    named = {_command_of(shlex.split(line)[1:])[0] for line in _hub_lines(text)}

    assert set(_leaves(_root(), ())) - named == set()


@pytest.mark.parametrize("line", ["hub balanec 1-1-1-1", "hub files shown 1", "hub ingest --dryrun x"])
def test_a_command_that_is_none_is_found(line: str) -> None:
    assert list(_hub_lines(f"say `{line}` and\n```sh\n{line}\n```\n")) == [line, line]
    assert _what_is_wrong(line)


def _hub_lines(text: str) -> Iterator[str]:
    """``hub ...`` in backticks, in lines of code blocks, and after a colon in comments of configuration."""
    yield from re.findall(r"(?<!`)`(hub [a-z][^`\n]*)`", text)
    for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL):
        yield from (found.strip() for found in re.findall(r"^(hub [a-z][^\n#]*)", block, re.MULTILINE))
    yield from re.findall(r"^#.*: (hub [a-z][^\n]*)$", text, re.MULTILINE)


def _what_is_wrong(line: str) -> str:
    words = shlex.split(line)[1:]
    named, command, above = _command_of(words)
    rest = words[len(named) :]
    if isinstance(command, TyperGroup) and (not command.invoke_without_command or (rest and rest[0][0] not in "-[")):
        return f"{line}: no command"
    known = {option for one in above for parameter in one.params for option in parameter.opts} | {"--help"}
    given = {word.strip("[]").partition("=")[0] for word in rest}
    return ", ".join(f"{line}: no option {option}" for option in given - known if option.startswith("--"))


def _command_of(words: list[str]) -> tuple[tuple[str, ...], Command, list[Command]]:
    command = _root()
    above, named = [command], []
    for word in words:
        if not isinstance(command, TyperGroup) or word not in command.commands:
            break
        command = cast(Command, command.commands[word])
        above.append(command)
        named.append(word)
    return tuple(named), command, above


def _leaves(command: Command, named: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            yield from _leaves(cast(Command, below), (*named, name))
    else:
        yield named


@cache
def _root() -> Command:
    """Made once: it takes a quarter of a second, and is asked for every line of every document."""
    return cast(Command, typer.main.get_command(app))


# --- Settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "model", "prefix"),
    [
        ("config/hub.toml", HubConfig, ""),
        ("config/companies/*.toml", CompanyConfig, ""),
        ("config/vendors/NAME.toml", VendorConfig, ""),
        ("Plug-in nets_bs", BetalingsserviceSettings, "settings."),
        ("Plug-in arge", ArgeSettings, "settings."),
    ],
)
def test_every_setting_is_documented_with_its_default(section: str, model: type[BaseModel], prefix: str) -> None:
    assert _documented(section) == {key.key: key.default for key in keys_of(model, prefix, values=(Secret,))}


def test_what_is_generated_from_the_code_is_fresh() -> None:
    """Else: python docs/generate.py"""
    generator = _module(PROJECT / "docs" / "generate.py")
    fresh = generator.fresh()

    assert {path.name for path in fresh} == {"plugin-api.md", "settings.md"}
    for path, text in fresh.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: run python docs/generate.py"


def test_what_is_stale_is_found() -> None:
    """A hook, a record's field and a setting that the code does not have are gone from the fresh text."""
    generator = _module(PROJECT / "docs" / "generate.py")
    for name, invented in (("hooks", "def invent(self)"), ("records", "| `invented` |"), ("hub", "| `invented` |")):
        document = f"<!-- generated: {name} -->\n{invented}\n<!-- end -->"
        made = generator.refreshed(document)
        assert invented not in made
        assert len(made) > len(document)


def test_the_settings_of_every_shipped_plugin_are_generated() -> None:
    text = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^## Plug-in (\w+)$", text, re.MULTILINE)) == {
        path.name for path in (PROJECT / "plugins").iterdir() if (path / "pyproject.toml").exists()
    }


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_documented_company_is_one() -> None:
    text = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (example,) = (block for block in _code_blocks(text, "toml") if block.startswith("number ="))
    company = CompanyConfig.model_validate(tomllib.loads(example))

    assert company.charge_type("75020").holding == "heat"
    assert (company.charge_type("20010").vat, company.allocation.small_difference) == (25_00, 1_00)


def _documented(section: str) -> dict[str, str]:
    text = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (body,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return {key: default.strip("`") for key, default in re.findall(r"^\| `([\w.*]+)` \| (.*?) \| \S", body, re.M)}


# --- The plug-in API ---------------------------------------------------------------------------------------------

PLUGIN_API = (PROJECT / "docs" / "plugin-api.md").read_text(encoding="utf-8")
HOOKS = {name: hook for name, hook in vars(VendorHooks).items() if not name.startswith("_")}
CREDITOR = "09999999"
LAUNDRY = Payment(
    *(2, CREDITOR, "", "101", 5000, "DKK", date(2026, 7, 1), date(2026, 7, 1), None, ""),
    *(f"vaskeri|{CREDITOR}|2026-07-01|101", f"vaskeri|{CREDITOR}|2026-07-01|101|7", "Vaskeri 7"),
)
LAUNDRY_FILE = f"VASKERI;{CREDITOR}\n101;2026-07-01;50.00;7\nSLUT;1;50.00\n".encode()


def _describe(laundry: Instance, path: Path) -> None:
    assert laundry.description.telltales == (f"vaskeri/{CREDITOR}",)
    assert list(laundry.kinds) == ["payments", "receipt"]


def _identify(laundry: Instance, path: Path) -> None:
    assert laundry.identify(path, "a.txt") == Mine("payments")
    path.write_bytes(b"%PDF-1.4")
    assert laundry.identify(path, "vaskeri_1-12-304-2_2026.pdf") == Mine("receipt")
    assert isinstance(laundry.identify(path, "other.pdf"), NotMine)


def _read(laundry: Instance, path: Path) -> None:
    assert [record for batch in laundry.read(path, "a.txt", "payments") for record in batch] == [LAUNDRY]
    for broken, said in ((LAUNDRY_FILE[:-13], "the file is cut"), (LAUNDRY_FILE[:-6] + b"51.00\n", "wrong trailer")):
        path.write_bytes(broken)
        with pytest.raises(Malformed, match=said):
            list(laundry.read(path, "a.txt", "payments"))


def _whose(laundry: Instance, path: Path) -> None:
    document = laundry.whose(path, "vaskeri_1-12-304-2_2026.pdf", "receipt")
    assert document == Document("1", "12", "304", "2", "73035", date(2026, 1, 1), date(2026, 12, 31))
    with pytest.raises(Malformed, match="no receipt's name"):
        laundry.whose(path, "vaskeri_2026.pdf", "receipt")


def _make(laundry: Instance, path: Path) -> None:
    assert b"".join(laundry.make("payments", [LAUNDRY], {})) == LAUNDRY_FILE


def _show(laundry: Instance, path: Path) -> None:
    path.write_bytes(LAUNDRY_FILE + b"17;;\x9f")
    shown = list(laundry.show(path, "a.txt"))
    assert shown[0] == ShownField(1, "line", "cell 1", 1, 7, "VASKERI", "VASKERI", "")
    assert [(field.record, field.first, field.raw, field.problem) for field in shown[-3:]] == [
        (4, 1, "17", ""),
        (4, 4, "", "an empty cell"),
        (4, 5, r"\x9f", ""),
    ]


QUESTIONS: dict[str, Callable[[Instance, Path], None]] = {
    "describe": _describe,
    "identify": _identify,
    "read": _read,
    "whose": _whose,
    "make": _make,
    "show": _show,
}


def test_every_hook_has_a_heading_with_its_exact_arguments() -> None:
    headings = re.findall(r"^### (\w+\(.*\))$", PLUGIN_API, re.MULTILINE)
    hooks = [f"{name}({', '.join(list(inspect.signature(hook).parameters)[1:])})" for name, hook in HOOKS.items()]

    assert headings == hooks


def test_the_test_kit_asks_every_question() -> None:
    """A test of the kit names in its docstring the hooks that it asks."""
    tests = [test for name, test in vars(PluginTests).items() if name.startswith("test_")]
    asked = {hook for test in tests for hook in re.findall(r"(\w+)\(\)", test.__doc__ or "")}

    assert asked == set(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_documented_plugin_answers_every_question(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (metadata,) = (block for block in _code_blocks(PLUGIN_API, "toml") if "[project]" in block)
    (config,) = (block for block in _code_blocks(PLUGIN_API, "toml") if block.startswith("plugin"))
    (module,) = _code_blocks(PLUGIN_API, "python")
    _install(tomllib.loads(metadata)["project"], module, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = tmp_path / "stored"
    path.write_bytes(LAUNDRY_FILE)

    with Instance("laundry", VendorConfig.model_validate(tomllib.loads(config)), HubConfig()) as laundry:
        QUESTIONS[hook](laundry, path)


def _install(project: Mapping[str, Any], module: str, folder: Path) -> None:
    """What an installer would leave."""
    (folder / "hub_vaskeri.py").write_text(module, encoding="utf-8")
    info = folder / f"hub_vaskeri-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "\n".join(f"{name} = {target}" for name, target in project["entry-points"]["hub.plugins"].items())
    (info / "entry_points.txt").write_text(f"[hub.plugins]\n{points}\n")


# --- README ------------------------------------------------------------------------------------------------------


def test_the_five_minutes_of_the_readme_work_as_printed(tmp_path: Path) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    script = "\n".join(block for block in _code_blocks(readme, "sh") if "hub init" in block or "hub ingest" in block)
    day = date(2026, 7, 1)
    paid = records.payment(CREDITOR, "00000", "1230402", 695000, day, day, day, "H2607")
    head = {"data_supplier": "00000001", "created": "2026-07-02"}
    (tmp_path / "0602.txt").write_bytes(b"".join(making.make([paid], head, "iso8859-1")))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rows: 1 added" in done.stdout
    assert "6950.00" in done.stdout
    assert "all is proved" in done.stdout


def test_every_relative_link_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def _code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
