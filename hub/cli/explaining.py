"""``hub explain``: why an entry is what it is, from the tenant's sentence down to the bytes it came in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hub.cli.acting import EntryArgument
from hub.cli.asking import bank_document
from hub.cli.context import JsonOption, SiteOption, books_of, now, root_of
from hub.cli.ledger import moment
from hub.cli.output import answer, say, table
from hub.money import format_amount

if TYPE_CHECKING:
    from hub.reports.explain_clearing import FoundToBe, PaidOut
    from hub.reports.explain_facts import Explanation, Origin, Other, Story, Use
    from hub.settings import Site
    from hub.store.collecting.answers import Asked


def explain(ctx: typer.Context, entry: EntryArgument, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """Why an entry is what it is: what it paid and why, who did it, and the bytes it came in."""
    from hub.reports import explain as report
    from hub.reports.explain_sentences import sentences

    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = report.explain(conn, entry)
    language = the_site.language(found.company)
    told = sentences(found, language, the_site.local(found.company, now()))
    document = {"language": language, "sentences": told, **_shape(found, the_site)}
    answer(as_json, document, lambda: _tell(told, document))
    return 0


def _shape(found: Explanation, site: Site) -> dict[str, Any]:
    tenancy, rule = found.tenancy, found.rule
    return {
        "entry": found.entry,
        "kind": found.kind,
        "document_type": found.document_type,
        "voucher": found.voucher,
        "text": found.text,
        "company": found.company,
        "tenancy": tenancy.ref.key if tenancy else None,
        "name": tenancy.name if tenancy else None,
        "amount": format_amount(found.amount),
        "currency": found.currency,
        "value_date": found.value_date.isoformat(),
        "posting_date": found.posting_date.isoformat(),
        "recorded_at": moment(found.recorded_at),
        "actor": found.actor,
        "key": found.by_hand.key if found.by_hand else None,
        "paid": [_use(one) for one in (*found.did, *found.later)],
        "left": format_amount(found.left),
        "charge": _charge(found),
        "credits": found.credits and found.credits.reference,
        "paid_by": [_use(one) for one in found.paid_by],
        "holdings": [{"holding": one.name, "amount": format_amount(one.amount)} for one in found.holdings],
        "suspense": _suspense(found),
        "story": _story(found.story),
        "points_at": _other(found.points_at),
        "reason": found.reason or None,
        "note": found.note or None,
        "taken_back_by": _other(found.taken_back_by),
        "credited_by": [_other(one.by) for one in found.credited_by],
        "matched_by": _other(found.matched_by),
        "matched_to": found.matched_to or None,
        "rule": {"id": rule.id, "customer": rule.customer, "since": moment(rule.at), "by": rule.actor}
        if rule
        else None,
        "mandate_of": found.mandate_of_another._asdict() if found.mandate_of_another else None,
        "moved_out": found.after_move_out.isoformat() if found.after_move_out else None,
        "answers": _asked(found.answers) if found.answers else None,
        "asked_by": [_asked(one) for one in found.asked_by],
        "account": found.cleared.account,
        "bank": bank_document(found.cleared.bank),
        "found_to_be": _found_to_be(found.cleared.found_to_be),
        "paid_out": _paid_out(found.cleared.paid_out),
        "seen_in": [one._asdict() for one in found.cleared.seen_in],
        "source": _source(found, site),
    }


def _found_to_be(one: FoundToBe | None) -> dict[str, Any] | None:
    """What a bank's line was found to be."""
    if one is None:
        return None
    return {
        "account": one.account,
        "day": one.day.isoformat(),
        "item": one.item or None,
        "amount": format_amount(one.amount),
        "how": one.how,
        "rule": one.rule or None,
    }


def _paid_out(one: PaidOut | None) -> dict[str, Any] | None:
    """What a vendor has sent to the bank, and the settlements by which the bank has shown it."""
    if one is None:
        return None
    return {
        "vendor": one.vendor,
        "day": one.day.isoformat(),
        "bank_text": one.bank_text,
        "reference": one.reference,
        "waiting": format_amount(one.waiting),
        "shown": [
            {"entry": shown.entry, "booked_on": shown.booked.isoformat(), "amount": format_amount(shown.amount)}
            for shown in one.shown
        ],
    }


def _asked(one: Asked) -> dict[str, Any]:
    """A collection; ``hub collections show`` tells all of it."""
    return {
        "id": one.id,
        "reference": one.reference,
        "channel": one.channel,
        "due_date": one.due_date.isoformat(),
        "amount": format_amount(one.amount),
        "delivery": one.delivery,
        "withdrawn": one.withdrawn_at is not None,
    }


def _use(use: Use) -> dict[str, Any]:
    return {
        "by_entry": use.act,
        "date": use.act_date.isoformat(),
        "money_of": use.payment,
        "money_of_kind": use.payment_kind,
        "charge": use.charge,
        "reference": use.reference,
        "due_date": use.due_date.isoformat(),
        "line": use.line,
        "charge_type": use.charge_type,
        "text": use.line_text or use.charge_text,
        "amount": format_amount(use.amount),
        "why": use.policy,
    }


def _charge(found: Explanation) -> dict[str, Any] | None:
    one = found.charge
    if one is None:
        return None
    return {
        "id": one.id,
        "kind": one.kind,
        "reference": one.reference,
        "due_date": one.due_date.isoformat(),
        "remaining": format_amount(one.remaining),
        "lines": [
            {
                "charge_type": line.charge_type,
                "text": line.text,
                "claim": line.claim,
                "amount": format_amount(line.amount),
                "remaining": format_amount(line.remaining),
            }
            for line in one.lines
        ],
    }


def _suspense(found: Explanation) -> dict[str, Any] | None:
    one = found.suspended
    return None if one is None else {**one._asdict(), "remaining": format_amount(one.remaining)}


def _story(story: Story | None) -> list[dict[str, Any]]:
    """What became of money that is or was in suspense, in order."""
    return [
        {
            "entry": one.entry,
            "kind": one.kind,
            "of": one.of,
            "date": one.value_date.isoformat(),
            "recorded_at": moment(one.recorded_at),
            "actor": one.actor,
            "amount": format_amount(one.amount),
            "tenancy": one.tenancy or None,
            "reason": one.reason or None,
            "found_to_be": _found_to_be(one.found_to_be),
        }
        for one in (story.steps if story else ())
    ]


def _other(one: Other | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "entry": one.entry,
        "kind": one.kind,
        "date": one.value_date.isoformat(),
        "amount": format_amount(one.amount),
        "recorded_at": moment(one.recorded_at),
        "actor": one.actor,
        "reason": one.reason or None,
        "note": one.note or None,
    }


def _source(found: Explanation, site: Site) -> dict[str, Any] | None:
    """``byte_offset`` is that of the record's first byte, counted from 0; ``record`` is its line, counted from 1.

    Where a file's records are no lines of it, ``record`` is its number and ``fields`` are what the plug-in shows of it.
    """
    from hub.reports.explain_source import is_xml, record_bytes
    from hub.transport.content import blob_path

    origin = found.origin
    if origin is None:
        return None
    blob = blob_path(site.content, origin.sha256)
    fields = _counted_fields(site, origin, blob) if is_xml(blob) else None
    at = None if origin.record is None or fields is not None else record_bytes(blob, origin.record)
    return {
        "entry": origin.entry,
        "date": origin.value_date.isoformat(),
        "vendor": origin.vendor,
        "file": origin.name,
        "file_id": origin.file_id,
        "sha256": origin.sha256,
        "record": origin.record,
        "stored": blob.exists(),
        "byte_offset": at.offset if at else None,
        "byte_length": at.length if at else None,
        "bytes": at.text if at else None,
        "fields": fields,
    }


def _counted_fields(site: Site, origin: Origin, blob: Path) -> list[dict[str, str]] | None:
    """What the instance shows of the record; None where its records are lines, empty where nobody can tell."""
    from hub.plugin import Mine
    from hub.vendors import Instance
    from hub.vendors.fault import VendorFault

    config, record = site.vendors.get(origin.vendor), origin.record
    if config is None or record is None:
        return []
    try:
        with Instance(origin.vendor, config, site.hub) as asked:
            told = asked.identify(blob, origin.name)
            if isinstance(told, Mine) and not asked.kinds[told.kind].counted:
                return None
            with closing(asked.show(blob, origin.name)) as shown:
                until = takewhile(lambda field: field.record <= record, shown)
                return [{"field": one.field, "text": one.raw} for one in until if one.record == record]
    except VendorFault:
        return []


def _tell(told: Sequence[str], document: dict[str, Any]) -> None:
    say(*told, "")
    said = {name: document[name] for name in _FACTS if document[name]}
    table(("", ""), [(name.replace("_", " "), value) for name, value in said.items()])
    charge = document["charge"]
    if charge is not None:
        say("", f"what it demands; open: {charge['remaining']}")
        table(_LINE_COLUMNS, [[line[column] for column in _LINE] for line in charge["lines"]])
    for title, name in (("what its money did", "paid"), ("what has paid it", "paid_by")):
        if document[name]:
            say("", title)
            table(_COLUMNS, [[row[column] for column in _USE] for row in document[name]])
    if document["story"]:
        say("", "the way of the money since it came to suspense")
        table(_STEP_COLUMNS, [[row[column] or "" for column in _STEP] for row in document["story"]])
    for name in ("points_at", "taken_back_by", "matched_by"):
        if one := document[name]:
            why = ", ".join(filter(None, (one["reason"], one["note"])))
            named = f"{one['kind']} {one['entry']} of {one['date']}, {one['amount']}, by {one['actor']}"
            say(f"{name.replace('_', ' ')}: {named}{f' ({why})' if why else ''}")
    for one in document["credited_by"]:
        say(f"credited by: entry {one['entry']} of {one['date']}, {one['amount']}, by {one['actor']}")
    for one in document["holdings"]:
        say(f"holding {one['holding']}: {one['amount']}")
    answered = [document["answers"]] if document["answers"] else []
    for title, collections in (("answers", answered), ("asked for by", document["asked_by"])):
        for one in collections:
            withdrawn = ", withdrawn" if one["withdrawn"] else ""
            say(f"{title}: collection {one['reference']} due {one['due_date']}, {one['amount']}{withdrawn}")
    for title, values in (("the bank says", document["bank"]), ("found to be", document["found_to_be"])):
        if values:
            parts = (f"{name.replace('_', ' ')} {value}" for name, value in values.items() if value)
            say(f"{title}: {', '.join(parts)}")
    source = document["source"]
    if source is not None:
        say(f"from: {source['file']} (file {source['file_id']}) of {source['vendor']}", f"sha256: {source['sha256']}")
        if source["entry"] != document["entry"]:
            say(f"there it is entry {source['entry']} of {source['date']}")
        if source["bytes"] is not None:
            place = f"{source['byte_length']} bytes from byte {source['byte_offset']} (the first is 0)"
            say(f"line {source['record']}, {place}:")
            say(source["bytes"])
        elif source["fields"]:
            say(f"record {source['record']}:")
            table(("", ""), [(one["field"], one["text"]) for one in source["fields"]])
        elif source["record"] is not None:
            say(f"record {source['record']}; {_WHY_NO_BYTES[source['stored']]}")


_FACTS = (
    *("entry", "kind", "document_type", "voucher", "text", "account", "tenancy", "name", "amount", "currency"),
    *("value_date", "posting_date", "recorded_at", "actor", "key", "credits", "reason", "note", "left", "moved_out"),
)
#: By whether the file is in the content store.
_WHY_NO_BYTES = {True: "it has no line of its own in the file", False: "its bytes are not in the content store"}
_USE = ("by_entry", "date", "money_of", "reference", "line", "charge_type", "text", "amount", "why")
_COLUMNS = (">by entry", "on", ">money of", "charge", ">line", "type", "text", ">amount", "why")
_LINE = ("charge_type", "text", "claim", "amount", "remaining")
_LINE_COLUMNS = ("type", "text", "is", ">amount", ">open")
_STEP = ("entry", "kind", "of", "date", "recorded_at", "actor", "amount", "tenancy", "reason")
_STEP_COLUMNS = (">entry", "kind", ">of", "on", "recorded", "by", ">amount", "tenancy", "reason")
