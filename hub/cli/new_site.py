"""What ``hub init`` writes: a site that works as it is, with every setting there to be read and changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from hub.errors import HubError
from hub.settings import Site, load_site
from hub.store.database import SCHEMA_HEAD, create
from hub.vendors.discovery import installed

_DEFAULT_DATABASE = '# database = "sqlite:///hub.db"'
_ON, _OFF = "enabled = true", "enabled = false"
#: Plug-ins that instances among the templates use, by the instance's file.
_PLUGINS = {"betalingsservice.toml": "nets_bs"}


class MadeSite(NamedTuple):
    """``made`` are the paths that are new; ``was_at`` the revision that the database was at, None = it is new."""

    site: Site
    made: list[str]
    was_at: str | None

    @property
    def was_brought_forward(self) -> bool:
        return self.was_at not in (None, SCHEMA_HEAD)


def make_site(root: Path, database: str | None) -> MadeSite:
    """Makes what is missing, and brings the database to head.

    What exists is never changed. Raises HubError when ``database`` is not that of a site that exists already, and
    ConfigError when what exists cannot be used.
    """
    root = root.resolve()
    try:
        made = list(_write_templates(root, database))
    except OSError as error:
        raise HubError(f"a site cannot be made here: {error.strerror}", where=str(error.filename or root)) from error
    site = load_site(root)
    if database is not None and site.database_url != _with_database(site, database).database_url:
        raise HubError(
            "the site exists and has another database",
            where=str(root / "config/hub.toml"),
            do="leave out --database, or change it there",
        )
    made.extend(_make_folders(site))
    is_new = not _sqlite_file_exists(site)
    opened = create(site.database_url)
    opened.close()
    if is_new:
        made.append("the database")
    return MadeSite(site, made, opened.found_at)


def _write_templates(root: Path, database: str | None) -> Iterator[str]:
    names = {plugin.name for plugin in installed() if not plugin.problem}
    for template, path in _templates(files("hub.cli") / "templates", Path()):
        target = root / path
        if target.exists():
            continue
        text = template.read_text(encoding="utf-8")
        if path.name == "hub.toml" and database is not None:
            # A JSON string is a TOML string.
            text = text.replace(_DEFAULT_DATABASE, f"database = {json.dumps(database)}")
        if path.name in _PLUGINS and _PLUGINS[path.name] not in names:
            text = text.replace(_ON, _OFF)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        yield path.as_posix()


def _templates(folder: Traversable, path: Path) -> Iterator[tuple[Traversable, Path]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _templates(entry, path / entry.name)
        else:
            yield entry, path / entry.name


def _make_folders(site: Site) -> Iterator[str]:
    own = [site.own_inbox(vendor) for vendor in sorted(site.vendors)]
    for folder in (site.inbox, *own, site.content, site.archive, site.quarantine, site.lists):
        if not folder.is_dir():
            folder.mkdir(parents=True)
            yield f"{folder.relative_to(site.root).as_posix()}/"


def _with_database(site: Site, database: str) -> Site:
    return Site(site.root, site.hub.model_copy(update={"database": database}))


def _sqlite_file_exists(site: Site) -> bool:
    """True for a database elsewhere, of which nobody can say it was not there."""
    _, is_sqlite, file = site.database_url.partition("sqlite:///")
    return not is_sqlite or Path(file).exists()
