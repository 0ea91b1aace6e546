"""An explanation in a few sentences that the tenant would understand, in the company's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from hub.ledger import kinds
from hub.ledger.words import Language
from hub.reports.explain_clearing_texts import ClearingTeller
from hub.reports.explain_facts import ChargeOf, Explanation, Other, Step, Story
from hub.reports.explain_names import Names
from hub.reports.explain_texts import ASIDE_ENDS, Phrases, phrases_of
from hub.reports.explain_uses import UsesTeller, capital

#: Money that goes out of suspense, or the bank's taking that it knows no payment of.
_WENT_OUT = (kinds.PAYOUT, kinds.CHARGEBACK)
_GOES_ON = re.compile(rf"{ASIDE_ENDS}(?= \w)")


def sentences(found: Explanation, language: Language, now: datetime) -> list[str]:
    """Each a sentence or two, the most important first; ``now`` is by the company's clock: it tells of its days."""
    return [_ended(text) for text in _Teller(found, language, now).told()]


class _Teller:
    def __init__(self, found: Explanation, language: Language, now: datetime) -> None:
        self._found = found
        self._now = now
        self._says: Phrases = phrases_of(language)
        self._it = self._says.pronouns.get(found.kind, self._says.pronoun)
        names = Names(language, found.currency, found.value_date.year)
        self._clearing = ClearingTeller(found.cleared, language, names)
        self._uses = UsesTeller(found, language, names, self._it, self._done_on, now.date())
        self._names, self._date, self._amount, self._holding = names, names.day, names.amount, names.own_holding

    def _done_on(self, at: datetime) -> str:
        """The day on which we did something: when it was recorded, whatever day it counts from."""
        return self._date(self._local(at))

    def _local(self, at: datetime) -> date:
        return at.astimezone(self._now.tzinfo).date()

    def told(self) -> Iterator[str]:
        yield from self._what()
        yield from self._since()

    def _what(self) -> Iterator[str]:
        found, says = self._found, self._says
        if found.kind == kinds.PAYMENT_FAILED:
            yield says.failed.format(date=self._date(found.value_date))
        elif found.kind == kinds.REVERSAL:
            yield from self._reversal()
        elif (story := self._told_story()) is not None:
            yield from self._story(story)
        elif found.kind == kinds.CHARGEBACK:
            yield from self._chargeback()
        elif found.kind == kinds.DIFFERENCE:
            charge = self._names.paid(found.did) if found.did else says.subjects[kinds.CHARGE]
            yield says.difference.format(amount=self._amount(found.amount), charge=charge)
        elif found.kind == kinds.FEE:
            yield from self._clearing.fee(found.amount, self._date(found.value_date))
        elif found.kind == kinds.SETTLEMENT:
            yield from self._clearing.settlement()
        elif found.kind == kinds.TRANSFER or found.account_kind == kinds.HOLDING or found.kind == kinds.PAYOUT:
            yield from self._moved()
        elif found.account_kind == kinds.VACANCY:
            yield says.vacancy.format(amount=self._amount(found.amount))
        elif found.charge is not None:
            yield from self._demand(found.charge)
        elif found.kind == kinds.RESULT and not found.amount:
            yield says.no_result
        else:
            yield from self._money()
        if found.kind == kinds.RESULT:
            yield from self._settled()

    def _settled(self) -> Iterator[str]:
        """What was asked on account and is set against the cost."""
        for one in self._found.holdings:
            if one.amount < 0:
                holding = self._names.holding(one.name)
                yield self._says.settles_holding.format(amount=self._amount(one.amount), holding=holding)

    def _since(self) -> Iterator[str]:
        found, says = self._found, self._says
        if found.tenancy is not None and found.kind != kinds.REVERSAL:
            yield from self._clearing.came()
        if found.rule is not None:
            yield says.by_rule.format(rule=found.rule.id)
        if found.mandate_of_another is not None:
            yield says.mandate_of_another.format(**found.mandate_of_another._asdict())
        if found.after_move_out is not None:
            yield says.after_move_out.format(date=self._date(found.after_move_out))
        back = found.taken_back_by
        if self._told_story() is not None:
            # The story has told it in its place.
            return
        if back is not None and back.kind == kinds.CHARGEBACK:
            yield says.is_charged_back.format(date=self._date(back.value_date))
        elif back is not None:
            day, reason = self._done_on(back.recorded_at), self._reason(back.reason)
            yield says.is_reversed.format(It=capital(self._it), date=day, reason=reason)
        if back is not None and found.charge is None:
            yield from self._uses.reopened(found.taken_back_did)
            yield from self._afterwards()

    def _reason(self, code: str) -> str:
        return self._says.credited_away if self._found.credited_away else self._says.reasons[code]

    def _afterwards(self) -> Iterator[str]:
        """Of money that the bank took: how it came back and what it paid then, how it was taken again, and so on."""
        says, took = self._says, self._found.taken_back_did
        turns = self._found.afterwards
        for number, one in enumerate(turns):
            brings = number % 2 == 0
            if one.by.kind == kinds.CHARGEBACK:
                told = says.is_charged_back.format(date=self._date(one.by.value_date))
                yield self._in_order(told, one.by, turns[number - 1].by.recorded_at)
            else:
                template = says.suspended_returned if brings else says.is_reversed
                day, reason = self._done_on(one.by.recorded_at), says.reasons[one.by.reason]
                yield template.format(It=capital(self._it), date=day, reason=reason)
            if brings:
                yield from self._uses.returned(one, took, turns[number + 1] if number + 1 < len(turns) else None)
            else:
                yield from self._uses.reopened(took := one.did)

    def _in_order(self, told: str, by: Other | Step, since: datetime) -> str:
        """What the bank did: where that lies before what we did ``since``, the day on which we had it.

        So it does where a file was reversed and read again.
        """
        if by.value_date >= self._local(since):
            return told
        return self._says.booked_late.format(date=self._done_on(by.recorded_at), what=told[:1].lower() + told[1:])

    def _told_story(self) -> Story | None:
        """The story, where it is this entry's to tell: money that was nobody's when it came, or that a person moved."""
        found = self._found
        if found.story is None or found.suspended is None:
            return None
        came = found.story.payment == found.entry
        return found.story if came or found.kind in (kinds.PAYMENT, *_WENT_OUT) else None

    def _story(self, story: Story) -> Iterator[str]:
        """Money that is or was nobody's, from the day that it came, and all that became of it since."""
        found, says = self._found, self._says
        came = says.came[found.kind if found.kind in _WENT_OUT else kinds.PAYMENT, story.unknown]
        yield came.format(amount=self._amount(found.amount), date=self._date(story.value_date))
        # By the reversal that took it from where it was: where the same act has booked it anew.
        anew = {step.of: step for step in story.steps if step.moves}
        before: Step | None = None
        for step in story.steps:
            moved = anew.get(step.entry)
            if (moved is not None and moved.tenancy) or (step.moves and not step.tenancy):
                # One act is told once: by its reversal where the money came to suspense, else by where it went.
                continue
            if step.found_to_be is not None and step.kind == kinds.SETTLEMENT:
                yield self._clearing.found_on(step.found_to_be, self._done_on(step.recorded_at))
                continue
            template = says.suspended_unmatched if moved is not None else self._of_step(step)
            # A charge-back is the bank's, on its day; the rest was done by us when it was recorded.
            by_bank = step.kind == kinds.CHARGEBACK and not step.moves
            day = self._date(step.value_date) if by_bank else self._done_on(step.recorded_at)
            reason = says.reasons[step.reason] if step.reason else ""
            told = template.format(date=day, tenancy=step.tenancy, reason=reason)
            yield self._in_order(told, step, before.recorded_at) if by_bank and before is not None else told
            before = step
        if story.waiting:
            still = says.suspended_again if story.steps else says.suspended_still
            yield still.format(amount=self._amount(story.waiting))

    def _of_step(self, step: Step) -> str:
        says = self._says
        if step.kind == kinds.MATCH or step.moves:
            return says.suspended_matched
        if step.kind == kinds.CHARGEBACK:
            return says.suspended_charged_back_from if step.tenancy else says.suspended_charged_back
        if step.of_kind == kinds.MATCH:
            return says.suspended_unmatched
        if step.of_kind == kinds.SETTLEMENT:
            return says.suspended_found_wrong
        return says.suspended_returned if step.of_kind == kinds.CHARGEBACK else says.suspended_reversed

    def _money(self) -> Iterator[str]:
        """Money to the tenant's credit: what it paid, and what is left."""
        found, says = self._found, self._says
        _, came = found.money(found.entry, found.kind, found.value_date)
        amount, day = self._amount(found.amount), self._date(came)
        opened = says.opened.get(found.kind, says.opened[kinds.REVERSAL])
        subject = opened.format(amount=amount, date=day)
        if found.credits is not None:
            charge = self._names.demanded(kinds.CHARGE, found.credits)
            yield says.credits.format(amount=amount, date=day, charge=charge)
            subject = capital(self._it)
        yield from self._uses.paid(subject, found.did)
        if found.value_date > self._now.date():
            yield says.counts_from.format(It=capital(self._it), date=self._date(found.value_date))
        yield from self._uses.since()

    def _demand(self, charge: ChargeOf) -> Iterator[str]:
        """A charge: what it consists of, when it falls due, what of it is open, what has paid it."""
        found, says, names = self._found, self._says, self._names
        name, due = capital(names.demanded(found.kind, charge)), self._date(charge.due_date)
        template = says.charge_fell_due if charge.due_date < self._now.date() else says.charge
        yield template.format(charge=name, amount=self._amount(found.amount), date=due)
        several = len({line.charge_type for line in charge.lines}) > 1
        if several:
            yield says.charge_consists.format(lines=names.lines((line, line.amount) for line in charge.lines))
        if found.taken_back_by is not None:
            return
        for one in found.holdings:
            credited = sum(each.amount for note in found.credited_by for each in note.holdings if each.name == one.name)
            if one.amount + credited > 0:
                amount, holding = self._amount(one.amount + credited), self._holding(one.name)
                yield says.fills_holding.format(amount=amount, holding=holding)
        yield from self._paid_or_open(charge, several)

    def _paid_or_open(self, charge: ChargeOf, several: bool) -> Iterator[str]:
        """What is missing of what is demanded, on which ``several`` charge types stand, and what has paid it."""
        found, says, names = self._found, self._says, self._names
        open_ = self._amount(charge.remaining)
        day = max(self._now.date(), found.value_date)
        missing, since = self._open_on(day)
        credited = charge.remaining == 0 and -sum(one.by.amount for one in found.credited_by) == found.amount > 0
        if missing != charge.remaining:
            template = says.charge_lacks_until
            if charge.remaining == 0:
                by_note = credited and since == max(one.by.value_date for one in found.credited_by)
                template = says.charge_is_credited_from if by_note else says.charge_is_paid_from
            yield template.format(date=self._date(since), amount=open_, missing=self._amount(missing))
        elif charge.remaining == 0:
            yield says.charge_is_credited if credited else says.charge_is_paid
        elif charge.remaining == found.amount:
            yield says.charge_is_open.format(amount=open_)
        elif several:
            left = names.lines((line, line.remaining) for line in charge.lines)
            yield says.charge_lacks_of.format(amount=open_, lines=left)
        else:
            yield says.charge_lacks.format(amount=open_)
        yield from self._uses.payers()

    def _open_on(self, day: date) -> tuple[int, date]:
        """Øre that are missing of the charge on that day, and the last on which that changes: as balances count (R10).

        What the balance of the day says is what the tenant owes, though the books know what comes.
        """
        paid, last = 0, day
        for use in self._found.paid_by:
            counts = max(use.act_date, use.payment_date)
            if counts <= day:
                paid += use.amount
            else:
                last = max(last, counts)
        return self._found.amount - max(paid, 0), last

    def _moved(self) -> Iterator[str]:
        """Money that comes to a holding, leaves, or goes from one to another; also a payout of what was in credit."""
        found, says = self._found, self._says
        amount, day = self._amount(found.amount), self._date(found.value_date)
        into = [one for one in found.holdings if one.amount > 0]
        out_of = [one for one in found.holdings if one.amount < 0]
        source = self._holding(out_of[0].name) if out_of else says.own_balance
        target = self._holding(into[0].name) if into else says.own_balance
        if found.kind == kinds.TRANSFER:
            yield says.holding_moved.format(date=day, amount=amount, source=source, target=target)
            if found.did and found.amount < 0:
                yield from self._uses.paid(says.subjects[kinds.TRANSFER], found.did)
            yield from self._uses.since()
        elif found.kind == kinds.PAYOUT:
            yield says.holding_out.format(date=day, amount=amount, holding=source)
        elif found.kind == kinds.OPENING:
            yield says.holding_opening.format(date=day, amount=amount, holding=target)
        else:
            subject = says.subjects[found.kind]
            yield says.holding_in.format(subject=subject, amount=amount, date=day, holding=target)
        if found.charge is not None and found.charge.remaining and found.taken_back_by is None:
            yield says.not_covered.format(amount=self._amount(found.charge.remaining))

    def _reversal(self) -> Iterator[str]:
        found, says = self._found, self._says
        of = found.points_at
        if of is None:
            return
        kind, came = found.money(of.entry, of.kind, of.value_date)
        yield says.reversed.format(
            subject=says.subjects[kind],
            amount=self._amount(of.amount),
            original_date=self._date(came),
            date=self._done_on(found.recorded_at),
            reason=self._reason(found.reason),
        )
        yield from self._uses.undone(of, found.did)
        yield from self._uses.since()

    def _chargeback(self) -> Iterator[str]:
        found, says = self._found, self._says
        of, day, amount = found.points_at, self._date(found.value_date), self._amount(found.amount)
        if of is None:
            yield says.charged_back_loose.format(amount=amount, date=day)
            if found.charge is not None and found.taken_back_by is None:
                yield from self._paid_or_open(found.charge, several=False)
            return
        _, came = found.money(of.entry, of.kind, of.value_date)
        yield says.charged_back.format(date=day, amount=amount, original_date=self._date(came))
        yield from self._uses.undone(of, found.did)


def _ended(text: str) -> str:
    """One full stop, also after "kr."; what is said of a thing beside its name is closed."""
    text = _GOES_ON.sub(",", text).replace(ASIDE_ENDS, "")
    return text[:-1] if text.endswith("..") else text
