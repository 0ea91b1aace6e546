"""Casi Technology in the set-up sheet: sections 24 (results) and 25 (statements). Section 23 (export) has no places."""

from __future__ import annotations

from hub.plugin.meters import MeterSettings, Sheet, export_section, result_section, statement_section

#: The sheet gives it for results; exports follow it (R33).
_DATE_FORMAT = "ÅÅÅÅMMDD"


class CasiSettings(MeterSettings):
    """Start and length of each field, as the sheet fills them in."""

    sheet = Sheet(
        # Ours, after the results: the sheet has none, and none is made until its table is given (R36).
        export=export_section(
            None,
            first=1,
            places={
                "company": (1, 2),
                "property": (3, 4),
                "unit": (7, 4),
                "tenant": (11, 3),
                "amount": (22, 10),
            },
            date_format=_DATE_FORMAT,
        ),
        result=result_section(
            24,
            places={
                "company": (1, 2),
                "property": (3, 4),
                "unit": (7, 4),
                "tenant": (11, 3),
                "amount": (22, 10),
                "sign": (32,),
            },
            date_format=_DATE_FORMAT,
        ),
        statements=statement_section(
            25,
            types={"H": "75020", "W": "73035", "E": "73095"},
            tenant_document=(1, 2, 6, 7, 4, 5, 3),
            # 25.13-25.17 are empty: off until they are given (R36).
            separator="-",
        ),
    )
