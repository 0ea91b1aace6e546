"""What has come of one reading's booking so far: its result is made of this."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.store.results import Counts


@dataclass
class Tally:
    counts: Counts = field(default_factory=Counts)
    #: Øre, signed net booked, positive = money received (R19).
    amount: int = 0
    currency: str | None = None
    #: Øre by which what results book differs from what the file says of them: of a cost, what was on account.
    beside: int = 0
    #: Whether it has changed any mandate.
    changed_mandates: bool = False
    #: Whether it has announced any document.
    named_documents: bool = False
    #: Whether it has noted any payment that another source books.
    witnessed: bool = False
    #: Whether it has put results into consumption accounts that wait there.
    took_in: bool = False
    #: Sentences for the reading's reasons.
    notes: list[str] = field(default_factory=list)
    #: Of each line of a bank that is held, for it was booked before or only looks so: a sentence.
    doubted: list[str] = field(default_factory=list)

    def count(self, amount: int, currency: str, *, on_tenancy: bool) -> None:
        """Money that is booked, in øre, positive = received; what is on no tenancy waits in suspense."""
        self.amount += amount
        self.currency = currency
        if on_tenancy:
            self.counts.booked += 1
        else:
            self.counts.unmatched += 1
