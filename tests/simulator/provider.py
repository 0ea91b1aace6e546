"""The provider itself: who has a mandate with it, what it has been asked, and what becomes of each collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Literal, NamedTuple

from tests.simulator.saying import NOTHING_PAID, Section, Sender, delivery, paid, payment_id, receipt
from tests.simulator.taking import Demand, RefusedError, Taken, take

NO_MANDATE = "000000000"
#: Of a hundred thousand automatic collections: rejected by the payer, cancelled with the mandate, charged back.
_REJECTED, _CANCELLED, _CHARGED_BACK = 1_500, 500, 500
#: Of as many slips: never paid, paid with another amount, charged back; and payers who enrol.
_UNPAID, _OTHERWISE, _SLIPS_CHARGED_BACK, _ENROLS = 4_000, 5_000, 500, 20_000
_OF = 100_000
#: Whoever pays another amount by slip pays so much too little or too much, øre.
_OTHER_AMOUNT = 10_000
_CHARGED_BACK_AFTER_DAYS, _ANNOUNCED_BEFORE_DAYS = 7, 5
#: How many days from the due date slips are paid.
_SLIP_DAYS = (-4, 6)

What = Literal["paid", "failed", "charged back"]


class Deed(NamedTuple):
    """One thing that the provider did, and has told in a 0602."""

    what: What
    customer: str
    reference: str
    due: date
    #: Øre that came from the debtor, negative = that went to him; 0 of what failed.
    amount: int
    booked: date


@dataclass
class Answers:
    """What comes back for one 0601, as files; and what is in them, said otherwise."""

    receipt: bytes
    mandates: bytes
    #: Two 0602: what is charged back stands in the second, after its payment in the first.
    payments: tuple[bytes, bytes]
    deeds: list[Deed] = field(repr=False)
    #: Customer number to mandate number, of those who enrolled; and from when.
    enrolled: dict[str, str] = field(repr=False)
    enrolled_from: date
    #: Reference to payment id, of the slips that were made.
    slips: dict[str, str] = field(repr=False)


class Betalingsservice:
    """One data supplier's provider; what it decides hangs on ``seed`` alone."""

    def __init__(self, seed: int, slip_creditor: str = "81234567") -> None:
        self._chance = Random(seed)
        self.slip_creditor = slip_creditor
        self._delivery = 2_500_000_000
        self._number = 0
        #: Mandate number and first day, by creditor, group and customer.
        self.mandates: dict[tuple[str, str, str], tuple[str, date]] = {}
        self._asked: set[tuple[str, str, date]] = set()

    def enrol(self, customers: Iterable[tuple[str, str, str]], start: date, data_supplier: str) -> bytes:
        """A 0603 with new mandates of (creditor, group, customer number as in a file)."""
        sections = _Sections("0212")
        for whose in customers:
            self.register(sections, whose, start)
        return delivery("0603", self.sender(data_supplier, "BS1", start), sections.filled())

    def answer(self, delivered: bytes) -> Answers:
        """Takes a 0601 and answers it. Raises RefusedError for one that is not in order, or asks again."""
        taken = take(delivered)
        for demand in taken.demands:
            self._accept(demand)
        return _Answering(self, taken).answers()

    def _accept(self, demand: Demand) -> None:
        asked = (demand.creditor, demand.customer, demand.due)
        if asked in self._asked:
            raise RefusedError(f"{demand.customer}: collected for {demand.due} already by an earlier delivery")
        self._asked.add(asked)
        if demand.mandate == NO_MANDATE:
            return
        known, start = self.mandates.get((demand.creditor, demand.group, demand.customer), (NO_MANDATE, date.max))
        if demand.mandate != known or start > demand.due:
            raise RefusedError(f"{demand.customer}: mandate {demand.mandate} is not this customer's on {demand.due}")

    def register(self, sections: _Sections, whose: tuple[str, str, str], start: date) -> str:
        mandate = f"{self.next():09d}"
        self.mandates[whose] = (mandate, start)
        sections.of(whose[0], whose[1]).mandate("0231", whose[2], mandate, start, None)
        return mandate

    def next(self) -> int:
        self._number += 1
        return self._number

    def sender(self, data_supplier: str, subsystem: str, created: date) -> Sender:
        self._delivery += 1
        return Sender(data_supplier, subsystem, self._delivery, created)

    def assigned(self) -> int:
        """The number that the provider gives to a delivery."""
        self._delivery += 1
        return self._delivery

    def lot(self) -> int:
        return self._chance.randrange(_OF)

    def between(self, first: int, last: int) -> int:
        return self._chance.randint(first, last)


class _Answering:
    """One delivery being answered."""

    def __init__(self, provider: Betalingsservice, taken: Taken) -> None:
        self._provider = provider
        self._taken = taken
        self._issued, self._changed = _Sections("0217"), _Sections("0212")
        self._automatic = _Sections("0211"), _Sections("0211")
        self._by_slip = _Sections("0215"), _Sections("0215")
        self._deeds: list[Deed] = []
        self._enrolled: dict[str, str] = {}
        self._slips: dict[str, str] = {}

    def answers(self) -> Answers:
        provider, taken = self._provider, self._taken
        due = max(demand.due for demand in taken.demands)
        enrolled_from = (due.replace(day=1) + timedelta(days=32)).replace(day=1)
        for demand in taken.demands:
            if demand.mandate != NO_MANDATE:
                self._take_by_itself(demand)
                continue
            self._send_slip(demand)
            if provider.lot() < _ENROLS:
                whose = (demand.creditor, demand.group, demand.customer)
                self._enrolled[demand.customer] = provider.register(self._changed, whose, enrolled_from)
        announced = due - timedelta(days=_ANNOUNCED_BEFORE_DAYS)
        first, second = (
            delivery(
                "0602",
                provider.sender(taken.data_supplier, taken.subsystem, day),
                [*self._automatic[part].filled(), *self._by_slip[part].filled()],
            )
            for part, day in enumerate((due, due + timedelta(days=_CHARGED_BACK_AFTER_DAYS)))
        )
        return Answers(
            receipt(taken, provider.assigned(), datetime.combine(taken.created, time(14, 5, 9))),
            delivery(
                "0603",
                provider.sender(taken.data_supplier, taken.subsystem, announced),
                [*self._issued.filled(), *self._changed.filled()],
            ),
            (first, second),
            self._deeds,
            self._enrolled,
            enrolled_from,
            self._slips,
        )

    def _take_by_itself(self, demand: Demand) -> None:
        lot, part = self._provider.lot(), self._provider.lot() % 2
        if demand.amount > 0 and lot < _REJECTED + _CANCELLED:
            self._tell(part, "0237" if lot < _REJECTED else "0238", demand, NOTHING_PAID)
            self._deeds.append(Deed("failed", demand.customer, demand.reference, demand.due, 0, demand.due))
            return
        charged_back = demand.amount > 0 and lot < _REJECTED + _CANCELLED + _CHARGED_BACK
        on = _bank_day(demand.due)
        self._tell(0 if charged_back else part, "0236", demand, self._paid(demand, demand.amount, on))
        if charged_back:
            self._tell(1, "0239", demand, self._charged_back(demand, demand.amount, on))

    def _send_slip(self, demand: Demand) -> None:
        provider = self._provider
        number = provider.next()
        id_, archive = payment_id(number), f"A{number:020d}X"
        self._slips[demand.reference] = id_
        issued = self._issued.of(demand.creditor, demand.group)
        issued.issued(demand.customer, provider.slip_creditor, id_, demand.due, demand.amount, demand.reference)
        lot, part = provider.lot(), provider.lot() % 2
        if lot < _UNPAID:
            return
        otherwise = lot < _UNPAID + _OTHERWISE
        more = _OTHER_AMOUNT if provider.lot() % 2 or demand.amount <= _OTHER_AMOUNT else -_OTHER_AMOUNT
        amount = demand.amount + (more if otherwise else 0)
        charged_back = not otherwise and lot < _UNPAID + _OTHERWISE + _SLIPS_CHARGED_BACK
        on = _bank_day(demand.due + timedelta(days=provider.between(*_SLIP_DAYS)))
        told = self._paid(demand, amount, on)
        wrote = "JEG BETALER LIDT ANDERLEDES" if otherwise else ""
        self._tell_slip(0 if charged_back else part, "0297", demand, archive, told, wrote)
        if charged_back:
            self._tell_slip(1, "0299", demand, archive, self._charged_back(demand, amount, on), "")

    def _paid(self, demand: Demand, amount: int, on: date) -> str:
        booked = _bank_day(on + timedelta(days=1))
        self._deeds.append(Deed("paid", demand.customer, demand.reference, demand.due, amount, booked))
        return paid(on, booked, abs(amount))

    def _charged_back(self, demand: Demand, amount: int, paid_on: date) -> str:
        on = _bank_day(paid_on + timedelta(days=_CHARGED_BACK_AFTER_DAYS))
        self._deeds.append(Deed("charged back", demand.customer, demand.reference, demand.due, -amount, on))
        return paid(on, on, amount)

    def _tell(self, part: int, code: str, demand: Demand, told: str) -> None:
        self._automatic[part].of(demand.creditor, demand.group).automatic(
            code,
            demand.customer,
            demand.mandate,
            demand.due,
            2 if demand.amount < 0 else 1,
            abs(demand.amount),
            demand.reference,
            told,
        )

    def _tell_slip(self, part: int, code: str, demand: Demand, archive: str, told: str, wrote: str) -> None:
        section = self._by_slip[part].of(demand.creditor, demand.group)
        section.slip(code, demand.customer, demand.due, demand.amount, demand.reference, archive, told, wrote=wrote)


class _Sections:
    """Sections of one number, by creditor and debtor group."""

    def __init__(self, number: str) -> None:
        self._number = number
        self._sections: dict[tuple[str, str], Section] = {}

    def of(self, creditor: str, group: str) -> Section:
        return self._sections.setdefault((creditor, group), Section(creditor, self._number, group))

    def filled(self) -> list[Section]:
        return list(self._sections.values())


def _bank_day(day: date) -> date:
    """That day, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
