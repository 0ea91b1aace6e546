"""``hub backup`` and ``hub restore``: a whole site in one file, and a site out of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.context import FAULT, JsonOption, SiteOption, load_to_read, now, root_of
from hub.cli.output import answer, say
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.backup import Made, Restored

_DOING = {"rows": "{} rows", "files": "{} files", "proof": "proving the books"}
_ABSENT_SHOWN_MAX = 20


def backup(
    ctx: typer.Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FILE", help="Or a folder. Default: SITE-TIME.hub.tar in the current folder."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Put it in the place of a file of that name.")] = False,
    without_lost: Annotated[
        bool, typer.Option("--without-lost", help="Leave out files whose bytes content/ has lost, and name them.")
    ] = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Write the books, all files and the configuration into one file.

    The hub may go on meanwhile: what it does after the backup has begun is not in it.
    """
    from hub.backup import make_backup

    the_site, at = load_to_read(root_of(ctx, site)), now()
    target = Path(to or "")
    if to is not None and to.endswith(os.sep) and not target.is_dir():
        # Without its last character it would be the name of a file.
        raise HubError("there is no such folder", where=to, do="make it, or give --to another place")
    if target.is_dir():
        target /= f"{the_site.root.name or 'hub'}-{at:%Y%m%dT%H%M%SZ}.hub.tar"
    with _shown() as tell:
        made = make_backup(the_site, target, now=at, overwrite=overwrite, without_lost=without_lost, tell=tell)
    document = {
        "backup": str(made.path),
        "bytes": made.bytes,
        "rows": made.rows,
        "files": made.content_files,
        "absent": list(made.absent),
        "head": made.head,
    }
    answer(as_json, document, lambda: _tell_made(made))
    return 0


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What hub backup wrote.")],
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Instead of the configured one; it goes into config/hub.toml."),
    ] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Make a site out of a backup, and prove its books.

    The site's folder and the database must be empty.
    """
    from hub.backup import restore as restored_from

    with _shown() as tell:
        restored = restored_from(file, root_of(ctx, site), database_url=database, tell=tell)
    report = restored.report
    document = {
        "site": str(restored.site.root),
        "made_at": restored.about.made_at.isoformat(),
        "made_by": restored.about.hub,
        "rows": restored.rows,
        "files": restored.content_files,
        "absent": list(restored.absent),
        "uncertain": restored.uncertain,
        "ok": report.ok,
        "entries": report.entries,
        "postings": report.postings,
        "head": report.head,
        "problems": report.problems,
    }
    answer(as_json, document, lambda: _tell_restored(restored))
    return 0 if report.ok else FAULT


@contextmanager
def _shown() -> Iterator[Callable[[str, int], None]]:
    """How far it is, on a terminal; what is not looked at is not told."""
    if not sys.stderr.isatty():
        yield lambda step, count: None
        return
    from rich.console import Console

    with Console(stderr=True).status("begun") as status:
        yield lambda step, count: status.update(_DOING[step].format(f"{count:,}"))


def _tell_made(made: Made) -> None:
    say(
        f"{made.path}: {made.bytes} bytes, {made.rows} rows, {made.content_files} files",
        f"head {made.head}: keep it elsewhere, hub verify --expect finds it in what is restored",
    )
    _tell_absent(made.absent)


def _tell_restored(restored: Restored) -> None:
    about, report = restored.about, restored.report
    say(
        f"{restored.site.root}: {restored.rows} rows, {restored.content_files} files, "
        f"as they were at {about.made_at:%Y-%m-%d %H:%M:%S} UTC",
        f"{report.entries} entries, {report.postings} postings: {'all is proved' if report.ok else 'NOT OK'}",
        *(f"- {problem}" for problem in report.problems),
    )
    _tell_absent(restored.absent)
    if restored.uncertain:
        say(
            f"{restored.uncertain} dispatches were on their way then, and may have been sent since: none is sent again "
            "by itself; ask their vendors, then hub outbox --state uncertain"
        )
    say("next: hub check, then drop again what came after the backup")


def _tell_absent(absent: tuple[str, ...]) -> None:
    if absent:
        say(f"{len(absent)} files that the journal names are not in the backup:")
        say(*(f"- {sha256}" for sha256 in absent[:_ABSENT_SHOWN_MAX]))
