"""What became of a file: the shape that intake fills, the journal stores and the faces show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal["booked", "partly_booked", "held_for_approval", "duplicate", "quarantined", "ignored", "reversed"]

#: Something of it is not booked, and waits for a person.
HELD_BACK: tuple[State, ...] = ("quarantined", "partly_booked", "held_for_approval")

#: Begins a reason that a person has to hear of at once, though the file itself is well.
LOUD = "attention: "


@dataclass
class Counts:
    """Records of one reading by outcome; ``read`` is the sum of the others."""

    booked: int = 0
    failed: int = 0
    duplicate: int = 0
    unmatched: int = 0
    held: int = 0
    kept: int = 0

    @property
    def read(self) -> int:
        return self.booked + self.failed + self.duplicate + self.unmatched + self.held + self.kept


@dataclass
class Result:
    """One reading's end. ``amount`` is øre, signed net booked, positive = money received, suspense included (R19).

    ``total`` is the net of all records that the check pass saw, whatever became of them; None = it saw none.
    """

    state: State
    reasons: list[str] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    amount: int = 0
    currency: str | None = None
    total: int | None = None
