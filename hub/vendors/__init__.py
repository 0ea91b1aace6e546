"""config/vendors/*.toml -> live plug-in instances, each guarded in a process of its own."""

from hub.vendors.check import check
from hub.vendors.discovery import Installed
from hub.vendors.effective import Setting, effective
from hub.vendors.fault import Unmakeable, VendorFault
from hub.vendors.host import Vendors
from hub.vendors.instance import Instance
from hub.vendors.layouts import Layouts, PlacedField, layouts_of

__all__ = [
    "Installed",
    "Instance",
    "Layouts",
    "PlacedField",
    "Setting",
    "Unmakeable",
    "VendorFault",
    "Vendors",
    "check",
    "effective",
    "layouts_of",
]
