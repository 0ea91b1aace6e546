"""A batch of records by kind, and the desks that each of them is booked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hub.intake.bank_lines import BankDesk
from hub.intake.booking import Booking
from hub.intake.consumption import ConsumptionDesk, Period, Periods
from hub.intake.mandates import MandateDesk, mandates_in
from hub.intake.matching import MoneyRecord
from hub.intake.money import MoneyDesk
from hub.intake.names import NamesDesk, names_in
from hub.intake.receipts import ReceiptDesk
from hub.intake.settled import SettledDesk, settled_in
from hub.intake.slips import SlipDesk, slips_in
from hub.intake.statements import StatementDesk, statements_in
from hub.intake.witnessing import WitnessDesk, seen_in
from hub.plugin import (
    BankLine,
    Chargeback,
    ConsumptionResult,
    DeliveryReceipt,
    Kept,
    Payment,
    PaymentFailed,
    Record,
)

#: What is kept, and nothing more.
KEPT = (Kept, DeliveryReceipt)
#: A tuple, which isinstance takes far faster than a union: this is asked of every record, twice.
_MONEY = (Payment, PaymentFailed, Chargeback)


class Sorted(NamedTuple):
    """A batch by who books it, each in file order."""

    money: list[MoneyRecord]
    results: list[ConsumptionResult]
    lines: list[BankLine]
    others: list[Record]


def sorted_out(batch: Sequence[Record]) -> Sorted:
    money: list[MoneyRecord] = []
    results: list[ConsumptionResult] = []
    lines: list[BankLine] = []
    others: list[Record] = []
    for record in batch:
        if isinstance(record, _MONEY):
            money.append(record)
        elif isinstance(record, ConsumptionResult):
            results.append(record)
        elif isinstance(record, BankLine):
            lines.append(record)
        else:
            others.append(record)
    return Sorted(money, results, lines, others)


class Desks:
    """All desks of one reading; ``period`` is that of results and names which carry none (R30)."""

    def __init__(self, booking: Booking, file_name: str, period: Period | None) -> None:
        self._booking = booking
        conn, site = booking.conn, booking.site
        periods = Periods(conn, site, period, booking.taken_before)
        self._witnesses = WitnessDesk(booking)
        self._money = MoneyDesk(booking, self._witnesses)
        self._consumption = ConsumptionDesk(booking, periods)
        self._bank = BankDesk(booking)
        self._settled = SettledDesk(booking)
        self._statements = StatementDesk(booking, file_name)
        self._mandates = MandateDesk(booking)
        self._slips = SlipDesk(booking)
        self._names = NamesDesk(booking, booking.config, period)
        self._receipts = ReceiptDesk(
            conn, booking.vendor, booking.file_id, actor=booking.actor, now=booking.now, zone=site.zone
        )

    def take(self, batch: Sorted) -> None:
        """The next batch of the file. Raises HeldError, ChangedError."""
        money, results, lines, others = batch
        self._money.book(money)
        self._statements.take(statements_in(others))
        for part, of_part in self._statements.parts(lines):
            self._bank.book(of_part, part)
        self._settled.book(settled_in(others))
        self._witnesses.take(seen_in(others))
        self._consumption.take(results)
        self._mandates.book(mandates_in(others))
        self._slips.book(slips_in(others))
        self._names.take(names_in(others))
        for record in others:
            if isinstance(record, DeliveryReceipt):
                self._receipts.take(record)
            if isinstance(record, KEPT):
                self._booking.note_kept(record)

    def finish(self) -> None:
        """After the last batch: books what needs the whole file, and tells what a person should know of it."""
        self._mandates.close()
        self._slips.close()
        self._names.close()
        self._money.finish()
        self._bank.finish()
        self._consumption.finish()
        self._booking.tally.notes.extend(self._receipts.reasons)
