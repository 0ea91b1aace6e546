"""Statements for a program: decimal-string amounts, ISO dates, code names; the same keys in every language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from hub.money import format_amount
from hub.reports.statement.model import ChargeRow, HoldingRow, LineRow, MovementRow, Statement

#: Goes up when a key changes its meaning or goes away.
SCHEMA = "hub.statement/1"


def render_json(statements: Sequence[Statement]) -> bytes:
    """``{"schema": ..., "statements": [...]}`` in UTF-8, a line for each statement.

    ``vat_rate`` is a percentage, e.g. "25.00". What is not there is null, or "" where it is a text.
    """
    lines = ",\n".join(json.dumps(_statement(statement), ensure_ascii=False) for statement in statements)
    return f'{{"schema": "{SCHEMA}", "statements": [\n{lines}\n]}}\n'.encode()


def _statement(it: Statement) -> dict[str, Any]:
    return {
        "tenancy": it.tenancy,
        "tenant": it.tenant._asdict(),
        "company": it.company._asdict(),
        "language": it.language,
        "currency": it.currency,
        "as_of": it.as_of.isoformat(),
        "made_on": it.made_on.isoformat(),
        "chosen": it.chosen,
        "balance": format_amount(it.balance),
        "overdue": format_amount(it.overdue),
        "coming": format_amount(it.coming),
        "ageing": {band: format_amount(ore) for band, ore in it.ageing._asdict().items()},
        "remaining": format_amount(it.remaining),
        "charges": [_charge(row) for row in it.charges],
        "debts": [_debt(row) for row in it.debts],
        "opening_balance": format_amount(it.opening),
        "movements": [_movement(row) for row in it.movements],
        "holdings": [_holding(row) for row in it.holdings],
    }


def _charge(row: ChargeRow) -> dict[str, Any]:
    return {
        **_debt(row),
        "lines": [_line(line) for line in row.lines],
        "credit_notes": [
            {"value_date": note.value_date.isoformat(), "text": note.text, "amount": format_amount(note.amount)}
            for note in row.credit_notes
        ],
    }


def _debt(row: ChargeRow) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "kind": row.kind,
        "text": row.text,
        "due_date": row.due_date.isoformat(),
        "amount": format_amount(row.amount),
        "settled": format_amount(row.settled),
        "remaining": format_amount(row.remaining),
        "overdue": row.overdue,
    }


def _line(line: LineRow) -> dict[str, Any]:
    return {
        "charge_type": line.charge_type,
        "text": line.text,
        "period_from": _iso(line.period_from),
        "period_to": _iso(line.period_to),
        "amount": format_amount(line.amount),
        "vat_rate": format_amount(line.vat_rate),
        "vat": format_amount(line.vat),
    }


def _movement(row: MovementRow) -> dict[str, str]:
    return {
        "value_date": row.value_date.isoformat(),
        "kind": row.kind,
        "text": row.text,
        "amount": format_amount(row.amount),
        "balance": format_amount(row.balance),
    }


def _holding(row: HoldingRow) -> dict[str, str]:
    return {"name": row.name, "charged": format_amount(row.charged), "held": format_amount(row.held)}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
