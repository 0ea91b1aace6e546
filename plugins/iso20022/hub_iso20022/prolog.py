"""What stands before the first element of a file, judged before any XML parser sees it: encoding, DOCTYPE, namespace.

A DOCTYPE is where entities come from, in the file or from elsewhere: none is ever needed here, so none is let through.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from hub.plugin import Malformed

#: ISO 20022 numbers the versions of a message; before and after these the paths are not known.
VERSIONS = tuple(f"001.{number:02d}" for number in range(2, 14))
_URN = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[34])\.([0-9]{3}\.[0-9]{2})(?![0-9.])")
_ANY_URN = re.compile(r"urn:iso:std:iso:20022:tech:xsd:([A-Za-z0-9.]{1,40})")
_DECLARED = re.compile(r"<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,39})[\"']")
_BLANKS = " \t\r\n"
_UTF_8, _UTF_16 = "utf-8", "utf-16"
#: Encodings that hub and parser read alike, by the names that a declaration may give them.
_ENCODINGS = {
    "utf-8": _UTF_8,
    "utf8": _UTF_8,
    "utf-16": _UTF_16,
    "utf-16le": _UTF_16,
    "utf-16be": _UTF_16,
    "us-ascii": "us-ascii",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "windows-1252",
}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FOUR_BYTE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


class Prolog(NamedTuple):
    #: ``camt.053`` or ``camt.054``.
    kind: str
    #: ``001.02``.
    version: str
    namespace: str
    #: For the parser, whatever the file declares.
    encoding: str


def kind_named(head: bytes) -> str:
    """``camt.053`` or ``camt.054`` of any version, wherever the head names it; "" = it does not. Never raises."""
    found = _URN.search(loosely(head))
    return found[1] if found else ""


def other_message(head: bytes) -> str:
    """``pain.002.001.03``: the message of ISO 20022 that the head names; "" = none."""
    found = _ANY_URN.search(loosely(head))
    return found[1] if found else ""


def loosely(head: bytes) -> str:
    """As text, for a look at it; what cannot be decoded is replaced."""
    return head.decode(_UTF_16 if head.startswith(_WIDE_MARKS) else "latin-1", "replace")


def is_markup(head: bytes) -> bool:
    """Does it begin as XML does, byte order mark and blanks aside?"""
    return loosely(head.removeprefix(codecs.BOM_UTF8)).lstrip("\ufeff" + _BLANKS).startswith("<")


def judge(head: bytes) -> Prolog:
    """The first bytes of a file. Raises Malformed for what cannot be read safely, or is another message."""
    encoding = _encoding(head)
    text = head.decode(encoding, "replace").removeprefix("\ufeff")
    start = _first_element(text)
    found = _URN.search(start)
    if found is None:
        other = _ANY_URN.search(start)
        named = other[0] if other else "no namespace of ISO 20022"
        raise Malformed("the first element is of no message that is read here", found=named, expected="camt.053 or 054")
    kind, version = found[1], found[2]
    if version not in VERSIONS:
        expected = f"{kind}.{VERSIONS[0]} to {kind}.{VERSIONS[-1]}"
        raise Malformed("a version that is not read here", found=f"{kind}.{version}", expected=expected)
    return Prolog(kind, version, found[0], encoding)


def _encoding(head: bytes) -> str:
    if head.startswith(_FOUR_BYTE_MARKS):
        raise Malformed("the file is UTF-32, which is not read", do="ask the bank for UTF-8")
    if head.startswith(_WIDE_MARKS):
        mark = _UTF_16
    elif head.startswith(codecs.BOM_UTF8):
        mark = _UTF_8
    else:
        mark = ""
    if not mark and b"\0" in head[:4]:
        raise Malformed("the file is UTF-16 or UTF-32 without a byte order mark", do="ask the bank for UTF-8")
    declared = _DECLARED.match(loosely(head.removeprefix(codecs.BOM_UTF8)).removeprefix("\ufeff").lstrip(_BLANKS))
    if declared is None:
        return mark or _UTF_8
    encoding = _ENCODINGS.get(declared[1].lower())
    if encoding is None:
        raise Malformed(
            "an encoding that is not read", found=declared[1], expected="UTF-8, or ISO 8859-1 where declared"
        )
    if (mark and encoding != mark) or (encoding == _UTF_16 and not mark):
        stands = f"a byte order mark of {mark.upper()}" if mark else "no byte order mark"
        raise Malformed(f"the file declares {declared[1]} and has {stands}: one of them is wrong")
    return encoding


def _first_element(text: str) -> str:
    """The start tag of the root. Raises Malformed for a DOCTYPE before it, or where it does not come."""
    at = 0
    while True:
        while at < len(text) and text[at] in _BLANKS:
            at += 1
        if text.startswith("<?", at):
            end, closing = text.find("?>", at), 2
        elif text.startswith("<!--", at):
            end, closing = text.find("-->", at + 4), 3
        else:
            break
        at = len(text) if end < 0 else end + closing
    line = text.count("\n", 0, at) + 1
    if text.startswith("<!", at):
        raise Malformed("a DOCTYPE, which no bank's file has: it is where harmful entities are declared", line=line)
    if not text.startswith("<", at):
        raise Malformed("no XML element begins within the first 64 KiB", line=line)
    return text[at : text.find(">", at) + 1 or len(text)]
