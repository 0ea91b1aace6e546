"""Settlement files written by hand, cell by cell, independent of the plug-in's own columns."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from hub.plugin import FileView, Mine, Record, ShownField, format_amount
from hub_mobilepay import Plugin, settlement_xml
from hub_mobilepay.settings import MobilePaySettings

UNIT, SETTLEMENT = "710042", "2000107"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def kroner(ore: int) -> str:
    return f"{'-' if ore < 0 else ''}{abs(ore) // 100}.{abs(ore) % 100:02d}"


class LayoutA:
    """A file of layout A; amounts in øre with the signs of the file: fees and refunds below 0."""

    heads = (
        "OrganizationNumber,MerchantName",
        "12345674,Skovly Udlejning",
        "Name,VisitingAddress,Postbox,Zipno,Place,Country,CompanyNumber",
        "Skovly Udlejning,Æblevej 1,,8000,Aarhus C,Denmark,12345674",
    )
    settlement_heading = (
        "SettlementInfo,SalesUnitName,SaleUnitNumber,SettlementDate,SettlementID,SettlementAccount,"
        "Gross,Currency,Fee,Refund,Net,NumberOfTransactions"
    )
    fee_heading = "FeeInfo,SettlementDate,SaleUnitName,SaleUnitNumber,FeeAccount,Fee,Currency"
    transaction_heading = (
        "TransactionInfo,SalesDate,SaleUnitName,SaleUnitNumber,TransactionId,SettlementId,OrderID,"
        "SettlementDate,Gross,Currency,Fee,Refund,Net"
    )

    @staticmethod
    def settlement(
        gross: int,
        fee: int,
        refund: int,
        net: int,
        count: int,
        *,
        unit: str = UNIT,
        number: str = SETTLEMENT,
        day: str = "03.02.2026",
        currency: str = "DKK",
    ) -> str:
        amounts = f"{kroner(gross)},{currency},{kroner(fee)},{kroner(refund)},{kroner(net)},{count}"
        return f"SettlementInfo,Skovly,{unit},{day},{number},54711234567890,{amounts}"

    @staticmethod
    def transaction(
        transaction: str,
        order: str,
        gross: int = 0,
        fee: int = 0,
        refund: int = 0,
        net: int | None = None,
        *,
        unit: str = UNIT,
        number: str = SETTLEMENT,
        sold: str = "02.02.2026",
        day: str = "03.02.2026",
        currency: str = "DKK",
    ) -> str:
        left = gross + fee + refund if net is None else net
        amounts = f"{kroner(gross)},{currency},{kroner(fee)},{kroner(refund)},{kroner(left)}"
        return f"TransactionInfo,{sold},Skovly,{unit},{transaction},{number},{order},{day},{amounts}"

    @classmethod
    def lines(cls, settlements: Sequence[str], transactions: Sequence[str], fees: Sequence[str] = ()) -> list[str]:
        sections = ((cls.settlement_heading, settlements), (cls.fee_heading, fees))
        made = [line for heading, members in sections for line in (heading, *members)]
        return [*cls.heads, *made, cls.transaction_heading, *transactions]

    @classmethod
    def month(cls) -> list[str]:
        """Two sales and a refund: 8,000.00 sold, 24.00 kept, 500.00 given back, 7,476.00 paid out."""
        return cls.lines(
            [cls.settlement(800_000, -2_400, -50_000, 747_600, 3)],
            [
                cls.transaction("5700000001", "1230402", 695_000, -2_085),
                cls.transaction("5700000002", "1230501", 105_000, -315),
                cls.transaction("5700000003", "1230402", refund=-50_000),
            ],
        )


class LayoutB:
    """Rows of layout B: texts and, for amounts, øre; the fee below 0, as in the published sample."""

    headings = (
        *("Salgsdato", "Salgssted", "Vippsnummer", "Produkt", "Transaksjons-ID", "Ordre-ID", "Brutto", "Gebyr"),
        *("Netto", "Transaksjonstype", "Oppgjørs-ID", "Oppgjørsdato", "Oppgjørssum", "Oppgjørskonto"),
        *("Fornavn", "Etternavn", "Melding"),
    )
    front: tuple[tuple[str | int, ...], ...] = (
        ("Oppgjørsrapport",),
        ("Bedriften", "", "Skovly Udlejning"),
        ("Fra dato", "", "01.02.2026"),
        (),
    )

    @staticmethod
    def transaction(
        transaction: str,
        order: str,
        gross: int,
        fee: int = 0,
        *,
        kind: str = "Salg",
        number: str = SETTLEMENT,
        day: str = "03.02.2026",
        total: int | str = "",
        payer: tuple[str, str, str] = ("", "", ""),
        unit: str = UNIT,
    ) -> tuple[str | int, ...]:
        first = ("02.02.2026", "Skovly", unit, "Vipps Netthandel", transaction, order)
        return (*first, gross, fee, gross + fee, kind, number, day, total, "", *payer)

    @staticmethod
    def payout(
        total: int, *, number: str = SETTLEMENT, day: str = "03.02.2026", unit: str = UNIT
    ) -> tuple[str | int, ...]:
        row = ("Til utbetaling netto", "Skovly", unit, *("",) * 7, number, day, total, "54711234567890", "", "", "")
        return row

    @classmethod
    def month(cls) -> list[tuple[str | int, ...]]:
        """As LayoutA.month, with a payer's name; the transactions are the same ones."""
        return [
            *cls.front,
            cls.headings,
            cls.transaction("5700000001", "1230402", 695_000, -2_085),
            cls.transaction("5700000002", "1230501", 105_000, -315, payer=("Bo", "Ærø", "Leje februar")),
            cls.transaction("5700000003", "1230402", -50_000, kind="Refundering"),
            cls.payout(747_600),
            (),
        ]

    @staticmethod
    def csv(rows: Iterable[Sequence[str | int]], delimiter: str = ",", mark: str = ".", end: str = "\n") -> bytes:
        width = len(LayoutB.headings)

        def text(cell: str | int) -> str:
            shown = kroner(cell).replace(".", mark) if isinstance(cell, int) else cell
            return f'"{shown}"' if delimiter in shown else shown

        filled = ([*map(text, row), *[""] * (width - len(row))] for row in rows)
        return "".join(delimiter.join(cells) + end for cells in filled).encode()

    @staticmethod
    def xlsx(rows: Iterable[Sequence[str | int]], *, inline: bool = False) -> bytes:
        """Texts in the part that cells share, as Excel writes them, or in the cells; amounts as numbers."""
        texts: dict[str, int] = {}

        def written(cell: str | int, place: str) -> str:
            if isinstance(cell, int):
                return f'<c r="{place}"><v>{cell / 100:.12g}</v></c>'
            if inline:
                return f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
            return f'<c r="{place}" t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>'

        sheet = "".join(
            f'<row r="{number}">'
            + "".join(
                written(cell, f"{letter}{number}") for letter, cell in zip(LETTERS, row, strict=False) if cell != ""
            )
            + "</row>"
            for number, row in enumerate(rows, start=1)
        )
        shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
            '<sheet name="Rapport" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
            '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
        }
        if not inline:
            parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{shared}</sst>'
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                info = zipfile.ZipInfo(name)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
        return packed.getvalue()


class SettlementXml:
    """A settlement report in XML; amounts in øre, positive."""

    namespace = "http://vipps.no/xmlschema/SettlementReport-3.0.xsd"
    #: Captured, given back, fee, our reference.
    rows = ((100_000, 0, 1_000, "1001"), (25_050, 0, 250, "1002"), (0, 10_000, 0, "1001"))

    @staticmethod
    def transaction(number: int, captured: int, refund: int, fee: int, order: str, time: str) -> str:
        gross = captured - refund
        return f"""
          <TransactionInfo>
            <TransactionTime>{time}</TransactionTime>
            <TransactionCaptureAmount>{format_amount(captured)}</TransactionCaptureAmount>
            <TransactionRefundAmount>{format_amount(-refund)}</TransactionRefundAmount>
            <TransactionGrossAmount>{format_amount(gross)}</TransactionGrossAmount>
            <TransactionNetAmount>{format_amount(gross - fee)}</TransactionNetAmount>
            <TransactionFeeAmount>{format_amount(fee)}</TransactionFeeAmount>
            <SettlementCurrencyCode>DKK</SettlementCurrencyCode>
            <TransactionID>{number}</TransactionID>
            <OrderID>{order}</OrderID>
          </TransactionInfo>"""

    @staticmethod
    def settlement(
        rows: tuple[tuple[int, int, int, str], ...] = rows,
        kind: str = "Net",
        time: str = "2026-01-05T14:00:00.5+01:00",
        number: int = 2000001,
    ) -> str:
        captured, refund, fee = (sum(row[at] for row in rows) for at in range(3))
        gross, net = captured - refund, captured - refund - fee
        transactions = "".join(SettlementXml.transaction(5000 + at, *row, time) for at, row in enumerate(rows))
        return f"""
        <SettlementInfo>
          <SettlementDate>2026-01-06</SettlementDate>
          <SettlementID>{number}</SettlementID>
          <SettlementCurrencyCode>DKK</SettlementCurrencyCode>
          <SettlementType>{kind}</SettlementType>{transactions}
          <NumOfTransactions>{len(rows)}</NumOfTransactions>
          <CaptureSettlementAmount>{format_amount(captured)}</CaptureSettlementAmount>
          <RefundSettlementAmount>{format_amount(-refund)}</RefundSettlementAmount>
          <GrossSettlementAmount>{format_amount(gross)}</GrossSettlementAmount>
          <NetSettlementAmount>{format_amount(net)}</NetSettlementAmount>
          <FeeSettlementAmount>{format_amount(fee)}</FeeSettlementAmount>
          <SettledAmount>{format_amount(net if kind == "Net" else gross)}</SettledAmount>
        </SettlementInfo>"""

    @staticmethod
    def report(*settlements: str, fees: str = "") -> str:
        return f"""<?xml version="1.0" encoding="UTF-8"?>
<SettlementReport xmlns="{SettlementXml.namespace}">
  <SettlementDetailsInfo>
    <SaleUnitName>Æblegården</SaleUnitName>
    <SerialNumber>90601</SerialNumber>
    <OrganizationName>Boligforeningen</OrganizationName>
    <OrganizationNumber>12345678</OrganizationNumber>
    <MainAddress>Gade 1</MainAddress>
    <MainAddressZipCode>8000</MainAddressZipCode>
    <MainAddressCity>Aarhus</MainAddressCity>
    <MainAddressCountryCode>DNK</MainAddressCountryCode>
    <PaymentsInfo>
        <ReportDateFrom>2026-01-05</ReportDateFrom>
        <ReportDateTo>2026-01-06</ReportDateTo>
        <SettlementCurrencyCode>DKK</SettlementCurrencyCode>
        <SettlementAccountNum>12345678901</SettlementAccountNum>{"".join(settlements)}
        <NumOfSettlements>{len(settlements)}</NumOfSettlements>{fees}
    </PaymentsInfo>
  </SettlementDetailsInfo>
  <VippsInfo>
    <Name>Sender</Name>
    <WebSite>https://example.org</WebSite>
    <VisitingAddress>Gade 2</VisitingAddress>
    <PostBox/>
    <PostAddress>Gade 2</PostAddress>
    <Country>Norge</Country>
  </VippsInfo>
</SettlementReport>
"""


def joined(lines: Sequence[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


@pytest.fixture
def layout_a() -> type[LayoutA]:
    return LayoutA


@pytest.fixture
def layout_b() -> type[LayoutB]:
    return LayoutB


@pytest.fixture
def view(tmp_path: Path) -> Callable[..., FileView]:
    def make(content: bytes | Sequence[str], name: str = "710042-2000107", **options: str) -> FileView:
        raw = content if isinstance(content, bytes) else joined(content)
        path = tmp_path / "stored"
        path.write_bytes(raw)
        return FileView(name, len(raw), path, options=options)

    return make


@pytest.fixture
def plugin() -> Callable[..., Plugin]:
    def make(**settings: Any) -> Plugin:
        return Plugin(MobilePaySettings.model_validate(settings))

    return make


@pytest.fixture
def read(view: Callable[..., FileView], plugin: Callable[..., Plugin]) -> Callable[..., list[Record]]:
    """The records of bytes, or of lines joined with LF, as the kind that they are identified as."""

    def go(content: bytes | Sequence[str], **settings: Any) -> list[Record]:
        asked, file = plugin(**settings), view(content)
        said = asked.identify(file)
        assert isinstance(said, Mine), said
        return list(asked.read(file, said.kind))

    return go


@pytest.fixture
def show(view: Callable[..., FileView], plugin: Callable[..., Plugin]) -> Callable[..., list[ShownField]]:
    def go(content: bytes | Sequence[str], **settings: Any) -> list[ShownField]:
        return list(plugin(**settings).show(view(content)))

    return go


@pytest.fixture
def xml() -> type[SettlementXml]:
    return SettlementXml


@pytest.fixture
def view_xml(tmp_path: Path) -> Callable[[str | bytes], FileView]:
    def make(content: str | bytes) -> FileView:
        raw = content.encode() if isinstance(content, str) else content
        path = tmp_path / "report.xml"
        path.write_bytes(raw)
        return FileView("90601-2000001.xml", len(raw), path)

    return make


@pytest.fixture
def read_xml(view_xml: Callable[[str | bytes], FileView]) -> Callable[..., list[Record]]:
    """The records of what is taken for such a report, not asked whether it is one."""

    def go(content: str | bytes, **given: str) -> list[Record]:
        return list(settlement_xml.read(view_xml(content), MobilePaySettings.model_validate(given)))

    return go
