"""An explanation in a few sentences that the tenant would understand, in the company's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hub.ledger import kinds
from hub.ledger.words import Language
from hub.reports.explain_clearing_texts import ClearingTeller
from hub.reports.explain_facts import ChargeOf, Explanation, Other, Step, Story, Use
from hub.reports.explain_names import TOLD_MAX, Names
from hub.reports.explain_texts import Phrases, phrases_of
from hub.reports.statement.texts import one_line


def sentences(found: Explanation, language: Language) -> list[str]:
    """Each a sentence or two, the most important first."""
    return [_ended(text) for text in _Teller(found, language).told()]


class _Teller:
    def __init__(self, found: Explanation, language: Language) -> None:
        self._found = found
        self._says: Phrases = phrases_of(language)
        self._it = self._says.pronouns.get(found.kind, self._says.pronoun)
        names = Names(language, found.currency, found.value_date.year)
        self._clearing = ClearingTeller(found.cleared, language, names)
        self._names, self._date, self._amount, self._holding = names, names.day, names.amount, names.holding

    def told(self) -> Iterator[str]:
        yield from self._what()
        yield from self._since()

    def _what(self) -> Iterator[str]:
        found, says = self._found, self._says
        if found.kind == kinds.PAYMENT_FAILED:
            yield says.failed.format(date=self._date(found.value_date))
        elif found.kind == kinds.REVERSAL:
            yield from self._reversal()
        elif found.kind == kinds.CHARGEBACK:
            yield from self._chargeback()
        elif found.kind == kinds.DIFFERENCE:
            charge = self._names.paid(found.did) if found.did else says.subjects[kinds.CHARGE]
            yield says.difference.format(amount=self._amount(found.amount), charge=charge)
        elif found.kind == kinds.FEE:
            yield from self._clearing.fee(found.amount, self._date(found.value_date))
        elif found.kind == kinds.SETTLEMENT:
            yield from self._clearing.settlement()
        elif (story := self._told_story()) is not None:
            yield from self._story(story)
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
                holding = self._holding(one.name)
                yield self._says.settles_holding.format(amount=self._amount(one.amount), holding=holding)

    def _since(self) -> Iterator[str]:
        found, says = self._found, self._says
        if found.tenancy is not None and found.kind != kinds.REVERSAL:
            yield from self._clearing.came()
        if found.rule is not None:
            yield says.by_rule.format(rule=found.rule.id)
        if found.after_move_out is not None:
            yield says.after_move_out.format(date=self._date(found.after_move_out))
        back = found.taken_back_by
        if self._told_story() is not None:
            # The story has told it in its place.
            return
        if back is not None and back.kind == kinds.CHARGEBACK:
            yield says.is_charged_back.format(date=self._date(back.value_date))
        elif back is not None:
            # Done by us when it was recorded, whatever day it counts from.
            day, reason = self._date(back.recorded_at.date()), says.reasons[back.reason]
            yield says.is_reversed.format(It=_capital(self._it), date=day, reason=reason)
        if back is not None:
            yield from self._reopened(use for use in found.later if use.act == back.entry and use.amount < 0)

    def _told_story(self) -> Story | None:
        """The story, where it is this entry's to tell: money that was nobody's when it came, or that a person moved."""
        found = self._found
        if found.story is None or found.suspended is None:
            return None
        came = found.story.payment == found.entry
        return found.story if came or found.kind == kinds.PAYMENT else None

    def _story(self, story: Story) -> Iterator[str]:
        """Money that is or was nobody's, from the day that it came, and all that became of it since."""
        found, says = self._found, self._says
        came = says.suspended if story.unknown else says.came
        if found.amount > 0 and story.unknown:
            came = says.suspended_out
        yield came.format(amount=self._amount(found.amount), date=self._date(story.value_date))
        # By the reversal that took it from where it was: where the same act has booked it anew.
        anew = {step.of: step for step in story.steps if step.kind in (kinds.PAYMENT, kinds.PAYOUT)}
        for step in story.steps:
            moved = anew.get(step.entry)
            if (moved is not None and moved.tenancy) or (anew.get(step.of) is step and not step.tenancy):
                # One act is told once: by its reversal where the money came to suspense, else by where it went.
                continue
            if step.found_to_be is not None and step.kind == kinds.SETTLEMENT:
                yield self._clearing.found_on(step.found_to_be, self._date(step.recorded_at.date()))
                continue
            template = says.suspended_unmatched if moved is not None else self._of_step(step)
            # A charge-back is the bank's, on its day; the rest was done by us when it was recorded.
            day = step.value_date if step.kind == kinds.CHARGEBACK else step.recorded_at.date()
            reason = says.reasons[step.reason] if step.reason else ""
            yield template.format(date=self._date(day), tenancy=step.tenancy, reason=reason)
        if story.waiting:
            still = says.suspended_again if story.steps else says.suspended_still
            yield still.format(amount=self._amount(story.waiting))

    def _of_step(self, step: Step) -> str:
        says = self._says
        if step.kind in (kinds.MATCH, kinds.PAYOUT):
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
        amount, day = self._amount(found.amount), self._date(found.value_date)
        opened = says.opened.get(found.kind, says.opened[kinds.REVERSAL])
        subject = opened.format(amount=amount, date=day)
        if found.credits is not None:
            charge = self._names.demanded(kinds.CHARGE, found.credits)
            yield says.credits.format(amount=amount, date=day, charge=charge)
            subject = _capital(self._it)
        yield from self._paid(subject, found.did)
        yield from self._rest()

    def _rest(self) -> Iterator[str]:
        """What of the money was used later, less what was freed again, and what is left."""
        found, says = self._found, self._says
        later = [(uses, amount) for uses, amount in _by_charge(found.later) if amount > 0]
        for uses, amount in later[:TOLD_MAX]:
            yield says.paid_later.format(it=self._it, amount=self._amount(amount), charge=self._names.paid(uses))
        if found.left:
            yield says.left.format(amount=self._amount(found.left))

    def _paid(self, subject: str, uses: Sequence[Use]) -> Iterator[str]:
        says = self._says
        clauses: dict[tuple[int, str], list[Use]] = {}
        for use in uses:
            if use.amount > 0:
                clauses.setdefault((use.charge, self._because(use)), []).append(use)
        if not clauses:
            yield says.paid_nothing.format(subject=subject, it=self._it)
        for number, ((_, because), lines) in enumerate(clauses.items()):
            if number == TOLD_MAX:
                rest = list(clauses.values())[TOLD_MAX:]
                more = self._amount(sum(map(_total, rest)))
                yield says.paid_more.format(It=_capital(self._it), count=len(rest), amount=more)
                break
            template = says.paid_also if number else says.paid
            charge, amount = self._names.paid(lines), self._amount(_total(lines))
            yield template.format(subject=subject, It=_capital(self._it), charge=charge, amount=amount, because=because)

    def _demand(self, charge: ChargeOf) -> Iterator[str]:
        """A charge: what it consists of, when it falls due, what of it is open, what has paid it."""
        found, says, names = self._found, self._says, self._names
        name, due = _capital(names.demanded(found.kind, charge)), self._date(charge.due_date)
        yield says.charge.format(charge=name, amount=self._amount(found.amount), date=due)
        several = len({line.charge_type for line in charge.lines}) > 1
        if several:
            yield says.charge_consists.format(lines=names.lines((line, line.amount) for line in charge.lines))
        for one in found.holdings:
            if one.amount > 0:
                yield says.fills_holding.format(amount=self._amount(one.amount), holding=self._holding(one.name))
        if found.taken_back_by is not None:
            return
        open_ = self._amount(charge.remaining)
        if charge.remaining == 0:
            yield says.charge_is_paid
        elif charge.remaining == found.amount:
            yield says.charge_is_open.format(amount=open_)
        elif several:
            left = names.lines((line, line.remaining) for line in charge.lines)
            yield says.charge_lacks_of.format(amount=open_, lines=left)
        else:
            yield says.charge_lacks.format(amount=open_)
        yield from self._payers(found.paid_by)

    def _payers(self, uses: Sequence[Use]) -> Iterator[str]:
        """Whose money has paid it, less what was taken back of that."""
        net: dict[int, int] = {}
        first: dict[int, Use] = {}
        for use in uses:
            net[use.payment] = net.get(use.payment, 0) + use.amount
            first.setdefault(use.payment, use)
        standing = [(first[id_], amount) for id_, amount in net.items() if amount]
        for use, amount in standing[:TOLD_MAX]:
            yield self._says.charge_paid_by.format(
                subject=self._says.subjects[use.payment_kind],
                date=self._date(use.payment_date),
                amount=self._amount(amount),
                because=self._because(use),
            )

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
                yield from self._paid(says.subjects[kinds.TRANSFER], found.did)
            yield from self._rest()
        elif found.kind == kinds.PAYOUT:
            yield says.holding_out.format(date=day, amount=amount, holding=source)
        elif found.kind == kinds.OPENING:
            yield says.holding_opening.format(date=day, amount=amount, holding=target)
        else:
            subject = says.subjects[found.kind]
            yield says.holding_in.format(subject=subject, amount=amount, date=day, holding=target)

    def _reversal(self) -> Iterator[str]:
        found, says = self._found, self._says
        of = found.points_at
        if of is None:
            return
        yield says.reversed.format(
            subject=says.subjects[of.kind],
            amount=self._amount(of.amount),
            original_date=self._date(of.value_date),
            date=self._date(found.value_date),
            reason=says.reasons[found.reason],
        )
        yield from self._undone(of)
        yield from self._rest()

    def _chargeback(self) -> Iterator[str]:
        found, says = self._found, self._says
        of, day, amount = found.points_at, self._date(found.value_date), self._amount(found.amount)
        if of is None:
            yield says.charged_back_loose.format(amount=amount, date=day)
            return
        yield says.charged_back.format(date=day, amount=amount, original_date=self._date(of.value_date))
        yield from self._undone(of)

    def _undone(self, of: Other) -> Iterator[str]:
        """What is open again, or free again where a charge was taken back, or paid again where a charge-back was."""
        if of.kind == kinds.CHARGEBACK:
            paid = [use for use in self._found.did if use.amount > 0 and use.charge_entry != of.entry]
            for uses, amount in _by_charge(paid)[:TOLD_MAX]:
                yield self._says.paid_again.format(charge=self._names.paid(uses), amount=self._amount(amount))
        taken = [use for use in self._found.did if use.amount < 0]
        freed = -sum(use.amount for use in taken if use.charge_entry == of.entry)
        if freed:
            yield self._says.freed.format(amount=self._amount(freed))
            return
        yield from self._reopened(taken)

    def _reopened(self, taken: Iterable[Use]) -> Iterator[str]:
        for uses, amount in _by_charge(taken)[:TOLD_MAX]:
            yield self._says.reopened.format(charge=self._names.paid(uses), amount=self._amount(amount))

    def _because(self, use: Use) -> str:
        says = self._says
        ranked = says.because_rank.get((use.policy, use.claim))
        if ranked is not None:
            return ranked
        mention = says.mentions.get(use.payment_kind, says.mentions[kinds.PAYMENT])
        return says.because[use.policy].format(mention=mention, reference=one_line(use.reference))


def _by_charge(uses: Iterable[Use]) -> list[tuple[list[Use], int]]:
    """The uses of each charge, and their øre."""
    found: dict[int, list[Use]] = {}
    for use in uses:
        found.setdefault(use.charge, []).append(use)
    return [(of_it, _total(of_it)) for of_it in found.values()]


def _total(uses: Iterable[Use]) -> int:
    return sum(use.amount for use in uses)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ended(text: str) -> str:
    """One full stop, also after "kr."."""
    return text[:-1] if text.endswith("..") else text
