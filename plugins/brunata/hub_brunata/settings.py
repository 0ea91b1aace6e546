"""Brunata in the set-up sheet: sections 11 (export), 12 (results) and 13 (statements)."""

from __future__ import annotations

from hub.plugin.meters import MeterSettings, Sheet, export_section, result_section, statement_section

#: The sheet gives it for results; exports follow it (R33).
_DATE_FORMAT = "DDMMÅÅÅÅ"


class BrunataSettings(MeterSettings):
    """Start and length of each field, as the sheet fills them in."""

    sheet = Sheet(
        export=export_section(
            11,
            first=2,
            places={
                "company": (1, 4),
                "property": (5, 6),
                "unit": (11, 6),
                "tenant": (17, 3),
                "amount": (21, 10),
                "move_in": (31, 8),
                "move_out": (39, 8),
                "name": (47, 25),
                "new_address": (78, 30),
                "new_postal_code": (109, 10),
            },
            date_format=_DATE_FORMAT,
        ),
        result=result_section(
            12,
            places={
                "company": (1, 4),
                "property": (5, 6),
                "unit": (11, 6),
                "tenant": (17, 3),
                "amount": (21, 10),
                "sign": (31,),
                "period_from": (0,),
                "period_to": (0,),
            },
            date_format=_DATE_FORMAT,
        ),
        statements=statement_section(
            13,
            types={"F": "75020", "V": "73035", "E": "73095"},
            tenant_document=(1, 2, 6, 7, 4, 5, 3),
            property_document=(1, 2, 4, 5, 3),
            separator="-",
        ),
    )
