"""One statement or notification: its head, what its entries must add up to, and whether they do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from lxml.etree import _Element as Element

from hub.plugin import Malformed, format_amount
from hub_iso20022 import amounts
from hub_iso20022.paths import Money, Places, Values, gather
from hub_iso20022.records import line_of_text
from hub_iso20022.stream import line_of

#: Booked balances: before the first entry, and after the last. A bank that gives no OPBD gives the previous closing.
OPENING, PREVIOUS, CLOSING = "OPBD", "PRCD", "CLBD"
_BALANCES_MAX = 1_000
_NAME_CHARACTERS_MAX = 100
_ACCOUNT = re.compile(r"[A-Za-z0-9./-]{1,34}", re.ASCII)


class _Balance(NamedTuple):
    ore: int
    currency: str
    day: date


class _Said(NamedTuple):
    """A count or sum of ``TxsSummry``."""

    path: str
    found: int
    #: What would be right, the first being what is named when none is.
    right: tuple[int, ...]
    is_amount: bool


@dataclass(slots=True)
class _Summed:
    """Entries, and øre by direction."""

    entries: int = 0
    credits: int = 0
    credited: int = 0
    debits: int = 0
    debited: int = 0

    def add(self, amount: int) -> None:
        self.entries += 1
        if amount > 0:
            self.credits += 1
            self.credited += amount
        elif amount < 0:
            self.debits += 1
            self.debited -= amount


@dataclass(slots=True)
class Statement:
    """What stands before the entries, and the entries so far."""

    identification: str
    #: Without blanks.
    account: str
    #: "" = the head does not say; the first entry does.
    currency: str
    sequence: int | None
    first_day: date
    last_day: date
    opening: int | None
    closing: int | None
    line: int | None
    #: One page of several: balances, counts and sums may be those of all of them.
    is_page: bool
    _head: Values
    _booked: _Summed = field(default_factory=_Summed)
    _all: _Summed = field(default_factory=_Summed)

    def currency_of(self, money: Money) -> str:
        """The account's, which an entry must have; raises Malformed."""
        if not self.currency:
            self.currency = amounts.currency(money.currency, "Ntry/Amt/@Ccy")
        if money.currency != self.currency:
            found = money.currency[:40] or "nothing"
            raise Malformed("not the account's currency", field="Ntry/Amt/@Ccy", found=found, expected=self.currency)
        return self.currency

    def count(self, amount: int, *, is_booked: bool) -> None:
        """Takes an entry into the sums: øre, positive = came in."""
        self._all.add(amount)
        if is_booked:
            self._booked.add(amount)

    def verify_totals(self) -> None:
        """``TxsSummry`` against the entries; raises Malformed for the first that is wrong (R6)."""
        for said in self._said():
            if said.found not in said.right:
                shown = [format_amount(each) if said.is_amount else str(each) for each in (said.found, said.right[0])]
                raise Malformed(
                    f"statement {self.identification}: the entries are not what the summary says",
                    line=self.line,
                    field=f"TxsSummry/{said.path}",
                    found=shown[0],
                    expected=f"{shown[1]}, as the entries have it",
                )

    def balance_fault(self) -> str:
        """How opening and entries miss the closing balance; "" = they do not, or the bank gives no such balances."""
        if self.opening is None or self.closing is None:
            return ""
        moved = self._booked.credited - self._booked.debited
        if self.opening + moved == self.closing:
            return ""
        return (
            f"opening balance {format_amount(self.opening)} and entries of {format_amount(moved)} make "
            f"{format_amount(self.opening + moved)}, the closing balance is {format_amount(self.closing)}"
        )

    def _said(self) -> list[_Said]:
        """The counts and sums that the head gives, in the order of the file."""
        every, booked = self._all, self._booked
        signed = [one.credited - one.debited for one in (every, booked)]
        both = [one.credited + one.debited for one in (every, booked)]
        wanted = [
            ("count", "TtlNtries/NbOfNtries", [every.entries, booked.entries], False),
            # The standard does not say whether a total over both directions is net.
            ("sum", "TtlNtries/Sum", [*both, *map(abs, signed)], True),
            ("net", "TtlNtries/TtlNetNtryAmt", signed, True),
            ("credit_count", "TtlCdtNtries/NbOfNtries", [every.credits, booked.credits], False),
            ("credit_sum", "TtlCdtNtries/Sum", [every.credited, booked.credited], True),
            ("debit_count", "TtlDbtNtries/NbOfNtries", [every.debits, booked.debits], False),
            ("debit_sum", "TtlDbtNtries/Sum", [every.debited, booked.debited], True),
        ]
        said = []
        for name, path, right, is_amount in wanted:
            text = self._head.get(name)
            if text is None:
                continue
            found = amounts.ore(text, f"TxsSummry/{path}") if is_amount else amounts.count(text, f"TxsSummry/{path}")
            if name == "net":
                direction = self._head.get("net_sign")
                if direction is None:
                    right = [abs(each) for each in right]
                else:
                    found *= amounts.sign(direction, "TxsSummry/TtlNtries/CdtDbtInd")
            said.append(_Said(path, found, tuple(right), is_amount))
        return said


def open_statement(element: Element, places: Places, days: amounts.Days) -> Statement:
    """The head of a ``Stmt`` or ``Ntfctn``: its children before the first entry. Raises Malformed."""
    head = gather(element, places.head, {})
    line = line_of(element)
    identification = line_of_text(head.get("identification", ""))[:_NAME_CHARACTERS_MAX]
    account = "".join(head.get("account", "").split())
    if _ACCOUNT.fullmatch(account) is None:
        raise Malformed(
            "no account", line=line, field="Acct/Id", found=account[:40] or "nothing", expected="an account"
        )
    balances = _balances(element, places, days)
    currency = head.get("currency") or next((each.currency for each in balances.values()), "")
    if currency:
        amounts.currency(currency, "Acct/Ccy")
    opening = balances.get(OPENING) or balances.get(PREVIOUS)
    closing = balances.get(CLOSING)
    for each in (opening, closing):
        if each is not None and each.currency != currency:
            raise Malformed(
                "a balance in another currency than the account's", line=line, found=each.currency, expected=currency
            )
    first, last = _days(head, balances, days, line)
    number = head.get("sequence") or head.get("legal_sequence")
    return Statement(
        identification,
        account,
        currency,
        amounts.count(number, "ElctrncSeqNb") if number else None,
        first,
        last,
        opening.ore if opening else None,
        closing.ore if closing else None,
        line,
        is_page(head),
        head,
    )


def is_page(said: Values) -> bool:
    """Does it say that it is one page of several?"""
    return said.get("last_page", "true") in ("false", "0") or said.get("page", "1").lstrip("0") not in ("", "1")


def _balances(element: Element, places: Places, days: amounts.Days) -> dict[str, _Balance]:
    """By code; of several of one code the first. Raises Malformed."""
    tag = element.tag.rpartition("}")[0] + "}Bal"
    found: dict[str, _Balance] = {}
    for number, balance in enumerate(element.iterchildren(tag), 1):
        if number > _BALANCES_MAX:
            raise Malformed(f"more than {_BALANCES_MAX} balances in one statement", line=line_of(balance))
        values = gather(balance, places.balance, {})
        code = values.get("code", "")
        if code not in (OPENING, PREVIOUS, CLOSING) or code in found:
            continue
        if "amount" not in values:
            raise Malformed("a balance without an amount", line=line_of(balance), field=f"Bal {code}/Amt")
        ore = amounts.money(values["amount"], f"Bal {code}/Amt")
        direction = amounts.sign(values.get("sign", ""), f"Bal {code}/CdtDbtInd")
        day = days.of(values.get("day", ""), f"Bal {code}/Dt")
        found[code] = _Balance(direction * ore, values["amount"].currency, day)
    return found


def _days(head: Values, balances: dict[str, _Balance], days: amounts.Days, line: int | None) -> tuple[date, date]:
    """First and last day: as said, else those of the balances, else the day it was made. Raises Malformed."""
    opening, closing = balances.get(OPENING), balances.get(CLOSING)
    first = days.of(head["first"], "FrToDt/FrDtTm") if "first" in head else opening and opening.day
    last = days.of(head["last"], "FrToDt/ToDtTm") if "last" in head else closing and closing.day
    if first is None or last is None:
        made = first or last or days.of(head.get("created", ""), "CreDtTm")
        first, last = first or made, last or made
    if last < first:
        raise Malformed(
            "a statement that ends before it begins", line=line, found=str(last), expected=f"{first} or later"
        )
    return first, last
