"""What one booked movement is: an entry, or one transaction of several that an entry sums up."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from hub.plugin import BankLine, Chargeback, Payment, PaymentSeen
from hub_iso20022 import records, slips
from hub_iso20022.paths import Money, Values
from hub_iso20022.settings import Iso20022Settings

_NOT_PROVIDED = "NOTPROVIDED"
_NAME_CHARACTERS_MAX = 100
_NO_SLIP = slips.Slip("", "", "")
_DEBTOR = ("debtor", "debtor_lines", "debtor_account")
_CREDITOR = ("creditor", "creditor_lines", "creditor_account")


class Booked(NamedTuple):
    """What an entry says for all of its transactions."""

    account: str
    currency: str
    valued: date
    booked: date
    values: Values
    #: Is there more than one transaction, so that the entry's reference names none of them?
    is_batch: bool
    #: ``RvslInd``: the entry undoes an earlier one.
    is_reversal: bool


class Lines:
    """Makes lines of what has been gathered, by the settings of the instance."""

    def __init__(self, settings: Iso20022Settings) -> None:
        self._return_codes = frozenset(settings.return_codes)

    def of(self, record: int, booked: Booked, said: Values, amount: int, note: str = "") -> BankLine:
        """A line of ``amount`` øre; ``said`` is what its transaction says, empty where the bank gives none."""
        account, entry = booked.account, booked.values
        code, sub_family = _code(entry, said)
        is_return = booked.is_reversal or "returned" in said or sub_family in self._return_codes
        slip, reference, wrong = _NO_SLIP, "", ""
        if "references" in said and (amount > 0 or is_return):
            slip, reference, wrong = _references(said)
        payer, payer_account = _payer(account, said, amount > 0, is_return, bool(slip.payment_id))
        end_to_end = said.get("end_to_end", "")
        if end_to_end == _NOT_PROVIDED:
            end_to_end = ""
        if slip.payment_id:
            link = records.link(account, slip.creditor, slip.payment_id, "", "")
        else:
            link = records.link(account, "", "", payer_account, end_to_end)
        takes_back = ""
        if is_return and (not slip.fault if slip.payment_id else payer_account and end_to_end):
            takes_back = link
        servicer_reference = _servicer_reference(booked, said)
        # Also one that names no line alone: a batch's tells a slip in it from the same slip paid again in another.
        told_reference = servicer_reference or entry.get("servicer_reference", "")
        texts = _texts(booked, said, end_to_end)
        if is_return:
            texts.append(f"tilbageført {said.get('return_reason', '')}")
        return BankLine(
            record,
            account,
            amount,
            booked.currency,
            booked.valued,
            booked.booked,
            slip.creditor,
            slip.payment_id,
            slip.fault,
            payer_account,
            reference,
            servicer_reference,
            code,
            payer,
            payer_account,
            takes_back,
            link,
            records.key(link, booked.booked, told_reference, amount, said.get("transaction", "")),
            records.one_text([*texts, wrong, note]),
        )


def is_good_slip(line: BankLine) -> bool:
    """Does it say whose slip it is, by creditor number and id?"""
    return bool(line.creditor and line.payment_id) and not line.slip_fault


def seen(line: BankLine) -> PaymentSeen:
    """What confirms a line that another file books (R17)."""
    return PaymentSeen(
        line.record,
        line.account,
        line.creditor,
        line.payment_id,
        line.amount,
        line.currency,
        line.booking_date,
        line.servicer_reference,
        line.key,
        line.text,
    )


def payment(line: BankLine) -> Payment | Chargeback:
    """A slip that a notification books, over clearing; the statement's line settles it."""
    link, key = records.notified(line.link), records.notified(line.key)
    if line.amount < 0:
        return Chargeback(
            line.record,
            line.creditor,
            "",
            line.payment_id,
            -line.amount,
            line.currency,
            line.value_date,
            line.booking_date,
            None,
            "",
            link,
            key,
            line.text,
        )
    return Payment(
        line.record,
        line.creditor,
        "",
        line.payment_id,
        line.amount,
        line.currency,
        line.value_date,
        line.booking_date,
        None,
        "",
        link,
        key,
        line.text,
        line.payment_id,
        line.servicer_reference,
    )


def _code(entry: Values, said: Values) -> tuple[str, str]:
    """(``PMNT/RCDT/VCOM``, its sub-family): the transaction's, else the entry's, else the bank's own."""
    values = said if said.get("domain") else entry
    if domain := values.get("domain"):
        sub_family = values.get("sub_family", "")
        return _joined_code(domain, values.get("family", ""), sub_family), sub_family
    return _joined_code(said.get("own_code") or entry.get("own_code", "")), ""


@lru_cache(1_000)
def _joined_code(*parts: str) -> str:
    return records.line_of_text("/".join(parts))[:_NAME_CHARACTERS_MAX]


def _references(said: Values) -> tuple[slips.Slip, str, str]:
    """(slip, our own reference, what is wrong with it): of several that differ none is taken."""
    told = said["references"]
    if len(told) > 1 and len(set(told)) > 1:
        return _NO_SLIP, "", "flere forskellige referencer"
    slip = slips.slip(told[0], said.get("creditor_account", ""))
    if slip is not None:
        return slip, "", ""
    return _NO_SLIP, *slips.creditor_reference(told[0])


def _payer(account: str, said: Values, came_in: bool, is_return: bool, is_slip: bool) -> tuple[str, str]:
    """(name, account) of the other party: who paid, or whom we paid; of a return whichever of them is not us."""
    sides = [_DEBTOR] if came_in or is_slip else [_CREDITOR]
    if is_return and not is_slip:
        # Whether banks let the parties change places is theirs. A slip's creditor is us, whichever way the money goes.
        sides.append(_CREDITOR if came_in else _DEBTOR)
    for name, lines, number in sides:
        told = said.get(name) or " ".join(said.get(lines, ()))
        told_account = "".join(said.get(number, "").split())
        if (told or told_account) and told_account != account:
            return records.one_text([told]), records.line_of_text(told_account)[:_NAME_CHARACTERS_MAX]
    return "", ""


def _servicer_reference(booked: Booked, said: Values) -> str:
    """The reference that names this movement alone: of several, its own; never the entry's that they share."""
    of_entry, own = booked.values.get("servicer_reference", ""), said.get("servicer_reference", "")
    if booked.is_batch:
        return records.naming(own) if own != of_entry else ""
    return records.naming(of_entry) or records.naming(own)


def _texts(booked: Booked, said: Values, end_to_end: str) -> list[str]:
    """What payer and bank have written, the payer's words first; what was asked for, where it was another currency."""
    texts = [*said.get("remittance", ()), *said.get("references", ()), *said.get("documents", ())]
    texts += [values[name] for name in ("own_code", "more") for values in (said, booked.values) if name in values]
    instructed: Money | None = said.get("instructed_amount")
    if instructed is not None and instructed.currency != booked.currency:
        texts.append(f"{instructed.text} {instructed.currency}")
    if end_to_end:
        texts.append(f"EndToEndId {end_to_end}")
    return texts
