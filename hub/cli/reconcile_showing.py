"""The answer of ``hub reconcile`` told to a person: see :mod:`hub.cli.reconcile_document`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.cli.output import say, table
from hub.place import place


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
    where = place(one["file"], one["record"]) if one["file"] else "an act"
    whose = " ".join(filter(None, (one["tenancy"], one["name"], one["customer"] and f"customer {one['customer']}")))
    return f"entry {one['entry']}, {where}: {one['text']}" + (f", {whose}" if whose else "")


def _held_told(one: Mapping[str, Any]) -> str:
    whose = " ".join(filter(None, (one["tenancy"], one["reference"])))
    return (
        f"{one['amount']}, {place(one['file'], one['record'])}" + (f", {whose}" if whose else "") + f": {one['reason']}"
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
        where = place(one["file"], one["record"]) if one["file"] else "moved by a person"
        say(f"  line {one['line']}  {one['amount']} {one['currency']}{part} on {one['date']}: {one['text']}")
        say(f"    {where}; {one['reason']}")
        for candidate in one["candidates"]:
            has = f" ({candidate['open']} is open)" if candidate["open"] else ""
            say(f"    not {candidate['target']}{has}: {candidate['why_not']}")
        for held in one["held"]:
            records = "" if held["records"] == 1 else f" and {held['records'] - 1} more"
            say(f"    exactly that is not booked: {place(held['file'], held['record'])}{records}: {held['reason']}")
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
            f"    {place(one['file'], one['record'])}" + ("" if one["candidates"] else "; no booked payment is like it")
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
