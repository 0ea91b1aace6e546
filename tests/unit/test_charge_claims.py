"""Which charge line is a *pligtig pengeydelse*: what the company says of its type, else what its charge is (R24)."""

from __future__ import annotations

import pytest

from hub.ledger import kinds
from hub.settings import CompanyConfig

_COMPANY = CompanyConfig.model_validate(
    {"number": "1", "charge_types": {"40": {"text": "Vask", "claim": "other"}, "90": {"text": "Gebyr", "claim": "fee"}}}
)


@pytest.mark.parametrize(
    ("charge_type", "rent", "moving_in", "moving_out", "other"),
    [
        # Nothing is said of it: the kind of the charge knows.
        ("10", "obligatory", "obligatory", "other", "other"),
        # Consumption, on account and settled, is obligatory whatever it stands on (R26).
        ("75020", "obligatory", "obligatory", "obligatory", "obligatory"),
        ("73039", "obligatory", "obligatory", "obligatory", "obligatory"),
        # What the company says holds everywhere.
        ("40", "other", "other", "other", "other"),
        ("90", "fee", "fee", "fee", "fee"),
    ],
)
def test_what_a_line_is_by_law(charge_type: str, rent: str, moving_in: str, moving_out: str, other: str) -> None:
    expected = dict(zip(kinds.CHARGE_KINDS, (rent, moving_in, moving_out, other), strict=True))
    assert {kind: _COMPANY.charge_type(charge_type, kind).claim for kind in kinds.CHARGE_KINDS} == expected


def test_a_declared_type_is_obligatory_where_nothing_else_is_said() -> None:
    company = CompanyConfig.model_validate({"number": "1", "charge_types": {"10": "Husleje"}})
    assert {company.charge_type("10", kind).claim for kind in kinds.CHARGE_KINDS} == {"obligatory"}
