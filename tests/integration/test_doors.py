"""What lies at doors that are nobody's, under names that are nearly too long, or that somebody cannot answer for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hub.daemon import Looker
from hub.intake.hub import Hub
from hub.intake.pipeline import ingest
from tests import tiny_site
from tests.tiny_site import delivery, results


@pytest.fixture
def root(tmp_path: Path) -> Path:
    tiny_site.write_site(tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def hub(root: Path) -> Iterator[Hub]:
    opened = tiny_site.open_hub(root)
    yield opened
    tiny_site.close_hub(opened)


@pytest.mark.parametrize("name", ["b" * 243 + ".txt", "b" * 251 + ".txt", "å" * 125 + ".txt"])
@pytest.mark.parametrize("content", [delivery(("101", 10_000)), b"nobody's"])
def test_a_name_as_long_as_names_may_be_comes_to_its_end(hub: Hub, name: str, content: bytes) -> None:
    dropped = hub.site.inbox / "bs" / name
    dropped.write_bytes(content)
    outcome = ingest(hub, dropped, actor="test")
    assert outcome.name == name
    assert list((hub.site.inbox / "bs").iterdir()) == []
    filed = [path for folder in (hub.site.archive, hub.site.quarantine) for path in folder.rglob(f"{outcome.id}-*")]
    assert any(path.read_bytes() == content for path in filed)


def test_who_cannot_answer_for_the_same_kind_of_file_leaves_it_ambiguous(root: Path) -> None:
    """R1: else heat would be booked as water, because heat's settings were wrong that day."""
    heat = (root / "config/vendors/heat.toml").read_text().replace('"*.pdf"', '"*varme*"')
    water = heat.replace("*varme*", "*2026*").replace("75040", "73039")
    (root / "config/vendors/water.toml").write_text(water)
    (root / "config/vendors/heat.toml").write_text(heat.replace("implied_decimals = 2\n", ""))
    dropped = root / "inbox" / "varme-2026.dat"
    dropped.write_bytes(results((1, 1, 1, 500)))
    hub = tiny_site.open_hub(root)
    with capture_logs() as logs:
        outcome = ingest(hub, dropped, actor="test")
    tiny_site.close_hub(hub)
    assert outcome.result.state == "quarantined"
    assert outcome.result.reasons[0].startswith(
        "ambiguous: claimed by water (as result), and another cannot answer: heat"
    )
    assert any(line["log_level"] == "error" and line.get("vendor") == "heat" for line in logs)


def test_a_folder_that_is_no_inbox_is_told_of_once_when_something_lies_in_it(hub: Hub) -> None:
    stranger = hub.site.inbox / "Heat "
    stranger.mkdir()
    looker = Looker(hub, threading.Event())
    with capture_logs() as before:
        looker.look()
    (stranger / "r.dat").write_bytes(b"1")
    with capture_logs() as after:
        looker.look()
        looker.look()
    assert [line for line in before if line["event"] == "not taken"] == []
    told = [line for line in after if line["event"] == "not taken"]
    assert [(line["path"], line["reason"][:23]) for line in told] == [(str(stranger), "is no vendor's inbox, w")]
