"""What is said of fees, payouts and bank lines, in the company's language, for a bookkeeper and a tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hub.ledger import kinds
from hub.ledger.words import Language
from hub.reports.explain_clearing import Cleared, FoundToBe, PaidOut
from hub.reports.explain_names import Names
from hub.reports.statement.texts import one_line

#: What people call those whose plug-in has another name.
_CALLED = {"nets_bs": "Betalingsservice", "mobilepay": "MobilePay"}


class _Phrases(NamedTuple):
    """Templates of one language."""

    fee: str
    fee_back: str
    paid_out: str
    sent_back: str
    bank_text: str
    shown: str
    waiting: str
    #: A line of the bank's, with what it was found to be, {what}.
    line_in: str
    line_out: str
    #: What a line was found to be, by how: clauses.
    found: Mapping[str, str]
    found_on: str
    #: Where it belongs, by kind of account; {name} is what its code ends with.
    targets: Mapping[str, str]
    #: Of money on a tenancy: the line that it came by.
    came: str
    from_payer: str
    bank_reference: str
    by_rule: str
    seen_in: str


_PHRASES: Mapping[Language, _Phrases] = {
    "da": _Phrases(
        fee="{vendor} beholdt {amount} i gebyr den {date}.",
        fee_back="{vendor} gav {amount} af et gebyr tilbage den {date}.",
        paid_out="{vendor} sendte {amount} til vores bankkonto den {date}.",
        sent_back="{amount} gik fra vores bankkonto tilbage til {vendor} den {date}.",
        bank_text="Kontoudtoget viser dem med teksten »{text}«.",
        shown="Kontoudtoget viste {amount} den {date}.",
        waiting="{amount} har kontoudtoget ikke vist endnu: de er på vej.",
        line_in="Banken satte {amount} ind på konto {account} den {date}{payer}: {what}.",
        line_out="Banken trak {amount} fra konto {account} den {date}{payer}: {what}.",
        found={
            "payout": "det er pengene, som {vendor} sendte den {day}",
            "day": "det er, hvad {vendor} har afregnet for den {day}",
            "slip": "det er betalingen med indbetalingskort {payment_id}, som er bogført fra {vendor}",
            "rule": "det hører til {target} efter bankreglen {rule}",
            "person": "{actor} har sagt, at det hører til {target}",
        },
        found_on="Den {date} fandt vi ud af, hvad {amount} af dem er: {what}.",
        targets={
            kinds.RECEIVABLE: "lejemål {name}",
            kinds.NAMED: "kontoen {name}",
            kinds.CLEARING: "det, som {vendor} har afregnet",
        },
        came="Pengene kom på vores bankkonto {account} den {date}{payer}{reference}.",
        from_payer=" fra {payer}",
        bank_reference=", bankens reference {reference}",
        by_rule="Bankreglen {rule} siger, at sådanne betalinger er dine.",
        seen_in="{vendor} fortæller om samme betaling i {file}, post {record}.",
    ),
    "sv": _Phrases(
        fee="{vendor} behöll {amount} i avgift den {date}.",
        fee_back="{vendor} gav tillbaka {amount} av en avgift den {date}.",
        paid_out="{vendor} skickade {amount} till vårt bankkonto den {date}.",
        sent_back="{amount} gick från vårt bankkonto tillbaka till {vendor} den {date}.",
        bank_text="Kontoutdraget visar dem med texten ”{text}”.",
        shown="Kontoutdraget visade {amount} den {date}.",
        waiting="{amount} har kontoutdraget inte visat ännu: de är på väg.",
        line_in="Banken satte in {amount} på konto {account} den {date}{payer}: {what}.",
        line_out="Banken drog {amount} från konto {account} den {date}{payer}: {what}.",
        found={
            "payout": "det är pengarna som {vendor} skickade den {day}",
            "day": "det är vad {vendor} har avräknat för den {day}",
            "slip": "det är betalningen med inbetalningskort {payment_id}, som är bokförd från {vendor}",
            "rule": "det hör till {target} enligt bankregeln {rule}",
            "person": "{actor} har sagt att det hör till {target}",
        },
        found_on="Den {date} fick vi veta vad {amount} av dem är: {what}.",
        targets={
            kinds.RECEIVABLE: "kundnr {name}",
            kinds.NAMED: "kontot {name}",
            kinds.CLEARING: "det som {vendor} har avräknat",
        },
        came="Pengarna kom till vårt bankkonto {account} den {date}{payer}{reference}.",
        from_payer=" från {payer}",
        bank_reference=", bankens referens {reference}",
        by_rule="Bankregeln {rule} säger att sådana betalningar är dina.",
        seen_in="{vendor} berättar om samma betalning i {file}, post {record}.",
    ),
}


class ClearingTeller:
    """Sentences about one entry."""

    def __init__(self, found: Cleared, language: Language, names: Names) -> None:
        self._found = found
        self._says = _PHRASES[language]
        self._names = names

    def fee(self, amount: int, day: str) -> Iterator[str]:
        """``amount`` in øre, positive = the vendor keeps it."""
        template = self._says.fee if amount > 0 else self._says.fee_back
        yield template.format(vendor=self._vendor(self._found.contra), amount=self._names.amount(amount), date=day)

    def settlement(self) -> Iterator[str]:
        """A payout on its way, or a bank's line that was found to be something."""
        if self._found.paid_out is not None:
            yield from self._payout(self._found.paid_out)
        elif self._found.found_to_be is not None:
            yield from self._line(self._found.found_to_be)

    def _payout(self, sent: PaidOut) -> Iterator[str]:
        says, names = self._says, self._names
        template = says.paid_out if sent.amount > 0 else says.sent_back
        vendor = self._vendor(self._found.account)
        yield template.format(vendor=vendor, amount=names.amount(sent.amount), date=names.day(sent.day))
        if sent.bank_text:
            yield says.bank_text.format(text=one_line(sent.bank_text))
        for one in sent.shown:
            yield says.shown.format(amount=names.amount(one.amount), date=names.day(one.booked))
        if sent.waiting:
            yield says.waiting.format(amount=names.amount(sent.waiting))

    def _line(self, finding: FoundToBe) -> Iterator[str]:
        bank, says, names = self._found.bank, self._says, self._names
        if bank is None:
            return
        yield (says.line_in if finding.amount > 0 else says.line_out).format(
            amount=names.amount(finding.amount),
            account=bank.account,
            date=names.day(bank.booking_date),
            payer=self._payer(bank.payer),
            what=self._what(finding),
        )

    def found_on(self, finding: FoundToBe, day: str) -> str:
        """When it was found what a line in suspense is."""
        amount = self._names.amount(finding.amount)
        return self._says.found_on.format(date=day, amount=amount, what=self._what(finding))

    def came(self) -> Iterator[str]:
        """Of money on a tenancy: by which line it came, and by which rule it was found to be his."""
        bank, says = self._found.bank, self._says
        if bank is not None and bank.amount > 0:
            reference = one_line(bank.servicer_reference)
            yield says.came.format(
                account=bank.account,
                date=self._names.day(bank.booking_date),
                payer=self._payer(bank.payer),
                reference=says.bank_reference.format(reference=reference) if reference else "",
            )
        finding = self._found.found_to_be
        if finding is not None and finding.rule:
            yield says.by_rule.format(rule=finding.rule)
        for one in self._found.seen_in:
            yield says.seen_in.format(vendor=_called(one.vendor), file=one_line(one.file), record=one.record)

    def _payer(self, payer: str) -> str:
        return self._says.from_payer.format(payer=one_line(payer)) if payer else ""

    def _what(self, finding: FoundToBe) -> str:
        vendor = self._vendor(finding.account)
        kind, _, name = finding.account.partition(":")
        return self._says.found[finding.how].format(
            vendor=vendor,
            day=self._names.day(finding.day),
            payment_id=finding.payment_id,
            target=self._says.targets.get(kind, "{name}").format(name=name, vendor=vendor),
            rule=finding.rule,
            actor=one_line(finding.actor),
        )

    def _vendor(self, code: str) -> str:
        """Of a clearing account: whose plug-in it is."""
        kind, _, rest = code.partition(":")
        return _called(rest.partition(":")[0]) if kind == kinds.CLEARING else ""


def _called(name: str) -> str:
    return _CALLED.get(name, name)
