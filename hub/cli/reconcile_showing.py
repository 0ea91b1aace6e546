"""The answer of ``hub reconcile``: one document for programs, and the same told to a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.cli.output import say, table
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


def tell(document: Mapping[str, Any]) -> None:
    """As lines and tables: what was paired, then what is open, last what it comes to."""
    _tell_paired(document)
    for bank in document["banks"]:
        say(*_bank_told(bank))
    for account in document["clearing"]:
        say("", f"{account['account']}, company {account['company']}: {account['balance']} {account['currency']}")
        say(*_account_told(account))
    _tell_lines(document["lines"])
    _tell_witnesses(document["witnesses"])
    if count := document["files_held_back"]:
        files = _counted(count, "file is", "files are")
        say("", f"{files} not booked, or not whole, and not in these figures; see: hub files")
    say("", _sum_of(document))


def _tell_paired(document: Mapping[str, Any]) -> None:
    paired = document["paired"]
    if paired:
        say("would be paired:" if document["dry_run"] else "paired now:")
        rows = [
            (one["line"], one["date"], one["amount"], one["text"], _where(one), f"{one['how']} {one['rule'] or ''}")
            for one in paired
        ]
        table((">line", "date", ">amount", "text", "is", "by"), rows)
    if document["confirmed"]:
        would = "would be" if document["dry_run"] else "are"
        say(f"{document['confirmed']} payments that a second file has seen {would} confirmed")


def _where(one: Mapping[str, Any]) -> str:
    if one["tenancy"]:
        return str(one["tenancy"])
    if one["how"] in ("rule", "person"):
        return str(one["account"])
    return f"payout {one['item']}" if one["how"] == "payout" else f"{one['account']}@{one['day']}"


def _bank_told(one: Mapping[str, Any]) -> Iterator[str]:
    head = f"bank {one['account']}, company {one['company']}: "
    if one["difference"] is None:
        yield f"{head}the statement to {one['last_day']} ({one['file']}) has no balance to hold the books against"
    else:
        yield (
            f"{head}the statement to {one['last_day']} ({one['file']}) ends with {one['closing']} {one['currency']}, "
            f"the books with {one['booked']}: {_differs(one['difference'])}"
        )
    for gap in one["gaps"]:
        yield (
            f"  what ends on {gap['after']} ({gap['after_file']}) and begins on {gap['before']} ({gap['before_file']}) "
            f"differs by {gap['amount']}: a statement between them is missing, or one is here that is not theirs"
        )
    for held in one["held"]:
        yield f"  not booked: {_held_told(held)}"


def _differs(amount: str) -> str:
    return "they agree" if amount == "0.00" else f"they differ by {amount}"


def _account_told(account: Mapping[str, Any]) -> Iterator[str]:
    if account["since_zero"]:
        yield "  since it was last at 0.00:"
        yield from _parts_told(account["since_zero"], account["records"])
        for one in account["held"]:
            yield f"    not booked: {_held_told(one)}"
    for item in account["items"]:
        what = "payout" if item["target"].isdigit() else "day"
        text = f", bank text {item['bank_text']}" if item["bank_text"] else ""
        yield f"  {what} {item['target']} of {item['day']}: {item['open']} is open{text}"
        yield from _parts_told(item["files"], item["records"])
        for one in item["settled"]:
            yield f"    bank line {one['line']} of {one['date']} has settled {one['amount']} (entry {one['entry']})"
        for one in item["held"]:
            yield f"    not booked: {_held_told(one)}"
        for one in item["short"]:
            yield f"    {_short_told(one)}"
    if account["more"]:
        yield f"  and {account['more']} more, {account['more_amount']} in all"


def _parts_told(parts: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        entries = "1 entry" if part["entries"] == 1 else f"{part['entries']} entries"
        source = f"file {part['file_id']} {part['file']}" if part["file"] else "acts of persons"
        yield f"    {part['amount']:>14}  {source}: {entries}, {part['kind'].replace('_', ' ')}"
    for record in records:
        yield f"    {record['amount']:>14}  {_record_told(record)}"


def _record_told(one: Mapping[str, Any]) -> str:
    place = f"{one['file']} record {one['record']}" if one["file"] else "an act"
    whose = " ".join(filter(None, (one["tenancy"], one["name"], one["customer"] and f"customer {one['customer']}")))
    return f"entry {one['entry']}, {place}: {one['text']}" + (f", {whose}" if whose else "")


def _held_told(one: Mapping[str, Any]) -> str:
    whose = " ".join(filter(None, (one["tenancy"], one["reference"])))
    return (
        f"{one['amount']}, {one['file']} record {one['record']}"
        + (f", {whose}" if whose else "")
        + f": {one['reason']}"
    )


def _short_told(one: Mapping[str, Any]) -> str:
    seen = f"bank line {one['line']} shows" if one["line"] else "the bank has shown"
    differs = f"{one['amount'].removeprefix('-')} {'more' if one['amount'].startswith('-') else 'less'}"
    if one["record"]:
        record = one["record"]
        return f"{seen} {differs}: exactly {record['amount']} is {_record_told(record)}"
    return f"{seen} {differs}: exactly that is not booked: {_held_told(one['held'])}"


def _tell_lines(lines: Sequence[Mapping[str, Any]]) -> None:
    if lines:
        say("", "bank lines that nobody has explained:")
    for one in lines:
        part = "" if one["whole"] == one["amount"] else f" left of {one['whole']}"
        place = f"{one['file']} record {one['record']}" if one["file"] else "moved by a person"
        say(f"  line {one['line']}  {one['amount']} {one['currency']}{part} on {one['date']}: {one['text']}")
        say(f"    {place}; {one['reason']}")
        for candidate in one["candidates"]:
            has = f" ({candidate['open']} is open)" if candidate["open"] else ""
            say(f"    not {candidate['target']}{has}: {candidate['why_not']}")
        for held in one["held"]:
            records = "" if held["records"] == 1 else f" and {held['records'] - 1} more"
            say(f"    exactly that is not booked: {held['file']} record {held['record']}{records}: {held['reason']}")
        if one["rule_why_not"]:
            say(f"    not by rule {one['rule']}: {one['rule_why_not']}")
    if lines:
        say("  to say what one is: hub settle LINE TARGET; whose it is: hub match LINE TENANCY")


def _tell_witnesses(witnesses: Sequence[Mapping[str, Any]]) -> None:
    if witnesses:
        say("", "payments seen that are not known to be booked:")
    for one in witnesses:
        what = one["payment_id"] or one["reference"] or "no number"
        say(f"  seen {one['seen']}  {one['amount']} on {one['date']}: {what}")
        say(
            f"    {one['file']} record {one['record']}"
            + ("" if one["candidates"] else "; no booked payment is like it")
        )
        say(*(f"    not entry {other['entry']}: {other['why_not']}" for other in one["candidates"]))
    if any(one["candidates"] for one in witnesses):
        say("  to say which entry it is: hub confirm SEEN ENTRY")


def _sum_of(document: Mapping[str, Any]) -> str:
    at_zero = _counted(len(document["at_zero"]), "clearing account", "clearing accounts")
    if document["clear"]:
        return f"everything nets to 0.00: {at_zero}, every bank line explained"
    banks = sum(
        bool(one["gaps"] or one["held"]) or one["difference"] not in (None, "0.00") for one in document["banks"]
    )
    counts = (
        (len(document["clearing"]), "clearing account", "clearing accounts"),
        (len(document["lines"]), "bank line", "bank lines"),
        (len(document["witnesses"]), "payment seen and not booked", "payments seen and not booked"),
        (banks, "bank account that differs from its statements", "bank accounts that differ from their statements"),
    )
    said = [_counted(count, one, many) for count, one, many in counts if count]
    return f"open: {', '.join(said)}; at 0.00: {at_zero}"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
