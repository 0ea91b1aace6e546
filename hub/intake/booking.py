"""The second pass in its transaction: what is held, what is new, what came before, what becomes of each record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection

from hub.errors import HubError
from hub.intake.continuity import Part
from hub.intake.matching import Matched, Matcher, MoneyRecord, R, SettledRecord
from hub.intake.tally import Tally
from hub.ledger import chain
from hub.money import format_amount
from hub.plugin import (
    BankLine,
    BankStatement,
    Chargeback,
    ConsumptionResult,
    DeliveryReceipt,
    DocumentNamed,
    Fee,
    Kept,
    MandateChange,
    Payment,
    PaymentFailed,
    PaymentSeen,
    Payout,
    SlipIssued,
)
from hub.settings import Site
from hub.store import bulk
from hub.store.books import Books
from hub.store.consumption.results import taken_from
from hub.store.keys import Earlier, KeyBook, booked_records
from hub.store.tables import match_rule, outcome
from hub.vendors import Instance

_DAY = timedelta(days=1)


class HeldError(Exception):
    """Something found only while booking holds a scope: the pass must begin anew without it.

    ``others`` are more of these, with the reason.
    """

    def __init__(self, scope: str, reason: str, others: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{scope}: {reason}")
        self.held = {scope: reason, **(others or {})}


class ChangedError(HubError):
    """A record that an earlier reading of this file has booked is now something else: settings have changed since."""


class Booking:
    """One reading's booking. ``held`` are the scopes to skip, with the reason."""

    def __init__(
        self,
        conn: Connection,
        site: Site,
        instance: Instance,
        *,
        reading_id: int,
        file_id: int,
        sha256: str,
        held: Mapping[str, str],
        actor: str,
        now: datetime,
    ) -> None:
        self.conn = conn
        self.site = site
        self.vendor = instance.name
        self.config = instance.config
        self.file_id = file_id
        self.plugin = instance.plugin
        self.reading_id = reading_id
        self.actor = actor
        self.now = now
        self.tally = Tally()
        #: Payments that remembered matches have found a tenancy for, by rule.
        self.rule_uses: Counter[int] = Counter()
        #: The business date of this booking, in the company's zone.
        self.today = now.astimezone(site.zone).date()
        self.books = Books(
            conn,
            recorded_at=now,
            actor=actor,
            terms_of=site.terms_of,
            reading_id=reading_id,
            source=sha256,
        )
        self.matcher = Matcher(conn, site, instance.name, instance.config)
        self._held = held
        self._keys = KeyBook(conn, reading_id)
        #: What an earlier reading of this file has entered: no record of a file is ever entered twice (R4).
        self._entered = booked_records(conn, file_id)
        #: The consumption account that each result of it was put into by an earlier reading, by record.
        self.taken_before = taken_from(conn, file_id)
        self._open_from: dict[str, str] = {}
        self._outcomes: list[bulk.Row] = []

    def free(self, matched: Sequence[Matched[R]]) -> Sequence[Matched[R]]:
        """What no scope holds; the rest becomes an outcome. Raises HeldError for trouble that the check did not see."""
        self.refuse_new_trouble()
        if not self._held:
            return matched
        free: list[Matched[R]] = []
        for place in matched:
            reason = self.held_because(place.scopes)
            if not reason:
                free.append(place)
            else:
                self.tally.counts.held += 1
                self.note_outcome(place, "held", reason)
        return free

    def refuse_new_trouble(self) -> None:
        """Raises HeldError for trouble that the check did not see."""
        for troubled, reason in self.matcher.troubles.items():
            if troubled not in self._held:
                raise HeldError(troubled, reason)

    def held_because(self, scopes: Sequence[str]) -> str:
        """The first of these scopes that is held, and why; "" = none is."""
        return next((f"{scope}: {self._held[scope]}" for scope in scopes if scope in self._held), "")

    def new(
        self, free: Sequence[Matched[R]], keys: Sequence[str], part: Part | None = None
    ) -> list[tuple[Matched[R], str]]:
        """Those not booked before, with their full keys; all of one ``part`` of the file, None = it has no parts.

        Raises HeldError on the same key with another amount (R5), ChangedError on a record that this file has entered
        before under another key.
        """
        judged = self._keys.judge(keys, part)
        if not judged.earlier and not self.is_resumed:
            return list(zip(free, judged.keys, strict=True))
        new: list[tuple[Matched[R], str]] = []
        for at, (place, full) in enumerate(zip(free, judged.keys, strict=True)):
            if at in judged.earlier:
                self._repeat(place, keys[at], full, judged.earlier[at], part)
            else:
                self.refuse_entered(place.record.record, full)
                new.append((place, full))
        return new

    def refuse_entered(self, record: int, key: str) -> None:
        """Raises ChangedError for a record that an earlier reading has entered; ``key`` is what it would be now."""
        if record in self._entered or record in self.taken_before:
            raise ChangedError(
                f"was booked from this file before, and would now be {key}",
                where=f"record {record}",
                why="the period or another setting of the vendor instance has changed since",
                do="read the file again with the settings of its first reading",
            )

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier reading of this file has booked some of it, or taken it in."""
        return bool(self._entered or self.taken_before)

    def first_open_day(self, company_number: str) -> str:
        """The first day that may be posted to (R22), as ISO text; "" when every day may."""
        if company_number not in self._open_from:
            closed = self.site.company(company_number).books_closed_through
            self._open_from[company_number] = (closed + _DAY).isoformat() if closed else ""
        return self._open_from[company_number]

    def note_outcome(self, place: Matched[R], what: str, reason: str, key: str | None = None) -> None:
        """What becomes of a record that makes no entry, with what a person needs to find it again."""
        record = place.record
        tenancy = None if place.tenancy is None else place.tenancy.key
        reference = None if isinstance(record, ConsumptionResult) else record.reference
        row = (self.reading_id, record.record, what, reason, key, tenancy, record.amount, reference, net_of(record))
        self._outcomes.append(row)

    def note_result(self, record: int, what: str, reason: str, tenancy: str, ore: int) -> None:
        """What becomes of a result that makes no entry; ``ore`` as the file says it."""
        self._outcomes.append((self.reading_id, record, what, reason, None, tenancy, ore, None, ore))

    def note_kept(
        self,
        record: Kept | MandateChange | SlipIssued | DeliveryReceipt | BankStatement,
        more: str = "",
        tenancy: str | None = None,
    ) -> None:
        """Understood, and nothing to book. ``more`` is what came of it, ``tenancy`` the key of whom it is about."""
        self.tally.counts.kept += 1
        self._note(record.record, "kept", f"{record.text}: {more}" if more else record.text, tenancy)

    def note_seen(self, record: MoneyRecord | PaymentSeen, reason: str, key: str, *, before: bool) -> None:
        """A payment that another source books (R17). ``before``: another file of ours has told of it already."""
        if before:
            self.tally.counts.duplicate += 1
        else:
            self.tally.counts.kept += 1
        reference = record.servicer_reference if isinstance(record, PaymentSeen) else record.reference
        what = "duplicate" if before else "seen"
        row = (self.reading_id, record.record, what, reason, key, None, record.amount, reference, net_of(record))
        self._outcomes.append(row)

    def shown(self, keys: Sequence[str]) -> Mapping[str, int]:
        """How often earlier batches of this reading have noted records under these keys."""
        return self._keys.shown(keys)

    def note_held(
        self, record: MandateChange | SlipIssued | PaymentSeen | BankStatement, reason: str, tenancy: str | None = None
    ) -> None:
        self.tally.counts.held += 1
        self._note(record.record, "held", reason, tenancy)

    def note_named(self, record: DocumentNamed, text: str, tenancy: str | None, *, held: bool) -> None:
        """A line of an index file: kept, or held because it says nobody whom we know."""
        if held:
            self.tally.counts.held += 1
        else:
            self.tally.counts.kept += 1
        self._note(record.record, "held" if held else "kept", text, tenancy)

    def _note(self, record: int, what: str, reason: str, tenancy: str | None) -> None:
        self._outcomes.append((self.reading_id, record, what, reason, None, tenancy, None, None, 0))

    def write_rule_uses(self) -> None:
        """At the end."""
        bulk.add_amounts(self.conn, match_rule.c.uses, self.rule_uses)

    def write_outcomes(self) -> None:
        """At the end of each batch: the next one asks the database what this file has shown so far."""
        bulk.insert_rows(self.conn, outcome, self._outcomes)
        self._outcomes.clear()

    def _repeat(self, place: Matched[R], key: str, full: str, earlier: Earlier, part: Part | None) -> None:
        record, reason = place.record, f"booked before as {full}"
        if given(record.amount) != earlier.input_hash:
            raise HeldError(
                place.scopes[-1],
                f"conflict: record {record.record} says {format_amount(record.amount)}, but {full} was booked "
                "before with another amount; ask the vendor which holds (R5)",
            )
        if part is not None and part.is_doubtful(earlier):
            reason = f"it may be money of its own (R17): a line alike was {reason}, entry {earlier.entry_id}"
            self.tally.counts.held += 1
            self.note_outcome(place, "held", reason, key)
            self.tally.doubted.append(f"record {record.record}, {format_amount(record.amount)}: {reason}")
            return
        self.tally.counts.duplicate += 1
        self.note_outcome(place, "duplicate", reason, key)


#: What a payout moves is the company's own money, and was received before; a second witness moves none.
_SIGNS: Mapping[type, int] = {
    Payment: 1,
    PaymentFailed: 0,
    Chargeback: -1,
    ConsumptionResult: 1,
    Fee: -1,
    Payout: 0,
    BankLine: 1,
    PaymentSeen: 0,
}


def net_of(record: MoneyRecord | ConsumptionResult | SettledRecord | BankLine | PaymentSeen) -> int:
    """Øre that a record adds to its file's net (R19): money received, or what a result makes the tenant pay."""
    return record.amount * _SIGNS[type(record)]


@lru_cache(maxsize=8192)
def given(amount: int) -> bytes:
    """What of a record must be equal under an equal key: all else of it is in the key (R5)."""
    return chain.input_hash(amount)
