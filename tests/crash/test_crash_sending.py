"""A vendor has a delivery once, whatever is killed and when; and where nobody can know, the books say so."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.settings import load_site
from hub.store.collecting.deliveries import deliveries, is_to_hand_over
from hub.store.database import connect
from hub.store.exchange.dispatches import dispatches
from hub.store.verify_deliveries import wrong_deliveries
from hub.store.verify_dispatches import wrong_dispatches
from hub.transport.content import blob_path
from tests.collecting_site import A, B, CollectingSite
from tests.sshd import Sshd

LAUNCHER = Path(__file__).with_name("sending_launcher.py")
pytestmark = pytest.mark.crash


@pytest.fixture
def site(tmp_path: Path, sqlite_template: Path) -> CollectingSite:
    """Its database lies in its folder, so that a copy is a site of its own."""
    (tmp_path / "site").mkdir()
    shutil.copyfile(sqlite_template, tmp_path / "site/hub.db")
    made = CollectingSite(tmp_path / "site", "sqlite:///hub.db")
    made.rent(A, B)
    return made


def killed_everywhere(site: CollectingSite, way: str, work: Path, there: Path) -> list[dict[str, Any]]:
    """What was left at each kill point and started again, as it lay there and after the vendor had fetched it."""
    vendor = site.root / "config/vendors/bs.toml"
    vendor.write_text(f"{vendor.read_text(encoding='utf-8')}\n{way}", encoding="utf-8")
    site.collect()
    work.mkdir()
    command = [sys.executable, str(LAUNCHER), str(site.root), str(work), str(there)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return [json.loads(line) for line in done.stdout.rstrip("\n").split("\n")]


def judge(point: dict[str, Any]) -> str:
    """That the vendor has it once, and that the books are in order; gives the state of its dispatch."""
    root = Path(point["site"])
    assert point["status"] == 0, f"{root}: the hub that was started again failed"
    with closing(connect(load_site(root).database_url)) as opened, opened.read() as conn:
        (one,) = dispatches(conn)
        (ours,) = deliveries(conn)
        assert [*wrong_deliveries(conn), *wrong_dispatches(conn)] == [], root
        assert not is_to_hand_over(conn, ours), root
    has = [*(root / "taken").iterdir(), *(root / "there").iterdir()]
    assert [path.name for path in has] == [one.name], root
    assert has[0].read_bytes() == blob_path(root / "content", one.sha256).read_bytes(), root
    assert one.state == ours.state, root
    return one.state


def judge_all(points: list[dict[str, Any]], killed_min: int) -> None:
    assert sum(point["killed"] for point in points) >= killed_min
    states = {point["site"]: judge(point) for point in points}
    for point in points:
        root = Path(point["site"])
        # What lies there tells; where it was fetched, and nobody had written down that it went, nobody can know.
        assert states[point["site"]] == "sent" or (point["killed"] and point["fetched"]), root
    assert "uncertain" in states.values()
    assert {states[point["site"]] for point in points if not point["killed"]} == {"sent"}


def test_an_upload_killed_anywhere(site: CollectingSite, sshd: Sshd, tmp_path: Path) -> None:
    there = sshd.root / "ind"
    there.mkdir()
    way = (
        f'[sftp]\nhost = "127.0.0.1"\nport = {sshd.port}\nuser = "{sshd.user}"\nkey_file = "{sshd.user_key}"\n'
        f'host_keys = ["{sshd.host_key_line}"]\n[sftp.push]\nfolder = "ind"\n'
    )
    judge_all(killed_everywhere(site, way, tmp_path / "killed", there), killed_min=50)


def test_a_file_for_a_folder_killed_anywhere(site: CollectingSite, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    way = f'[folder]\npath = "{there}"\n'
    judge_all(killed_everywhere(site, way, tmp_path / "killed", there), killed_min=30)
