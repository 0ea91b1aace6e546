"""From typed rows of a delivery to hub records (R5, R9, R10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from hub.plugin import Chargeback, Kept, Malformed, Payment, PaymentFailed, Record, Remark, format_amount
from hub_nets_bs.delivery import Delivery
from hub_nets_bs.layouts import layouts, refused
from hub_nets_bs.records import (
    AUTOMATIC,
    SECTION_OF_CODE,
    SLIP,
    Section,
    canonical_customer,
    chargeback,
    difference,
    failed,
    payment,
)
from hub_nets_bs.settings import BetalingsserviceSettings


def read(stream: BinaryIO, settings: BetalingsserviceSettings) -> Iterator[Record]:
    """The records of a delivery in file order, then remarks: how its charge-backs are counted, what its gaps hold."""
    delivery = Delivery(stream, settings)
    for line, row in delivery.rows():
        yield _MAKERS[row.code](line, row)
    if delivery.totals.charged_back:
        # Exactly one: BS992 was verified, and with money charged back the rules give it different totals.
        (rule,) = delivery.chargeback_rules
        amount = format_amount(delivery.totals.charged_back)
        yield Remark(f"Charge-backs of {amount} are {rule.replace('_', ' ')} in the totals of this delivery (R11)")
    yield from delivery.gaps.remarks()


def _paid_automatic(line: int, row: Any) -> Payment | Kept:
    return _paid(line, row, AUTOMATIC, row.customer, row.mandate)


def _paid_slip(line: int, row: Any) -> Payment | Kept:
    return _paid(line, row, SLIP, row.payment_id, row.archive_reference)


def _charged_back_automatic(line: int, row: Any) -> Chargeback:
    return _charged_back(line, row, AUTOMATIC, row.customer, row.mandate)


def _charged_back_slip(line: int, row: Any) -> Chargeback:
    return _charged_back(line, row, SLIP, row.payment_id, row.archive_reference)


def _paid(line: int, row: Any, section: Section, customer: str, trace: str) -> Payment | Kept:
    if row.sign == 0:
        _refuse_amounts_without_sign(line, row)
        return Kept(line, row.code, "Nothing was collected (sign code 0)")
    _refuse_no_payment(line, row)
    note = ""
    if row.paid != row.amount_due or (section == SLIP and row.fee):
        note = _difference(row, section)
    return payment(
        row.creditor,
        row.group,
        canonical_customer(customer),
        row.sign * row.paid,
        row.paid_on,
        row.booked_on,
        row.due,
        row.reference,
        section=section,
        trace=trace,
        record=line,
        note=note,
    )


def _charged_back(line: int, row: Any, section: Section, customer: str, trace: str) -> Chargeback:
    if row.sign != 1:
        raise _refused(line, row, "sign", "a charge-back of no collection", "1")
    _refuse_no_payment(line, row)
    return chargeback(
        row.creditor,
        row.group,
        canonical_customer(customer),
        row.paid,
        row.paid_on,
        row.booked_on,
        row.due,
        row.reference,
        section=section,
        trace=trace,
        record=line,
        note=_difference(row, section),
    )


def _difference(row: Any, section: Section) -> str:
    if section == SLIP:
        return difference(row.sign * row.amount_due, row.sign * row.paid, row.fee, row.fee_sign)
    return difference(row.sign * row.amount_due, row.sign * row.paid)


def _failed(line: int, row: Any) -> PaymentFailed:
    if row.due is None:
        raise _refused(line, row, "due", "a collection without a due date", "a date DDMMYY")
    if row.sign == 0:
        _refuse_amounts_without_sign(line, row)
    if row.paid:
        raise _refused(line, row, "paid", f"a payment that code {row.code} says was not made", "zeros")
    return failed(
        row.creditor,
        row.group,
        canonical_customer(row.customer),
        row.sign * row.amount_due,
        row.due,
        row.reference,
        code=row.code,
        trace=row.mandate,
        record=line,
    )


def _kept(line: int, row: Kept) -> Kept:
    return row


_MAKERS: dict[str, Callable[[int, Any], Record]] = {
    "0236": _paid_automatic,
    "0237": _failed,
    "0238": _failed,
    "0239": _charged_back_automatic,
    "0297": _paid_slip,
    "0299": _charged_back_slip,
    "022": _kept,
    "052": _kept,
    "062": _kept,
}


def _refuse_amounts_without_sign(line: int, row: Any) -> None:
    for field in ("amount_due", "paid"):
        if getattr(row, field):
            raise _refused(line, row, field, "sign code 0 (no amount) with an amount", "zeros")


def _refuse_no_payment(line: int, row: Any) -> None:
    if row.paid_on is None:
        raise _refused(line, row, "paid_on", "a payment without a payment date", "a date DDMMYY")
    if row.booked_on is None:
        raise _refused(line, row, "booked_on", "a payment without a booking date", "a date DDMMYY")
    if row.paid == 0:
        raise _refused(line, row, "paid", "a payment of nothing", "an amount")


def _refused(line: int, row: Any, field: str, what: str, expected: str) -> Malformed:
    # Where a field stands does not hang on the encoding.
    layout = layouts("iso8859-1").payment[SECTION_OF_CODE[row.code]]
    found = getattr(row, field)
    shown = "zeros" if found is None or found == 0 else found
    return refused(layout, field, line, what, shown, expected)
