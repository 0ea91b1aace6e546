"""Account statements (kontoudtog, kontoutdrag) of one tenant or a selection: values in, the bytes of one file out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from hub.errors import HubError
from hub.reports.statement.model import (
    Ageing,
    ChargeRow,
    Company,
    HoldingRow,
    LineRow,
    MovementRow,
    Statement,
    Tenant,
)

__all__ = [
    "STATEMENTS_MAX",
    "Ageing",
    "ChargeRow",
    "Company",
    "Format",
    "HoldingRow",
    "LineRow",
    "MovementRow",
    "Statement",
    "Tenant",
    "render",
]

Format = Literal["pdf", "csv", "xlsx", "json"]

#: In one file.
STATEMENTS_MAX = 2_000


def render(statements: Iterable[Statement], format: Format, *, count: int | None = None) -> bytes:
    """One file with the statements in the order given. The same statements give the same bytes.

    Told the ``count`` of statements, letters are made as these come: a few are in memory beside the file.
    Raises HubError when there are none or more than ``STATEMENTS_MAX``, when a kind has no word in the statement's
    language, and when a workbook would need more rows than Excel opens.
    """
    if count is None:
        statements = list(statements)
        count = len(statements)
    if not count:
        raise HubError("there is no tenancy to make a statement for", do="choose at least one")
    if count > STATEMENTS_MAX:
        raise HubError(
            f"{count} statements are more than the {STATEMENTS_MAX} that one file may hold",
            why="all of it is made in memory",
            do="choose fewer tenants, for example one property at a time",
        )
    # typst and openpyxl take their time to load, and only one of them is needed.
    match format:
        case "pdf":
            from hub.reports.statement.as_pdf import render_pdf

            return render_pdf(iter(statements))
        case "xlsx":
            from hub.reports.statement.as_xlsx import render_xlsx as render_as
        case "csv":
            from hub.reports.statement.as_csv import render_csv as render_as
        case "json":
            from hub.reports.statement.as_json import render_json as render_as
    return render_as(list(statements))
