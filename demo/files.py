"""The files that the demo's vendors send: made by the plug-ins themselves, in their own processes, as the hub asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from demo.portfolio import CREDITOR, HEAT, PROPERTIES, Dates, Property, Tenancy, tenancies, tenancy
from hub.plugin import ConsumptionResult, Payment, PaymentFailed, Record, parse_amount
from hub.settings import load_site
from hub.vendors import Vendors
from hub_nets_bs.records import CANCELLED, REJECTED, SLIP, canonical_customer, failed, payment

#: (property, unit): who does not simply pay all by Betalingsservice on the due day.
_REJECTED = (1, 2)
_CANCELLED = (1, 3)
_PAY_LATER = ((2, 5), (2, 6), (2, 7))
#: By slip: one too little, one too much.
SLIPS = {(2, 3): "3000.00", (3, 4): "9450.00"}
#: The settlement of property 3 by unit, positive = the tenant pays.
_RESULTS = (
    *("812.00", "-340.25", "95.75", "1234.50", "-610.00", "447.30"),
    *("-75.05", "1020.00", "-150.00", "388.60", "-299.95", "60.10"),
)
_HEAT_RESULT = "75040"


class Dropped(NamedTuple):
    """A file and the inbox it goes into. ``role`` is what the demo calls it, whatever its name."""

    role: str
    folder: str
    name: str
    content: bytes


def make_files(site: Path, dates: Dates) -> list[Dropped]:
    """What comes in, the copy of the payments left out: that one comes when they are booked."""
    first, last = (f"{day:%Y%m%d}" for day in dates.heat_year)
    tenant_statement = f"1-3-F-{first}-{last}-4-1"
    property_statement = f"1-3-F-{first}-{last}"
    with Vendors(load_site(site)) as vendors:
        betalingsservice, brunata = vendors.instances["betalingsservice"], vendors.instances["brunata-heat"]
        payments = b"".join(betalingsservice.make("0602", _payments(dates), _head(dates, 1)))
        good = b"".join(betalingsservice.make("0602", _one_payment(dates), _head(dates, 2)))
        results = b"".join(brunata.make("result", _results(dates), {}))
    return [
        Dropped("payments", "inbox/betalingsservice", "0602-husleje.txt", payments),
        Dropped("broken", "inbox", "0602-forkert-sum.txt", _with_wrong_total(good)),
        Dropped("results", "inbox/brunata-heat", "varme-ålegården.txt", results),
        _statement("tenant statement", tenant_statement, "Forbrugsregnskab, lejer 1-3-4-1"),
        _statement("property statement", property_statement, "Fordelingsregnskab, Ålegården"),
    ]


def make_test_file(site: Path, dates: Dates) -> Dropped:
    """What a vendor sends to try the way: two payments that nobody has made, and that the hub cannot know for tests."""
    with Vendors(load_site(site)) as vendors:
        content = b"".join(vendors.instances["betalingsservice"].make("0602", _tests(dates), _head(dates, 3)))
    return Dropped("test", ".", "0602-test.txt", content)


def copy_of(payments: Dropped) -> Dropped:
    """The same bytes under another name, in the common inbox: somebody has saved the mail's attachment twice."""
    return Dropped("copy", "inbox", "0602-husleje (2).txt", payments.content)


def drop(site: Path, file: Dropped) -> None:
    """As a careful sender does: written under a name that is never taken, then renamed."""
    target = site / file.folder / file.name
    unfinished = target.with_name(target.name + ".part")
    unfinished.write_bytes(file.content)
    unfinished.rename(target)


def _head(dates: Dates, number: int) -> dict[str, str]:
    return {"data_supplier": "09999999", "delivery": f"{number:010}", "created": dates.today.isoformat()}


def _payments(dates: Dates) -> Iterator[Record]:
    """Property by property, as a delivery is ordered: collections first, then slips."""
    for property_ in PROPERTIES:
        yield from _collections(property_, dates)
        for place, amount in SLIPS.items():
            if place[0] == property_.number:
                yield _slip(tenancy(*place), amount, dates)


def _collections(property_: Property, dates: Dates) -> Iterator[Record]:
    for one in tenancies():
        place = (one.property_.number, one.unit)
        if one.property_ != property_ or place in SLIPS:
            continue
        amount = parse_amount(f"{property_.rent + HEAT}")
        if place in (_REJECTED, _CANCELLED):
            yield _failed(one.customer, property_, amount, dates, REJECTED if place == _REJECTED else CANCELLED)
        else:
            when = dates.coming if place in _PAY_LATER else dates.paid
            yield _paid(one.customer, property_, amount, when, dates, one.reference("H", dates.rent_due))
    if property_.number == 2:
        yield _paid("299901", property_, parse_amount("5000.00"), dates.paid, dates, "LEJE UKENDT")
        neighbour = tenancy(1, 9).customer
        yield _paid(neighbour, property_, parse_amount("250.00"), dates.paid, dates, "VASKERI")


def _paid(customer: str, property_: Property, amount: int, when: date, dates: Dates, reference: str) -> Payment:
    number = canonical_customer(customer)
    group = property_.debtor_group
    return payment(CREDITOR, group, number, amount, when, when, dates.rent_due, reference, trace=f"{int(customer):09}")


def _failed(customer: str, property_: Property, amount: int, dates: Dates, code: str) -> PaymentFailed:
    number = canonical_customer(customer)
    return failed(
        CREDITOR, property_.debtor_group, number, amount, dates.rent_due, code=code, trace=f"{int(customer):09}"
    )


def archive_reference(one: Tenancy) -> str:
    """By which Betalingsservice and the bank name a payment by slip."""
    return f"{one.customer:0>22}"


def _slip(one: Tenancy, amount: str, dates: Dates) -> Payment:
    due = dates.rent_due
    return payment(
        CREDITOR,
        one.property_.debtor_group,
        canonical_customer(one.customer),
        parse_amount(amount),
        dates.paid,
        dates.paid,
        due,
        one.reference("H", due),
        section=SLIP,
        trace=archive_reference(one),
    )


def _one_payment(dates: Dates) -> Iterator[Record]:
    yield _paid(tenancy(1, 2).customer, PROPERTIES[0], parse_amount("6950.00"), dates.paid, dates, "RYKKER")


def _tests(dates: Dates) -> Iterator[Record]:
    for unit in (1, 2):
        yield _paid(tenancy(1, unit).customer, PROPERTIES[0], parse_amount("6950.00"), dates.paid, dates, "TEST")


def _with_wrong_total(delivery: bytes) -> bytes:
    """One krone more in the delivery's own trailer than its payments make."""
    right, wrong = f"{695000:015}".encode(), f"{695100:015}".encode()
    before, trailer = delivery.split(b"BS992")
    assert trailer.count(right) == 1
    return before + b"BS992" + trailer.replace(right, wrong)


def _results(dates: Dates) -> Iterator[Record]:
    first, last = dates.heat_year
    for unit, amount in enumerate(_RESULTS, start=1):
        yield ConsumptionResult(
            unit, "1", "3", str(unit), "1", parse_amount(amount), "balance", None, _HEAT_RESULT, first, last
        )


def _statement(role: str, stem: str, title: str) -> Dropped:
    return Dropped(role, "inbox/brunata-heat", f"{stem}.pdf", _pdf(title))


def _pdf(text: str) -> bytes:
    """A whole PDF of one page with one line on it."""
    drawn = f"BT /F1 18 Tf 60 760 Td ({text}) Tj ET".encode("cp1252")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    )
    made = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, rows)
    return made + table + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(made))
