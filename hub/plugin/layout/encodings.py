"""Text at byte positions: single-byte encodings that config names, never guessed, and what betrays a wrong one."""

from __future__ import annotations

import codecs
import re

from hub.plugin.layout.errors import Refused

#: Encodings in which a record's letters may be written; any other moves or hides bytes.
ENCODINGS = ("ascii", "cp1252", "cp850", "cp865", "iso8859-1", "iso8859-15")

#: C0 and C1: a DOS code page read as Latin-1 shows itself by them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
#: Two bytes that are "Ã" and a neighbour in the Latin encodings, a box drawing in cp850 and cp865: UTF-8, misread.
_UTF8_PAIR = re.compile(rb"\xc3[\x80-\xbf]")


def encoding_problems(encoding: str) -> list[str]:
    """Why text at byte positions cannot be in this encoding, in words that follow a field's name; empty when it can."""
    try:
        known = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        known = ""
    if known in ENCODINGS:
        return []
    why = "byte positions need a single-byte encoding: " if known.startswith("utf") else ""
    return [f"has the encoding {encoding!r}; {why}allowed are {', '.join(ENCODINGS)}"]


def decode(raw: bytes, encoding: str) -> str:
    """The text of these bytes; raises :class:`Refused` for what the encoding lacks, control characters and UTF-8."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        raise Refused(raw, f"text in {encoding}") from None
    if _CONTROL.search(text):
        raise Refused(raw, f"text in {encoding} without control characters")
    if _UTF8_PAIR.search(raw):
        raise Refused(raw, f"text in {encoding}, not in UTF-8")
    return text


def encode(text: str, encoding: str) -> bytes:
    """The bytes that :func:`decode` reads as this text; raises :class:`Refused` when there are none."""
    try:
        raw = text.encode(encoding)
    except UnicodeEncodeError:
        raise Refused(text, f"text that {encoding} can write") from None
    decode(raw, encoding)
    return raw


def plain_bytes(encoding: str) -> bytes:
    """The bytes that :func:`decode` takes beside any others of them."""
    texts = ((code, bytes([code]).decode(encoding, "ignore")) for code in range(256) if code != 0xC3)
    return bytes(code for code, text in texts if text and not _CONTROL.match(text))
