"""What money has paid, what was freed of that and what is left, and what a charge was paid by: in sentences.

However many there are, the sums are whole: a few are told one by one, then how many others, and how much that is; of
what follows one another in time, only neighbours that did the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from hub.ledger import kinds
from hub.ledger.words import Language
from hub.reports.explain_facts import Credit, Explanation, Other, Turn, Use
from hub.reports.explain_names import TOLD_MAX, Names
from hub.reports.explain_texts import phrases_of
from hub.reports.explain_uses_texts import uses_phrases_of
from hub.reports.statement.texts import one_line

#: What credit has covered and nobody charged.
_GONE_OUT = (kinds.PAYOUT, kinds.TRANSFER)
_NO_CHARGES = (*_GONE_OUT, kinds.CHARGEBACK)


class _Event(NamedTuple):
    """What one act did with one charge; øre, below zero where it freed them."""

    uses: list[Use]
    amount: int


class UsesTeller:
    """Sentences about one entry; ``it`` is what they call it, ``done_on`` the day on which a moment was, in words.

    ``today`` is the company's: money that counts only later is nobody's credit yet (R10).
    """

    def __init__(
        self,
        found: Explanation,
        language: Language,
        names: Names,
        it: str,
        done_on: Callable[[datetime], str],
        today: date,
    ) -> None:
        self._found = found
        self._says = uses_phrases_of(language)
        self._kinds = phrases_of(language)
        self._names = names
        self._amount = names.amount
        self._it = it
        self._done_on = done_on
        self._today = today

    def paid(self, subject: str, uses: Sequence[Use]) -> Iterator[str]:
        """What its money paid when it was booked."""
        says = self._says
        clauses: dict[tuple[int, str], list[Use]] = {}
        for use in uses:
            if use.amount > 0:
                clauses.setdefault((use.charge, self._because(use)), []).append(use)
        if not clauses:
            yield says.paid_nothing.format(subject=subject, it=self._it)
        # All of a charge is told, or nothing: the others are others.
        charges = list(dict.fromkeys(charge for charge, _ in clauses))[:TOLD_MAX]
        told = [(because, lines) for (charge, because), lines in clauses.items() if charge in charges]
        rest = [_Event(lines, _total(lines)) for (charge, _), lines in clauses.items() if charge not in charges]
        for number, (because, lines) in enumerate(told):
            template = says.paid_also if number else says.paid
            charge, amount = self._names.paid(lines), self._amount(_total(lines))
            it = capital(self._it)
            yield template.format(subject=subject, It=it, charge=charge, amount=amount, because=because)
        yield from self._more(says.paid_more, rest)

    def since(self) -> Iterator[str]:
        """What its money was used for later, what of it was freed, in the order of that, and what is left."""
        back = self._found.taken_back_by
        yield from self._used(self._found.later, self._it, back.entry if back else None)
        yield from self._left(self._found.left, self._found.value_date)

    def _used(self, uses: Iterable[Use], it: str, gone_by: int | None) -> Iterator[str]:
        says = self._says
        # What is open again because the money is gone is told with that.
        acts = _events(use for use in uses if use.act != gone_by)
        for one in acts[:TOLD_MAX]:
            yield self._later(one, it)
        # Of those in a row alone a sum is true in its place: what is freed may be used again after it.
        for paid, in_a_row in groupby(acts[TOLD_MAX:], lambda one: one.amount > 0):
            some = list(in_a_row)
            if len(some) == 1:
                yield self._later(some[0], it)
                continue
            noun = says.several_charges if all(map(_is_charge, some)) else says.several[paid]
            template = says.paid_later_more if paid else says.freed_later_more
            several = noun.format(count=len({one.uses[0].charge for one in some}))
            yield template.format(it=it, several=several, amount=self._amount(sum(one.amount for one in some)))

    def _later(self, one: _Event, it: str) -> str:
        template = self._says.paid_later if one.amount > 0 else self._of_freed(one.uses[0])
        charge, amount = self._names.paid(one.uses), self._amount(one.amount)
        date = self._done_on(one.uses[0].act_at)
        return template.format(it=it, Charge=capital(charge), charge=charge, amount=amount, date=date)

    def payers(self) -> Iterator[str]:
        """Whose money has paid the charge, less what was taken back of that, and what its credit notes did."""
        says, notes = self._says, {one.by.entry for one in self._found.credited_by}
        by_line: dict[tuple[int, int], list[Use]] = {}
        for use in self._found.paid_by:
            by_line.setdefault((use.payment, use.line), []).append(use)
        by_reason: dict[tuple[int, str], list[Use]] = {}
        for (payment, _), uses in by_line.items():
            if payment not in notes and _total(uses):
                # What was taken back says nothing of why it was paid.
                because = self._because(next(use for use in reversed(uses) if use.amount > 0))
                by_reason.setdefault((payment, because), []).extend(uses)
        standing = [(uses[0], because, _total(uses)) for (_, because), uses in by_reason.items()]
        for use, because, amount in standing[:TOLD_MAX]:
            kind, came = self._found.money(use.payment, use.payment_kind, use.payment_date)
            yield says.charge_paid_by.format(
                subject=self._kinds.subjects[kind],
                date=self._names.day(came),
                amount=self._amount(amount),
                because=because,
            )
        if rest := [amount for _, _, amount in standing[TOLD_MAX:]]:
            sums = says.other_sum if len(rest) == 1 else says.other_sums.format(count=len(rest))
            yield says.charge_paid_more.format(amount=self._amount(sum(rest)), sums=sums)
        yield from self._credit_notes(self._found.credited_by)

    def undone(self, of: Other, uses: Sequence[Use]) -> Iterator[str]:
        """What ``uses`` of the act that took ``of`` back did: what is open again, or free where it was a charge, or
        paid again where it was a charge-back.
        """
        its_own = [use for use in uses if use.charge_entry == of.entry]
        freed = -sum(use.amount for use in its_own if use.amount < 0)
        if freed:
            template = self._says.freed_out if of.kind in _GONE_OUT else self._says.freed
            yield template.format(amount=self._amount(freed))
        elif of.kind == kinds.CHARGEBACK and not its_own:
            yield from self._paid_again((use for use in uses if use.amount > 0), self._found.undid)
        elif not its_own:
            yield from self.reopened(uses)

    def reopened(self, uses: Sequence[Use]) -> Iterator[str]:
        """What is open again by an act, and what credit has paid of that at once."""
        says = self._says
        taken = _by_charge(use for use in uses if use.amount < 0)
        for one in taken[:TOLD_MAX]:
            template = says.reopened_out if one.uses[0].charge_entry_kind in _GONE_OUT else says.reopened
            yield template.format(charge=self._names.paid(one.uses), amount=self._amount(one.amount))
        yield from self._more(says.reopened_more, taken[TOLD_MAX:])
        opened = {one.uses[0].charge for one in taken}
        covered = sum(use.amount for use in uses if use.amount > 0 and use.charge in opened)
        if covered:
            yield says.reopened_covered.format(amount=self._amount(covered))

    def returned(self, money: Turn, took: Iterable[Use], gone: Turn | None) -> Iterator[str]:
        """What money paid that the bank had taken, and which came back, until it was ``gone`` again."""
        yield from self._paid_again((use for use in money.did if use.payment == money.by.entry), took)
        yield from self._used(money.later, self._says.money, gone.by.entry if gone else None)
        yield from self._left(money.left, money.by.value_date)

    def _paid_again(self, uses: Iterable[Use], took: Iterable[Use]) -> Iterator[str]:
        """Again is what it had paid before it was taken: by what taking it ``took`` from charges."""
        says, paid = self._says, [one for one in _by_charge(uses) if one.amount]
        before = {use.charge for use in took if use.amount < 0}
        for one in paid[:TOLD_MAX]:
            template = says.paid_again if one.uses[0].charge in before else says.paid_then
            yield template.format(charge=self._names.paid(one.uses), amount=self._amount(one.amount))
        again = all(one.uses[0].charge in before for one in paid[TOLD_MAX:])
        yield from self._more(says.paid_again_more if again else says.paid_then_more, paid[TOLD_MAX:])

    def _left(self, ore: int, since: date) -> Iterator[str]:
        if ore:
            template = self._says.left if since <= self._today else self._says.left_from
            yield template.format(amount=self._amount(ore), date=self._names.day(since))

    def _credit_notes(self, notes: Sequence[Credit]) -> Iterator[str]:
        says = self._says
        for one in notes[:TOLD_MAX]:
            on_it = sum(use.amount for use in one.uses if use.charge_entry == self._found.entry)
            elsewhere = _by_charge(use for use in one.uses if use.charge_entry != self._found.entry)
            paid = [event for event in elsewhere if event.amount]
            parts = [says.note_deducted.format(amount=self._amount(on_it))] if on_it else []
            for event in paid[:TOLD_MAX]:
                charge, amount = self._names.paid(event.uses), self._amount(event.amount)
                parts.append(says.note_used.format(amount=amount, charge=charge))
            if rest := paid[TOLD_MAX:]:
                amount = self._amount(sum(event.amount for event in rest))
                parts.append(says.note_used.format(amount=amount, charge=self._others(rest)))
            if one.left:
                template = says.note_left if one.by.value_date <= self._today else says.note_left_from
                parts.append(template.format(amount=self._amount(one.left)))
            amount, date = self._amount(one.by.amount), self._names.day(one.by.value_date)
            yield says.note.format(amount=amount, date=date, parts=self._names.listed(parts))
        if more := notes[TOLD_MAX:]:
            count = says.other_note if len(more) == 1 else says.other_notes.format(count=len(more))
            yield says.note_more.format(amount=self._amount(sum(one.by.amount for one in more)), notes=count)

    def _more(self, template: str, events: Sequence[_Event]) -> Iterator[str]:
        if events:
            amount = self._amount(sum(one.amount for one in events))
            others = self._others(events)
            yield template.format(it=self._it, It=capital(self._it), others=others, amount=amount)

    def _others(self, events: Sequence[_Event]) -> str:
        says, count = self._says, len({one.uses[0].charge for one in events})
        if all(map(_is_charge, events)):
            return says.other if count == 1 else says.others.format(count=count)
        return says.other_sum if count == 1 else says.other_sums.format(count=count)

    def _of_freed(self, use: Use) -> str:
        loose = use.charge_entry_kind == kinds.CHARGEBACK
        return self._says.freed_later_of_chargeback if loose else self._says.freed_later

    def _because(self, use: Use) -> str:
        says = self._says
        ranked = says.because_rank.get((use.policy, use.claim))
        if ranked is not None:
            return ranked
        kind, _ = self._found.money(use.payment, use.payment_kind, use.payment_date)
        if kind != use.payment_kind and use.policy == kinds.BY_DOCUMENT:
            return says.because_again
        mentions = self._kinds.mentions
        mention = mentions.get(kind, mentions[kinds.PAYMENT])
        return says.because[use.policy].format(mention=mention, reference=one_line(use.reference))


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _events(uses: Iterable[Use]) -> list[_Event]:
    """The uses of each act on each charge; what it freed before what it paid, as it did."""
    found: dict[tuple[int, int, bool], list[Use]] = {}
    for use in uses:
        found.setdefault((use.act, use.charge, use.amount > 0), []).append(use)
    return [_Event(of_it, _total(of_it)) for of_it in found.values()]


def _is_charge(event: _Event) -> bool:
    return event.uses[0].charge_entry_kind not in _NO_CHARGES


def _by_charge(uses: Iterable[Use]) -> list[_Event]:
    found: dict[int, list[Use]] = {}
    for use in uses:
        found.setdefault(use.charge, []).append(use)
    return [_Event(of_it, _total(of_it)) for of_it in found.values()]


def _total(uses: Iterable[Use]) -> int:
    return sum(use.amount for use in uses)
