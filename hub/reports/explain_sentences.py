"""An explanation in a few sentences that the tenant would understand, in the company's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from babel.dates import format_date

from hub.ledger import kinds
from hub.reports.explain import ChargeOf, Explanation, Other, Use
from hub.reports.explain_texts import Phrases, phrases_of
from hub.reports.statement.model import Language
from hub.reports.statement.texts import amount_text, holding_name, long_date, one_line, words_of

#: Charges and payments that are told one by one; the rest in one figure.
_TOLD_MAX = 5
_CURRENCIES = {"da": ("DKK", "kr."), "sv": ("SEK", "kr")}
_LOCALES = {"da": "da_DK", "sv": "sv_SE"}
_DAY = timedelta(days=1)


class _Named(NamedTuple):
    """What says which charge it is."""

    entry_kind: str
    kind: str
    reference: str
    text: str
    due_date: date
    period_from: date | None
    period_to: date | None


def sentences(found: Explanation, language: Language) -> list[str]:
    """Each a sentence or two, the most important first."""
    return [_ended(text) for text in _Teller(found, language).told()]


class _Teller:
    def __init__(self, found: Explanation, language: Language) -> None:
        self._found = found
        self._language: Language = language
        self._says: Phrases = phrases_of(language)

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
            charge = self._charge(found.did[0]) if found.did else says.subjects[kinds.CHARGE]
            yield says.difference.format(amount=self._amount(found.amount), charge=charge)
        elif found.suspended is not None:
            yield says.suspended.format(amount=self._amount(found.amount), date=self._date(found.value_date))
            if found.suspended.remaining:
                yield says.suspended_still
            elif found.matched_by is not None:
                moved = self._date(found.matched_by.recorded_at.date())
                yield says.suspended_matched.format(date=moved, tenancy=found.matched_to)
        elif found.kind == kinds.TRANSFER or found.account_kind == kinds.HOLDING or found.kind == kinds.PAYOUT:
            yield from self._moved()
        elif found.charge is not None:
            yield from self._demand(found.charge)
        else:
            yield from self._money()

    def _since(self) -> Iterator[str]:
        found, says = self._found, self._says
        if found.rule is not None:
            yield says.by_rule.format(rule=found.rule.id)
        if found.after_move_out is not None:
            yield says.after_move_out.format(date=self._date(found.after_move_out))
        back = found.taken_back_by
        if back is not None and back.kind == kinds.CHARGEBACK:
            yield says.is_charged_back.format(date=self._date(back.value_date))
        elif back is not None:
            yield says.is_reversed.format(date=self._date(back.value_date), reason=says.reasons[back.reason])

    def _money(self) -> Iterator[str]:
        """Money to the tenant's credit: what it paid, and what is left."""
        found, says = self._found, self._says
        opened = says.opened.get(found.kind, says.opened[kinds.REVERSAL])
        subject = opened.format(amount=self._amount(found.amount), date=self._date(found.value_date))
        yield from self._paid(subject, found.did)
        yield from self._rest()

    def _rest(self) -> Iterator[str]:
        """What of the money was used later, less what was freed again, and what is left."""
        found, says = self._found, self._says
        later = [(charge, amount) for charge, amount in _by_charge(self._charge, found.later) if amount > 0]
        for charge, amount in later[:_TOLD_MAX]:
            yield says.paid_later.format(amount=self._amount(amount), charge=charge)
        if found.left:
            yield says.left.format(amount=self._amount(found.left))

    def _paid(self, subject: str, uses: Sequence[Use]) -> Iterator[str]:
        says = self._says
        clauses: dict[tuple[str, str], int] = {}
        for use in uses:
            if use.amount > 0:
                clause = self._charge(use), self._because(use)
                clauses[clause] = clauses.get(clause, 0) + use.amount
        if not clauses:
            yield says.paid_nothing.format(subject=subject)
        for number, ((charge, because), amount) in enumerate(clauses.items()):
            if number == _TOLD_MAX:
                rest = list(clauses.values())[_TOLD_MAX:]
                yield says.paid_more.format(count=len(rest), amount=self._amount(sum(rest)))
                break
            template = says.paid_also if number else says.paid
            yield template.format(subject=subject, charge=charge, amount=self._amount(amount), because=because)

    def _demand(self, charge: ChargeOf) -> Iterator[str]:
        """A charge: when it falls due, what has paid it, what is missing."""
        found, says = self._found, self._says
        of = (found.kind, charge.kind, charge.reference, charge.text, charge.due_date)
        named = _Named(*of, charge.period_from, charge.period_to)
        yield says.charge.format(
            charge=_capital(self._name(named)), amount=self._amount(found.amount), date=self._date(charge.due_date)
        )
        for one in found.holdings:
            if one.amount > 0:
                yield says.fills_holding.format(amount=self._amount(one.amount), holding=self._holding(one.name))
        if found.taken_back_by is not None:
            return
        if charge.remaining == 0:
            yield says.charge_is_paid
        elif charge.remaining == found.amount:
            yield says.charge_is_open
        else:
            yield says.charge_lacks.format(amount=self._amount(charge.remaining))
        yield from self._payers(found.paid_by)

    def _payers(self, uses: Sequence[Use]) -> Iterator[str]:
        """Whose money has paid it, less what was taken back of that."""
        net: dict[int, int] = {}
        first: dict[int, Use] = {}
        for use in uses:
            net[use.payment] = net.get(use.payment, 0) + use.amount
            first.setdefault(use.payment, use)
        standing = [(first[id_], amount) for id_, amount in net.items() if amount]
        for use, amount in standing[:_TOLD_MAX]:
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
            for charge, amount in _by_charge(self._charge, paid)[:_TOLD_MAX]:
                yield self._says.paid_again.format(charge=charge, amount=self._amount(amount))
        taken = [use for use in self._found.did if use.amount < 0]
        freed = -sum(use.amount for use in taken if use.charge_entry == of.entry)
        if freed:
            yield self._says.freed.format(amount=self._amount(freed))
            return
        for charge, amount in _by_charge(self._charge, taken)[:_TOLD_MAX]:
            yield self._says.reopened.format(charge=charge, amount=self._amount(amount))

    # --- Words -------------------------------------------------------------------------------------------------------

    def _because(self, use: Use) -> str:
        says = self._says
        ranked = says.because_rank.get((use.policy, use.claim))
        if ranked is not None:
            return ranked
        mention = says.mentions.get(use.payment_kind, says.mentions[kinds.PAYMENT])
        return says.because[use.policy].format(mention=mention, reference=one_line(use.reference))

    def _charge(self, use: Use) -> str:
        of = (use.charge_entry_kind, use.charge_kind, use.reference, use.charge_text, use.due_date)
        return self._name(_Named(*of, use.period_from, use.period_to))

    def _name(self, named: _Named) -> str:
        says = self._says
        if named.entry_kind in says.demands:
            return says.demands[named.entry_kind].format(date=self._date(named.due_date))
        month = _month(named) if named.kind == kinds.RENT else None
        if month is not None:
            pattern = "LLLL" if month.year == self._found.value_date.year else "LLLL y"
            return says.rent_of_month.format(month=format_date(month, pattern, locale=_LOCALES[self._language]))
        if named.kind in says.charge_kinds:
            return says.charge_kinds[named.kind].format(reference=one_line(named.reference))
        template = says.other_charge_with_text if named.text else says.other_charge
        return template.format(reference=one_line(named.reference), text=one_line(named.text))

    def _holding(self, name: str) -> str:
        return holding_name(words_of(self._language), name).lower()

    def _date(self, day: date) -> str:
        return long_date(day, self._language)

    def _amount(self, ore: int) -> str:
        """Without a sign: the sentence says which way it went."""
        own, sign = _CURRENCIES[self._language]
        currency = self._found.currency
        return f"{amount_text(abs(ore), self._language)} {sign if currency == own else currency}"


def _month(named: _Named) -> date | None:
    """The calendar month that a rent is for: its whole period, or without one the month in which it falls due."""
    first, last = named.period_from, named.period_to
    if first is None or last is None:
        return named.due_date
    whole = first.day == 1 and (last + _DAY).day == 1 and (first.year, first.month) == (last.year, last.month)
    return first if whole else None


def _by_charge(name: Callable[[Use], str], uses: Iterable[Use]) -> list[tuple[str, int]]:
    """Øre by charge."""
    found: dict[str, int] = {}
    for use in uses:
        found[name(use)] = found.get(name(use), 0) + use.amount
    return list(found.items())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ended(text: str) -> str:
    """One full stop, also after "kr."."""
    return text[:-1] if text.endswith("..") else text
