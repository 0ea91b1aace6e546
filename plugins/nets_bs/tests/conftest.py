"""A delivery 0602 written by hand, position by position, independent of the plug-in's own layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.plugin import FileView, Record
from hub_nets_bs import Plugin
from hub_nets_bs.settings import BetalingsserviceSettings

CREDITOR = "01234567"
GROUP = "00001"


class Bs:
    """Lines of a delivery, each 128 characters; ``delivery`` puts trailers with right counts and totals around them."""

    head = "BS00287654321BS106021234567890" + " " * 19 + "301225" + " " * 73

    @staticmethod
    def section(section: str, creditor: str = CREDITOR, group: str = GROUP) -> str:
        return f"BS012{creditor}{section}000{group}{'':24}301225".ljust(128)

    @staticmethod
    def automatic(
        code: str = "0236",
        *,
        creditor: str = CREDITOR,
        group: str = GROUP,
        customer: str = "000000000000042",
        mandate: str = "000000007",
        due: str = "020126",
        sign: str = "1",
        amount: int = 15000,
        reference: str = "HUSLEJE 2026-01",
        paid_on: str = "020126",
        booked_on: str = "050126",
        paid: int | None = None,
    ) -> str:
        paid_amount = amount if paid is None else paid
        if code in ("0237", "0238"):
            paid_on, booked_on, paid_amount = "000000", "000000", paid or 0
        line = (
            f"BS042{creditor}{code}000{group}{customer:15}{mandate}{due}{sign}{amount:013d}{reference:30}    "
            f"{paid_on}{booked_on}{paid_amount:013d}"
        )
        assert len(line) == 128
        return line

    @staticmethod
    def slip(
        code: str = "0297",
        *,
        creditor: str = CREDITOR,
        group: str = GROUP,
        payment_id: str = "0000000000000000042",
        due: str = "020126",
        sign: str = "1",
        amount: int = 15000,
        reference: str = "000010620",
        archive: str = "AB34567890123456789012",
        paid_on: str = "291225",
        booked_on: str = "301225",
        paid: int | None = None,
    ) -> str:
        line = (
            f"BS042{creditor}{code}000{group}{payment_id:19}71000000{due}{sign}{amount:013d}{reference:9}{archive:22}"
            f"{paid_on}{booked_on}{amount if paid is None else paid:013d}"
        )
        assert len(line) == 128
        return line

    @staticmethod
    def text(kind: str, content: str, creditor: str = CREDITOR) -> str:
        return f"BS{kind}{creditor}0297000{GROUP}{content}".ljust(128)

    @staticmethod
    def section_end(
        section: str,
        payments: int,
        net: int,
        *,
        texts: int = 0,
        addresses: int = 0,
        creditor: str = CREDITOR,
        group: str = GROUP,
    ) -> str:
        counts = f"{payments:011d}{net:015d}{texts:011d}{'':15}{addresses:011d}"
        return f"BS092{creditor}{section}000{group}{'':6}{counts}".ljust(128)

    @staticmethod
    def end(sections: int, payments: int, net: int, *, texts: int = 0, addresses: int = 0) -> str:
        counts = f"{sections:011d}{payments:011d}{net:015d}{texts:011d}{0:015d}{addresses:011d}"
        return f"BS99287654321BS10602{counts}{0:034d}"

    @classmethod
    def lines(cls, *sections: tuple[str, Sequence[str]], charge_back_factor: int = 1) -> list[str]:
        """All lines of a delivery of (section number, its lines); totals by ``charge_back_factor`` (R11)."""
        made = [cls.head]
        totals = [0, 0, 0, 0]
        for number, members in sections:
            creditor, group = (members[0][5:13], members[0][20:25]) if members else (CREDITOR, GROUP)
            payments = [line for line in members if line.startswith("BS042")]
            net = sum(cls._signed(line, charge_back_factor) for line in payments)
            texts = sum(line[:5] in ("BS052", "BS062") for line in members)
            addresses = sum(line.startswith("BS022") for line in members)
            made += [cls.section(number, creditor, group), *members]
            counts = {"texts": texts, "addresses": addresses, "creditor": creditor, "group": group}
            made.append(cls.section_end(number, len(payments), net, **counts))
            totals = [a + b for a, b in zip(totals, (len(payments), net, texts, addresses), strict=True)]
        payment_count, net, texts, addresses = totals
        made.append(cls.end(len(sections), payment_count, net, texts=texts, addresses=addresses))
        return made

    @staticmethod
    def _signed(line: str, charge_back_factor: int) -> int:
        paid = int(line[115:128])
        if line[13:17] in ("0239", "0299"):
            return charge_back_factor * paid
        sign = line[58] if line[13:17] == "0297" else line[55]
        return -paid if sign == "2" else paid


def joined(lines: Sequence[str], line_end: str = "\r\n") -> bytes:
    return "".join(line + line_end for line in lines).encode("latin-1")


@pytest.fixture
def bs() -> type[Bs]:
    return Bs


@pytest.fixture
def view(tmp_path: Path) -> Callable[[bytes], FileView]:
    def make(content: bytes, name: str = "D0000001.BS1") -> FileView:
        path = tmp_path / "stored"
        path.write_bytes(content)
        return FileView(name, len(content), path)

    return make


@pytest.fixture
def plugin() -> Callable[..., Plugin]:
    def make(**settings: Any) -> Plugin:
        return Plugin(BetalingsserviceSettings.model_validate(settings))

    return make


@pytest.fixture
def read(view: Callable[..., FileView], plugin: Callable[..., Plugin]) -> Callable[..., list[Record]]:
    """The records of bytes, or of lines joined with CR LF; of delivery 0602 unless another kind is named."""

    def go(
        content: bytes | Sequence[str], kind: str = "0602", name: str = "D0000001.BS1", **settings: Any
    ) -> list[Record]:
        raw = content if isinstance(content, bytes) else joined(content)
        return list(plugin(**settings).read(view(raw, name), kind))

    return go
