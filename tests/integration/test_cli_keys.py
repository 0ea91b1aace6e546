"""Every command that writes can be asked again: under a key, or because of what it is (docs/acts.md says which)."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from hub.cli.app import app
from hub.intake import pipeline
from tests import tiny_site
from tests.integration.cli_runner import hub

ACTS = Path(__file__).parents[2] / "docs/acts.md"
#: They look at the configuration, at a vendor's server, or at a file that lies anywhere, and write nothing.
LOOK_ELSEWHERE = {"check", "vendors", "vendors show", "sftp probe", "bs show", "layout show", "layout guess"}
FIRST = "1-1-1-1"


def _commands(of: TyperCommand | TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    below = of.commands if isinstance(of, TyperGroup) else {}
    if path and of.callback and (not below or getattr(of, "invoke_without_command", False)):
        yield " ".join(path), of
    for name, command in below.items():
        yield from _commands(command, (*path, name))


def _takes_key(command: Any) -> bool:
    return any("--key" in option.opts for option in command.params)


def _only_reads(command: Any) -> bool:
    """``books_of`` gives one view of the books, in a transaction that can write nothing."""
    source = inspect.getsource(inspect.unwrap(command.callback))
    return "books_of(" in source and not re.search(r"\b(hub_of|opened|performed|perform)\(", source)


COMMANDS = dict(_commands(typer.main.get_command(app)))


def test_every_command_that_writes_has_a_key_or_a_stated_reason() -> None:
    table = ACTS.read_text().split("| command | asked again |")[1].split("\n\n")[0]
    stated = set(re.findall(r"`hub ([a-z -]+)`", re.sub(r"(?m)^(\|[^|]*\|).*$", r"\1", table)))
    writing = {name for name, command in COMMANDS.items() if not _only_reads(command)} - LOOK_ELSEWHERE
    assert {name for name in writing if not _takes_key(COMMANDS[name])} == stated


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    return root


@pytest.fixture
def site(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "site"))


def _asked(site: Path, *arguments: object) -> dict[str, Any]:
    answer = hub("files", *arguments, "--json", site=site)
    assert answer.status == 0, answer.err
    return dict(answer.json)


def _quarantined(site: Path) -> None:
    (site / "broken.txt").write_bytes(tiny_site.delivery(("101", 1_00))[:-10])
    assert hub("ingest", site / "broken.txt", "--json", site=site).json["files"][0]["state"] == "quarantined"


def _deeds(site: Path) -> list[str]:
    events = hub("files", "show", 1, "--json", site=site).json["events"]
    return [event["what"] for event in events if event["what"] in ("ignored", "retried", "released")]


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


class TestActsOnFiles:
    def test_ignoring_under_a_key_is_done_once(self, site: Path) -> None:
        _quarantined(site)
        asked = ("ignore", 1, "--reason", "a test", "--key", "mail 7")
        first, again = _asked(site, *asked), _asked(site, *asked)
        assert (first["repeated"], again["repeated"]) == (False, True)
        assert first["files"] == again["files"]
        assert _deeds(site) == ["ignored"]
        assert "nothing was done now" in hub("files", *asked, site=site).out

    def test_it_tells_what_came_of_it_though_the_file_has_gone_on_since(self, site: Path) -> None:
        _quarantined(site)
        first = _asked(site, "ignore", 1, "--reason", "a test", "--key", "mail 7")
        assert hub("files", "retry", 1, "--key", "mail 8", site=site).status == 2
        again = _asked(site, "ignore", 1, "--reason", "a test", "--key", "mail 7")
        assert again["files"] == first["files"]
        told = hub("files", "retry", 1, "--key", "mail 8", "--json", site=site)
        assert (told.status, told.json["repeated"], told.json["files"][0]["state"]) == (2, True, "quarantined")
        assert _deeds(site) == ["ignored", "retried"]

    def test_a_key_with_other_input_is_refused_and_nothing_done(self, site: Path) -> None:
        _quarantined(site)
        assert hub("files", "ignore", 1, "--reason", "a test", "--key", "mail 7", site=site).status == 0
        for other in (("ignore", 1, "--reason", "another"), ("retry", 1, "--reason", "a test")):
            refused = hub("files", *other, "--key", "mail 7", site=site)
            assert refused.status == 1
            assert "was used before for files ignore with other input" in refused.err
        assert _deeds(site) == ["ignored"]

    def test_an_act_that_was_refused_leaves_its_key_free(self, site: Path) -> None:
        _quarantined(site)
        assert hub("files", "release", 1, "--key", "mail 7", site=site).status == 1
        assert _asked(site, "ignore", 1, "--reason", "a test", "--key", "mail 7")["repeated"] is False

    def test_releasing_is_ended_by_who_asks_again(self, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        vendor = site / "config/vendors/bs.toml"
        vendor.write_text(f'book = "after_approval"\n{vendor.read_text()}')
        (site / "delivery.txt").write_bytes(tiny_site.delivery(("101", 100_00)))
        assert hub("ingest", site / "delivery.txt", site=site).status == 2
        with monkeypatch.context() as cut_short:
            cut_short.setattr(pipeline, "finish", _interrupted)
            assert hub("files", "release", 1, "--key", "mail 7", site=site).status == 130
        assert hub("files", "--json", site=site).json["files"][0]["state"] is None
        told = _asked(site, "release", 1, "--key", "mail 7")
        assert (told["repeated"], told["files"][0]["state"], told["files"][0]["amount"]) == (True, "booked", "100.00")
        assert hub("balance", FIRST, "--as-of", "2030-01-01", "--json", site=site).json["balance"] == "-100.00"
        assert _deeds(site) == ["released"]
