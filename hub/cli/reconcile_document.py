"""The answer of ``hub reconcile`` as one document: what was paired, and all that is open, by file and record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hub.money import format_amount

if TYPE_CHECKING:
    from hub.reconciling.candidates import JudgedLine
    from hub.reconciling.engine import Reconciled
    from hub.reconciling.explaining import OpenAccount, OpenItem, Picture, Short
    from hub.reconciling.second_witnesses import JudgedWitness
    from hub.reconciling.settling import Explained
    from hub.store.clearing.bank_accounts import BankAccount
    from hub.store.clearing.lines import OpenLine
    from hub.store.clearing.makeup import Held, Part, Record
    from hub.store.clearing.settlements import Settled

_CLEARING = "clearing:"


def document_of(
    done: Reconciled, found: Picture, lines: Sequence[JudgedLine], seen: Sequence[JudgedWitness], *, dry_run: bool
) -> dict[str, Any]:
    """Amounts as decimal text."""
    return {
        "dry_run": dry_run,
        "paired": [_paired(one) for one in done.explained],
        "confirmed": done.confirmed,
        "banks": [_bank(one) for one in found.banks],
        "clearing": [_account(one) for one in found.accounts],
        "at_zero": [one.name for one in found.settled],
        "lines": [_judged(one) for one in lines],
        "witnesses": [_witness(one) for one in seen],
        "files_held_back": found.files_held_back,
        "clear": found.is_clear,
    }


def _paired(one: Explained) -> dict[str, Any]:
    target = one.target
    return {
        # A dry run's entry is gone again.
        "line": one.line.entry_id,
        "text": one.line.text,
        "date": one.line.booking_date.isoformat(),
        "amount": format_amount(one.amount),
        "account": target.account.code.removeprefix(_CLEARING),
        "day": target.day.isoformat(),
        "item": target.item_id or None,
        "tenancy": target.tenancy or None,
        "how": one.how,
        "rule": one.rule or None,
        "vendor": one.vendor or None,
    }


def _bank(one: BankAccount) -> dict[str, Any]:
    last = one.last
    return {
        "company": one.company,
        "account": one.account,
        "currency": one.currency,
        "statement": last.identification,
        "file": last.file,
        "last_day": last.last_day.isoformat(),
        "closing": _or_none(last.closing),
        "booked": _or_none(one.booked),
        "difference": _or_none(one.difference),
        "gaps": [
            {
                "after": gap.before.last_day.isoformat(),
                "after_file": gap.before.file,
                "before": gap.after.first_day.isoformat(),
                "before_file": gap.after.file,
                "amount": format_amount(gap.amount),
            }
            for gap in one.gaps
        ],
        "held": [_held(held) for held in one.held],
    }


def _account(one: OpenAccount) -> dict[str, Any]:
    return {
        "company": one.account.company,
        "account": one.account.name,
        "currency": one.account.currency,
        "balance": format_amount(one.account.balance),
        "items": [_item(item) for item in one.items],
        "more": one.more,
        "more_amount": format_amount(one.more_amount),
        "since_zero": [_part(part) for part in one.parts],
        "records": [_record(record) for record in one.records],
        "held": [_held(held) for held in one.held],
    }


def _item(one: OpenItem) -> dict[str, Any]:
    return {
        "target": one.item.name,
        "day": one.item.day.isoformat(),
        "open": format_amount(one.item.open),
        "bank_text": one.item.bank_text or None,
        "reference": one.item.reference or None,
        "files": [_part(part) for part in one.parts],
        "records": [_record(record) for record in one.records],
        "held": [_held(held) for held in one.held],
        "settled": [_settled(settled) for settled in one.settled],
        "short": [_short(short) for short in one.short],
    }


def _part(one: Part) -> dict[str, Any]:
    return {
        "file": one.file or None,
        "file_id": one.file_id,
        "kind": one.kind,
        "entries": one.entries,
        "amount": format_amount(one.amount),
    }


def _record(one: Record) -> dict[str, Any]:
    return {
        "entry": one.entry_id,
        "kind": one.kind,
        "amount": format_amount(one.amount),
        "file": one.file or None,
        "file_id": one.file_id,
        "record": one.record,
        "tenancy": one.tenancy or None,
        "name": one.name or None,
        "customer": one.customer or None,
        "text": one.text,
    }


def _held(one: Held) -> dict[str, Any]:
    return {
        "file": one.file,
        "file_id": one.file_id,
        "record": one.record,
        "amount": format_amount(one.amount),
        "tenancy": one.tenancy or None,
        "reference": one.reference or None,
        "reason": one.reason,
    }


def _settled(one: Settled) -> dict[str, Any]:
    return {
        "entry": one.entry_id,
        "line": one.line_id,
        "amount": format_amount(one.amount),
        "date": one.booked.isoformat(),
        "how": one.how,
    }


def _short(one: Short) -> dict[str, Any]:
    return {
        "line": one.line.entry_id if one.line else None,
        "amount": format_amount(one.amount),
        "record": _record(one.record) if one.record else None,
        "held": _held(one.held) if one.held else None,
    }


def _judged(one: JudgedLine) -> dict[str, Any]:
    return {
        **_line(one.line),
        "candidates": [
            {
                "target": candidate.target,
                "open": _or_none(candidate.open),
                "why_not": candidate.why_not,
            }
            for candidate in one.candidates
        ],
        "rule": one.rule or None,
        "rule_why_not": one.rule_why_not or None,
        "held": [{**held._asdict(), "amount": format_amount(held.amount)} for held in one.held],
    }


def _line(one: OpenLine) -> dict[str, Any]:
    return {
        "line": one.entry_id,
        "company": one.company,
        "account": one.account,
        "date": one.booking_date.isoformat(),
        "amount": format_amount(one.amount),
        "whole": format_amount(one.whole),
        "currency": one.currency,
        "code": one.code or None,
        "text": one.text,
        "payer": one.payer or None,
        "payer_account": one.payer_account or None,
        "creditor": one.creditor or None,
        "payment_id": one.payment_id or None,
        "reason": one.reason,
        "file": one.file or None,
        "file_id": one.file_id,
        "record": one.record,
    }


def _witness(judged: JudgedWitness) -> dict[str, Any]:
    one = judged.seen
    return {
        "seen": one.id,
        "company": one.company,
        "vendor": one.vendor,
        "creditor": one.creditor,
        "payment_id": one.payment_id or None,
        "reference": one.reference or None,
        "amount": format_amount(one.amount),
        "date": one.booking_date.isoformat(),
        "file": one.file,
        "file_id": one.file_id,
        "record": one.record,
        "candidates": [
            {"entry": payment.entry_id, "date": payment.booking_date.isoformat(), "why_not": why_not}
            for payment, why_not in judged.alike
        ],
    }


def _or_none(ore: int | None) -> str | None:
    return None if ore is None else format_amount(ore)
