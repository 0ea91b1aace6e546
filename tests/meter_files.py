"""A property of 40 tenancies for the tests of meter companies: what they are told, and files cut by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from hub.plugin import ConsumptionTenancy, FileView
from hub.plugin.meters import MeterVendor

#: What the sheet leaves open and an admin must ask the vendor for (R25).
ASKED = {"implied_decimals": 2, "sign_tenant_pays": "+", "sign_tenant_receives": "-", "charge_type": "75040"}
PERIOD_FROM, PERIOD_TO = date(2024, 6, 1), date(2025, 5, 31)
_NAMES = ("Åse Ærø", "Bo Østergård", "Søren Ømål", "Ida Blåbjerg", "Æskild Åkjær")


def forty() -> list[ConsumptionTenancy]:
    """20 units, in each a tenant who has moved out and one who lives there still."""
    return [tenancy(2 * unit + tenant, 301 + unit, 1 + tenant) for unit in range(20) for tenant in (0, 1)]


def tenancy(number: int, unit: int = 301, tenant: int = 1, **changes: object) -> ConsumptionTenancy:
    """One of them: number 0, 2, ... has moved out on the last of November, the next has moved in on the day after."""
    gone = number % 2 == 0
    return ConsumptionTenancy(
        record=number + 1,
        company="1",
        property="12",
        unit=str(unit),
        tenant=str(tenant),
        amount=number * 1_000_25,
        currency="DKK",
        move_in=date(2015, 3, 1) if gone else date(2024, 12, 1),
        move_out=date(2024, 11, 30) if gone else None,
        name=_NAMES[number % len(_NAMES)],
        second_name="Åge Ærø" if number % 3 == 0 else "",
        street=f"Ålekistevej {number}",
        postal_code="2720",
        city="Vanløse",
        new_address=f"Strandgade {number}, st. tv" if gone else "",
        new_postal_code="8000" if gone else "",
        new_city="Århus C" if gone else "",
        vat="1" if number % 5 == 0 else "0",
        period_from=PERIOD_FROM,
        period_to=PERIOD_TO,
    )._replace(**changes)  # type: ignore[arg-type]  # of the fields' own types, as the tests write them


def instance_of(plugin: type[MeterVendor], **tables: Mapping[str, object]) -> MeterVendor:
    """An instance with these tables; ``result`` is added to what must be asked, ``export`` to the decimals."""
    given: dict[str, object] = dict(tables)
    if "result" in tables:
        given["result"] = ASKED | dict(tables["result"])
    if "export" in tables:
        given["export"] = {"implied_decimals": 2} | dict(tables["export"])
    return plugin(plugin.settings_model.model_validate(given))


def exported(instance: MeterVendor, tenancies: Iterable[ConsumptionTenancy]) -> tuple[bytes, list[str]]:
    """The file, and what is remarked on it."""
    made = list(instance.make("export", tenancies))
    content = b"".join(part for part in made if isinstance(part, bytes))
    return content, [part.text for part in made if not isinstance(part, bytes)]


def lines_of(content: bytes, length: int) -> list[bytes]:
    """The records of a file whose lines all end in CR LF and have this length."""
    assert content.endswith(b"\r\n")
    lines = content[:-2].split(b"\r\n")
    assert {len(line) for line in lines} == {length}
    return lines


def cut(line: bytes, start: int, length: int) -> bytes:
    """As the sheet counts: from 1, in bytes."""
    return line[start - 1 : start - 1 + length]


def line_of(length: int, parts: Mapping[int, str]) -> bytes:
    """A record with these texts at these starts, counted from 1; blanks between them."""
    line = bytearray(b" " * length)
    for start, text in parts.items():
        raw = text.encode("latin-1")
        line[start - 1 : start - 1 + len(raw)] = raw
    assert len(line) == length
    return bytes(line)


def view(folder: Path, content: bytes, name: str) -> FileView:
    path = folder / "stored"
    path.write_bytes(content)
    return FileView(name, len(content), path)
