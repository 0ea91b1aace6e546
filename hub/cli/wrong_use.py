"""What is said of a command line that cannot be understood: in sentences of ours, and which help to look at."""

from __future__ import annotations

from collections.abc import Mapping

import typer
from pydantic import ValidationError

#: By what pydantic calls it; ``{input}`` is what was given.
_SENTENCES: Mapping[str, str] = {
    "int_parsing": "{input!r} is no whole number",
    "int_from_float": "{input!r} is no whole number",
    "greater_than_equal": "{input} is less than {ge}",
    "less_than_equal": "{input} is more than {le}",
    "value_error": "{error}",
}


def told(error: typer.TyperException) -> str:
    """One line: what is wrong with which argument or option, and the help of that command."""
    cause = error.__cause__
    if isinstance(cause, ValidationError):
        (first, *_) = cause.errors(include_url=False)
        sentence = _SENTENCES.get(first["type"])
        if sentence is not None:
            error.message = sentence.format(input=first["input"], **first.get("ctx", {}))
    context = getattr(error, "ctx", None)
    command = "hub" if context is None else context.command_path
    return f"{error.format_message().rstrip('.')} (see: {command} --help)"
