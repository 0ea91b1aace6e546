"""The records of version 3.05 (June 2014), field by field: A, L, M, D and E898 (its chapters 3, 4, 5, 8, 10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.plugin.layout import Choice, Day, Field, Layout, Literal
from hub_arge.fields import Code, Decimals, Words
from hub_arge.tables import DOCUMENTS

#: What we write; what we read differs in nothing that we use. 3.10 has other fields where these have none.
VERSION = "03.05"
VERSIONS = ("03.00", "03.01", "03.02", "03.03", "03.04", "03.05")
PERIOD = "DDMMYY"

Fields = Mapping[str, tuple[int | None, Field]]


def _amount() -> Decimals:
    return Decimals(8, 2)


def _flag(*allowed: str) -> Choice:
    return Choice({each.encode(): each for each in allowed})


def _maybe(*allowed: str) -> Choice:
    """A code that may be blank."""
    return Choice({b" " * len(allowed[0]): ""} | {each.encode(): each for each in allowed})


def _head(letter: str, dwelling: Field) -> Fields:
    return {
        "record": (1, Literal(letter.encode())),
        "version": (2, Choice({version.encode(): version for version in VERSIONS})),
        "customer": (7, Code(10, must=True)),
        "provider": (17, Code(2)),
        "provider_property": (19, Code(9, must=True)),
        "provider_dwelling": (28, dwelling),
    }


def _names(who: str, first: int) -> Fields:
    return {f"{who}_name_{number}": (first + 35 * (number - 1), Words(35)) for number in (1, 2, 3, 4)}


def _address(who: str, first: int) -> Fields:
    return {
        f"{who}_street": (first, Words(35)),
        f"{who}_country": (first + 35, Words(3)),
        f"{who}_postal_code": (first + 38, Words(10)),
        f"{who}_town": (first + 48, Words(35)),
    }


def _of_length(title: str, length: int, fields: Fields) -> Layout:
    return Layout.at(title, length, {**fields, "end": (length, Literal(title.encode()))})


PAIR = _of_length("A", 128, {**_head("A", Code(4, must=True)), "client_key": (32, Words(20, must=True))})

PROPERTY = _of_length(
    "L",
    2048,
    {
        **_head("L", Literal(b"0000")),
        "vat": (32, _flag("3", "4", "5")),
        **_address("property", 33),
        "period_from": (116, Day(PERIOD)),
        "period_to": (122, Day(PERIOD)),
        "client_property": (128, Words(15)),
        "loss_risk": (143, _flag("0", "1")),
        "loss_risk_per_cent": (144, Decimals(1, 2)),
        "labour_share": (147, _flag("0", "1")),
        "currency": (148, Words(3, must=True)),
    },
)

TENANT = _of_length(
    "M",
    2048,
    {
        **_head("M", Code(4, must=True)),
        "client_key": (32, Words(20, must=True)),
        "address": (52, _flag("1", "2", "3", "4")),
        **_names("user", 53),
        **_address("user", 193),
        **_names("owner", 276),
        **_address("owner", 416),
        "occupied_from": (499, Day(PERIOD)),
        "occupied_to": (505, Day(PERIOD)),
        "vat": (511, _flag("0", "1", "2", "3")),
        "loss_risk": (512, _flag("0", "1")),
        "heating_shares": (513, _amount()),
        "heating_advance_gross": (523, _amount()),
        "heating_advance_net": (533, _amount()),
        "hot_water_shares": (543, _amount()),
        "hot_water_advance_gross": (553, _amount()),
        "hot_water_advance_net": (563, _amount()),
        "cold_water_shares": (573, _amount()),
        "cold_water_advance_gross": (583, _amount()),
        "cold_water_advance_net": (593, _amount()),
        "allocation_1_unit": (603, Code(3)),
        "allocation_1": (606, _amount()),
        "allocation_2_unit": (616, Code(3)),
        "allocation_2": (619, _amount()),
        "allocation_3_unit": (629, Code(3)),
        "allocation_3": (632, _amount()),
        **_names("giver", 642),
        **_address("giver", 782),
        "tax_number_kind": (865, _maybe("1", "2")),
        "tax_number": (866, Words(16)),
        "tax_rate": (882, _maybe("1", "2")),
        "invoice_number_kind": (883, _maybe("0", "1", "2")),
        "invoice_number": (884, Words(25)),
        "account_number": (909, Words(18)),
        "bank_code": (927, Words(15)),
        "firm": (942, Code(1)),
        "direct_debit": (943, _maybe("0", "1")),
        **_names("recipient", 944),
        **_address("recipient", 1084),
        "vacant": (1167, _flag("0", "1")),
        "change_charged": (1168, _flag("0", "1")),
    },
)

RESULT = _of_length(
    "D",
    1024,
    {
        **_head("D", Code(4, must=True)),
        "client_key": (32, Words(20, must=True)),
        "last_day": (52, Day(PERIOD)),
        "cost_gross": (58, _amount()),
        "cost_net": (68, _amount()),
        "advance_gross": (78, _amount()),
        "advance_net": (88, _amount()),
        "new_advance_gross": (98, _amount()),
        "new_advance_net": (108, _amount()),
        "loss_risk": (118, _amount()),
        "balance_gross": (128, _amount()),
        "balance_net": (138, _amount()),
        "cost_key": (148, Code(3, must=True)),
        "shares": (151, Decimals(6, 3)),
        "share_unit": (160, Code(3)),
        "reading": (163, Code(3)),
        "name": (166, Words(35)),
        "currency": (201, Words(3, must=True)),
    },
)

#: It has no end letter and no customer number.
INDEX = Layout.at(
    "E898",
    120,
    {
        "record": (1, Literal(b"E898")),
        "sequence": (5, Code(7)),
        "provider": (12, Code(2)),
        "provider_key": (14, Words(18, must=True)),
        "client_key": (32, Words(20, must=True)),
        "billing": (52, _maybe("1", "2")),
        "path": (53, Words(56, must=True)),
        "page": (109, Code(3, must=True)),
        "last_day": (112, Day(PERIOD)),
        "document": (118, _maybe(*DOCUMENTS)),
    },
)


class FileType(NamedTuple):
    """One of the standard's files: what its name decides."""

    #: The kind of the plug-in.
    kind: str
    #: The records that it may hold; all of one length.
    layouts: tuple[Layout, ...]

    @property
    def letters(self) -> str:
        """``L or M``"""
        return " or ".join(layout.title for layout in self.layouts)

    @property
    def length(self) -> int:
        """Bytes of each record, its line end not counted."""
        return self.layouts[0].length

    def layout_of(self, line: bytes) -> Layout | None:
        """The layout of a line by its first bytes; None where the file may not hold it."""
        return next((layout for layout in self.layouts if line.startswith(layout.title.encode())), None)


RESULTS, TENANTS, PAIRS, INDEXES = "result", "tenants", "pairs", "index"
#: By the beginning of the file's name.
FILE_TYPES = {
    "DTA305": FileType(PAIRS, (PAIR,)),
    "DTM305": FileType(TENANTS, (PROPERTY, TENANT)),
    "DTD305": FileType(RESULTS, (RESULT,)),
    "DTE898": FileType(INDEXES, (INDEX,)),
}
