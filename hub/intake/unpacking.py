"""A zip is taken apart: each member goes the way of a file that was dropped where the zip lay, one after the other.

An encrypted file goes the same way, as a zip with one member; what is said of zips here is said of both.

The zip's own state says what became of them. A member's bytes are in the content store before anybody hears of it; a
pass over a zip that is cut short goes on with the next member.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.intake import claims
from hub.intake.envelopes import CALLED, EnvelopeError, Inside, opened
from hub.intake.filing import file_away
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.intake.placing import StillBeingReadError
from hub.store import journal, members, owners
from hub.store.ids import Ids
from hub.store.journal import Arrival, FileRow
from hub.store.members import ZIP, Taken
from hub.store.results import Counts, Result
from hub.transport.archives import Limits, MemberError
from hub.transport.content import keep

#: Takes a claim the whole way (hub.intake.steps.finish).
Finish = Callable[[Hub, Arrival, str], FileOutcome | None]
#: Reasons kept of one reading; the rest is counted.
REASONS_MAX = 50
#: Nothing more is to be done about a member in one of these.
_DONE = ("booked", "duplicate", "ignored", "reversed")


@dataclass(frozen=True)
class _Pass:
    """One pass over one zip."""

    hub: Hub
    zipped: FileRow
    ours: Arrival
    actor: str
    finish: Finish

    def over(self, insides: Sequence[Inside]) -> list[tuple[int, str]]:
        """What was not taken out: 1-based position, name and reason."""
        with self.hub.db.read() as conn:
            left = {claim.name: claim for claim in members.open_claims(conn, self.zipped.id)}
            dealt_with = members.dealt_with(conn, self.zipped.id) - left.keys()
            taken = {one.name: one for one in members.taken(conn, self.zipped.id)}
            above = _sha256_above(conn, self.zipped)
        refused: list[tuple[int, str]] = []
        for position, member in enumerate(insides, start=1):
            if member.name in dealt_with or _is_done(taken.get(member.name)):
                continue
            try:
                if member.name in left:
                    self._go_on(left[member.name])
                else:
                    self._take(member, above)
            except MemberError as error:
                refused.append((position, f"{member.name}: {error}"))
            self.hub.progress(self.zipped.name, position)
        return refused

    def _take(self, member: Inside, above: set[str]) -> None:
        """Raises MemberError."""
        hub, now = self.hub, self.hub.clock()
        stored = keep(member.unpack(), hub.content, part=f"{self.ours.id}-member")
        if stored.sha256 in above:
            raise MemberError("it is the zip itself")
        with hub.db.write() as conn:
            claim = members.claim(
                conn,
                self.ours,
                self.zipped.id,
                name=member.name,
                sha256=stored.sha256,
                size=stored.size,
                owner=owners.own_name(),
                lease_until=claims.lease_end(hub),
                now=now,
                actor=self.actor,
                facts=member.facts,
            )
        self._finish(claim)

    def _go_on(self, left: Arrival) -> None:
        """With a claim that a hub left in the middle. Raises MemberError."""
        claim = claims.take_over(self.hub, left, self.actor)
        if claim is None:
            raise MemberError("another hub works on it")
        self._finish(claim)

    def _finish(self, claim: Arrival) -> None:
        """Raises MemberError where the same bytes are being read at this moment: nobody waits for that here."""
        try:
            self.finish(self.hub, claim, self.actor)
        except StillBeingReadError as busy:
            with self.hub.db.write() as conn:
                journal.close_claim(conn, claim.id, self.hub.clock())
            raise MemberError(f"{busy}; when that is done: hub files retry {self.zipped.id}") from busy


def unpack(hub: Hub, zipped: FileRow, ours: Arrival, actor: str, finish: Finish) -> FileRow:
    """Takes the zip apart, to the end of each member's way; afterwards it has a state."""
    now = hub.clock()
    refused: list[tuple[int, str]] = []
    why = ""
    try:
        with opened(hub, zipped, _limits(hub, zipped)) as insides:
            refused = _Pass(hub, zipped, ours, actor, finish).over(insides)
    except EnvelopeError as error:
        why = str(error)
    with hub.db.write() as conn:
        result = result_of(members.taken(conn, zipped.id), [reason for _, reason in refused], why, kind=zipped.kind)
        _end(conn, hub, zipped, result, refused, actor, now)
        read = journal.get_file(conn, zipped.id)
    assert read is not None
    return read


def tell_zips(hub: Hub, member: FileRow, actor: str) -> None:
    """Something became of a member: the zips that it came in, and those around them, say so. May be done twice.

    One that is being taken apart at this moment says it at its end.
    """
    with hub.db.read() as conn:
        zips = members.zips_of(conn, member.id)
    for zip_id in zips:
        with hub.db.write() as conn:
            told = _told_anew(conn, hub, zip_id, actor)
            zipped = journal.get_file(conn, zip_id)
        if told is not None:
            changed, result = told
            filed_at = file_away(hub, changed, result, None, hub.clock())
            with hub.db.write() as conn:
                journal.set_filed(conn, zip_id, filed_at)
        assert zipped is not None
        # Also where it says what it said: a hub may have ended between a zip and the one around it.
        tell_zips(hub, zipped, actor)


def too_deep(kind: str | None, depth: int, deepest: int) -> str:
    """Why it is not taken apart; ``depth`` zips and encrypted files are around it."""
    called = CALLED[kind or ZIP]
    within = f"{called}: {depth} deep within others, intake.zip_depth_max allows {deepest}"
    return f"{within}. take it out by hand, and drop what was in it"


def limits_of(hub: Hub) -> Limits:
    intake = hub.site.hub.intake
    return Limits(
        intake.zip_members_max,
        min(intake.zip_member_bytes_max, intake.file_bytes_max),
        intake.zip_bytes_max,
        intake.zip_ratio_max,
    )


def result_of(taken: list[Taken], refused: list[str], why: str = "", *, kind: str | None) -> Result:
    """The zip's state by its members': booked when all are; what is not is named. ``why`` it could not be opened."""
    called = CALLED[kind or ZIP]
    states = Counter[str](one.state or "being read" for one in taken)
    done = sum(states[state] for state in _DONE)
    total = len(taken) + len(refused)
    parts = [f"{count} {state.replace('_', ' ')}" for state, count in states.items()]
    parts += [f"{len(refused)} not taken out"] if refused else []
    reasons = [why] if why else []
    reasons += (
        [f"{total} in the {called}: {', '.join(parts)}"] if total else ([] if why else [f"{called}: nothing is in it"])
    )
    reasons += refused
    reasons += [_told(one) for one in taken if one.state not in _DONE]
    if len(reasons) > REASONS_MAX:
        reasons = [*reasons[:REASONS_MAX], f"and {len(reasons) - REASONS_MAX} more, see: hub files"]
    result = Result("booked", reasons, Counts(kept=done, held=total - done))
    if why or done < total or not total:
        waits = states["partly_booked"] + states["held_for_approval"] + states["being read"]
        result.state = "partly_booked" if done or waits else "quarantined"
    elif states["duplicate"] == total:
        result.state = "duplicate"
    return result


def _told(one: Taken) -> str:
    """A member of a rehearsal is no file yet."""
    became = f"{one.name}: {(one.state or 'being read').replace('_', ' ')}"
    return f"{became}, see file {one.file_id}" if one.file_id else became


def _told_anew(conn: Connection, hub: Hub, zip_id: int, actor: str) -> tuple[FileRow, Result] | None:
    zipped = journal.get_file(conn, zip_id)
    assert zipped is not None
    journal.lock_blob(conn, zipped.sha256)
    if zipped.state in (None, "ignored", "reversed") or journal.open_claim_on(conn, zip_id) is not None:
        return None
    refused = members.refused(conn, zip_id)
    result = result_of(members.taken(conn, zip_id), [reason for _, reason in refused], kind=zipped.kind)
    before = journal.last_reading(conn, zip_id).result
    if (before.state, before.reasons) == (result.state, result.reasons) and zipped.filed_at is not None:
        return None
    _end(conn, hub, zipped, result, refused, actor, hub.clock())
    return zipped._replace(state=result.state), result


def _end(
    conn: Connection,
    hub: Hub,
    zipped: FileRow,
    result: Result,
    refused: list[tuple[int, str]],
    actor: str,
    started_at: datetime,
) -> None:
    reading_id = Ids(conn).take("reading", 1)[0]
    members.note_refused(conn, reading_id, refused)
    journal.finish_reading(
        conn,
        reading_id,
        zipped.id,
        result,
        vendor=None,
        plugin_version=None,
        actor=actor,
        started_at=started_at,
        finished_at=hub.clock(),
    )


def _limits(hub: Hub, zipped: FileRow) -> Limits:
    """What is left to this zip of its outermost one's limits. Raises EnvelopeError where it lies too deep."""
    limits = limits_of(hub)
    with hub.db.read() as conn:
        above = _above(conn, zipped.id)
        if not above:
            return limits
        deepest = hub.site.hub.intake.zip_depth_max
        if len(above) > deepest:
            raise EnvelopeError(too_deep(zipped.kind, len(above), deepest))
        held = members.held(conn, above[-1])
        own = members.held(conn, zipped.id)
    return limits._replace(
        members=max(0, limits.members - held.members + own.members),
        bytes=max(0, limits.bytes - held.bytes + own.bytes),
    )


def _above(conn: Connection, file_id: int) -> list[int]:
    """The zips that this one was taken out of, the outermost last."""
    found: list[int] = []
    parent = members.parent_of(conn, file_id)
    while parent is not None and parent not in found:
        found.append(parent)
        parent = members.parent_of(conn, parent)
    return found


def _sha256_above(conn: Connection, zipped: FileRow) -> set[str]:
    above = [journal.get_file(conn, id_) for id_ in _above(conn, zipped.id)]
    return {zipped.sha256, *(one.sha256 for one in above if one is not None)}


def _is_done(taken: Taken | None) -> bool:
    """What waits for a person's release waits on."""
    return taken is not None and not taken.dropped and taken.state in (*_DONE, "held_for_approval")
