"""What must come out, worked out by hand: nothing here is computed by what it judges.

Payments: property 1 has 16 x 6,950.00 less a rejected and a cancelled one = 97,300.00; property 2 has 13 x 7,700.00
(three of them coming), 3,000.00 by slip, and 5,000.00 + 250.00 that belong to nobody = 108,350.00; property 3 has
11 x 8,450.00 and 9,450.00 by slip = 102,400.00. Together 308,050.00.

Entries when the files are in: 84 charges, 1 credit, 41 deposits, 40 payments on tenancies, 2 in suspense, 2 failed
ones, 12 results = 182. A failed one has one posting, each of the others two = 362.

What the bookkeeper adds: match, charge, charge with VAT and deposit (four postings), payment, credit note, payment and
what was missing of it, a typing error and its reversal, two payments of the test file and their reversals = 13 entries
with 28 postings. 195 entries, 390 postings.

The end of the month: MobilePay has two payments, 812.00 + 95.75 = 907.75, keeps 8.12 + 0.96 = 9.08 of them and pays out
898.67: 4 entries. The bank's statement has 97,300.00 + 82,250.00 + 92,950.00 for the due day, which is what the three
properties paid without the slips, 23,100.00 in the coming days, slips of 3,000.00 and 9,450.00, the payout, and 45.00
that the bank takes: 8 lines, 308,903.67 together, each an entry, and 8 more by which they are explained. In the end
195 + 20 = 215 entries, 430 postings.

Owed in the end. Property 1: 6,950.00 rejected, 6,950.00 cancelled less 500.00 credited = 13,400.00. Property 2:
1,000.00 of the deposit's charge, and until they count the three coming payments = 23,100.00. Property 3: settlements to
be paid 812.00 + 95.75 + 1,234.50 - 1,000.00 paid too much + 447.30 + 1,020.00 + 388.60 + 60.10 = 3,058.25, of which
MobilePay brings 907.75, to be given back 340.25 + 610.00 + 75.05 + 150.00 + 299.95 = 1,475.25, together 675.25. All:
38,175.25 today, 15,075.25 when the coming ones count.

The accounts then:
  receivable   15,075.25
  holding     -42 x 450.00 heat - 882,750.00 deposits that came with the tenancies - 3,750.00 of the shop = -905,400.00
  income      -2,583.00 results - 250.00 laundry - 1,000.00 parking without VAT = -3,833.00
  vat         -250.00
  opening     -301,500.00 rent + 500.00 credit + 882,750.00 deposits + 500.00 credit note = 582,250.00
  bank         4,000.00 + 4,199.50 + 695.00 - 695.00 = 8,199.50 by hand, 308,903.67 by its statement = 317,103.17
  clearing     308,050.00 + 13,900.00 - 13,900.00 - 308,050.00 = 0.00; 907.75 - 9.08 - 898.67 = 0.00
  named        9.08 MobilePay's fees + 45.00 of the bank's = 54.08
  suspense    -5,000.00
  differences  0.50
which sum to nothing.

The journal has every entry but the two failed ones. Its debit: charges 320,400.00, credit 500.00, deposits 882,750.00,
payments 308,050.00, results 4,058.25 + 1,475.25 (the 1,000.00 paid too much is no result: 1,234.50 whole) = 5,533.50,
the match 250.00, charges 250.00 and 5,000.00, payment 4,000.00, credit note 500.00, payment and difference 4,200.00,
typing error and reversal 1,390.00, test file and reversals 27,800.00: together 1,560,623.50. The end of the month:
907.75 + 9.08 + 898.67, and twice 308,050.00 + 898.67 + 45.00: 619,802.84 more, 2,180,426.34.

The next month's rent, after all that: 16 x 6,950.00 = 111,200.00, 14 x 7,700.00 = 107,800.00, 12 x 8,450.00 =
101,400.00, together 320,400.00. Property 1 is asked for the overdue 13,400.00 too; what property 3 has to its credit,
1,475.25, pays first: 332,324.75. All but 1-1-2-1 pay, who was asked for rent and the rejected month, 13,900.00:
318,424.75. The bank shows 110,700.00 and 107,800.00, and 92,084.75 of property 3's 99,924.75: the 7,840.00 of 1-3-5-1
are not there, which is line 41 of the 0602: two lines ahead of 16 payments, two more ahead of 14, and again of 4.
"""

from __future__ import annotations

import re
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
    "1-1-1-1": {"balance": "6950.00", "overdue": "6950.00"},
    "1-1-2-1": {"balance": "6950.00", "overdue": "6950.00"},
    "1-2-3-1": {"balance": "7200.00", "overdue": "7200.00"},
    "1-2-5-1": {"balance": "7700.00", "overdue": "7700.00"},
    "1-3-4-1": {"balance": "8450.00", "overdue": "8450.00"},
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
            "reason": "customer number '1009018' is 1-1-9-1, outside debtor group 00002",
        },
    ],
    "documents of property 1-3": {
        "property statement": {"property": "1-3", "tenancy": None, "charge_type": "75020"},
        "tenant statement": {"property": "1-3", "tenancy": "1-3-4-1", "charge_type": "75020"},
    },
    "quarantine": {"reasons": 1, "names both sums": True, "explained beside the file": True},
    "left in the inboxes": [],
    "verify": {"ok": True, "entries": 182, "postings": 362, "problems": []},
}

DESK: Mapping[str, Any] = {
    "suggestions": {
        "payments": [
            {"amount": "5000.00", "candidates": []},
            {"amount": "250.00", "candidates": [{"tenancy": "1-1-9-1"}]},
        ]
    },
    "match": {"tenancy": "1-1-9-1", "amount": "250.00"},
    "charge paid by credit": {"amount": "250.00", "remaining": "0.00"},
    # Lines of 128 bytes, each with CR and LF; the 35th begins after 34 of them.
    "explanation": {
        "kind": "payment",
        "left": "0.00",
        "matched_to": "1-1-9-1",
        "source": {"file": "0602-husleje.txt", "record": 35, "byte_offset": 4420, "byte_length": 128},
    },
    "charge with a deposit": {"amount": "5000.00", "remaining": "5000.00", "reference": "DEPOSITUM"},
    "payment of a part": {"amount": "4000.00", "to": "balance"},
    "payout above the holding": {"error": re.compile("3500.00 is more than the 3000.00 that holding 'deposit' has")},
    "credit note": {"amount": "500.00", "remaining": "6000.00"},
    "small difference": {"amount": "4199.50"},
    "typing error": {"amount": "695.00"},
    "reversal": {"amount": "695.00", "tenancy": "1-1-2-1", "reason": "wrong_amount"},
    "second reversal": {"error": re.compile("has been taken back by reversal")},
    "test file": {"state": "booked", "amount": "13900.00", "records": {"read": 2, "booked": 2}},
    "test file reversed": {"state": "reversed", "entries": 2, "reason": "test_file"},
}

MONTH_END: Mapping[str, Any] = {
    "mobilepay": {
        "state": "booked",
        "vendor": "mobilepay",
        "records": {"read": 4, "booked": 4, "unmatched": 0, "held": 0},
        "amount": "898.67",
        "reasons": [],
    },
    "statement": {
        "state": "booked",
        "vendor": "bank",
        "records": {"read": 9, "booked": 0, "unmatched": 8, "held": 0, "kept": 1},
        "amount": "308903.67",
        "reasons": [],
    },
    "reconciled": {
        "clear": True,
        "clearing": [],
        "at_zero": [
            "mobilepay:123456:",
            "mobilepay:123456:payout",
            *(f"nets_bs:09999999:0000{number}" for number in (1, 2, 3)),
        ],
        "lines": [],
        "banks": [
            {"account": "DK5000400440116243", "closing": "558903.67", "booked": "558903.67", "difference": "0.00"}
        ],
    },
}

#: Of every tenancy, when the coming payments count.
BALANCES_IN_THE_END: Mapping[str, str] = {
    **{f"1-1-{unit}-1": "0.00" for unit in range(1, 17)},
    **{f"1-2-{unit}-1": "0.00" for unit in range(1, 15)},
    **{"1-1-2-1": "6950.00", "1-1-3-1": "6450.00", "1-2-14-1": "1000.00"},
    **{"1-3-1-1": "0.00", "1-3-2-1": "-340.25", "1-3-3-1": "0.00", "1-3-4-1": "234.50"},
    **{"1-3-5-1": "-610.00", "1-3-6-1": "447.30", "1-3-7-1": "-75.05", "1-3-8-1": "1020.00"},
    **{"1-3-9-1": "-150.00", "1-3-10-1": "388.60", "1-3-11-1": "-299.95", "1-3-12-1": "60.10"},
}

_RENT_AND_HEAT_1 = [{"charge_type": "10010", "amount": "6500.00"}, {"charge_type": "75020", "amount": "450.00"}]
_RENT_AND_HEAT_3 = [{"charge_type": "10010", "amount": "8000.00"}, {"charge_type": "75020", "amount": "450.00"}]

READ_OUT: Mapping[str, Any] = {
    # Of 4,000.00, the parking's 1,250.00 of 5,000.00 got 1,000.00, the deposit's 3,750.00 got 3,000.00.
    "balance of 1-2-14-1": {
        "balance": "1000.00",
        "overdue": "0.00",
        "coming": "0.00",
        "holdings": [
            {"name": "heat", "charged": "450.00", "unpaid": "0.00", "held": "450.00"},
            {"name": "deposit", "charged": "3750.00", "unpaid": "750.00", "held": "3000.00"},
        ],
    },
    "balance of 1-2-3-1": {
        "balance": "0.00",
        "holdings": [{"name": "heat", "held": "449.50"}, {"name": "deposit", "held": "21750.00"}],
    },
    "next charge of 1-1-2-1": {
        "arrears": "6950.00",
        "lines": _RENT_AND_HEAT_1,
        "new": "6950.00",
        "credits_used": "0.00",
        "total": "13900.00",
    },
    # Its refund is lived off.
    "next charge of 1-3-5-1": {
        "arrears": "0.00",
        "lines": _RENT_AND_HEAT_3,
        "new": "8450.00",
        "credits_used": "610.00",
        "total": "7840.00",
    },
    "ageing": {
        "1-1": {"not_due": "0.00", "up to 60": "13400.00", "over_60": "0.00", "credit": "0.00", "balance": "13400.00"},
        "1-2": {
            "not_due": "1000.00",
            "up to 60": "23100.00",
            "over_60": "0.00",
            "credit": "0.00",
            "balance": "24100.00",
        },
        "1-3": {
            "not_due": "2150.50",
            "up to 60": "0.00",
            "over_60": "0.00",
            "credit": "-1475.25",
            "balance": "675.25",
        },
        "1": {
            "not_due": "3150.50",
            "up to 60": "36500.00",
            "over_60": "0.00",
            "credit": "-1475.25",
            "balance": "38175.25",
        },
    },
    "arrears": {
        "tenants": [
            {"tenancy": "1-2-5-1", "amount": "7700.00"},
            {"tenancy": "1-2-6-1", "amount": "7700.00"},
            {"tenancy": "1-2-7-1", "amount": "7700.00"},
            {"tenancy": "1-1-2-1", "amount": "6950.00"},
            {"tenancy": "1-1-3-1", "amount": "6450.00"},
            {"tenancy": "1-3-7-1", "amount": "-75.05"},
            {"tenancy": "1-3-9-1", "amount": "-150.00"},
            {"tenancy": "1-3-11-1", "amount": "-299.95"},
            {"tenancy": "1-3-2-1", "amount": "-340.25"},
            {"tenancy": "1-3-5-1", "amount": "-610.00"},
        ]
    },
    "balances in the end": BALANCES_IN_THE_END,
    "statement": {"format": "pdf", "statements": 1, "is a PDF": True},
}

PROOF: Mapping[str, Any] = {
    "journal": {
        "entries": 213,
        "debit": "2180426.34",
        "credit": "2180426.34",
        "currency": "DKK",
        "format": "e-conomic",
    },
    "journal again": None,
    "verify": {"ok": True, "entries": 215, "postings": 430, "problems": []},
    "figures": {
        "accounts: receivable": {"rows": 42, "amount": "15075.25"},
        "accounts: holding": {"rows": 84, "amount": "-905400.00"},
        "accounts: income": {"rows": 3, "amount": "-3833.00"},
        "accounts: vat": {"rows": 1, "amount": "-250.00"},
        "accounts: opening": {"rows": 1, "amount": "582250.00"},
        "accounts: bank": {"rows": 2, "amount": "317103.17"},
        "accounts: clearing": {"rows": 5, "amount": "0.00"},
        "accounts: named": {"rows": 2, "amount": "54.08"},
        "accounts: suspense": {"rows": 1, "amount": "-5000.00"},
        "accounts: differences": {"rows": 1, "amount": "0.50"},
        # Rent and heat of 1-1-2-1 and 1-1-3-1, the shop's two, and five settlements.
        "open charge lines": {"rows": 11, "amount": "16550.50"},
        "credits left": {"rows": 5, "amount": "1475.25"},
        "money unmatched": {"rows": 1, "amount": "5000.00"},
        "booked from files": {"rows": 4, "amount": "620435.34"},
    },
}

COLLECTED: Mapping[str, Any] = {
    "data check": {
        "collections": 42,
        "amount": "332324.75",
        "charged": {"charges": 42, "amount": "320400.00", "partial_months": []},
        "unfit": [],
        # What was charged a moment ago is due today, and overdue on no due day (R21).
        "left": [{"tenancy": "1-2-14-1", "amount": "1000.00"}],
        "properties": [
            {"property": "1-1", "collections": 16, "automatic": 16, "amount": "124600.00", "overdue": "13400.00"},
            {"property": "1-2", "collections": 14, "automatic": 14, "amount": "107800.00", "overdue": "0.00"},
            {"property": "1-3", "collections": 12, "automatic": 12, "amount": "99924.75", "overdue": "0.00"},
        ],
    },
    "collect": {"collections": 42, "amount": "332324.75", "own_slips": 0},
    "sent": {"state": "sent"},
    "answers": {
        "files": [
            {"kind": "receipt V", "state": "booked"},
            {
                "kind": "0602",
                "state": "booked",
                "records": {"read": 42, "booked": 41, "failed": 1, "unmatched": 0},
                "amount": "318424.75",
            },
        ]
    },
    "delivery": {"state": "accepted"},
    "failed": {"collections": [{"tenancy": "1-1-2-1", "amount": "13900.00", "state": "failed"}]},
    "verified": {"ok": True, "problems": []},
}

_MISSING = {"amount": "7840.00", "file": "0602-næste-husleje.txt", "record": 41, "tenancy": "1-3-5-1"}
_ONE_SHORT_DAY = {"open": "99924.75", "short": [{"amount": "7840.00", "record": _MISSING}]}

ONE_SHORT: Mapping[str, Any] = {
    "statement": {"state": "booked", "records": {"read": 4, "unmatched": 3, "kept": 1}, "amount": "310584.75"},
    "reconciled": {
        "clear": False,
        "clearing": [{"account": "nets_bs:09999999:00003", "balance": "99924.75", "items": [_ONE_SHORT_DAY]}],
        "lines": [{"amount": "92084.75", "text": "Betalingsservice 09999999 00003"}],
        "banks": [{"closing": "869488.42", "difference": "0.00", "gaps": []}],
    },
    "verified": {"ok": True, "problems": []},
}

#: What ``bean-check`` says, and what Beancount makes of the transactions.
BY_OTHERS: Mapping[str, Any] = {"status": 0, "complaints": "", "balances": BALANCES_IN_THE_END}

RESTORED: Mapping[str, Any] = {"ok": True, "entries": 215, "postings": 430, "problems": [], "the same head": True}


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
    if isinstance(expected, re.Pattern):
        return [] if expected.search(str(found)) else [f"{where}expected {expected.pattern!r} in {found!r}"]
    return [] if expected == found else [f"{where}expected {expected!r}, found {found!r}"]
