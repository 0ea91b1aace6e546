"""What is known of an entry: the facts of an explanation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from hub.ledger import kinds
from hub.reports.explain_clearing import Cleared, FoundToBe
from hub.store.collecting.answers import Asked
from hub.store.match_rules import Rule
from hub.store.portfolio import Tenancy


class Use(NamedTuple):
    """So much of one entry's money on one charge line; negative where it was taken back. Øre."""

    #: Entry by which it came to be, when that counts, and when it was recorded.
    act: int
    act_kind: str
    act_date: date
    act_at: datetime
    #: Entry whose money it is.
    payment: int
    payment_kind: str
    payment_date: date
    charge: int
    charge_entry: int
    charge_entry_kind: str
    charge_kind: str
    reference: str
    charge_text: str
    due_date: date
    #: How many charge types the charge has.
    charge_types: int
    #: Counted from 1.
    line: int
    charge_type: str
    line_text: str
    claim: str
    holding: str | None
    period_from: date | None
    period_to: date | None
    amount: int
    #: Why this line: see hub.ledger.kinds.
    policy: str


class Other(NamedTuple):
    """An entry that this one points at, or that points at this one."""

    entry: int
    kind: str
    value_date: date
    #: On its own account.
    amount: int
    recorded_at: datetime
    actor: str
    #: Of a reversal.
    reason: str
    note: str


class OnHolding(NamedTuple):
    """Positive = we hold so much more of the tenant's money, where a charge fills it: as far as that is paid (R23)."""

    name: str
    amount: int


class Credit(NamedTuple):
    """What another entry has brought: what its money has done, taken back or not, and øre that are left of it."""

    by: Other
    uses: tuple[Use, ...]
    left: int
    #: What it takes out of holdings.
    holdings: tuple[OnHolding, ...]


class Turn(NamedTuple):
    """An entry that brought money back or took it again: what it did, and what that money has done since."""

    by: Other
    did: tuple[Use, ...]
    later: tuple[Use, ...]
    #: Øre.
    left: int


class ChargeLine(NamedTuple):
    """Øre."""

    charge_type: str
    text: str
    claim: str
    holding: str | None
    period_from: date | None
    period_to: date | None
    amount: int
    remaining: int


class ChargeOf(NamedTuple):
    """What an entry demands."""

    id: int
    kind: str
    reference: str
    text: str
    due_date: date
    lines: tuple[ChargeLine, ...]

    @property
    def remaining(self) -> int:
        return sum(line.remaining for line in self.lines)


class Suspended(NamedTuple):
    """Money that was nobody's when it came."""

    remaining: int
    customer: str
    reference: str
    reason: str


class Step(NamedTuple):
    """What became of money that was nobody's when it came: a match, what took it back, and so on."""

    entry: int
    kind: str
    #: The entry that it takes further, and its kind.
    of: int
    of_kind: str
    #: It books anew, in the act of the reversal ``of``, what that took from where it was.
    moves: bool
    value_date: date
    recorded_at: datetime
    actor: str
    #: On its own account.
    amount: int
    #: Whose account that is; "" = nobody's.
    tenancy: str
    #: Of a reversal.
    reason: str
    #: What a bank's line was found to be by it.
    found_to_be: FoundToBe | None = None


class Story(NamedTuple):
    """The way of money that is or was in suspense, told the same of every entry on it."""

    #: The entry by which it came, and from when that counts.
    payment: int
    value_date: date
    #: It was nobody's when it came; else a person has put it there since.
    unknown: bool
    #: In the order in which they were booked.
    steps: tuple[Step, ...]
    #: Øre that are in suspense still, or again.
    waiting: int


class Origin(NamedTuple):
    """The file and the record that an entry comes from, and the entry that was booked of it."""

    entry: int
    value_date: date

    vendor: str
    name: str
    file_id: int
    sha256: str
    #: Line, from 1; of a file whose records are no lines their number.
    record: int | None


class MandateOf(NamedTuple):
    """A mandate, and whose it is."""

    number: str
    tenancy: str


class ByHand(NamedTuple):
    """What a person did under a key."""

    what: str
    key: str


class Explanation(NamedTuple):
    """All facts about one entry. Øre; ``amount`` is its effect on its own account (R19)."""

    entry: int
    kind: str
    document_type: str
    voucher: str
    key: str
    text: str
    value_date: date
    posting_date: date
    recorded_at: datetime
    actor: str
    company: str
    currency: str
    #: Kind of its own account: receivable, holding, suspense.
    account_kind: str
    amount: int
    tenancy: Tenancy | None
    charge: ChargeOf | None
    #: Of a credit note: what it credits.
    credits: ChargeOf | None
    #: What it did when it was booked.
    did: tuple[Use, ...]
    #: What its money has done since, and what of that was taken back.
    later: tuple[Use, ...]
    #: What has paid its charge, whoever did it.
    paid_by: tuple[Use, ...]
    #: What is left of its money as credit.
    left: int
    suspended: Suspended | None
    #: Where it is of money that is or was in suspense.
    story: Story | None
    holdings: tuple[OnHolding, ...]
    points_at: Other | None
    #: Day on which money came first, by each entry above that has money which another one brought.
    came: Mapping[int, date]
    #: The charge-back or reversal that stands.
    taken_back_by: Other | None
    #: What that did.
    taken_back_did: tuple[Use, ...]
    #: What took that back, what took this back, and so on: only money that a charge-back took comes back. The first
    #: brings it, the next takes it, in turn.
    afterwards: tuple[Turn, ...]
    #: Of a small difference and of its reversal: a credit note on the charge took it back.
    credited_away: bool
    #: Of a reversal: what the entry had done that it takes back.
    undid: tuple[Use, ...]
    #: Credit notes on it, and the match of it, that stand.
    credited_by: tuple[Credit, ...]
    matched_by: Other | None
    #: Whose it became by that match.
    matched_to: str
    #: The remembered match that found the tenancy.
    rule: Rule | None
    #: Under which a payment came on the tenancy's number, and which is another tenancy's.
    mandate_of_another: MandateOf | None
    origin: Origin | None
    by_hand: ByHand | None
    #: Of a reversal.
    reason: str
    note: str
    #: The collection that it answers; those that its charge was asked for by, oldest first.
    answers: Asked | None
    asked_by: tuple[Asked, ...]
    cleared: Cleared

    def money(self, entry: int, kind: str, day: date) -> tuple[str, date]:
        """Kind and day by which the tenant knows the money of an entry: he paid it once, whoever took it and gave it
        back since.
        """
        came = self.came.get(entry)
        if came is None:
            return kind, day
        return kinds.PAYMENT if kind == kinds.REVERSAL else kind, came

    @property
    def after_move_out(self) -> date | None:
        """The day on which the tenant had moved out when the money came."""
        out = self.tenancy.move_out if self.tenancy else None
        came = self.kind in (kinds.PAYMENT, kinds.MATCH) and out is not None and out < self.value_date
        return out if came else None
