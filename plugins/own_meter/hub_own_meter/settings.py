"""The self-configured vendor of the set-up sheet: sections 26 (export), 27 (results) and 28 (statements), all empty."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hub.plugin.meters import MeterSettings, Sheet, export_section, result_section, statement_section


class OwnMeterSettings(MeterSettings):
    """Each table is off until all that it needs is given."""

    #: What people call the company.
    title: Annotated[str, Field(max_length=50)] = ""

    sheet = Sheet(
        export=export_section(
            26,
            first=3,
            places={
                "company": (None, None),
                "property": (None, None),
                "unit": (None, None),
                "tenant": (None, None),
                # 26.11-26.13 give no lengths (R33).
                "amount": (None,),
                "period_from": (None,),
                "period_to": (None,),
                "name": (None, None),
                "new_address": (None, None),
                "new_postal_code": (None, None),
            },
        ),
        result=result_section(27),
        statements=statement_section(28),
    )
