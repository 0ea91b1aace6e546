"""In which order money pays what is open (R24), and what may be missing: a company's decisions, as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from hub.ledger.words import WORDS, Language, Words

#: What a charge line is by law. ``obligatory`` is a *pligtig pengeydelse*: rent, deposit, on-account amounts, the fee
#: of a formal demand. ``fee`` is any other cost of collecting.
Claim: TypeAlias = Literal["obligatory", "other", "fee", "interest"]

#: ``obligatory``: obligatory payments, then what else is owed, then fees and interest.
#: ``costs``: fees, then interest, then principal. ``oldest``: as it fell due. Within each, oldest due first.
Policy: TypeAlias = Literal["obligatory", "costs", "oldest"]

Ranks: TypeAlias = Mapping[str, int]

RANKS: Mapping[str, Ranks] = {
    "obligatory": {"obligatory": 0, "other": 1, "fee": 2, "interest": 2},
    "costs": {"fee": 0, "interest": 1, "obligatory": 2, "other": 2},
    "oldest": {"obligatory": 0, "other": 0, "fee": 0, "interest": 0},
}


class Terms(NamedTuple):
    """One company's."""

    homes: Policy = "obligatory"
    business: Policy = "costs"
    #: Øre that may be missing of a charge which a payment nearly paid; 0 = nothing is ever written off.
    small_difference: int = 0
    language: Language = "da"

    @property
    def words(self) -> Words:
        return WORDS[self.language]

    def policy(self, business: bool) -> Policy:
        return self.business if business else self.homes
