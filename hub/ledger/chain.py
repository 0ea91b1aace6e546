"""The chain that makes a changed, removed or added entry visible.

An entry's leaf is a hash over canonical, versioned bytes made of stable keys: no database ids, no names. A company's
entries of one transaction make a batch; the batch's hash covers the ordered root of its leaves and the batch before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from typing import TypeAlias

from hub.errors import HubError

#: (account code, øre, ISO value date)
LeafPosting: TypeAlias = tuple[str, int, str]
#: (entry, seq, the entry whose money it is, charge line, øre, why): as a row of the table
AllocationRow: TypeAlias = tuple[int, int, int, int, int, str]
#: (charge type, øre, first and last day of its period as ISO text or None, VAT rate in hundredths of a percent, øre of
#: VAT, claim, holding or None)
ChargedLine: TypeAlias = tuple[str, int, str | None, str | None, int, int, str, str | None]

_SEPARATOR = "\x1f"
_PLAIN_KIND = "other"
_PLAIN_LINE = (0, 0, "obligatory", None)


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
    postings: Sequence[LeafPosting],
) -> bytes:
    """32 bytes over one entry; ``given`` is its input hash, dates are ISO, amounts øre.

    ``detail`` is what one of the functions below gives, or "". An entry's text is left out: it may hold a name.
    """
    if _SEPARATOR in key:
        raise UnprintableKeyError(f"key {key!r} holds a control character")
    if len(postings) == 2:
        # Nearly every entry has two, and there are millions: a fifth quicker than in a loop.
        (code, amount, day), (contra, part, contra_day) = postings
        told = f"\x1f{code}\x1f{amount}\x1f{day}\x1f{contra}\x1f{part}\x1f{contra_day}"
    else:
        told = "".join([f"\x1f{code}\x1f{amount}\x1f{day}" for code, amount, day in postings])
    text = (
        f"hub entry v1\x1f{kind}\x1f{key}\x1f{value_date}\x1f{posting_date}\x1f{record or ''}\x1f{corrects_key}"
        f"\x1f{given.hex()}\x1f{detail}{told}"
    )
    return sha256(text.encode()).digest()


def charge_detail(due_date: str, reference: str, kind: str, lines: Iterable[ChargedLine]) -> str:
    """What an entry demands, beyond its amount: what decides when it is overdue and which payment pays it.

    What a line is by default is left out, as it was before there was anything else to say.
    """
    told = f"charge\x1e{due_date}\x1e{reference}" + ("" if kind == _PLAIN_KIND else f"\x1d{kind}")
    for type_, ore, first, last, vat_rate, vat, claim, holding in lines:
        told += f"\x1e{type_}\x1e{ore}\x1e{first or ''}\x1e{last or ''}"
        if (vat_rate, vat, claim, holding) != _PLAIN_LINE:
            told += f"\x1d{vat_rate}\x1d{vat}\x1d{claim}\x1d{holding or ''}"
    return told


def credited_detail(lines: Iterable[tuple[int, int, int]]) -> str:
    """What a credit note takes back of the charge that it points at: (line of the charge from 0, øre, øre of VAT)."""
    return "credited" + "".join(f"\x1e{seq}\x1e{ore}\x1e{vat}" for seq, ore, vat in lines)


def reversal_detail(reason: str) -> str:
    return f"reversal\x1e{reason}"


def suspense_detail(vendor: str, customer: str, reference: str) -> str:
    """Who is said to have paid what nobody's account could take: what a later match rests on."""
    return f"suspense\x1e{vendor}\x1e{customer}\x1e{reference}"


class Root:
    """The ordered root of a batch's leaves, in constant memory."""

    def __init__(self) -> None:
        self._hash = sha256(b"hub root v1|")
        self.entries = 0

    def add(self, leaves: Sequence[bytes]) -> None:
        self._hash.update(b"".join(leaves))
        self.entries += len(leaves)

    def digest(self) -> bytes:
        return self._hash.digest()


class Allocated:
    """What a batch's entries have paid, and which lines they demand it on, in constant memory.

    By database ids, which a backup keeps: the root binds entries in the order of theirs, and here a line's is bound to
    its charge. Rows come in the order of entry and seq, in however many pieces.
    """

    def __init__(self) -> None:
        self._paid = sha256(b"hub allocations v1|")
        self._demanded = sha256(b"hub charge lines v1|")

    def pay(self, rows: Iterable[AllocationRow]) -> None:
        told = [
            f"\x1e{entry}\x1f{seq}\x1f{payment}\x1f{line}\x1f{ore}\x1f{why}"
            for entry, seq, payment, line, ore, why in rows
        ]
        self._paid.update("".join(told).encode())

    def demand(self, rows: Iterable[tuple[int, int, int]]) -> None:
        """(entry, line of its charge from 0, id of the line)"""
        self._demanded.update("".join([f"\x1e{entry}\x1f{seq}\x1f{line}" for entry, seq, line in rows]).encode())

    def digest(self) -> bytes:
        return sha256(self._paid.digest() + self._demanded.digest()).digest()


def batch_hash(
    previous: bytes,
    company_number: str,
    seq: int,
    recorded_at: datetime,
    actor: str,
    source: str,
    root: Root,
    allocated: bytes | None,
) -> bytes:
    """32 bytes over a batch; ``source`` is the sha256 of the file it came from, "" for a manual act.

    ``allocated`` is the digest of :class:`Allocated`; None for a batch that was written before there were any.
    """
    moment = recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
    version = "hub batch v1" if allocated is None else "hub batch v2"
    head = _SEPARATOR.join((version, company_number, str(seq), moment, actor, source, str(root.entries)))
    return sha256(previous + head.encode() + root.digest() + (allocated or b"")).digest()
