"""Runs the program as a person would, in this process, and gives what he would see."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from hub.cli.app import run


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it has to be."""
        return json.loads(self.out)


def hub(*arguments: object, site: Path | None = None) -> Answer:
    """``hub ARGUMENTS``, with ``--site`` when given."""
    out, err = io.StringIO(), io.StringIO()
    given = [*(("--site", str(site)) if site else ()), *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run(given)
    finally:
        structlog.reset_defaults()
    return Answer(status, out.getvalue(), err.getvalue())
