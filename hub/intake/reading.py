"""Two passes over a stored file's immutable bytes: check, which writes nothing, then book, in one transaction.

The check streams the whole file: structure, counts and totals (the plug-in's part), then whose every record is. The
booking locks what the check has found, streams again, skips what is held, and ends with the reading's own row. What
only the booking can see (a conflict, R5) rolls it back, holds that property too, and starts the pass again.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection

from hub.intake.announced import Announced
from hub.intake.bank_matching import LineMatcher
from hub.intake.booking import Booking, ChangedError, HeldError, net_of
from hub.intake.consumption import Period, Periods, period_unknown_at
from hub.intake.desks import KEPT, Desks, sorted_out
from hub.intake.garbage import collect_batch, rare_collections
from hub.intake.hub import Hub
from hub.intake.mandates import mandates_in
from hub.intake.matching import Matcher
from hub.intake.names import names_in, undated
from hub.intake.settled import settled_in
from hub.intake.slips import slips_in
from hub.intake.statements import statements_in
from hub.intake.witnessing import seen_in
from hub.plugin import BankStatement, PaymentSeen, Record, Remark
from hub.settings import parse_period
from hub.store import journal
from hub.store.bulk import ClashError
from hub.store.consumption.results import taken_from
from hub.store.ids import Ids
from hub.store.journal import FileRow
from hub.store.lookup import by_index
from hub.store.portfolio import lock_properties
from hub.store.results import LOUD, Counts, Result
from hub.vendors import Instance

#: How often a booking is begun anew before the file is quarantined.
BOOKING_ATTEMPTS_MAX = 3
#: Reasons kept of one reading; the rest is counted.
REASONS_MAX = 50
#: What is told beside money, and moves none.
_TOLD = (BankStatement, PaymentSeen)


@dataclass(frozen=True)
class Job:
    """One reading of one file, and who asked for it."""

    hub: Hub
    instance: Instance
    file: FileRow
    #: The accounting period of results without one: by option, else by config (R30).
    period: Period | None
    actor: str
    now: datetime

    def batches(self) -> Generator[list[Record]]:
        """The file's records from its first, a few thousand at a time. Raises Malformed, VendorFault.

        To be closed: an instance answers one question at a time.
        """
        done = 0
        path = self.hub.blob_path(self.file.sha256)
        options = {"period": "..".join(day.isoformat() for day in self.period)} if self.period else {}
        with closing(self.instance.read(path, self.file.name, self.file.kind or "", options=options)) as read:
            for batch in read:
                yield batch
                done += len(batch)
                self.hub.progress(self.file.name, done)


@dataclass
class Verdict:
    """What the check pass found; ``counts`` only holds what is held, kept, or would be read."""

    properties: set[int] = field(default_factory=set)
    #: scope -> why (see hub.intake.matching)
    held: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    records: int = 0
    #: Øre, signed net of all records.
    total: int = 0
    #: The first record whose period nobody knows (R30).
    period_unknown_at: int | None = None
    #: Whether it holds more than receipts and what is only kept: what books nothing waits for nobody's approval.
    is_to_approve: bool = False


class _DryRun(Exception):
    """Rolls a rehearsed booking back."""


def read_file(
    hub: Hub,
    instance: Instance,
    file: FileRow,
    *,
    approved: bool,
    period: Period | None,
    actor: str,
    now: datetime,
    dry_run: bool = False,
) -> Result:
    """Checks and books one file; what became of it is in the journal when this returns (unless ``dry_run``).

    Raises Malformed and VendorFault, with nothing booked and nothing written.
    """
    given = period or (parse_period(instance.config.period) if instance.config.period else None)
    job = Job(hub, instance, file, given, actor, now)
    verdict = _check(job)
    if verdict.period_unknown_at is not None:
        reason = (
            f"period unknown: record {verdict.period_unknown_at} carries no period, none was given, and its property "
            "has not just one open consumption account, or one that its last day is none of; ingest with --period "
            "FROM..TO, set period in "
            f"config/vendors/{instance.name}.toml, or open the account: hub consumption open (R30)"
        )
        return _without_booking(job, Result("quarantined", [reason], Counts(held=verdict.records)), dry_run)
    if instance.config.book == "after_approval" and verdict.is_to_approve and not approved:
        reasons = ["held for approval: this vendor instance books after a person's release (R8)", *_reasons(verdict)]
        return _without_booking(job, Result("held_for_approval", reasons, Counts(held=verdict.records)), dry_run)
    return _book(job, verdict, dry_run)


def _check(job: Job) -> Verdict:
    verdict = Verdict()
    with job.hub.db.read() as conn, closing(job.batches()) as batches:
        matcher = Matcher(conn, job.hub.site, job.instance.name, job.instance.config)
        line_matcher = LineMatcher(conn, job.hub.site, job.instance.name, job.instance.config, matcher)
        periods = Periods(conn, job.hub.site, job.period, taken_from(conn, job.file.id))
        announced = Announced(job.hub, job.instance, job.file, conn)
        for batch in batches:
            money, results, lines, others = sorted_out(batch)
            settled = settled_in(others)
            verdict.remarks.extend(record.text for record in others if isinstance(record, Remark))
            announced.look(batch, others)
            verdict.records += sum(not isinstance(record, Remark) for record in batch)
            verdict.total += sum(map(net_of, chain(money, results, lines, settled)))
            books_nothing = all(isinstance(record, (*KEPT, *_TOLD, Remark)) for record in others)
            verdict.is_to_approve |= bool(money or results or lines) or not books_nothing
            verdict.properties |= matcher.survey(money)
            verdict.properties |= line_matcher.survey(lines)
            matcher.settled(settled)
            accounts = {(one.account, one.currency) for one in statements_in(others)}
            for account in accounts | {(one.account, one.currency) for one in seen_in(others)}:
                matcher.companies.judged_account(*account)
            places = matcher.results(results)
            owners = (matcher.property_of(record) for record in results)
            verdict.properties.update(owner.id for owner in owners if owner is not None)
            verdict.properties |= matcher.survey_mandates(mandates_in(others))
            verdict.properties |= matcher.survey(slips_in(others))
            if verdict.period_unknown_at is None:
                unknown = period_unknown_at(matcher, periods, places)
                unknown_too = undated(names_in(others)) if job.period is None else iter(())
                verdict.period_unknown_at = next(unknown_too, None) if unknown is None else unknown
        verdict.held.update(matcher.troubles)
        verdict.remarks.extend(announced.differences())
    return verdict


def _book(job: Job, verdict: Verdict, dry_run: bool) -> Result:
    clash: Exception | None = None
    for _ in range(BOOKING_ATTEMPTS_MAX):
        result: Result | None = None
        try:
            with rare_collections, job.hub.db.write() as conn:
                if dry_run:
                    journal.add_rehearsed(conn, job.file)
                result = _book_once(job, verdict, conn)
                if dry_run:
                    raise _DryRun
            return result
        except _DryRun:
            assert result is not None
            return result
        except ChangedError as error:
            reasons = [f"partly booked before, and not read further: {error}"]
            result = Result("partly_booked", reasons, Counts(held=verdict.records))
            return _without_booking(job, result, dry_run)
        except HeldError as error:
            verdict.held = {**error.held, **verdict.held}
            clash = error
        except ClashError as error:
            # Another hub has booked one of these records meanwhile: the next pass finds it as a duplicate.
            clash = error
    reason = f"gave up after {BOOKING_ATTEMPTS_MAX} attempts to book; the last one failed: {clash}"
    result = Result("quarantined", [reason, *_reasons(verdict)], Counts(held=verdict.records))
    return _without_booking(job, result, dry_run)


def _book_once(job: Job, verdict: Verdict, conn: Connection) -> Result:
    by_index(conn)
    lock_properties(conn, verdict.properties)
    reading_id = Ids(conn).take("reading", 1)[0]
    booking = Booking(
        conn,
        job.hub.site,
        job.instance,
        reading_id=reading_id,
        file_id=job.file.id,
        sha256=job.file.sha256,
        held=verdict.held,
        actor=job.actor,
        now=job.now,
    )
    desks = Desks(booking, job.file.name, job.period)
    with closing(job.batches()) as batches:
        for batch in batches:
            desks.take(sorted_out(batch))
            booking.write_outcomes()
            collect_batch()
    desks.finish()
    booking.write_outcomes()
    booking.write_rule_uses()
    result = _result(booking, verdict)
    _finish(job, conn, reading_id, result)
    booking.books.close()
    return result


def _result(booking: Booking, verdict: Verdict) -> Result:
    tally, counts = booking.tally, booking.tally.counts
    reasons = [*_reasons(verdict), *tally.notes]
    result = Result("booked", reasons, counts, tally.amount, tally.currency, verdict.total + tally.beside)
    entered = counts.booked + counts.unmatched
    if counts.held:
        some = entered or counts.failed or counts.duplicate or booking.is_resumed or tally.changed_mandates
        some = some or tally.named_documents or tally.took_in or tally.witnessed
        result.state = "partly_booked" if some else "quarantined"
    elif counts.duplicate and not entered and not tally.witnessed and not booking.is_resumed:
        result.state = "duplicate"
        reasons.insert(
            0, f"duplicate: {counts.duplicate} records were booked before, from another file; nothing is new"
        )
    elif counts.duplicate and not booking.is_resumed:
        reasons.append(
            f"{counts.duplicate} of {counts.read} records were booked before, from another file: see the list"
        )
    reasons.sort(key=lambda reason: not reason.startswith(LOUD))
    if len(reasons) > REASONS_MAX:
        result.reasons = [*reasons[:REASONS_MAX], f"and {len(reasons) - REASONS_MAX} more reasons of these kinds"]
    return result


def _without_booking(job: Job, result: Result, dry_run: bool) -> Result:
    if not dry_run:
        with job.hub.db.write() as conn:
            _finish(job, conn, Ids(conn).take("reading", 1)[0], result)
    return result


def _finish(job: Job, conn: Connection, reading_id: int, result: Result) -> None:
    journal.finish_reading(
        conn,
        reading_id,
        job.file.id,
        result,
        vendor=job.instance.name,
        plugin_version=job.instance.plugin_version,
        actor=job.actor,
        started_at=job.now,
        finished_at=job.hub.clock(),
    )


def _reasons(verdict: Verdict) -> list[str]:
    return [*(f"{scope} is held: {why}" for scope, why in sorted(verdict.held.items())), *verdict.remarks]
