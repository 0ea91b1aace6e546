"""The next month's rent by Betalingsservice: checked, asked for, accepted, and paid by all but one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from demo.desk import Steps
from demo.portfolio import COMPANY, CREDITOR, tenancy
from hub.plugin import Collection, Record, parse_amount
from hub.settings import load_site
from hub.vendors import Vendors
from hub_nets_bs import collection_delivery
from hub_nets_bs.making_receipts import Transmission, validated
from hub_nets_bs.records import failed, payment
from hub_nets_bs.settings import BetalingsserviceSettings

#: (property, unit): rejected last month, and again.
_REJECTED = (1, 2)


class Collecting(Steps):
    """``found`` is in the shape of :data:`demo.expected.COLLECTED`."""

    def work(self) -> None:
        due = self._dates.collected_for
        asked = ("collect", "--company", COMPANY, "--due", due.isoformat())
        # Late only when the demo runs in the last days of a month: a real vendor has to agree.
        late = ("--force",) if self._dates.after_the_deadline else ()
        self._do(
            "data check", *asked, "--check", *late, said="{collections} collections of {amount}; nothing is written"
        )
        run = self._do(
            "collect", *asked, *late, said="{charged[charges]} charges booked, delivery {delivery[number]} made"
        )
        delivery = run["delivery"]
        sent = Path(run["path"]).read_bytes()
        self._do("sent", "deliveries", "sent", str(delivery["id"]), said="handed over to Betalingsservice: {state}")
        self._take_in({"V0000001": self._receipt(run), "0602-næste-husleje.txt": self._payments(sent)})
        self._do("delivery", "deliveries", "show", str(delivery["id"]), said="{name} is {state}")
        listed = self._run("failed", "collections", "list", "--state", "failed")["collections"]
        self._tell(", ".join(f"{one['tenancy']}: {one['amount']} {one['state']}" for one in listed))
        self._run("verified", "verify", statuses=(0, 3))
        self._tell("all is proved" if self.found["verified"]["ok"] else "NOT IN ORDER")

    def _take_in(self, answers: Mapping[str, bytes]) -> None:
        inbox = self._commands.site / "inbox" / "betalingsservice"
        for name, content in answers.items():
            (inbox / name).write_bytes(content)
        taken = self._run("answers", "ingest", *(str(inbox / name) for name in answers))["files"]
        self._tell("; ".join(f"{one['kind']} {one['state']}" for one in taken))

    def _receipt(self, run: Any) -> bytes:
        """What Betalingsservice has counted."""
        number = run["delivery"]["number"]
        sent = Transmission(f" {self._dates.today:%y%m%d}01  {number[-6:]}", datetime.now(UTC))
        return validated(
            sent,
            vendor_number="2506025001",
            records=run["delivery"]["records"],
            sections=len(run["properties"]),
            texts=run["text_lines"],
            items=run["collections"],
            amount=parse_amount(run["amount"]),
        ).encode("iso8859-1")

    def _payments(self, sent: bytes) -> bytes:
        with Vendors(load_site(self._commands.site)) as vendors:
            head = {"data_supplier": CREDITOR, "delivery": "0000000004", "created": self._dates.today.isoformat()}
            return b"".join(vendors.instances["betalingsservice"].make("0602", _answers(sent), head))


def _answers(sent: bytes) -> Iterator[Record]:
    """Paid on the day, and booked then, but for one."""
    rejected = tenancy(*_REJECTED).customer
    for one in collection_delivery.read(BytesIO(sent), BetalingsserviceSettings()):
        if not isinstance(one, Collection):
            continue
        whose = (one.creditor, one.group, one.customer, one.amount)
        if one.customer == rejected:
            yield failed(*whose, one.due_date, one.reference, trace=one.mandate)
        else:
            yield payment(*whose, one.due_date, one.due_date, one.due_date, one.reference, trace=one.mandate)
