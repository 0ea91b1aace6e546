"""What a config file may say of a Betalingsservice instance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hub.plugin import Settings

#: How the paid amounts of charge-backs (0239, 0299) enter the totals of BS092 and BS992: no source says (R11).
ChargebackRule = Literal["added", "left_out", "subtracted"]
#: Each rule with the factor by which it takes a charge-back into the total.
CHARGEBACK_FACTORS: dict[ChargebackRule, int] = {"added": 1, "left_out": 0, "subtracted": -1}

#: How a customer number of digits fills its 15 positions: zeros before it, or blanks behind it.
CustomerFill = Literal["zeros", "blanks"]

CreditorNumber = Annotated[str, Field(pattern=r"^[0-9]{8}$")]
ResultCode = Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{2}$")]


class BetalingsserviceSettings(Settings):
    """``[settings]`` of an instance of ``nets_bs``."""

    #: PBS creditor numbers, eight digits each, that this instance reads; empty = any.
    creditors: tuple[CreditorNumber, ...] = ()
    #: Pins how charge-backs enter the totals (R11); "any" takes each of the three, the same one in a whole delivery.
    chargebacks_in_total: Literal["any", ChargebackRule] = "any"
    #: Deliveries are ISO 8859-1; nothing seen contradicts cp1252.
    encoding: Literal["iso8859-1", "cp1252"] = "iso8859-1"

    #: Which date of a cancelled mandate (0232, 0233, 0234) says when it ended: "end" = positions 56-61 and, where they
    #: are empty, 50-55, as real deliveries have it; "start" = always 50-55, as one reading of the 2025 guide has it.
    cancellation_date: Literal["end", "start"] = "end"
    #: Whether receipts, which name no creditor, are this instance's: of several at one door one may say so (R1).
    receipts: bool = True
    #: Result codes of T and V receipts, as BS12, that refuse a delivery. No list of them is public: any code but PN00,
    #: BS00 and these is unknown, and its receipt is not read.
    refused_codes: tuple[ResultCode, ...] = ()

    #: Of deliveries that we send (0601, 0605). Customer numbers of digits are filled with zeros, as all real deliveries
    #: have them, or stand as they are. It is the key to the mandate: never change it once mandates exist (R15).
    customer_fill: CustomerFill = "zeros"
    #: Records of 128 bytes; else without the blanks at their end, as is usual on the wire.
    pad_records: bool = False
    #: PBCNET00 and PBCNET90 around what we send, for older connections.
    envelope: bool = False

    @property
    def chargeback_rules(self) -> tuple[ChargebackRule, ...]:
        """The rules that a total may follow."""
        return tuple(CHARGEBACK_FACTORS) if self.chargebacks_in_total == "any" else (self.chargebacks_in_total,)
