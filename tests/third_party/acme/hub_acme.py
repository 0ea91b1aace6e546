"""Acme Pay for the hub: ``ACME;creditor``, a line for each payment, and ``TOTAL;count;kroner`` at the end."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import ClassVar

from pydantic import Field

from hub.plugin import (
    Description,
    FileKind,
    FileView,
    Malformed,
    Mine,
    NotMine,
    Payment,
    Record,
    Settings,
    Vendor,
    format_amount,
    hookimpl,
    parse_amount,
)

_PAYMENT = re.compile(rb"([0-9]{1,15});(20[0-9]{2}-[0-9]{2}-[0-9]{2});([0-9]{1,9},[0-9]{2});([0-9A-Z]{1,20})\r?\n?")
_TOTAL = re.compile(rb"TOTAL;([0-9]{1,9});([0-9]{1,12},[0-9]{2})\r?\n?")


class AcmeSettings(Settings):
    #: The company's number at Acme.
    creditor: str = Field(pattern=r"^[0-9]{8}$")


class Plugin(Vendor):
    name = "acme"
    settings_model = AcmeSettings
    kinds: ClassVar[Mapping[str, FileKind]] = {"payments": FileKind("Acme payments")}
    settings: AcmeSettings

    @hookimpl
    def describe(self) -> Description:
        creditor = self.settings.creditor
        return Description(f"Acme Pay of creditor {creditor}", (f"acme/{creditor}",))

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        start = f"ACME;{self.settings.creditor}"
        return Mine("payments") if file.head.startswith(start.encode()) else NotMine(f"it does not begin with {start}")

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        count, total, ended = 0, 0, False
        with file.open() as stream:
            next(stream, b"")
            for line, raw in enumerate(stream, start=2):
                if ended:
                    raise Malformed("something follows the total", line=line)
                if said := _TOTAL.fullmatch(raw):
                    ended, found = True, (int(said[1]), parse_amount(said[2].decode()))
                    if found != (count, total):
                        raise Malformed("wrong total", line=line, found=_shown(*found), expected=_shown(count, total))
                else:
                    payment = self._payment(line, raw)
                    count, total = count + 1, total + payment.amount
                    yield payment
        if not ended:
            raise Malformed("the file is cut", found="no TOTAL", expected="TOTAL;count;kroner", do="ask for it again")

    def _payment(self, line: int, raw: bytes) -> Payment:
        if not (said := _PAYMENT.fullmatch(raw)):
            raise Malformed(line=line, found=raw.strip(), expected="customer;day;kroner;receipt")
        customer, day, kroner, receipt = (cell.decode() for cell in said.groups())
        try:
            paid_on, amount = date.fromisoformat(day), parse_amount(kroner)
        except ValueError as error:
            raise Malformed("no such day", line=line, field="day", found=day, expected="YYYY-MM-DD") from error
        if not amount:
            raise Malformed("a payment of nothing", line=line, field="kroner")
        # Names the payment in the world, not the line: the same payment in another file is a duplicate.
        link = f"acme|{self.settings.creditor}|{day}|{receipt}"
        return Payment(
            *(line, self.settings.creditor, "", customer, amount, "DKK", paid_on, paid_on, None, ""),
            *(link, f"{link}|paid", f"Acme {receipt}"),
        )


def _shown(count: int, total: int) -> str:
    return f"{count} payments, {format_amount(total)}"
