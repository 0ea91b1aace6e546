"""Which charge a payment pays: by reference first, then the oldest due; what is left over is credit (R24).

Pure: works on open charges in memory and changes their remaining amounts, so that a second payment of the same batch
meets what the first one left.
"""

from __future__ import annotations

from typing import NamedTuple

from hub.ledger.kinds import BY_AGE, BY_REFERENCE

#: Section 0215 of Betalingsservice gives back only so many characters of a reference (R12).
SHORT_REFERENCE_LENGTH = 9


class OpenCharge:
    """A charge with something left to pay; ``lines`` are (line id, øre remaining), ``due_date`` is ISO text."""

    __slots__ = ("due_date", "id", "lines", "reference", "remaining")

    def __init__(self, due_date: str, id: int, reference: str, line_id: int, remaining: int) -> None:
        self.due_date = due_date
        self.id = id
        self.reference = reference
        self.lines = [(line_id, remaining)]
        self.remaining = remaining

    def add_line(self, line_id: int, remaining: int) -> None:
        self.lines.append((line_id, remaining))
        self.remaining += remaining

    def __lt__(self, other: OpenCharge) -> bool:
        """The order in which charges are paid: oldest due first."""
        return (self.due_date, self.id) < (other.due_date, other.id)


class Allocated(NamedTuple):
    line_id: int
    #: Øre, positive.
    amount: int
    policy: str


def allocate(amount: int, charges: list[OpenCharge], reference: str) -> tuple[list[Allocated], int]:
    """Spends ``amount`` øre on ``charges`` (oldest due first) and gives what was paid and what is left over."""
    paid: list[Allocated] = []
    if reference:
        named = False
        for charge in charges:
            if charge.reference == reference:
                named = True
                amount = _pay(charge, amount, BY_REFERENCE, paid)
        if not named and len(reference) == SHORT_REFERENCE_LENGTH:
            cut = [charge for charge in charges if charge.reference[:SHORT_REFERENCE_LENGTH] == reference]
            if len(cut) == 1:
                amount = _pay(cut[0], amount, BY_REFERENCE, paid)
    for charge in charges:
        if amount == 0:
            break
        amount = _pay(charge, amount, BY_AGE, paid)
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


def _pay(charge: OpenCharge, amount: int, policy: str, paid: list[Allocated]) -> int:
    """Pays as much of one charge as ``amount`` allows; gives what is left of it."""
    part = min(amount, charge.remaining)
    if part == 0:
        return amount
    if len(charge.lines) == 1:
        line_id, remaining = charge.lines[0]
        paid.append(Allocated(line_id, part, policy))
        charge.lines[0] = (line_id, remaining - part)
    else:
        shares = split(part, [remaining for _, remaining in charge.lines])
        shared = list(zip(charge.lines, shares, strict=True))
        paid.extend(Allocated(line_id, share, policy) for (line_id, _), share in shared if share)
        charge.lines = [(line_id, left - share) for (line_id, left), share in shared]
    charge.remaining -= part
    return amount - part
