"""Third-party plug-ins for tests: installed by their metadata alone."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.store.database import Database, connect

HOSTILE = Path(__file__).parents[1] / "third_party" / "hostile"

Install = Callable[[str, str, dict[str, str]], None]


def write_metadata(folder: Path, name: str, version: str, entry_points: dict[str, str]) -> Path:
    """What an installer would leave of a distribution in ``folder``."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = "\n".join(f"{plugin} = {target}" for plugin, target in entry_points.items())
    (info / "entry_points.txt").write_text(f"[hub.plugins]\n{points}\n")
    return info


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The plug-ins of ``tests/third_party/hostile`` are installed, for a module: the folder of their metadata."""
    folder = tmp_path_factory.mktemp("site-packages")
    project = tomllib.loads((HOSTILE / "pyproject.toml").read_text())["project"]
    write_metadata(folder, project["name"], project["version"], project["entry-points"]["hub.plugins"])
    inherited = os.environ.get("PYTHONPATH")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(HOSTILE), *([inherited] if inherited else [])]))
        # This process reads metadata, and must never import the plug-ins themselves.
        patch.syspath_prepend(folder)
        yield folder


@pytest.fixture
def install(hostile: Path) -> Iterator[Install]:
    """Installs one more distribution, for a test."""
    installed: list[Path] = []

    def install(name: str, version: str, entry_points: dict[str, str]) -> None:
        installed.append(write_metadata(hostile, name, version, entry_points))

    yield install
    for info in installed:
        shutil.rmtree(info)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """URL of a fresh database, where it does not matter which of the two it is."""
    path = tmp_path / "hub.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    opened = connect(sqlite_url)
    yield opened
    opened.close()
