"""Techem in the set-up sheet: sections 20 (export), 21 (results) and 22 (statements)."""

from __future__ import annotations

from hub.plugin.meters import MeterSettings, Sheet, export_section, result_section, statement_section

#: The sheet gives it for results; exports follow it (R33).
_DATE_FORMAT = "ÅÅÅÅMMDD"


class TechemSettings(MeterSettings):
    """Start and length of each field, as the sheet fills them in."""

    sheet = Sheet(
        export=export_section(
            20,
            first=5,
            places={
                "company": (1, 4),
                "property": (5, 6),
                "unit": (11, 6),
                "tenant": (17, 3),
                "period_from": (22, 8),
                "period_to": (30, 8),
                "amount": (38, 10),
                "name": (48, 50),
                "second_name": (98, 50),
                "new_address": (148, 50),
                "new_postal_code": (198, 4),
                "new_city": (202, 20),
                # 20.29 gives no length (R33).
                "vat": (222,),
            },
            date_format=_DATE_FORMAT,
        ),
        result=result_section(
            21,
            places={
                "company": (1, 4),
                "property": (5, 6),
                "unit": (11, 6),
                "tenant": (17, 3),
                "amount": (22, 10),
                "sign": (32,),
                "period_from": (0,),
                "period_to": (0,),
            },
            date_format=_DATE_FORMAT,
        ),
        statements=statement_section(
            22,
            types={"V": "75020", "K": "73035", "E": "73095"},
            tenant_document=(2, 3, 4, 5, 6, 7, 8),
            property_document=(2, 3, 4, 5, 6),
            separator="-",
        ),
    )
