"""SINergi in the set-up sheet: sections 17 (export), 18 (results) and 19 (statements), which fill in nothing."""

from __future__ import annotations

from hub.plugin.meters import MeterSettings, Sheet, export_section, result_section, statement_section


class SinergiSettings(MeterSettings):
    """Each table is off until all that it needs is given."""

    sheet = Sheet(
        # Section 17 has no places, but asks for three values: they stand in every record, where config puts them.
        export=export_section(
            17,
            first=1,
            places={},
            constants={"distribution_type": 5, "on_account_type": 6, "second_tenant_number": 7},
        ),
        result=result_section(18),
        statements=statement_section(19),
    )
