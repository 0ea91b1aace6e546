"""What must come out, worked out by hand: nothing here is computed by what it judges.

Payments: property 1 has 16 x 6,950.00 less a rejected and a cancelled one = 97,300.00; property 2 has 13 x 7,700.00
(three of them coming), 3,000.00 by slip, and 5,000.00 + 250.00 that belong to nobody = 108,350.00; property 3 has
11 x 8,450.00 and 9,450.00 by slip = 102,400.00. Together 308,050.00.

Entries: 84 charges, 1 credit, 40 payments on tenancies, 2 in suspense, 2 failed ones, 12 results. A failed one has
one posting, each of the others two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: What the five tenancies show, in words for the person who looks.
BALANCE_STORIES = {
    "1-1-1-1": "paid by Betalingsservice",
    "1-1-2-1": "rejected by the bank",
    "1-2-3-1": "opening credit, and a slip for too little",
    "1-2-5-1": "pays in the coming days",
    "1-3-4-1": "paid too much; then the heat settlement",
}

BALANCES_BEFORE: Mapping[str, Any] = {
    "1-1-1-1": {"balance": "6950.00", "overdue": "6950.00", "coming": "0.00"},
    "1-1-2-1": {"balance": "6950.00", "overdue": "6950.00", "coming": "0.00"},
    "1-2-3-1": {"balance": "7200.00", "overdue": "7200.00", "coming": "0.00"},
    "1-2-5-1": {"balance": "7700.00", "overdue": "7700.00", "coming": "0.00"},
    "1-3-4-1": {"balance": "8450.00", "overdue": "8450.00", "coming": "0.00"},
}

AFTER: Mapping[str, Any] = {
    "files": {
        "payments": {
            "state": "booked",
            "vendor": "betalingsservice",
            "kind": "0602",
            "records": {
                "read": 44,
                "booked": 40,
                "failed": 2,
                "duplicate": 0,
                "unmatched": 2,
                "held": 0,
                "kept": 0,
            },
            "amount": "308050.00",
            "currency": "DKK",
        },
        "copy": {
            "state": "duplicate",
            "vendor": "betalingsservice",
            "kind": "0602",
            "records": {
                "read": 44,
                "booked": 0,
                "failed": 0,
                "duplicate": 44,
                "unmatched": 0,
                "held": 0,
                "kept": 0,
            },
            "amount": "0.00",
        },
        "broken": {
            "state": "quarantined",
            "vendor": "betalingsservice",
            "kind": "0602",
        },
        "results": {
            "state": "booked",
            "vendor": "brunata-heat",
            "kind": "result",
            "records": {"read": 12, "booked": 12, "duplicate": 0, "held": 0},
            "amount": "2583.00",
        },
        "tenant statement": {"state": "booked", "vendor": "brunata-heat", "kind": "statement"},
        "property statement": {"state": "booked", "vendor": "brunata-heat", "kind": "statement"},
    },
    "balances": {
        "1-1-1-1": {"balance": "0.00", "overdue": "0.00", "coming": "0.00"},
        "1-1-2-1": {"balance": "6950.00", "overdue": "6950.00", "coming": "0.00"},
        "1-2-3-1": {"balance": "4200.00", "overdue": "4200.00", "coming": "0.00"},
        "1-2-5-1": {"balance": "7700.00", "overdue": "7700.00", "coming": "-7700.00"},
        "1-3-4-1": {"balance": "234.50", "overdue": "0.00", "coming": "0.00"},
    },
    "movements of 1-3-4-1": [
        {"kind": "charge", "text": "Husleje", "amount": "8000.00", "balance": "8000.00"},
        {"kind": "charge", "text": "Aconto varme", "amount": "450.00", "balance": "8450.00"},
        {"kind": "payment", "amount": "-9450.00", "balance": "-1000.00"},
        {"kind": "result", "amount": "1234.50", "balance": "234.50"},
    ],
    "unmatched": [
        {
            "amount": "5000.00",
            "vendor": "betalingsservice",
            "reference": "LEJE UKENDT",
            "reason": "customer number '299901' is unknown under creditor 09999999",
        },
        {
            "amount": "250.00",
            "vendor": "betalingsservice",
            "reference": "VASKERI",
            "reason": "customer number '100901' is 1-1-9-1, outside debtor group 00002",
        },
    ],
    "documents of property 1-3": {
        "property statement": {"property": "1-3", "tenancy": None, "charge_type": "75020"},
        "tenant statement": {"property": "1-3", "tenancy": "1-3-4-1", "charge_type": "75020"},
    },
    "quarantine": {"reasons": 1, "names both sums": True, "explained beside the file": True},
    "left in the inboxes": [],
    "verify": {"ok": True, "entries": 141, "postings": 280, "problems": []},
}


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """A sentence for each value that is not as expected; keys that nobody expects are nobody's business."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        said = [f"{where}{key}: missing" for key in expected if key not in found]
        for key in expected.keys() & found.keys():
            said += differences(expected[key], found[key], f"{where}{key}: ")
        return sorted(said)
    if isinstance(expected, Sequence) and isinstance(found, Sequence) and not isinstance(expected, str):
        if len(expected) != len(found):
            return [f"{where}expected {len(expected)} of them, found {len(found)}: {found}"]
        pairs = enumerate(zip(expected, found, strict=True), start=1)
        return [said for at, pair in pairs for said in differences(*pair, f"{where}{at}: ")]
    return [] if expected == found else [f"{where}expected {expected!r}, found {found!r}"]
