"""The chain that makes a changed, removed or added entry visible.

An entry's leaf is a hash over canonical, versioned bytes made of stable keys: no database ids, no names. A company's
entries of one transaction make a batch; the batch's hash covers the ordered root of its leaves and the batch before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from typing import TypeAlias

from hub.errors import HubError

#: (account code, øre, ISO value date)
LeafPosting: TypeAlias = tuple[str, int, str]
#: (charge type, øre, first and last day of its period as ISO text or None)
ChargedLine: TypeAlias = tuple[str, int, str | None, str | None]

_SEPARATOR = "\x1f"


class UnprintableKeyError(HubError):
    """A key holds the character that separates fields in canonical bytes."""


def genesis(company_number: str) -> bytes:
    """The hash that stands before a company's first batch."""
    return sha256(b"hub chain v1|" + company_number.encode()).digest()


def input_hash(*parts: object) -> bytes:
    """16 bytes over what a writer was given: the same key with another hash is a conflict (R5)."""
    return blake2b(_SEPARATOR.join(map(str, parts)).encode(), digest_size=16).digest()


def leaf(
    kind: str,
    key: str,
    value_date: str,
    posting_date: str,
    record: int | None,
    corrects_key: str,
    given: bytes,
    detail: str,
    postings: Iterable[LeafPosting],
) -> bytes:
    """32 bytes over one entry; ``given`` is its input hash, dates are ISO, amounts øre.

    ``detail`` is :func:`charge_detail`, :func:`suspense_detail` or "". An entry's text is left out: it may hold a name.
    """
    if _SEPARATOR in key:
        raise UnprintableKeyError(f"key {key!r} holds a control character")
    text = (
        f"hub entry v1\x1f{kind}\x1f{key}\x1f{value_date}\x1f{posting_date}\x1f{record or ''}\x1f{corrects_key}"
        f"\x1f{given.hex()}\x1f{detail}"
    )
    for code, amount, day in postings:
        text += f"\x1f{code}\x1f{amount}\x1f{day}"
    return sha256(text.encode()).digest()


def charge_detail(due_date: str, reference: str, lines: Iterable[ChargedLine]) -> str:
    """What an entry demands, beyond its amount: what decides when it is overdue and which payment pays it."""
    told = "".join(f"\x1e{type_}\x1e{ore}\x1e{first or ''}\x1e{last or ''}" for type_, ore, first, last in lines)
    return f"charge\x1e{due_date}\x1e{reference}{told}"


def suspense_detail(vendor: str, customer: str, reference: str) -> str:
    """Who is said to have paid what nobody's account could take: what a later match rests on."""
    return f"suspense\x1e{vendor}\x1e{customer}\x1e{reference}"


class Root:
    """The ordered root of a batch's leaves, in constant memory."""

    def __init__(self) -> None:
        self._hash = sha256(b"hub root v1|")
        self.entries = 0

    def add(self, leaves: Iterable[bytes]) -> None:
        for one in leaves:
            self._hash.update(one)
            self.entries += 1

    def digest(self) -> bytes:
        return self._hash.digest()


def batch_hash(
    previous: bytes, company_number: str, seq: int, recorded_at: datetime, actor: str, source: str, root: Root
) -> bytes:
    """32 bytes over a batch; ``source`` is the sha256 of the file it came from, "" for a manual act."""
    moment = recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
    head = _SEPARATOR.join(("hub batch v1", company_number, str(seq), moment, actor, source, str(root.entries)))
    return sha256(previous + head.encode() + root.digest()).digest()
