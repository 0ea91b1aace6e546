"""Hub records of Betalingsservice events: the one place where their keys, links and texts are made.

**Payments.** A link is ``nets|creditor|group|section|due|customer|reference`` and a key is ``link|code|payment
date|trace``, dates in ISO form or ``-``. The trace is the mandate number in section 0211 and the archive reference in
0215, where the customer is the payment id, and both are given as such too (R17). Neither holds the amount nor the
occurrence within the file (R5: the hub compares the one and counts the other).

**Mandates.** The key of a change is ``nets|creditor|group|0212|customer|mandate|code|start|end``; in a full list the
section is ``0210`` or ``0219`` and the day of the list stands before the customer: every list is news of its own.
**Slips.** ``nets|creditor|group|0217|due|customer|reference|card type|slip creditor|payment id``.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Literal, NamedTuple

from hub.plugin import Chargeback, HubError, MandateChange, Payment, PaymentFailed, SlipIssued, format_amount

Section = Literal["0211", "0215"]

AUTOMATIC: Section = "0211"
SLIP: Section = "0215"
NO_MANDATE = "000000000"

PAID = {AUTOMATIC: "0236", SLIP: "0297"}
CHARGED_BACK = {AUTOMATIC: "0239", SLIP: "0299"}
REJECTED = "0237"
CANCELLED = "0238"
SECTION_OF_CODE: dict[str, Section] = {
    "0236": AUTOMATIC,
    "0237": AUTOMATIC,
    "0238": AUTOMATIC,
    "0239": AUTOMATIC,
    "0297": SLIP,
    "0299": SLIP,
}

#: Sections of delivery 0603.
ACTIVE, CHANGED, SLIPS, ELECTRONIC = "0210", "0212", "0217", "0219"
REGISTERED = "0231"
#: Codes of a mandate, and what each says of the agreement.
MANDATE_TEXTS = {
    "0230": "i kraft",
    REGISTERED: "tilmeldt",
    "0232": "afmeldt af banken",
    "0233": "afmeldt af kreditor",
    "0234": "afmeldt af Betalingsservice",
}
#: Stands for the mandate number of every agreement on electronic slips.
ELECTRONIC_MANDATE = "999999999"

_CURRENCY = "DKK"
_TEXT = {AUTOMATIC: "Betalingsservice", SLIP: "Indbetalingskort"}
#: Stands for a bar of the file, so that no two events share a key: neither encoding of a delivery can hold it.
_BAR = "‖"


class _IsoDates(dict[date | None, str]):
    """ISO text of dates, six times as fast as making it; two-digit years keep it to a few centuries of days."""

    def __missing__(self, day: date | None) -> str:
        text = self[day] = "-" if day is None else day.isoformat()
        return text


_ISO = _IsoDates()
#: A third quicker than calling the class, and most records of a file are payments.
_new_payment = partial(tuple.__new__, Payment)


class Coordinates(NamedTuple):
    """What a key says beyond the record's own fields."""

    section: Section
    code: str
    trace: str


def coordinates(key: str) -> Coordinates:
    """Section, code and trace of a key made here. Raises HubError for any other text."""
    parts = key.split("|")
    if len(parts) != 10 or SECTION_OF_CODE.get(parts[7]) != parts[3]:
        raise HubError(f"{key!r} is no key of a Betalingsservice event")
    code, trace = parts[7], parts[9]
    section = SECTION_OF_CODE[code]
    return Coordinates(section, code, trace.replace(_BAR, "|"))


def canonical_customer(text: str) -> str:
    """A customer number as the hub compares it: without blanks around it and without leading zeros (R7)."""
    return text.strip().lstrip("0").lstrip()


def payment(
    creditor: str,
    group: str,
    customer: str,
    amount: int,
    paid_on: date,
    booked_on: date,
    due: date | None = None,
    reference: str = "",
    *,
    section: Section = AUTOMATIC,
    trace: str = NO_MANDATE,
    record: int = 0,
    note: str = "",
) -> Payment:
    """Code 0236 or 0297. ``amount`` in øre: positive = received, negative = paid out (R9). ``note`` ends the text."""
    link = _link(creditor, group, section, due, customer, reference)
    text = _text(_TEXT[section] if amount >= 0 else "Betalingsservice udbetaling", reference) + note
    key = _key(link, PAID[section], paid_on, trace)
    slip = (customer, trace) if section == SLIP else ("", "")
    its = (record, creditor, group, customer, amount, _CURRENCY, paid_on, booked_on, due, reference, link, key, text)
    return _new_payment(its + slip)


def failed(
    creditor: str,
    group: str,
    customer: str,
    amount: int,
    due: date,
    reference: str = "",
    *,
    code: str = REJECTED,
    trace: str = NO_MANDATE,
    record: int = 0,
) -> PaymentFailed:
    """Code 0237 (rejected) or 0238 (cancelled). ``amount`` in øre is what should have been paid."""
    key = _key(_link(creditor, group, AUTOMATIC, due, customer, reference), code, None, trace)
    text = _text("Betalingsservice afvist" if code == REJECTED else "Betalingsservice afmeldt", reference)
    return PaymentFailed(record, creditor, group, customer, amount, _CURRENCY, due, reference, key, text)


def chargeback(
    creditor: str,
    group: str,
    customer: str,
    amount: int,
    charged_on: date,
    booked_on: date,
    due: date | None = None,
    reference: str = "",
    *,
    section: Section = AUTOMATIC,
    trace: str = NO_MANDATE,
    record: int = 0,
    note: str = "",
) -> Chargeback:
    """Code 0239 or 0299: ``amount`` øre taken back, positive. Its link equals the payment's. ``note`` ends the text."""
    link = _link(creditor, group, section, due, customer, reference)
    text = _text(f"{_TEXT[section]} tilbageført", reference) + note
    key = _key(link, CHARGED_BACK[section], charged_on, trace)
    its = (record, creditor, group, customer, amount, _CURRENCY, charged_on, booked_on, due, reference, link, key, text)
    return Chargeback(*its, customer) if section == SLIP else Chargeback(*its)


def difference(due: int, paid: int, fee: int = 0, fee_sign: str = "0") -> str:
    """What a text says beyond the amount in øre: what was due where that is another, and the payer's fee."""
    note = f", opkrævet {_kroner(due)}" if due != paid else ""
    if fee:
        # What the sign code of a fee means no source says: it is shown, not acted on.
        note += f", gebyr {_kroner(fee)} (fortegnskode {fee_sign})"
    return note


def mandate_change(
    creditor: str,
    group: str,
    customer: str,
    mandate: str,
    code: str,
    start: date | None,
    end: date | None,
    *,
    section: str = CHANGED,
    listed: date | None = None,
    record: int = 0,
) -> MandateChange:
    """A record of section 0210, 0212 or 0219; ``listed`` is the day of a full list."""
    electronic = section == ELECTRONIC or mandate == ELECTRONIC_MANDATE
    change = "active" if section != CHANGED else "registered" if code == REGISTERED else "cancelled"
    day = [] if section == CHANGED else [_ISO[listed]]
    parts = ["nets", creditor, group, section, *day, _filled(customer), mandate, code, _ISO[start], _ISO[end]]
    agreement = "electronic_slip" if electronic else "automatic"
    what = "Aftale om elektronisk indbetalingskort" if electronic else "Betalingsservice-aftale"
    text = f"{what} {MANDATE_TEXTS[code]}"
    return MandateChange(
        record, creditor, group, customer, mandate, change, agreement, start, end, "|".join(parts), text
    )


def slip_issued(
    creditor: str,
    group: str,
    customer: str,
    payment_id: str,
    amount: int,
    due: date,
    reference: str = "",
    *,
    card_type: str = "71",
    slip_creditor: str,
    record: int = 0,
) -> SlipIssued:
    """Code 0295: ``amount`` øre are to be paid with ``payment_id``, which comes without leading zeros."""
    where = ["nets", creditor, group, SLIPS, _ISO[due], _filled(customer), reference.replace("|", _BAR)]
    return SlipIssued(
        record,
        creditor,
        group,
        customer,
        card_type,
        slip_creditor,
        payment_id,
        amount,
        _CURRENCY,
        due,
        reference,
        "|".join([*where, card_type, slip_creditor, payment_id]),
        _text(f"Indbetalingskort {card_type} dannet", reference),
    )


def has_right_check_digit(payment_id: str) -> bool:
    """Modulus 10 over the digits of a payment identification, the check digit last; leading zeros do not matter."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(payment_id))]
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _filled(customer: str) -> str:
    return f"{customer.replace('|', _BAR):0>15}"


def _kroner(ore: int) -> str:
    """As Danish tenants read it: ``-150,00``."""
    return format_amount(ore).replace(".", ",")


def _link(creditor: str, group: str, section: str, due: date | None, customer: str, reference: str) -> str:
    if "|" in customer or "|" in reference:
        customer, reference = customer.replace("|", _BAR), reference.replace("|", _BAR)
    # Filled up as in the file, so that keys are in its order: the hub's index then grows at one end.
    return f"nets|{creditor}|{group}|{section}|{_ISO[due]}|{customer.rjust(15, '0')}|{reference}"


def _key(link: str, code: str, on: date | None, trace: str) -> str:
    return f"{link}|{code}|{_ISO[on]}|{trace.replace('|', _BAR)}"


def _text(what: str, reference: str) -> str:
    return f"{what} {reference}" if reference else what
