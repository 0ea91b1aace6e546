"""Makes a delivery 0602 of hub records, as the provider would: for demos, benchmarks and round-trip tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import Any

from pydantic import Field, ValidationError

from hub.plugin import Chargeback, HubError, Payment, PaymentFailed, Record, Settings, format_amount
from hub_nets_bs.delivery import Totals
from hub_nets_bs.layouts import PAYMENT_INFORMATION, Layouts, layouts
from hub_nets_bs.records import SLIP, Coordinates, Section, coordinates
from hub_nets_bs.settings import ChargebackRule

_CHUNK_RECORDS = 1_000
_LINE_END = b"\r\n"
_CARD_TYPE = "71"
#: A two-digit year further away than this from the delivery's own date would be read as another century.
_YEARS_AWAY_MAX = 49


class Head(Settings):
    """What ``make`` must be told beside the records."""

    data_supplier: str = Field(pattern=r"^[0-9]{8}$")
    subsystem: str = Field("BS1", min_length=1, max_length=3)
    delivery: str = Field("0000000001", pattern=r"^[0-9]{10}$")
    #: The delivery's own date: settles the century of all others.
    created: date = Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))
    #: How charge-backs enter the totals (R11).
    chargebacks: ChargebackRule = "added"


_Bookable = Payment | PaymentFailed | Chargeback


def make(records: Iterable[Record], head: Mapping[str, str], encoding: str) -> Iterator[bytes]:
    """A delivery that reads back as ``records``, in chunks; neighbours of one creditor, group and section share one.

    ``records`` may be any number: none is held. Raises HubError for a record that a delivery cannot carry.
    """
    return chunks(_Maker(head_of(PAYMENT_INFORMATION, head), layouts(encoding)).lines(records))


def head_of(kind: str, head: Mapping[str, str]) -> Head:
    """Raises HubError naming every key that is wrong."""
    try:
        return Head.model_validate(dict(head))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise HubError(f"cannot make a delivery {kind}: {wrong}") from None


def chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of a delivery with their ends, many at a time."""
    waiting: list[bytes] = []
    for line in lines:
        waiting.append(line)
        if len(waiting) == _CHUNK_RECORDS:
            yield _LINE_END.join(waiting) + _LINE_END
            waiting.clear()
    if waiting:
        yield _LINE_END.join(waiting) + _LINE_END


class _Maker:
    def __init__(self, head: Head, layouts: Layouts) -> None:
        self.head = head
        self.layouts = layouts
        self.totals = Totals()

    def lines(self, records: Iterable[Record]) -> Iterator[bytes]:
        head, made = self.head, self.layouts
        sender = {"data_supplier": head.data_supplier, "subsystem": head.subsystem}
        yield made.delivery_start.build(**sender, delivery=head.delivery, created=head.created)
        for (creditor, group, section), members in groupby(map(_located, records), _section):
            where = {"creditor": creditor, "group": group, "section": section}
            totals = Totals()
            yield made.section_start.build(**where, date=head.created)
            for record, its in members:
                yield self._payment(record, its, totals)
            yield made.section_end.build(**where, **self._trailer(totals))
            self.totals.add(totals)
        yield made.delivery_end.build(**sender, sections=self.totals.sections, **self._trailer(self.totals))

    def _trailer(self, totals: Totals) -> dict[str, int]:
        net = totals.net(self.head.chargebacks)
        if net < 0:
            raise HubError(f"cannot make a delivery 0602: a trailer cannot say a net amount of {format_amount(net)}")
        return {
            "payments": totals.payments,
            "net_amount": net,
            "texts": totals.texts,
            "addresses": totals.addresses,
        }

    def _payment(self, record: _Bookable, its: Coordinates, totals: Totals) -> bytes:
        totals.payments += 1
        amount = abs(record.amount)
        paid: dict[str, Any] = {"paid_on": None, "booked_on": None, "paid": 0}
        if not isinstance(record, PaymentFailed):
            paid = {"paid_on": record.value_date, "booked_on": record.booking_date, "paid": amount}
            if isinstance(record, Chargeback):
                totals.charged_back += amount
            else:
                totals.paid += record.amount
        for day in (record.due_date, paid["paid_on"], paid["booked_on"]):
            if day is not None and abs(day.year - self.head.created.year) > _YEARS_AWAY_MAX:
                raise HubError(f"{day} is too far from {self.head.created} to be written with a two-digit year")
        return self.layouts.payment[its.section].build(
            creditor=record.creditor,
            code=its.code,
            group=record.group,
            due=record.due_date,
            sign=(record.amount > 0) - (record.amount < 0),
            amount_due=amount,
            reference=record.reference,
            **paid,
            **(_slip(record.customer, its.trace) if its.section == SLIP else _automatic(record.customer, its.trace)),
        )


def _automatic(customer: str, trace: str) -> dict[str, Any]:
    return {"customer": _padded(customer, 15), "mandate": trace}


def _slip(customer: str, trace: str) -> dict[str, Any]:
    payment_id = _padded(customer, 19) if customer.isdigit() else "0000" + customer
    return {
        "payment_id_start": payment_id[:4],
        "customer": payment_id[4:],
        "card_type": _CARD_TYPE,
        "fee_sign": "0",
        "fee": 0,
        "archive_reference": trace,
    }


def _padded(customer: str, size: int) -> str:
    return customer.rjust(size, "0") if customer.isdigit() else customer


def _located(record: Record) -> tuple[_Bookable, Coordinates]:
    if not isinstance(record, Payment | PaymentFailed | Chargeback):
        raise HubError(f"a delivery 0602 cannot carry {record!r}")
    if record.amount == 0 and not isinstance(record, PaymentFailed):
        raise HubError(f"a delivery 0602 cannot carry a payment of nothing: {record!r}")
    return record, coordinates(record.key)


def _section(located: tuple[_Bookable, Coordinates]) -> tuple[str, str, Section]:
    record, its = located
    return record.creditor, record.group, its.section
