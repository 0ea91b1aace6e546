"""ista in the set-up sheet: sections 15 (results) and 16 (statements). Section 14 (export) has no places."""

from __future__ import annotations

from hub.plugin.meters import MeterSettings, Sheet, export_section, result_section, statement_section

#: The sheet gives it for results; exports follow it (R33).
_DATE_FORMAT = "DDMMÅÅÅÅ"


class IstaSettings(MeterSettings):
    """Start and length of each field, as the sheet fills them in."""

    sheet = Sheet(
        # Ours, after the results: the sheet has none, and none is made until its table is given (R36).
        export=export_section(
            None,
            first=1,
            places={
                "company": (1, 4),
                "property": (5, 6),
                "unit": (11, 6),
                "tenant": (17, 3),
                "amount": (22, 10),
            },
            date_format=_DATE_FORMAT,
        ),
        result=result_section(
            15,
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
            16,
            types={"varme": "75020", "vand": "73035", "el": "73095"},
            tenant_document=(1, 2, 6, 7, 4, 5, 3),
            property_document=(1, 2, 4, 5, 3),
            separator="-",
        ),
    )
