"""Which charge a payment pays: by reference first, then in the order of the company's policy (R24).

Pure: works on open charges in memory and changes their remaining amounts, so that a second payment of the same batch
meets what the first one left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hub.ledger.kinds import BY_REFERENCE

#: Section 0215 of Betalingsservice gives back only so many characters of a reference (R12).
SHORT_REFERENCE_LENGTH = 9


class OpenCharge:
    """What is open of a charge on lines of one rank; ``lines`` are (line id, øre remaining), ``due_date`` ISO text."""

    __slots__ = ("due_date", "id", "lines", "rank", "reference", "remaining")

    def __init__(self, rank: int, due_date: str, id: int, reference: str, line_id: int, remaining: int) -> None:
        self.rank = rank
        self.due_date = due_date
        self.id = id
        self.reference = reference
        self.lines = [(line_id, remaining)]
        self.remaining = remaining

    def add_line(self, line_id: int, remaining: int) -> None:
        self.lines.append((line_id, remaining))
        self.remaining += remaining

    def __lt__(self, other: OpenCharge) -> bool:
        """The order in which charges are paid: by rank, then oldest due first."""
        return (self.rank, self.due_date, self.id) < (other.rank, other.due_date, other.id)


#: (line id, øre above zero, policy); a plain tuple, because there are as many as payments.
Allocated: TypeAlias = tuple[int, int, str]


def allocate(amount: int, charges: Sequence[OpenCharge], reference: str, policy: str) -> tuple[list[Allocated], int]:
    """Spends ``amount`` øre on ``charges``, which stand in order; gives what was paid and what is left over.

    ``policy`` names the order for whoever asks later; what the reference names is paid first whatever its place.
    """
    paid: list[Allocated] = []
    if reference:
        is_named = False
        for charge in charges:
            if charge.reference == reference:
                is_named = True
                amount = _pay(charge, amount, BY_REFERENCE, paid)
        if not is_named and len(reference) == SHORT_REFERENCE_LENGTH:
            named = [charge for charge in charges if charge.reference[:SHORT_REFERENCE_LENGTH] == reference]
            if len({charge.id for charge in named}) == 1:
                for charge in named:
                    amount = _pay(charge, amount, BY_REFERENCE, paid)
    if amount:
        for charge in charges:
            amount = _pay(charge, amount, policy, paid)
            if amount == 0:
                break
    return paid, amount


def pay_lines(
    amount: int, charges: Sequence[OpenCharge], wanted: Sequence[tuple[int, int]], policy: str
) -> tuple[list[Allocated], int]:
    """Spends ``amount`` øre on the lines named first: (line id, øre at most), as far as they are open."""
    paid: list[Allocated] = []
    for line_id, most in wanted:
        for charge in charges:
            for at, (id_, remaining) in enumerate(charge.lines):
                part = min(amount, most, remaining) if id_ == line_id else 0
                if part:
                    paid.append((line_id, part, policy))
                    charge.lines[at] = (id_, remaining - part)
                    charge.remaining -= part
                    amount -= part
    return paid, amount


def pay_demanded(
    amount: int, charges: Sequence[OpenCharge], demanded: Mapping[int, int], policy: str
) -> tuple[list[Allocated], int]:
    """Spends ``amount`` øre on the lines that were demanded, as far as they are open: øre at most by line id.

    In the order of ``charges``, so that of too little money the tenant's law or contract says what it pays; a part is
    shared over lines of one rank in proportion to what is demanded of each and open.
    """
    paid: list[Allocated] = []
    for charge in charges:
        open_ = [min(remaining, demanded.get(line_id, 0)) for line_id, remaining in charge.lines]
        part = min(amount, sum(open_))
        if part == 0:
            continue
        for at, share in enumerate(split(part, open_)):
            line_id, remaining = charge.lines[at]
            if share:
                paid.append((line_id, share, policy))
                charge.lines[at] = (line_id, remaining - share)
        charge.remaining -= part
        amount -= part
    return paid, amount


def split(amount: int, weights: list[int]) -> list[int]:
    """``amount`` shared pro rata, to the øre: the rest goes one by one to the largest fractions, first line first."""
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    shares = [amount * weight // total for weight in weights]
    fractions = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in fractions[: amount - sum(shares)]:
        shares[i] += 1
    return shares


def missing(charges: Sequence[OpenCharge], paid: Sequence[Allocated], limit: int) -> list[tuple[int, int]]:
    """(line id, øre) still open on charges that were just paid all but ``limit`` øre or less (R24).

    And paid more than is missing: who pays a hundredth of a charge has not nearly paid it.
    """
    parts: dict[int, int] = {}
    for line_id, part, _ in paid:
        parts[line_id] = parts.get(line_id, 0) + part
    paid_of: dict[int, int] = {}
    for charge in charges:
        if part := sum(parts.get(line_id, 0) for line_id, _ in charge.lines):
            paid_of[charge.id] = paid_of.get(charge.id, 0) + part
    left: list[tuple[int, int]] = []
    for id_, part in sorted(paid_of.items()):
        ours = [charge for charge in charges if charge.id == id_]
        if 0 < sum(charge.remaining for charge in ours) <= min(limit, part - 1):
            left += [line for charge in ours for line in charge.lines if line[1]]
    return left


def _pay(charge: OpenCharge, amount: int, policy: str, paid: list[Allocated]) -> int:
    """Pays as much of one charge as ``amount`` allows; gives what is left of it."""
    part = charge.remaining
    if part > amount:
        part = amount
    if part == 0:
        return amount
    lines = charge.lines
    if len(lines) == 1:
        line_id, remaining = lines[0]
        paid.append((line_id, part, policy))
        lines[0] = (line_id, remaining - part)
    else:
        shares = split(part, [remaining for _, remaining in lines])
        shared = list(zip(lines, shares, strict=True))
        paid.extend((line_id, share, policy) for (line_id, _), share in shared if share)
        charge.lines = [(line_id, left - share) for (line_id, left), share in shared]
    charge.remaining -= part
    return amount - part
