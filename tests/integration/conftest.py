"""Third-party plug-ins for tests: installed for one test by their metadata alone."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

THIRD_PARTY = Path(__file__).parents[1] / "third_party"


def write_metadata(folder: Path, name: str, version: str, entry_points: dict[str, str]) -> None:
    """What an installer would leave of a distribution in ``folder``."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = "\n".join(f"{plugin} = {target}" for plugin, target in entry_points.items())
    (info / "entry_points.txt").write_text(f"[hub.plugins]\n{points}\n")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, dict[str, str]], None]:
    """Makes distributions known to this process and to plug-ins' own, for this test."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    inherited = os.environ.get("PYTHONPATH")
    path = [str(folder), str(THIRD_PARTY / "hostile"), *([inherited] if inherited else [])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    monkeypatch.syspath_prepend(folder)

    def install(name: str, version: str, entry_points: dict[str, str]) -> None:
        write_metadata(folder, name, version, entry_points)

    return install


@pytest.fixture
def hostile(install: Callable[[str, str, dict[str, str]], None]) -> None:
    """The plug-ins of ``tests/third_party/hostile`` are installed."""
    project = tomllib.loads((THIRD_PARTY / "hostile" / "pyproject.toml").read_text())["project"]
    install(project["name"], project["version"], project["entry-points"]["hub.plugins"])
