"""What commands that act on the books have in common: the key, the day, the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.context import actor_of, as_unicode, load, now, opened, root_of
from hub.cli.output import answer, say, table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.acts.act import Acting, Done
    from hub.settings import Site

KeyOption = Annotated[
    str | None, typer.Option("--key", metavar="KEY", help="Asked again under it, nothing is done twice.")
]
DateOption = Annotated[str | None, typer.Option("--date", metavar="DATE", help="YYYY-MM-DD. Default: today.")]
ReferenceArgument = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", callback=as_unicode, help="The charge's, or #ID where two charges share one."),
]
#: The largest number that a database can be asked for.
ID_MAX = 2**63 - 1
DONE_BEFORE = "done before under this key; nothing was done now"
EntryArgument = Annotated[
    int, typer.Argument(metavar="ENTRY", min=1, max=ID_MAX, help="The entry's number, as hub movements shows it.")
]


def performed(
    ctx: typer.Context,
    site: Path | None,
    what: str,
    asked: Mapping[str, Any],
    do: Callable[[Acting], Mapping[str, Any]],
    after: Callable[[Connection, Site, Mapping[str, Any]], Mapping[str, Any]] | None = None,
    *,
    actor: str | None,
    key: str | None,
    as_json: bool,
) -> int:
    """As :func:`acted`; answers with what came of it, and whether it had been done before under this key."""
    done = acted(ctx, site, what, asked, do, after, actor=actor, key=key)
    answered(as_json, done.result, done.repeated)
    return 0


def acted(
    ctx: typer.Context,
    site: Path | None,
    what: str,
    asked: Mapping[str, Any],
    do: Callable[[Acting], Mapping[str, Any]],
    after: Callable[[Connection, Site, Mapping[str, Any]], Mapping[str, Any]] | None = None,
    *,
    actor: str | None,
    key: str | None,
    at: datetime | None = None,
) -> Done:
    """Does the act, ``at`` a moment or now; what is done ``after`` its commit adds to what came of it."""
    from hub.acts.act import perform

    who, the_site = actor_of(actor), load(root_of(ctx, site))
    with opened(the_site) as database:
        done = perform(database, the_site, what, asked, do, actor=who, now=at or now(), key=key)
        if after is None:
            return done
        with database.read() as conn:
            return replace(done, result={**done.result, **after(conn, the_site, done.result)})


class _CheckedError(Exception):
    """Takes the transaction of a check back; carries what it showed."""

    def __init__(self, shown: Mapping[str, Any]) -> None:
        super().__init__()
        self.shown = shown


def checked(
    ctx: typer.Context,
    site: Path | None,
    what: str,
    asked: Mapping[str, Any],
    show: Callable[[Acting], Mapping[str, Any]],
    *,
    actor: str | None,
    at: datetime | None = None,
) -> Mapping[str, Any]:
    """What ``show`` tells of an act that it does as far as it must: its transaction is taken back."""

    def do(acting: Acting) -> Mapping[str, Any]:
        raise _CheckedError(show(acting))

    try:
        acted(ctx, site, what, asked, do, actor=actor, key=None, at=at)
    except _CheckedError as check:
        return check.shown
    raise AssertionError("a check is never committed")


def answered(as_json: bool, result: Mapping[str, Any], repeated: bool) -> None:
    answer(as_json, {**result, "repeated": repeated}, lambda: _tell(result, repeated))


def _tell(result: Mapping[str, Any], repeated: bool) -> None:
    if repeated:
        say(DONE_BEFORE)
    said = {name: "; ".join(map(str, value)) if isinstance(value, list) else value for name, value in result.items()}
    table(("", ""), [(name.replace("_", " "), value) for name, value in said.items() if value not in ("", None)])
