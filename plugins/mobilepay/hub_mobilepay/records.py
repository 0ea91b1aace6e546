"""Hub records of MobilePay: the one place where their keys, links and texts are made, whatever the format.

**Payments.** A link is ``mobilepay|sales unit|transaction``: the vendor's own number of the transaction, that all its
formats carry. It is the same for a payment, its dispute and the return of that. A key is ``link|what``, and of what may
come again for one transaction ``link|what|day|moment``. So a payment has one key in every format: the settlement file
and the Report API's page of one day book it once.

**The rest.** ``mobilepay|sales unit|number|what``, the number being the vendor's own of a payout or an entry.

No key holds the amount, the occurrence in the file, or the reference (R5: the hub compares the amount and counts the
occurrences; a transaction has one reference). Amounts are øre. ``record`` is as in :mod:`hub.plugin.records`. Sales
units and numbers must be texts within the limits of records; texts of any length and content are cut and cleaned here.
"""

from __future__ import annotations

import re
from datetime import date

from hub.plugin import Chargeback, Fee, Kept, Payment, Payout, format_amount

_BAR = "‖"
_TEXT_CHARACTERS_MAX = 400
_CODE_CHARACTERS_MAX = 100
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def creditor_of(handle: str) -> str:
    """The number of a recipient's handle, as settlement files have it: ``DK:90601`` and ``api:90601`` as ``90601``."""
    return handle.strip().rpartition(":")[2]


def captured(
    *,
    record: int,
    creditor: str,
    transaction: str,
    reference: str,
    amount: int,
    currency: str,
    sold_on: date,
    booked_on: date,
    note: str = "",
) -> Payment:
    """Money from a payer: ``amount`` positive, before fees. ``note`` ends the text."""
    link = _link(creditor, transaction)
    text = _text(f"MobilePay {reference}", note)
    key = f"{link}|capture"
    return Payment(
        record, creditor, "", reference, amount, currency, sold_on, booked_on, None, reference, link, key, text
    )


def refunded(
    *,
    record: int,
    creditor: str,
    transaction: str,
    reference: str,
    amount: int,
    currency: str,
    sold_on: date,
    booked_on: date,
    note: str = "",
) -> Payment:
    """Money back to a payer: ``amount`` positive = given back, so the payment has it negative (R9)."""
    link = _link(creditor, transaction)
    text = _text(f"MobilePay refundering {reference}", note)
    key = f"{link}|refund"
    return Payment(
        record, creditor, "", reference, -amount, currency, sold_on, booked_on, None, reference, link, key, text
    )


def disputed(
    *,
    record: int,
    creditor: str,
    transaction: str,
    reference: str,
    amount: int,
    currency: str,
    sold_on: date,
    booked_on: date,
    moment: str = "",
) -> Chargeback:
    """A capture kept back because the payer disputes it: ``amount`` positive. ``moment`` tells it from a later one."""
    link = _link(creditor, transaction)
    text = _text("MobilePay indsigelse, tilbageholdt", reference)
    key = _again(link, "disputed", booked_on, moment)
    return Chargeback(
        record, creditor, "", reference, amount, currency, sold_on, booked_on, None, reference, link, key, text
    )


def dispute_returned(
    *,
    record: int,
    creditor: str,
    transaction: str,
    reference: str,
    amount: int,
    currency: str,
    sold_on: date,
    booked_on: date,
    moment: str = "",
) -> Payment:
    """What was kept back comes after all: ``amount`` positive. Its link is the capture's: it may be disputed anew."""
    link = _link(creditor, transaction)
    text = _text("MobilePay indsigelse afvist, udbetalt", reference)
    key = _again(link, "dispute-returned", booked_on, moment)
    return Payment(
        record, creditor, "", reference, amount, currency, sold_on, booked_on, None, reference, link, key, text
    )


def correction(
    *,
    record: int,
    creditor: str,
    transaction: str,
    reference: str,
    amount: int,
    currency: str,
    booked_on: date,
    moment: str = "",
) -> Payment:
    """The vendor's own correction, signed as its effect on what it owes us: nobody's, so a person says whose."""
    text = _text("MobilePay manuel korrektion: se hos MobilePay hvad den gælder", reference, transaction)
    return _nobodys(record, creditor, transaction, "correction", amount, currency, booked_on, moment, text)


def unknown_money(
    *,
    record: int,
    creditor: str,
    transaction: str,
    reference: str,
    entry_type: str,
    amount: int,
    currency: str,
    booked_on: date,
    moment: str = "",
) -> Payment:
    """An entry of a type that we do not know, signed as its effect on what the vendor owes us: nobody's until known."""
    text = _text(f"MobilePay post af ukendt type {entry_type!r}", reference, transaction)
    return _nobodys(record, creditor, transaction, f"type {entry_type}", amount, currency, booked_on, moment, text)


def kept_unknown(*, record: int, entry_type: str, note: str = "") -> Kept:
    """An entry of a type that we do not know, without an amount."""
    return Kept(record, _clean(entry_type)[:_CODE_CHARACTERS_MAX], _text("ukendt type, uden beløb", note))


def fee(
    *,
    record: int,
    creditor: str,
    number: str,
    amount: int,
    currency: str,
    booked_on: date,
    moment: str = "",
    note: str = "",
) -> Fee:
    """What MobilePay keeps, whatever sign the format gives it: ``amount`` positive, negative = it gives some back.

    ``number``: of a settlement file the settlement's, one fee for all of it, so that CSV, XLSX and XML say the same;
    of another format the entry's own.
    """
    text = _text("MobilePay gebyr", note)
    return _kept_back(record, creditor, number, "fee", amount, currency, booked_on, moment, text)


def credit_note(
    *,
    record: int,
    creditor: str,
    number: str,
    amount: int,
    currency: str,
    booked_on: date,
    moment: str = "",
    note: str = "",
) -> Fee:
    """Of fees: ``amount`` negative = MobilePay gives it back, positive = it takes it after all."""
    text = _text("MobilePay kreditnota", note)
    return _kept_back(record, creditor, number, "credit-note", amount, currency, booked_on, moment, text)


def paid_out(
    *,
    record: int,
    creditor: str,
    number: str,
    amount: int,
    currency: str,
    booked_on: date,
    bank_text: str = "",
    note: str = "",
) -> Payout:
    """A payout, ``amount`` positive. ``number`` is the vendor's own of it: that of the settlement."""
    text = _text(f"MobilePay udbetaling {number}", bank_text, note)
    key = f"{_link(creditor, number)}|payout"
    return Payout(record, creditor, "", amount, currency, booked_on, booked_on, bank_text, number, key, text)


def payout_aborted(
    *,
    record: int,
    creditor: str,
    number: str,
    amount: int,
    currency: str,
    booked_on: date,
    bank_text: str = "",
    moment: str = "",
) -> Payout:
    """A payout that did not reach the bank: ``amount`` positive = what comes back to the vendor's account."""
    text = _text(f"MobilePay udbetaling {number} afbrudt", bank_text)
    key = _again(_link(creditor, number), "payout-aborted", booked_on, moment)
    return Payout(record, creditor, "", -amount, currency, booked_on, booked_on, bank_text, number, key, text)


def top_up(
    *,
    record: int,
    creditor: str,
    number: str,
    amount: int,
    currency: str,
    booked_on: date,
    bank_text: str = "",
    moment: str = "",
) -> Payout:
    """From our bank to the vendor, to cover what we owe it: ``amount`` positive = paid in."""
    text = _text("MobilePay indbetaling fra egen bank", bank_text)
    key = _again(_link(creditor, number), "top-up", booked_on, moment)
    return Payout(record, creditor, "", -amount, currency, booked_on, booked_on, bank_text, number, key, text)


def _nobodys(
    record: int,
    creditor: str,
    transaction: str,
    what: str,
    amount: int,
    currency: str,
    booked_on: date,
    moment: str,
    text: str,
) -> Payment:
    """Without a customer: it goes to suspense."""
    link = _link(creditor, transaction)
    key = _again(link, what, booked_on, moment)
    return Payment(record, creditor, "", "", amount, currency, booked_on, booked_on, None, "", link, key, text)


def _kept_back(
    record: int,
    creditor: str,
    number: str,
    what: str,
    amount: int,
    currency: str,
    booked_on: date,
    moment: str,
    text: str,
) -> Fee:
    key = _again(_link(creditor, number), what, booked_on, moment)
    return Fee(record, creditor, "", amount, currency, booked_on, booked_on, number, key, text)


def _link(creditor: str, number: str) -> str:
    return f"mobilepay|{_part(creditor)}|{_part(number)}"


def _again(link: str, what: str, day: date, moment: str) -> str:
    return f"{link}|{_part(what)}|{day.isoformat()}|{_part(moment)}"


def _part(text: str) -> str:
    return _clean(text).replace("|", _BAR)


def _clean(text: str) -> str:
    return _BREAKS.sub(" ", text).strip()


def _text(*parts: str) -> str:
    """One line of limited length: a name, and what is told of it."""
    whole = ", ".join(cleaned for part in parts if (cleaned := _clean(part)))
    return whole if len(whole) <= _TEXT_CHARACTERS_MAX else f"{whole[: _TEXT_CHARACTERS_MAX - 1]}…"


def kroner(ore: int) -> str:
    """As people read it: ``-150,00``."""
    return format_amount(ore).replace(".", ",")
