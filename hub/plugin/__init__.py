"""The public API for plug-in authors: all that a plug-in may import of the hub."""

from hub.errors import HubError
from hub.money import format_amount, parse_amount
from hub.plugin.bank_records import BankLine, BankStatement, Fee, PaymentSeen, Payout
from hub.plugin.errors import Malformed
from hub.plugin.file import FileView, ReadBudgetError
from hub.plugin.hookspecs import (
    ENTRY_POINT_GROUP,
    Description,
    FieldPlace,
    FileKind,
    Mine,
    NotMine,
    NumberLength,
    VendorHooks,
    hookimpl,
)
from hub.plugin.records import (
    Chargeback,
    Collection,
    ConsumptionResult,
    ConsumptionTenancy,
    DeliveryReceipt,
    Document,
    DocumentNamed,
    Kept,
    MandateChange,
    MandateOrder,
    Payment,
    PaymentFailed,
    Record,
    Remark,
    ShownField,
    SlipIssued,
)
from hub.plugin.vendor import API_VERSION, Settings, Vendor

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "BankLine",
    "BankStatement",
    "Chargeback",
    "Collection",
    "ConsumptionResult",
    "ConsumptionTenancy",
    "DeliveryReceipt",
    "Description",
    "Document",
    "DocumentNamed",
    "Fee",
    "FieldPlace",
    "FileKind",
    "FileView",
    "HubError",
    "Kept",
    "Malformed",
    "MandateChange",
    "MandateOrder",
    "Mine",
    "NotMine",
    "NumberLength",
    "Payment",
    "PaymentFailed",
    "PaymentSeen",
    "Payout",
    "ReadBudgetError",
    "Record",
    "Remark",
    "Settings",
    "ShownField",
    "SlipIssued",
    "Vendor",
    "VendorHooks",
    "format_amount",
    "hookimpl",
    "parse_amount",
]
