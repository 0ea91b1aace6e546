"""From records of a delivery of ours to the bytes of its file: what a head says, line ends, envelope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice

from pydantic import Field, ValidationError

from hub.plugin import HubError, Settings
from hub.plugin.layout import UnfitError
from hub_nets_bs.layouts import ENVELOPE, envelope_end, envelope_start
from hub_nets_bs.settings import BetalingsserviceSettings

_CHUNK_RECORDS = 1_000
_LINE_END = b"\r\n"
#: Digits of the delivery's number for which an envelope has room.
_ENVELOPE_NUMBER_DIGITS = 6
_ENVELOPE_START_LAYOUT, _ENVELOPE_END_LAYOUT = envelope_start(), envelope_end()


class Head(Settings):
    """What ``make`` must be told beside the records of a 0601 or 0605."""

    #: The sender's CVR number.
    data_supplier: str = Field(pattern=r"^[0-9]{8}$")
    #: As agreed with the provider: it tells a test from the real thing, so there is no default.
    subsystem: str = Field(pattern=r"^[0-9A-Z]{3}$")
    #: The number of this delivery, the sender's own, never used twice.
    delivery: str = Field(pattern=r"^[0-9]{10}$")
    created: date = Field(ge=date(2000, 1, 1), le=date(2099, 12, 31))
    #: The user's identification with the data supplier, written into every section.
    user_id: str = Field("", max_length=15)
    #: Running number within the day, of the envelope.
    serial: str = Field("01", pattern=r"^[0-9]{2}$")

    @property
    def sender(self) -> dict[str, str]:
        """The fields that BS002 and BS992 share."""
        return {"data_supplier": self.data_supplier, "subsystem": self.subsystem}


def checked_head(kind: str, head: Mapping[str, str]) -> Head:
    """Raises HubError naming every key that is wrong."""
    try:
        return Head.model_validate(dict(head))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise HubError(f"cannot make a delivery {kind}: {wrong}") from None


def check_creditor(creditor: str, settings: BetalingsserviceSettings, where: str) -> None:
    """Raises HubError for a creditor whose deliveries are not this instance's to make."""
    if settings.creditors and creditor not in settings.creditors:
        allowed = ", ".join(settings.creditors)
        raise HubError(
            f"found creditor {creditor!r}, expected one of {allowed}, as this instance's config", where=where
        )


def sent(records: Iterator[bytes], head: Head, settings: BetalingsserviceSettings) -> Iterator[bytes]:
    """The file in chunks: the records with their line ends, in an envelope where config asks for one.

    Blanks at the end of a record are left out, as they are on the wire, unless config asks for whole records.
    """
    lines = _enveloped(records, head) if settings.envelope else records
    while chunk := list(islice(lines, _CHUNK_RECORDS)):
        if not settings.pad_records:
            chunk = [line.rstrip(b" ") for line in chunk]
        yield _LINE_END.join(chunk) + _LINE_END


def _enveloped(records: Iterator[bytes], head: Head) -> Iterator[bytes]:
    """PBCNET00, the records, PBCNET90, which counts them."""
    number = head.delivery[-_ENVELOPE_NUMBER_DIGITS:]
    if int(number) != int(head.delivery):
        raise HubError(
            f"delivery {head.delivery} cannot be sent in an envelope",
            why=f"{ENVELOPE.decode()}00 has room for {_ENVELOPE_NUMBER_DIGITS} digits of its number",
            do="turn the envelope off, or agree on lower numbers with the provider",
        )
    transmission = f"{head.subsystem} {head.created:%y%m%d}{head.serial}  {number}"
    yield _ENVELOPE_START_LAYOUT.build(transmission=transmission)
    count = 0
    for record in records:
        count += 1
        yield record
    try:
        yield _ENVELOPE_END_LAYOUT.build(transmission=transmission, records=count)
    except UnfitError as unfit:
        raise HubError(f"{count} records are too many for an envelope: {unfit}") from None
