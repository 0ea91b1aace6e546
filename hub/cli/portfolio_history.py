"""``hub portfolio history``: what the portfolio said before, and who has said otherwise."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.context import JsonOption, SiteOption, as_unicode, books_of, root_of
from hub.cli.ledger import moment
from hub.cli.output import answer, say, table


def history(
    ctx: typer.Context,
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY", callback=as_unicode, help="1-12-304-2, or its beginning: company, property, unit."
        ),
    ],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Every changed value of a tenancy, unit, property or company: old, new, who and when.

    With those of what it lies in, and of what lies in it.
    """
    from hub.store.portfolio_history import history_of

    with books_of(root_of(ctx, site)) as (_, conn):
        found = history_of(conn, key)
    document = {
        "changes": [
            {**change._asdict(), "at": moment(said.at), "actor": said.actor, "source": said.source}
            for change, said in found
        ]
    }
    rows = (
        (
            f"{said.at:%Y-%m-%d %H:%M}",
            change.what,
            change.key,
            change.field,
            change.old,
            change.new,
            said.actor,
            said.source,
        )
        for change, said in found
    )
    columns = ("UTC", "of", "key", "what", "was", "is", "by", "from")
    answer(as_json, document, lambda: table(columns, rows) if found else say(f"nothing of {key} was ever changed"))
    return 0
