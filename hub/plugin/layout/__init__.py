"""Fixed-length records: field types, layouts declared once with construct, and fast strict readers."""

from hub.plugin.layout.days import DAY_FORMATS, Day, day_format
from hub.plugin.layout.encodings import ENCODINGS, encoding_problems
from hub.plugin.layout.errors import LayoutError, Refused, UnfitError
from hub.plugin.layout.fields import Amount, Choice, Digits, Field, Gap, Key, Literal, Number, Text, View
from hub.plugin.layout.gaps import Gaps
from hub.plugin.layout.layout import Layout, Place
from hub.plugin.layout.lines import byte_order_mark, records

__all__ = [
    "DAY_FORMATS",
    "ENCODINGS",
    "Amount",
    "Choice",
    "Day",
    "Digits",
    "Field",
    "Gap",
    "Gaps",
    "Key",
    "Layout",
    "LayoutError",
    "Literal",
    "Number",
    "Place",
    "Refused",
    "Text",
    "UnfitError",
    "View",
    "byte_order_mark",
    "day_format",
    "encoding_problems",
    "records",
]
