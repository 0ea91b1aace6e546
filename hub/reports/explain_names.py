"""What a charge is called, by what it truly consists of, in the words of one language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from babel.dates import format_date

from hub.ledger import kinds
from hub.ledger.words import Language
from hub.reports.explain_facts import ChargeLine, ChargeOf, Use
from hub.reports.explain_texts import Phrases, phrases_of
from hub.reports.statement.texts import amount_text, holding_name, long_date, one_line, words_of

#: Things that are told one by one; the rest in one word or figure.
TOLD_MAX = 5
_CURRENCIES = {"da": ("DKK", "kr."), "sv": ("SEK", "kr")}
_LOCALES = {"da": "da_DK", "sv": "sv_SE"}
_DAY = timedelta(days=1)


class _Charge(NamedTuple):
    """What says which charge it is."""

    entry_kind: str
    kind: str
    reference: str
    text: str
    due_date: date
    #: Of all its lines, not of those alone that are named.
    charge_types: int


class Names:
    """``year`` is that of the entry that is explained: a month of it needs no year."""

    def __init__(self, language: Language, currency: str, year: int) -> None:
        self._language: Language = language
        self._currency = currency
        self._year = year
        self._says: Phrases = phrases_of(language)

    def paid(self, uses: Sequence[Use]) -> str:
        """What was paid of the one charge that all these lines are of: the rent for November, or those lines of it."""
        one = uses[0]
        of = (one.charge_entry_kind, one.charge_kind, one.reference, one.charge_text, one.due_date, one.charge_types)
        return self._named(_Charge(*of), uses)

    def demanded(self, entry_kind: str, charge: ChargeOf) -> str:
        """A charge as a whole; what it consists of is told by :meth:`lines`."""
        types = len({line.charge_type for line in charge.lines})
        of = _Charge(entry_kind, charge.kind, charge.reference, charge.text, charge.due_date, types)
        if types == 1 or entry_kind in self._says.demands:
            return self._named(of, charge.lines)
        month = _month(of, charge.lines)
        if month is None:
            return self._document(of)
        return self._says.charge_of_month.format(reference=one_line(of.reference), month=self._month_name(month))

    def lines(self, amounts: Iterable[tuple[ChargeLine, int]]) -> str:
        """``husleje (5.000,00 kr.) og aconto varme (125,00 kr.)``, of øre by line; lines with nothing are left out."""
        by_label: dict[str, int] = {}
        for line, amount in amounts:
            if amount:
                label = self._label(line.charge_type, line.text, line.holding)
                by_label[label] = by_label.get(label, 0) + amount
        told = list(by_label.items())
        if len(told) > TOLD_MAX:
            rest = sum(amount for _, amount in told[TOLD_MAX - 1 :])
            told = [*told[: TOLD_MAX - 1], (self._says.more_lines, rest)]
        return self.listed([self._says.charge_line.format(line=line, amount=self.amount(ore)) for line, ore in told])

    def holding(self, name: str) -> str:
        return holding_name(words_of(self._language), name).lower()

    def own_holding(self, name: str) -> str:
        """As the tenant's own, within a sentence."""
        return self._says.holdings.get(name) or self.holding(name)

    def day(self, day: date) -> str:
        return long_date(day, self._language)

    def amount(self, ore: int) -> str:
        """Without a sign: the sentence says which way it went."""
        own, sign = _CURRENCIES[self._language]
        return f"{amount_text(abs(ore), self._language)} {sign if self._currency == own else self._currency}"

    def _named(self, of: _Charge, lines: Sequence[Use] | Sequence[ChargeLine]) -> str:
        says = self._says
        if of.entry_kind in says.demands:
            return says.demands[of.entry_kind].format(date=self.day(of.due_date))
        month = _month(of, lines)
        if of.charge_types == 1 and (month is None or _is_rent(lines[0])):
            return self._document(of) if month is None else says.rent_of_month.format(month=self._month_name(month))
        labels = list(dict.fromkeys(self._label(line.charge_type, _text(line), line.holding) for line in lines))
        if len(labels) > TOLD_MAX:
            labels = [*labels[: TOLD_MAX - 1], says.more_lines]
        if month is not None:
            return says.lines_of_month.format(lines=self.listed(labels), month=self._month_name(month))
        # Its text would tell of lines that this is not about.
        return says.lines_of_charge.format(lines=self.listed(labels), charge=self._document(of._replace(text="")))

    def _document(self, of: _Charge) -> str:
        says = self._says
        if of.kind in says.charge_kinds and (of.kind != kinds.RENT or of.charge_types == 1):
            return says.charge_kinds[of.kind].format(reference=one_line(of.reference))
        template = says.other_charge_with_text if of.text else says.other_charge
        return template.format(reference=one_line(of.reference), text=one_line(of.text))

    def _label(self, charge_type: str, text: str, holding: str | None) -> str:
        if text:
            return _uncapital(one_line(text))
        return self.holding(holding) if holding else self._says.line_without_text.format(charge_type=charge_type)

    def listed(self, labels: Sequence[str]) -> str:
        """``one, another and the last``."""
        if len(labels) < 2:
            return "".join(labels)
        return self._says.last_of_list.format(others=", ".join(labels[:-1]), last=labels[-1])

    def _month_name(self, month: date) -> str:
        return format_date(month, "LLLL" if month.year == self._year else "LLLL y", locale=_LOCALES[self._language])


def _text(line: Use | ChargeLine) -> str:
    return line.line_text if isinstance(line, Use) else line.text


def _is_rent(line: Use | ChargeLine) -> bool:
    """Rather than what is held for the tenant, a fee or something else that stands on a charge of the kind rent."""
    return line.holding is None and line.claim == "obligatory"


def _month(of: _Charge, lines: Sequence[Use] | Sequence[ChargeLine]) -> date | None:
    """The calendar month that a rent is for: all of its lines' period; without one that in which it falls due."""
    periods = {(line.period_from, line.period_to) for line in lines}
    if of.kind != kinds.RENT or len(periods) > 1:
        return None
    first, last = periods.pop()
    if first is None or last is None:
        return of.due_date
    whole = first.day == 1 and (last + _DAY).day == 1 and (first.year, first.month) == (last.year, last.month)
    return first if whole else None


def _uncapital(text: str) -> str:
    """Within a sentence; "EL" and "P-plads" stay as they are."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
