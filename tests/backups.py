"""A site with something of everything in it, and a backup of it, for tests."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import Postgres
from tests.integration.cli_runner import hub
from tests.tiny_site import PDF, STATEMENT, delivery, write_site

TENANTS = ("1-1-1-1", "1-1-2-1", "1-2-1-1")
CHARGES = """tenancy;due_date;charge_type;amount;reference;text
1-1-1-1;2026-07-01;10;500,00;JUL;Husleje
1-2-1-1;2026-07-01;10;750,50;JUL;Husleje – Bakken æøå
1-1-2-1;2026-07-01;10;-20,00;CR;
"""


def quiet(step: str, count: int) -> None:
    """Nobody looks."""


class Kept(NamedTuple):
    """A site and a backup of it."""

    root: Path
    archive: Path
    url: str
    made: dict[str, Any]


def new_database(kind: str, request: pytest.FixtureRequest, root: Path) -> str:
    """The address of a database that does not exist, or that nothing was ever done to."""
    if kind == "sqlite":
        return "sqlite:///hub.db"
    server: Postgres = request.getfixturevalue("postgres")
    url = server.new()
    request.addfinalizer(lambda: server.drop(url))
    return url


def filled_site(root: Path, url: str) -> None:
    """Every way that bytes and rows come to a site: booked, unmatched, a document, charges, a quarantined file."""
    write_site(root, url)
    (root / "charges.csv").write_text(CHARGES, encoding="utf-8")
    assert hub("charges", "import", root / "charges.csv", site=root).status == 0
    broken = delivery(("101", 1_00))[:-200]
    paid = delivery(("101", 300_00), ("201", 750_50), ("999", 5_55))
    drop(root, {"bs/pbs.txt": paid, f"heat/{STATEMENT}": PDF, "bs/broken.txt": broken}, status=2)


def drop(root: Path, files: dict[str, bytes], status: int = 0) -> list[dict[str, Any]]:
    """Lets files through their doors; gives what became of each."""
    paths = [root / "inbox" / name for name in files]
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    answer = hub("ingest", *paths, "--json", site=root)
    assert answer.status == status, answer
    return answer.json["files"]


def balances(root: Path) -> list[str]:
    return [hub("balance", tenant, "--json", site=root).json["balance"] for tenant in TENANTS]


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


def files_below(root: Path, *folders: str) -> dict[str, bytes]:
    found = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def make_kept(request: pytest.FixtureRequest, folder: Path, kind: str) -> Kept:
    root, archive = folder / "site", folder / "site.tar"
    url = new_database(kind, request, root)
    filled_site(root, url)
    answer = hub("backup", "--to", archive, "--json", site=root)
    assert answer.status == 0, answer
    return Kept(root, archive, url, answer.json)
