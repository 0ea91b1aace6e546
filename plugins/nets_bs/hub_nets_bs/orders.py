"""Makes a delivery 0605 of orders on mandates: create one (section 0120), cancel one (section 0126)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from hub.plugin import HubError, MandateOrder, Record
from hub.plugin.layout import UnfitError
from hub_nets_bs.counted import Counted
from hub_nets_bs.customer_number import written_customer
from hub_nets_bs.layouts_0605 import CREATE, ENDS, FILLERS, ORDERS, Section, order_layouts
from hub_nets_bs.order_delivery import ORDER_OF_SECTION
from hub_nets_bs.records import NO_MANDATE
from hub_nets_bs.sending import Head, check_creditor, checked_head, sent
from hub_nets_bs.settings import BetalingsserviceSettings

_SECTIONS = {order: section for section, order in ORDER_OF_SECTION.items()}
_PAYER_ID_DIGITS = 10
#: A CVR number has eight digits, a CPR number ten.
_PAYER_ID = re.compile(r"[0-9]{8}|[0-9]{10}")
_BANK_REGISTRATION = re.compile(r"[0-9]{4}")
_BANK_ACCOUNT_DIGITS = 10
_BANK_ACCOUNT = re.compile(r"[0-9]{1,10}")


def make(records: Iterable[Record], head: Mapping[str, str], settings: BetalingsserviceSettings) -> Iterator[bytes]:
    """The file in chunks, in the order of ``records``; neighbours of one creditor and order share a section.

    ``records`` may be any number: none is held. Raises HubError for an order that a delivery cannot carry, also in the
    middle: a file is whole only at its end. No refusal repeats a payer's number or account.
    """
    checked = checked_head(ORDERS, head)
    return sent(_records(records, checked, settings), checked, settings)


def _records(orders: Iterable[Record], head: Head, settings: BetalingsserviceSettings) -> Iterator[bytes]:
    layouts, total = order_layouts(settings.encoding), Counted()
    yield layouts.delivery_start.build(**head.sender, delivery=head.delivery, created=head.created)
    for (creditor, section), members in groupby(map(_order, orders), _section):
        counted = Counted()
        where = {"creditor": creditor, "section": section}
        for order in members:
            try:
                if not counted.payments:
                    check_creditor(creditor, settings, _name(order))
                    yield layouts.section_start.build(**where, filler=FILLERS[0], user_id=head.user_id)
                customer = written_customer(order.customer, settings.customer_fill, _name(order))
                fields = _created(order) if section == CREATE else _cancelled(order)
                written = layouts.order[section].build(
                    creditor=creditor, group=order.group, customer=customer, **fields
                )
            except UnfitError as unfit:
                raise HubError(unfit.what, where=f"{_name(order)}, {unfit.where}") from None
            counted.payments += 1
            yield written
        yield layouts.section_end.build(**where, payments=counted.payments, end=ENDS[0])
        total.add(counted)
    trailer = {"sections": total.sections, "payments": total.payments, "net_amount": 0, "texts": 0, "addresses": 0}
    yield layouts.delivery_end.build(**head.sender, **trailer)


def _order(record: Record) -> MandateOrder:
    if not isinstance(record, MandateOrder):
        raise HubError(f"a delivery {ORDERS} cannot carry a {type(record).__name__}")
    if record.order not in _SECTIONS:
        raise _refused(record, "order", f"found {record.order!r}", f"one of {', '.join(_SECTIONS)}")
    return record


def _section(order: MandateOrder) -> tuple[str, Section]:
    return order.creditor, _SECTIONS[order.order]


def _created(order: MandateOrder) -> dict[str, str]:
    if order.mandate:
        raise _refused(order, "mandate", f"found {order.mandate!r}", "none: a new mandate has no number yet")
    if not _PAYER_ID.fullmatch(order.payer_id) or not order.payer_id.strip("0"):
        raise _refused(order, "payer_id", "not shown", "a CPR number of 10 digits or a CVR number of 8")
    if not _BANK_REGISTRATION.fullmatch(order.bank_registration):
        raise _refused(order, "bank_registration", "not shown", "4 digits")
    if not _BANK_ACCOUNT.fullmatch(order.bank_account) or not order.bank_account.strip("0"):
        raise _refused(order, "bank_account", "not shown", f"1 to {_BANK_ACCOUNT_DIGITS} digits")
    return {
        "payer_id": order.payer_id.zfill(_PAYER_ID_DIGITS),
        "bank_registration": order.bank_registration,
        "bank_account": order.bank_account.zfill(_BANK_ACCOUNT_DIGITS),
    }


def _cancelled(order: MandateOrder) -> dict[str, str]:
    if order.mandate in ("", NO_MANDATE):
        raise _refused(order, "mandate", f"found {order.mandate!r}", "the number of the mandate to be cancelled")
    for field in ("payer_id", "bank_registration", "bank_account"):
        if getattr(order, field):
            raise _refused(order, field, "not shown", "none: cancelling names the mandate alone")
    return {"mandate": order.mandate}


def _name(order: MandateOrder) -> str:
    return f"order {order.record} (customer {order.customer})"


def _refused(order: MandateOrder, field: str, found: str, expected: str) -> HubError:
    return HubError(f"{found}, expected {expected}", where=f"{_name(order)}, field {field!r}")
