"""Texts of a plug-in, made fit for a line of a journal, a log or a screen."""

from __future__ import annotations

from typing import Final

from hub.plugin.limits import CONTROL

#: No sentence that a person is to read needs more.
SENTENCE_CHARACTERS_MAX: Final = 1_000
_CUT = "…"
#: Of a traceback the end tells most.
_TRACE_CHARACTERS_MAX = 16_000


def sentence(text: str) -> str:
    """One line of at most 1,000 characters that any encoding of Unicode can hold; done twice it changes nothing."""
    # Cut first as well: there may be megabytes of it.
    plain = text[: SENTENCE_CHARACTERS_MAX + 1].encode(errors="backslashreplace").decode()
    escaped = _escaped(plain)
    if len(escaped) <= SENTENCE_CHARACTERS_MAX:
        return escaped
    return escaped[: SENTENCE_CHARACTERS_MAX - len(_CUT)] + _CUT


def trace(text: str) -> str:
    """The end of a traceback, line by line."""
    return "\n".join(map(_escaped, text[-_TRACE_CHARACTERS_MAX:].split("\n")))


def _escaped(text: str) -> str:
    return CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
