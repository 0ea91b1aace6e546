"""Files of the standard, written by hand: positions from its tables, independent of the plug-in's own layouts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest

from hub.plugin import FileView
from hub_arge import Plugin
from hub_arge.settings import ArgeSettings

STAMP = "20260115120000"
RESULT = {"charge_types": {"231": "75040"}, "amounts": "balance"}
INDEX = {"charge_types": {"HKA": "75020", "blank": "75020"}, "kept": ["VDA"]}
EXPORT = {"properties": {"1-12": "000004711"}, "dwelling_is_unit": True}
SETTINGS = {"customer": "88001", "provider": "40", "result": RESULT, "index": INDEX, "export": EXPORT}


def put(length: int, *pieces: tuple[int, str]) -> str:
    """A record of blanks with texts at 1-based positions; no two of them touch the same place."""
    record = [""] * length
    for first, text in pieces:
        for place, character in enumerate(text, first - 1):
            assert record[place] == "", f"position {place + 1} twice"
            record[place] = character
    return "".join(character or " " for character in record)


class Hand:
    """Records as text, without their line ends; a field that is "" is blank."""

    stamp = STAMP
    put = staticmethod(put)

    @staticmethod
    def pair(key: str = "1-12-304-2", *, dwelling: str = "0304", customer: str = "0000088001") -> str:
        """An A record."""
        return put(128, (1, f"A03.05{customer}40000004711{dwelling}"), (32, key), (128, "A"))

    @staticmethod
    def result(
        key: str = "1-12-304-2",
        *,
        last_day: str = "311225",
        cost: str = "0000512550",
        advance: str = "0000600000",
        balance: str = "-000087450",
        cost_key: str = "231",
        currency: str = "DKK",
        customer: str = "0000088001",
        more: tuple[tuple[int, str], ...] = (),
    ) -> str:
        """A D record: cost 5125.50, advances 6000.00, 874.50 back, unless told otherwise; "" leaves a field blank."""
        return put(
            1024,
            (1, "D"),
            (2, "03.05"),
            (7, customer),
            (17, "40"),
            (19, "0000047110304"),
            (32, key),
            (52, last_day),
            (58, cost),
            (78, advance),
            (128, balance),
            (148, cost_key),
            (166, "Bo Æblegård"),
            (201, currency),
            (1024, "D"),
            *more,
        )

    @staticmethod
    def document(
        path: str = "bilag\\test.pdf",
        key: str = "1-12-304-2",
        *,
        kind: str = "HKA",
        page: str = "001",
        last_day: str = "311225",
    ) -> str:
        """An E898 record."""
        return put(
            120,
            (1, "E898"),
            (5, "0000001"),
            (12, "40"),
            (14, "000004711000103041"),
            (32, key),
            (53, path),
            (109, page),
            (112, last_day),
            (118, kind),
        )

    @staticmethod
    def property(period: str = "010125311225", *, currency: str = "DKK", number: str = "000004711") -> str:
        """An L record."""
        return put(
            2048,
            (1, f"L03.05000008800140{number}0000"),
            (32, "3"),
            (33, "Ålegårdsvej 7"),
            (68, "DNK4300"),
            (81, "Holbæk"),
            (116, period),
            (128, "1-12"),
            (143, "0"),
            (147, "0"),
            (148, currency),
            (2048, "L"),
        )

    @staticmethod
    def user(key: str = "1-12-304-2", *, occupied: str = "010125311225", number: str = "000004711") -> str:
        """An M record."""
        return put(
            2048,
            (1, f"M03.05000008800140{number}0304"),
            (32, key),
            (52, "1"),
            (53, "Bo Æblegård"),
            (499, occupied),
            (511, "00"),
            (523, "0000600000"),
            (1167, "00"),
            (2048, "M"),
        )

    @staticmethod
    def content(*records: str) -> bytes:
        return "".join(record + "\r\n" for record in records).encode("iso8859-15")


@pytest.fixture(scope="session")
def hand() -> type[Hand]:
    return Hand


@pytest.fixture(scope="session")
def plugin() -> Callable[..., Plugin]:
    """An instance with these settings beside the usual ones."""

    def make(**settings: Any) -> Plugin:
        return Plugin(ArgeSettings.model_validate(SETTINGS | settings))

    return make


@pytest.fixture(scope="session")
def view(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., FileView]:
    """A stored file; ``name`` may be the beginning of a standard name."""

    folder, numbers = tmp_path_factory.mktemp("stored"), count()

    def make(raw: bytes, name: str, options: Mapping[str, str] | None = None) -> FileView:
        path = folder / str(next(numbers))
        path.write_bytes(raw)
        return FileView(f"{name}_{STAMP}.DAT" if len(name) == 6 else name, len(raw), path, options=options or {})

    return make


@pytest.fixture(scope="session")
def read(plugin, view):
    """What an instance reads of records in a file of this name."""

    def go(name: str, *records: str | bytes, period: str = "", **settings: Any) -> list[Any]:
        raw = b"".join(each if isinstance(each, bytes) else Hand.content(each) for each in records)
        instance = plugin(**settings)
        file = view(raw, name, {"period": period} if period else {})
        return list(instance.read(file, instance.identify(file).kind))

    return go
