"""The public API for plug-in authors: all that a plug-in may import of the hub."""

from hub.errors import HubError
from hub.money import format_amount, parse_amount
from hub.plugin.errors import Malformed
from hub.plugin.file import FileView, ReadBudgetError
from hub.plugin.hookspecs import (
    ENTRY_POINT_GROUP,
    Description,
    FileKind,
    Mine,
    NotMine,
    NumberLength,
    VendorHooks,
    hookimpl,
)
from hub.plugin.records import (
    Chargeback,
    ConsumptionResult,
    Document,
    Kept,
    MandateChange,
    Payment,
    PaymentFailed,
    Record,
    Remark,
)
from hub.plugin.vendor import API_VERSION, Settings, Vendor

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "Chargeback",
    "ConsumptionResult",
    "Description",
    "Document",
    "FileKind",
    "FileView",
    "HubError",
    "Kept",
    "Malformed",
    "MandateChange",
    "Mine",
    "NotMine",
    "NumberLength",
    "Payment",
    "PaymentFailed",
    "ReadBudgetError",
    "Record",
    "Remark",
    "Settings",
    "Vendor",
    "VendorHooks",
    "format_amount",
    "hookimpl",
    "parse_amount",
]
