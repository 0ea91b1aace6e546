"""What commands have in common: the options, the site, and the hub opened on it."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.errors import HubError
    from hub.intake.hub import Hub
    from hub.settings import Site
    from hub.store.database import Database

SiteOption = Annotated[
    Path | None,
    typer.Option("--site", metavar="DIR", help="The site's folder. Default: $HUB_SITE, else the current folder."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer with one JSON document on standard output.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, for the journal.")]
ActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="NAME", help="Who does this, for the journal. Default: the OS user.")
]

#: Exit status, beside 0.
WRONG_USE = 1
HELD_BACK = 2
FAULT = 3


def root_of(ctx: typer.Context, site: Path | None) -> Path:
    """The site's folder as this command, or the program before it, was told."""
    told: Path | None = site or ctx.obj
    return told or Path()


def actor_of(actor: str | None) -> str:
    if actor is None:
        try:
            return getpass.getuser()
        except (OSError, KeyError):
            return f"uid {os.getuid()}"
    return _said(actor, "a name", "--actor")


def reason_of(reason: str | None) -> str:
    return "no reason given" if reason is None else _said(reason, "a reason", "--reason")


def _said(text: str, what: str, option: str) -> str:
    if not text.strip() or not text.isprintable():
        raise typer.BadParameter(f"{what} is needed, without control characters", param_hint=option)
    return text.strip()


def wants_json(ctx: typer.Context, as_json: bool) -> bool:
    """Whether ``--json`` was given to this command or, as in ``hub files --json show 1``, to its group."""
    return as_json or (ctx.parent is not None and bool(ctx.parent.params.get("as_json")))


def as_unicode(text: str) -> str:
    """An argument that is looked up in the books; bytes that are no text can be nobody's name there."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise typer.BadParameter(f"{text!r} is no valid text in the locale's encoding") from error
    return text


def status_of(error: HubError) -> int:
    """Nothing is wrong where somebody else is at work on the same thing: it is only not done yet."""
    from hub.intake.placing import BusyError

    return HELD_BACK if isinstance(error, BusyError) else WRONG_USE


def now() -> datetime:
    return datetime.now(UTC)


def load(root: Path, *, daemon: bool = False) -> Site:
    """The site for a command that acts. Raises ConfigError with all that is wrong."""
    from hub.settings import load_site

    site = load_site(root)
    _log_as(site, daemon)
    return site


def load_to_read(root: Path) -> Site:
    """The site for a command that only looks at the books: what is wrong elsewhere than in hub.toml is a warning."""
    from hub.settings import ConfigError, read_site

    site, problems = read_site(root)
    if any(problem.file == "config/hub.toml" for problem in problems):
        raise ConfigError(problems)
    for problem in problems:
        print(f"warning: {problem}", file=sys.stderr)  # noqa: T201
    _log_as(site, daemon=False)
    return site


@contextmanager
def opened(site: Site) -> Iterator[Database]:
    from hub.store.database import connect

    database = connect(site.database_url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def books_of(root: Path) -> Iterator[tuple[Site, Connection]]:
    """The site, and one consistent view of its books."""
    site = load_to_read(root)
    with opened(site) as database, database.read() as conn:
        yield site, conn


@contextmanager
def hub_of(root: Path, *, daemon: bool = False) -> Iterator[Hub]:
    """The hub at work on the site."""
    from hub.intake.hub import Hub
    from hub.vendors import Vendors

    site = load(root, daemon=daemon)
    with opened(site) as database, Vendors(site) as vendors:
        yield Hub.of(site, database, vendors, now)


def _log_as(site: Site, daemon: bool) -> None:
    """What a command did, its answer tells: the log is left with what is out of the ordinary."""
    from hub.log import configure

    level = site.hub.log.level
    configure(site.hub.log.format, "warning" if level == "info" and not daemon else level)
