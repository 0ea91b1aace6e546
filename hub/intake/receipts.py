"""Receipts: what the vendor says of a delivery of ours moves that delivery, or is said loudly where it cannot.

Which one is meant is told by its file name, its number or the vendor's number; where the receipt names none, by its
counts and total, if exactly one delivery has the same, whatever has become of it: what was accepted, refused or
withdrawn may have been uploaded, too. What nobody has said was handed over is never moved by counts alone. Of several
files that say the same, each is noted; a file that is read again changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from hub.money import format_amount
from hub.plugin import DeliveryReceipt
from hub.store.collecting.deliveries import (
    Delivery,
    change_state,
    deliveries,
    delivery_of,
    events_of,
    has_spoken,
    note,
    set_vendor_number,
)
from hub.store.collecting.states import LIVE, State, may_move
from hub.store.results import LOUD
from hub.vendors import VendorFault

_NOT_SAID = -1
#: A transport's envelope is two lines more in the file; the vendor does not count them.
_ENVELOPE_LINES = 2
_NUMBER_DIGITS_MAX = 18
_DELETE_THERE = "call the vendor and have it deleted there"
#: Deliveries that a person is shown where several could be meant.
_SHOWN_MAX = 5
#: Beside the states: what a receipt says without moving the delivery.
_TRANSMITTED, _CONFIRMED, _DIFFERS, _NOTE = "transmitted", "confirmed", "differs", "note"


class ReceiptDesk:
    """Takes the receipts of one file. ``reasons`` are sentences for its reading."""

    def __init__(
        self, conn: Connection, vendor: str, file_id: int, *, actor: str, now: datetime, zone: ZoneInfo
    ) -> None:
        """``zone`` is that of the vendor's clock."""
        self.reasons: list[str] = []
        self._zone = zone
        self._conn = conn
        self._vendor = vendor
        self._said_before = has_spoken(conn, file_id)
        self._told: dict[str, Any] = {"at": now, "actor": actor, "file_id": file_id}

    def take(self, receipt: DeliveryReceipt) -> None:
        """Raises VendorFault for a verdict that is none."""
        take = {"transmitted": self._transmitted, "accepted": self._accepted, "refused": self._refused}
        if receipt.verdict not in (*take, _NOTE):
            raise VendorFault(f"record {receipt.record}: a receipt with the verdict {receipt.verdict!r}")
        if self._said_before:
            return
        about = receipt.file or receipt.delivery or receipt.vendor_number
        if receipt.verdict == _NOTE:
            note(self._conn, None, _NOTE, receipt.text, about=about, **self._told)
            return
        all_ours = deliveries(self._conn, vendor=self._vendor)
        named = [one for one in _named_by(receipt, all_ours) if not self._is_of_an_earlier_day(receipt, one)]
        meant = named or self._counted_alike(receipt, all_ours)
        if len(meant) == 1 and (named or meant[0].state != "made"):
            take[receipt.verdict](delivery_of(self._conn, meant[0].id, lock=True), receipt)
            return
        note(self._conn, None, receipt.verdict, _in_words(receipt), about=about, **self._told)
        if receipt.verdict != _TRANSMITTED or about:
            self._alarm(self._unassigned(receipt, meant, about))

    def _counted_alike(self, receipt: DeliveryReceipt, all_ours: list[Delivery]) -> list[Delivery]:
        """Those that the receipt may be about by its counts and total alone: the one that waits, or any of them.

        None where it names a file or number that is not ours: then it is about that one.
        """
        if receipt.file or receipt.delivery or _NOT_SAID in (receipt.items, receipt.amount):
            return []
        alike = [one for one in all_ours if not differences(one, receipt) and not self._is_older(receipt, one)]
        # Equal rents give equal counts month after month: the one that waits for its answer is the one that is meant.
        waiting = [one for one in alike if one.state in ("sent", "uncertain")]
        return waiting if len(waiting) == 1 else alike

    def _is_older(self, receipt: DeliveryReceipt, ours: Delivery) -> bool:
        """Whether the vendor wrote it before this delivery was made."""
        if not receipt.at:
            return False
        return datetime.fromisoformat(receipt.at).replace(tzinfo=self._zone) < ours.made_at.replace(microsecond=0)

    def _is_of_an_earlier_day(self, receipt: DeliveryReceipt, ours: Delivery) -> bool:
        """Of one that it names: another system of the same sender had the same number or name in its time."""
        day = receipt.at.partition("T")[0]
        return bool(day) and day < ours.made_at.astimezone(self._zone).date().isoformat()

    def _unassigned(self, receipt: DeliveryReceipt, meant: list[Delivery], about: str) -> str:
        which = f"none of ours is meant{f' by {about}' if about else ''}"
        if len(meant) == 1:
            which = f"by its counts alone only {_with_state(meant[0])} could be meant, which nobody has handed over"
        elif meant:
            more = f" and {len(meant) - _SHOWN_MAX} more" if len(meant) > _SHOWN_MAX else ""
            which = f"two or more could be meant ({'; '.join(map(_with_state, meant[:_SHOWN_MAX]))}{more})"
        if receipt.verdict == "accepted" and any(one.state == "accepted" for one in meant):
            which += ", one of them accepted before: was it uploaded twice?"
        then = f"settle ID {receipt.verdict} --receipt {self._told['file_id']} --note ..."
        if receipt.verdict == _TRANSMITTED:
            then = "sent ID"
        return (
            f"a delivery was {receipt.verdict}, and {which}: {_in_words(receipt)}; find out which, then: "
            f"hub deliveries {then}"
        )

    def _transmitted(self, ours: Delivery, receipt: DeliveryReceipt) -> None:
        if ours.state in ("made", "uncertain"):
            self._move(ours, "sent", receipt)
            return
        self._note(ours, _TRANSMITTED, receipt)
        if ours.state == "withdrawn":
            self._alarm(f"{_named(ours)} was withdrawn, and the vendor has it: {receipt.text}; {_DELETE_THERE}")

    def _accepted(self, ours: Delivery, receipt: DeliveryReceipt) -> None:
        wrong = differences(ours, receipt)
        number = receipt.vendor_number
        if self._is_second(ours, receipt):
            self._note(ours, _DIFFERS, receipt)
            self._alarm(
                f"{_named(ours)} was accepted twice, as {ours.vendor_number or '(not known)'} and as "
                f"{number or '(not known)'}: was it uploaded twice? every tenant in it would be collected from twice; "
                f"{_DELETE_THERE}, one of the two"
            )
            return
        if number and not ours.vendor_number:
            set_vendor_number(self._conn, ours.id, number)
        if not may_move(ours.state, "accepted", "receipt"):
            self._accepted_before(ours, receipt, wrong)
        elif wrong:
            if ours.state != "sent":
                self._move(ours, "sent", receipt)
            self._note(ours, _DIFFERS, receipt)
            self._alarm(_accepted_other(ours, wrong))
        else:
            self._move(ours, "accepted", receipt)

    def _is_second(self, ours: Delivery, receipt: DeliveryReceipt) -> bool:
        """Whether another upload than the one we know of was accepted."""
        number = receipt.vendor_number
        if ours.state not in LIVE or (number and ours.vendor_number == number):
            return False
        if ours.vendor_number and number:
            return True
        if receipt.file or receipt.delivery:
            return False
        # Told by its counts alone; the receipt of the one that we know of has come already.
        return any(event.what == "accepted" and event.file_id is not None for event in events_of(self._conn, ours.id))

    def _accepted_before(self, ours: Delivery, receipt: DeliveryReceipt, wrong: list[str]) -> None:
        if ours.state == "accepted":
            self._note(ours, _DIFFERS if wrong else _CONFIRMED, receipt)
            if wrong:
                self._alarm(_accepted_other(ours, wrong))
            return
        self._note(ours, _DIFFERS, receipt)
        self._alarm(
            f"{_named(ours)} is {ours.state} here, and the vendor has accepted it: {receipt.text}; its collections "
            f"were given up and may be in a later delivery too: {_DELETE_THERE}"
        )

    def _refused(self, ours: Delivery, receipt: DeliveryReceipt) -> None:
        if may_move(ours.state, "refused", "receipt"):
            self._move(ours, "refused", receipt)
            self._alarm(
                f"{_named(ours)} was refused: {receipt.text}; nothing of it is collected: mend what the vendor names "
                "and make a new one"
            )
        elif ours.state == "accepted":
            self._note(ours, _DIFFERS, receipt)
            self._alarm(
                f"{_named(ours)} was accepted before, and now refused: {receipt.text}; ask the vendor what holds; if "
                f"that: hub deliveries settle {ours.id} refused --note ..."
            )
        else:
            self._note(ours, _CONFIRMED, receipt)

    def _move(self, ours: Delivery, state: State, receipt: DeliveryReceipt) -> None:
        told = {"about": receipt.file, **self._told}
        change_state(self._conn, ours.id, state, _in_words(receipt), by="receipt", **told)

    def _note(self, ours: Delivery, what: str, receipt: DeliveryReceipt) -> None:
        note(self._conn, ours.id, what, _in_words(receipt), about=receipt.file, **self._told)

    def _alarm(self, what: str) -> None:
        self.reasons.append(LOUD + what)


def _named_by(receipt: DeliveryReceipt, all_ours: list[Delivery]) -> list[Delivery]:
    """Those that its file name, else its number, else the vendor's number names; [] = it names none of ours."""
    # Gateways and people change the case of a name on its way.
    name, number = receipt.file.casefold(), receipt.delivery
    if name and (found := [one for one in all_ours if one.name.casefold() == name]):
        return found
    if number.isdecimal() and len(number) <= _NUMBER_DIGITS_MAX:
        found = [one for one in all_ours if one.number == int(number)]
        if found:
            return found
    return [one for one in all_ours if receipt.vendor_number and one.vendor_number == receipt.vendor_number]


def differences(ours: Delivery, receipt: DeliveryReceipt) -> list[str]:
    """What the receipt counts otherwise than we did; what it does not say is no difference."""
    found = []
    for what, said, counted in (
        ("sections", receipt.sections, ours.sections),
        ("demands", receipt.items, ours.items),
        ("texts", receipt.texts_counted, ours.texts),
    ):
        if said not in (_NOT_SAID, counted):
            found.append(f"{what} {said}, ours {counted}")
    if receipt.records not in (_NOT_SAID, ours.records, ours.records - _ENVELOPE_LINES):
        found.append(f"records {receipt.records}, ours {ours.records}")
    if receipt.amount not in (_NOT_SAID, ours.amount):
        found.append(f"total {format_amount(receipt.amount)}, ours {format_amount(ours.amount)}")
    return found


def _accepted_other(ours: Delivery, wrong: list[str]) -> str:
    return (
        f"{_named(ours)} was accepted with other counts than it was made with ({'; '.join(wrong)}): what is collected "
        f"is not what was asked; ask the vendor, then: hub deliveries settle {ours.id} accepted|refused --note ..."
    )


def _named(ours: Delivery) -> str:
    return f"delivery {ours.id} ({ours.name})"


def _with_state(ours: Delivery) -> str:
    as_number = f" as {ours.vendor_number}" if ours.vendor_number else ""
    return f"{_named(ours)}, {ours.state}{as_number}"


def _in_words(receipt: DeliveryReceipt) -> str:
    """The receipt's own text, and what it counts."""
    counts = {
        "delivery": receipt.vendor_number,
        "records": receipt.records,
        "sections": receipt.sections,
        "demands": receipt.items,
        "texts": receipt.texts_counted,
        "total": _NOT_SAID if receipt.amount == _NOT_SAID else format_amount(receipt.amount),
    }
    told = [f"{what} {value}" for what, value in counts.items() if value not in ("", _NOT_SAID)]
    return "; ".join([receipt.text, *([", ".join(told)] if told else [])])
