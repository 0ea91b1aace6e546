"""The kinds of files from Betalingsservice, and who reads each."""

from __future__ import annotations

from collections.abc import Iterator

from hub.plugin import FileKind, FileView, Record
from hub_nets_bs import collection_delivery, information, mandates, order_delivery, reading, receipts
from hub_nets_bs.layouts import PAYMENT_INFORMATION
from hub_nets_bs.layouts_0601 import COLLECTIONS
from hub_nets_bs.layouts_0603 import MANDATES
from hub_nets_bs.layouts_0605 import ORDERS
from hub_nets_bs.layouts_0621 import INFORMATION
from hub_nets_bs.settings import BetalingsserviceSettings

_READERS = {PAYMENT_INFORMATION: reading.read, MANDATES: mandates.read, INFORMATION: information.read}
#: Of what we send: never identified as an incoming file (R3), read to see what was made.
_OWN_READERS = {COLLECTIONS: collection_delivery.read, ORDERS: order_delivery.read}
#: Deliveries that are read, by their number, which is also the name of their kind.
READ_DELIVERIES = tuple(_READERS)
KINDS = {
    PAYMENT_INFORMATION: FileKind("Betalingsservice payment information (0602)"),
    MANDATES: FileKind("Betalingsservice mandates and slip information (0603)"),
    INFORMATION: FileKind("Betalingsservice information material (0621)"),
    **receipts.KINDS,
    COLLECTIONS: FileKind("Betalingsservice collections (0601), sent"),
    ORDERS: FileKind("Betalingsservice mandate orders (0605), sent"),
}


def read(file: FileView, kind: str, settings: BetalingsserviceSettings) -> Iterator[Record]:
    """The records of a file of this kind, then remarks. Raises Malformed."""
    if kind in receipts.KINDS:
        yield from receipts.read(file, kind, settings)
        return
    with file.open() as stream:
        yield from (_READERS | _OWN_READERS)[kind](stream, settings)
