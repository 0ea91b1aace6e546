"""Whose a file is, by its first lines and, where these do not say, by its name."""

from __future__ import annotations

from hub.plugin import FileView, Mine, NotMine
from hub.plugin.layout import byte_order_mark
from hub_nets_bs import receipts
from hub_nets_bs.kinds import READ_DELIVERIES
from hub_nets_bs.layouts import DELIVERY_END, DELIVERY_START, ENVELOPE, SECTION_START
from hub_nets_bs.layouts_0601 import COLLECTIONS
from hub_nets_bs.layouts_0605 import ORDERS
from hub_nets_bs.layouts_receipts import TRANSMITTED, VALIDATED
from hub_nets_bs.settings import BetalingsserviceSettings

_SENT_DELIVERIES = (COLLECTIONS, ORDERS)
_RECEIPTS = {TRANSMITTED: receipts.T, VALIDATED: receipts.V}
#: Begins the subsystem of the same provider's service for payments out, and each of its records.
_TRANSFERS = b"OS"


def identify(file: FileView, settings: BetalingsserviceSettings) -> Mine | NotMine:
    """Mine with a kind, or NotMine with the reason. Looks at the name and the head."""
    if receipts.gateway_ending(file.name) and (kind := _gateway_note(file)):
        return _receipt(kind, settings)
    if not file.size:
        return NotMine("the file is empty")
    lines = _lines(file.head)
    first = lines[0]
    if first.startswith(receipts.NOTE_START):
        system = first.partition(b":")[2].strip()
        return _transfers(system) or _receipt(receipts.F, settings)
    if first.startswith(ENVELOPE) and (not_ours := _transfers(first[8:11])):
        return not_ours
    if first[:8] in _RECEIPTS:
        return _receipt(_RECEIPTS[first[:8]], settings)
    return _delivery(file, lines, settings)


def _delivery(file: FileView, lines: list[bytes], settings: BetalingsserviceSettings) -> Mine | NotMine:
    start, *following = _without_envelope(lines)
    if not start.startswith(DELIVERY_START):
        _, mark = byte_order_mark(file.head)
        instead = f", but with a {mark} byte order mark" if mark else ""
        return _transfers(start) or NotMine(
            f"it does not begin with BS002, the start of a Betalingsservice delivery{instead}"
        )
    number = start[16:20].decode("latin-1")
    if number in _SENT_DELIVERIES:
        return NotMine(f"Betalingsservice delivery {number}, which goes to Betalingsservice and never comes back")
    if number not in READ_DELIVERIES:
        return NotMine(f"Betalingsservice delivery {number}, which this version does not read")
    section = next((line for line in following if line.startswith(SECTION_START)), None)
    if settings.creditors and section is not None:
        creditor = section[5:13].decode("latin-1")
        if creditor not in settings.creditors:
            return NotMine(f"a delivery of creditor {creditor}")
    return Mine(number)


def delivery_type(file: FileView) -> str:
    """What the file's BS002, or without one its BS992, says; "" where neither is to be found."""
    frames = [line for line in _lines(file.head) if line.startswith(DELIVERY_START)]
    frames += [line for line in _lines(file.tail) if line.startswith(DELIVERY_END)]
    return frames[0][16:20].decode("latin-1") if frames else ""


def _without_envelope(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if not line.startswith(ENVELOPE)] or [b""]


def _receipt(kind: str, settings: BetalingsserviceSettings) -> Mine | NotMine:
    if settings.receipts:
        return Mine(kind)
    return NotMine("a receipt of Betalingsservice, which this instance leaves to others (receipts = false)")


def _gateway_note(file: FileView) -> str:
    """A short text that is nothing else; "" for a file that only looks so by its name."""
    lines = _lines(file.head)
    is_else = lines[0].startswith((DELIVERY_START, ENVELOPE, receipts.NOTE_START)) or b"\0" in file.head
    return "" if is_else or file.size > receipts.GATEWAY_BYTES_MAX else receipts.GATEWAY


def reads_like_gateway_note(file: FileView) -> bool:
    """A short plain text that begins like no file of the provider's: a gateway's note whose name was changed may be."""
    text = file.head.decode("latin-1")
    is_plain = text.isascii() and all(character.isprintable() or character in "\r\n\t" for character in text)
    return bool(text.strip()) and is_plain and not text.startswith(("BS", "OS")) and bool(_gateway_note(file))


def _transfers(start: bytes) -> NotMine | None:
    """The refusal of a file of Overførselsservice, known by its subsystem or its first record."""
    if not start.startswith(_TRANSFERS):
        return None
    return NotMine(f"a file of Overførselsservice ({start[:3].decode('latin-1')}), which is not Betalingsservice")


def _lines(head: bytes) -> list[bytes]:
    """The lines without byte order marks: a delivery with one is ours to refuse, with a reason that names the mark."""
    if byte_order_mark(head)[1] == "UTF-16":
        head = head.decode("utf-16", "replace").encode("latin-1", "replace")
    return [line.removeprefix(byte_order_mark(line)[0]) for line in head.split(b"\n")]
