"""The long answer of ``hub files show``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hub.cli.ledger import moment
from hub.cli.output import say, table
from hub.money import format_amount
from hub.store.exchange.fetched import Fetched, source_of
from hub.store.journal import COUNTS
from hub.store.views import FileDetail


def shape(detail: FileDetail) -> dict[str, Any]:
    """The file's own row, its last reading's counts and reasons, and every arrival, reading, event and member."""
    last = detail.readings[-1] if detail.readings else None
    return {
        **_plain(detail.file._asdict()),
        "records": _counts(last) if last else None,
        "amount": format_amount(last["amount"]) if last else None,
        "currency": last["currency"] if last else None,
        "reasons": last["reasons"] if last else [],
        "arrivals": [_plain(row) for row in detail.arrivals],
        "readings": [
            {**_plain(_without_counts(row)), "records": _counts(row), "amount": format_amount(row["amount"])}
            for row in detail.readings
        ],
        "events": [_plain(row) for row in detail.events],
        "fetched": [_fetched(one) for one in detail.fetched],
        "members": [{"file": one.file_id, "name": one.name, "state": one.state} for one in detail.members],
    }


def tell(detail: FileDetail) -> None:
    file = detail.file
    whose = f"{file.vendor} ({file.kind})" if file.vendor else "nobody's that the hub knows"
    say(f"file {file.id}  {file.name}", f"from      {whose}", f"state     {file.state or 'being read'}")
    for one in detail.fetched:
        came = f"{source_of(one.vendor, one.folder)} as {one.name}, {one.at:%Y-%m-%d %H:%M} UTC"
        say(f"fetched   {came}: {_became(one)}")
    say(f"sha256    {file.sha256}", f"lies in   {file.filed_at or 'its inbox'}")
    if file.duplicate_of is not None:
        say(f"the same  as file {file.duplicate_of}")
    if file.parent_id is not None:
        say(f"came in   file {file.parent_id}")
    if detail.members:
        say("", "Members")
        table(
            (">file", "state", "name"), [(one.file_id, one.state or "being read", one.name) for one in detail.members]
        )
    say("", "Readings")
    for row in detail.readings:
        counts = ", ".join(f"{count} {what}" for what, count in _counts(row).items() if count)
        said = f"{row['state']} by {row['actor']}: {counts or 'no records'}, {format_amount(row['amount'])}"
        say(f"  {row['finished_at']:%Y-%m-%d %H:%M:%S} UTC  {said} {row['currency'] or ''}")
        say(*(f"    - {reason}" for reason in row["reasons"]))
    say("", "Events")
    rows = [
        (f"{row['at']:%Y-%m-%d %H:%M:%S}", row["actor"], row["what"], _detail_text(row["detail"]))
        for row in detail.events
    ]
    table(("at (UTC)", "who", "what", ""), rows)


def _fetched(one: Fetched) -> dict[str, Any]:
    return {
        "from": source_of(one.vendor, one.folder),
        **_plain(one._asdict()),
        "modified": moment(datetime.fromtimestamp(one.mtime, UTC)),
        "there": _became(one),
    }


def _became(one: Fetched) -> str:
    """Of the file on the vendor's server, as far as is known."""
    if one.cleared_at is not None:
        return f"removed there by us, {one.cleared_at:%Y-%m-%d %H:%M} UTC"
    if one.gone_at is not None:
        return f"no longer there, seen {one.gone_at:%Y-%m-%d %H:%M} UTC"
    return f"lies there still: {one.refusal}" if one.refusal else "lies there still"


def _counts(row: dict[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in ("read", *COUNTS)}


def _without_counts(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("read", *COUNTS, "amount")}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """As JSON has it."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    return value.isoformat() if isinstance(value, date) else value


def _detail_text(detail: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in detail.items() if name != "reasons")
