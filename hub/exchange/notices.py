"""Telling people what needs them: once each, all that has come up in one message, by mail and by a command.

What is told is what is open at that moment, as the books say. A message that could not be told is told later, and what
was dealt with meanwhile is no longer in it. Names of files and vendors and reasons are in it: no payer, no amount.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog
from sqlalchemy import Connection

from hub.errors import HubError
from hub.exchange import expected
from hub.outbox.by_mail import new_message, server_of
from hub.outbox.settling import OWED_NO_LONGER
from hub.settings import Site
from hub.store.database import Database
from hub.store.exchange import notices, rounds, troubles
from hub.store.exchange.notices import Matter, Notice
from hub.store.exchange.rounds import Round
from hub.store.exchange.troubles import TroubledDispatch, TroubledFile
from hub.transport import mail
from hub.transport.backoff import pause_after

log = structlog.get_logger()

Way: TypeAlias = Callable[[Site, Sequence[Notice], datetime], None]
#: What nobody can close, as a vendor's refusal, is news for so long: those of last year are not told when notices are
#: turned on.
_NEWS = timedelta(days=7)
#: Told one by one in a mail; the rest is counted. A command gets all.
_LINES_MAX = 200
_TEXT_CHARACTERS, _REASON_CHARACTERS = 500, 80
#: Whose rounds those are that tell.
_NOBODY = ""


class NotToldError(HubError):
    """There is something to tell, and it could be told in no way."""


class CommandError(HubError):
    """The command that notices are given to did not take them."""


def tell(db: Database, site: Site, *, now: datetime, actor: str, by_hand: bool = False) -> int:
    """Tells what is open and was not told yet; gives how many things that were.

    None where nothing is new, nobody is to be told, another hub is at it, or the last try has failed and it is not yet
    time for the next: ``by_hand`` does not wait. What one way has told is told; that another has failed is then told by
    the one that works. Killed in the middle, it is told again, in a mail with the same Message-ID. Raises NotToldError.
    """
    ways = _ways(site)
    if not ways:
        return 0
    with db.read() as conn:
        matters = open_matters(conn, site, now)
        if not notices.untold(conn) and not notices.new_of(conn, matters):
            return 0
    with db.write() as conn:
        rounds.lock(conn, _NOBODY, "tell")
        untold = notices.keep(conn, matters, now)
        if not untold or (not by_hand and _is_too_soon(conn, site, now)):
            return 0
        round_ = rounds.begin(conn, _NOBODY, "tell", "", now)
    faults = _told(site, untold, now, ways)
    through = len(ways) - len(faults)
    text = "; ".join([f"{len(untold)} notices", *(f"not by {way}: {fault}" for way, fault in faults.items())])
    with db.write() as conn:
        rounds.end(conn, round_, "done" if through else "failed", text, len(untold), through, len(faults), now)
        if through:
            notices.set_told(conn, [one.id for one in untold], now)
    if not through:
        raise NotToldError(f"nobody could be told of {len(untold)} things: {text}", do="see: hub exchange")
    for way, fault in faults.items():
        log.error("people are not told this way", way=way, error=fault)
    log.info("told", notices=len(untold), ways=sorted(ways.keys() - faults.keys()), actor=actor)
    return len(untold)


def last_telling(conn: Connection) -> Round | None:
    """The last try to tell people; its ``refused`` are the ways that failed."""
    return rounds.last(conn, _NOBODY, "tell")


def not_told(site: Site) -> Sequence[str]:
    """Why nobody is told though the settings say so: a sentence each (R38)."""
    wanted = site.hub.notices.mail_to
    if wanted and site.hub.mail is None:
        return ("notices are not mailed: config/hub.toml has no [mail], so no server is confirmed (R38)",)
    confirmed = _confirmed(site)
    return tuple(
        f"no notices are mailed to {address}, who is not confirmed in config/hub.toml, mail.confirmed (R38)"
        for address in wanted
        if address not in confirmed
    )


def open_matters(conn: Connection, site: Site, now: datetime) -> list[Matter]:
    """All that needs a person now, told or not."""
    return [matter._replace(text=_one_line(matter.text)) for matter in _found(conn, site, now)]


def _found(conn: Connection, site: Site, now: datetime) -> Iterator[Matter]:
    yield from map(_of_file, troubles.troubled_files(conn))
    for loud in troubles.loud_files(conn, now - _NEWS):
        # Not the reason itself: it may say how much.
        of = f" of {loud.vendor}" if loud.vendor else ""
        text = f"file {loud.name}{of} is booked, and there is something to look into; see: hub files show {loud.id}"
        yield Matter(f"file:{loud.id}:attention", "attention", loud.vendor, text)
    yield from map(_of_dispatch, troubles.troubled_dispatches(conn))
    for refused in troubles.refused_deliveries(conn, now - _NEWS):
        text = f"{refused.vendor} refuses {refused.name}; see: hub deliveries show {refused.id}"
        yield Matter(f"delivery:{refused.id}:refused", "refused", refused.vendor, text)
    for left in troubles.left_there(conn):
        said = "is not fetched" if left.arrival_id is None else "was fetched, and cannot be removed there"
        text = f"{left.name} on the server of {left.vendor} ({left.folder}) {said}: {left.refusal}"
        yield Matter(f"fetched:{left.id}", "left there", left.vendor, text)
    yield from _of_rounds(conn, site, now)
    for missing in expected.missing(conn, site, now):
        by = f"{missing.expected_by.astimezone(site.zone):%Y-%m-%dT%H:%M}"
        yield Matter(f"missing:{missing.vendor}:{by}", "missing", missing.vendor, missing.text)


def _of_file(one: TroubledFile) -> Matter:
    # The word before the colon alone: what follows may repeat what stands in the file.
    codes = [code for code, colon, _ in (reason.partition(":") for reason in one.reasons) if colon]
    why = ", ".join(code for code in codes if len(code) <= _REASON_CHARACTERS)
    said = {
        "quarantined": "is in quarantine",
        "partly_booked": f"is booked in part, {one.held} records are held",
        "held_for_approval": "waits for a release (R8)",
    }[one.state]
    kind = "quarantined" if one.state == "quarantined" else "held"
    of = f" of {one.vendor}" if one.vendor else ""
    text = f"file {one.name}{of} {said}{f' ({why})' if why else ''}; see: hub files show {one.id}"
    return Matter(f"file:{one.id}:{one.state}", kind, one.vendor, text)


def _of_dispatch(one: TroubledDispatch) -> Matter:
    # Who owes how much is nobody's business here.
    why = OWED_NO_LONGER if OWED_NO_LONGER in one.text else one.text
    said = "nobody knows whether it was sent" if one.state == "uncertain" else "it is not sent"
    text = f"{one.name} to {one.vendor} ({one.target}): {said}: {why}; see: hub outbox show {one.id}"
    return Matter(f"dispatch:{one.id}:{one.state}:{one.event}", one.state, one.vendor, text)


def _of_rounds(conn: Connection, site: Site, now: datetime) -> Iterator[Matter]:
    last_told = last_telling(conn)
    if last_told is not None and last_told.refused and last_told.result == "done":
        day = now.astimezone(site.zone).date()
        yield Matter(f"telling:{day}", "not told", "", f"notices do not reach everybody: {last_told.text}")
    for one in rounds.last_rounds(conn):
        # What a push could not send is a dispatch that is stopped.
        if one.what == "pull" and one.result == "stopped":
            text = f"nothing is fetched from {one.vendor} until somebody mends this: {one.text}"
            yield Matter(f"round:{one.id}:stopped", "stopped", one.vendor, text)
    longest = timedelta(seconds=site.hub.exchange.retry_seconds_max)
    for late in troubles.delayed_dispatches(conn, now - longest):
        made = f"made {late.made_at.astimezone(site.zone):%Y-%m-%d %H:%M}, tried {late.attempts} times"
        text = f"{late.name} to {late.vendor} ({late.target}) is not sent yet: {made}; see: hub outbox show {late.id}"
        yield Matter(f"dispatch:{late.id}:delayed", "failing", late.vendor, text)
    for failing in troubles.failing(conn):
        if failing.vendor in site.vendors and now - failing.since >= longest:
            since = f"{failing.since.astimezone(site.zone):%Y-%m-%d %H:%M}"
            text = f"nothing could be fetched from {failing.vendor} since {since}: {failing.text}"
            yield Matter(f"round:{failing.first}:failing", "failing", failing.vendor, text)


def _is_too_soon(conn: Connection, site: Site, now: datetime) -> bool:
    last = last_telling(conn)
    if last is None:
        return False
    if last.result is None:
        return now < last.started_at + _longest(site)
    failures = rounds.failures_in_a_row(conn, _NOBODY, "tell")
    if not failures:
        return False
    exchange = site.hub.exchange
    first, longest = exchange.retry_seconds_first, exchange.retry_seconds_max
    return now < last.started_at + pause_after(failures, first_seconds=first, longest_seconds=longest)


def _longest(site: Site) -> timedelta:
    """Whoever has not told by then was killed over it."""
    seconds = site.hub.notices.command_seconds_max
    if site.hub.mail is not None:
        answers = mail.answers_max(len(site.hub.notices.mail_to), 0)
        seconds += site.hub.mail.connect_seconds + answers * site.hub.mail.answer_seconds
    return timedelta(seconds=seconds)


def _ways(site: Site) -> Mapping[str, Way]:
    ways: dict[str, Way] = {}
    if _confirmed(site):
        ways["mail"] = _mail
    if site.hub.notices.command:
        ways["command"] = _command
    return ways


def _confirmed(site: Site) -> list[str]:
    """Who is told by mail: what is not confirmed gets nothing (R38)."""
    if site.hub.mail is None:
        return []
    confirmed = {address.casefold() for address in site.hub.mail.confirmed}
    return [address for address in site.hub.notices.mail_to if address.casefold() in confirmed]


def _told(site: Site, untold: Sequence[Notice], now: datetime, ways: Mapping[str, Way]) -> dict[str, str]:
    """The ways that failed, and why."""
    faults = {}
    for name, way in ways.items():
        try:
            way(site, untold, now)
        except HubError as fault:
            faults[name] = str(fault)
    return faults


def _mail(site: Site, untold: Sequence[Notice], now: datetime) -> None:
    """Raises PassingFault, LastingFault, UnsureFault, and HubError where the password is not kept."""
    section = site.hub.mail
    assert section is not None
    # Of the same things the same mail: one that is told twice is known by it.
    digest = hashlib.sha256("\n".join(one.about for one in untold).encode()).hexdigest()[:32]
    many = "1 thing needs" if len(untold) == 1 else f"{len(untold)} things need"
    lines = [f"- {one.text}" for one in untold[:_LINES_MAX]]
    if len(untold) > _LINES_MAX:
        lines.append(f"and {len(untold) - _LINES_MAX} more")
    message = new_message(
        section,
        _confirmed(site),
        f"<notices-{digest}@{section.sender.rpartition('@')[2]}>",
        subject=f"{site.hub.site.name}: {many} a person",
        text="\n".join([*lines, "", "Each is told once. See: hub exchange, hub files, hub outbox"]) + "\n",
        at=now.astimezone(site.zone),
    )
    with mail.connected(server_of(site, section)) as session:
        session.send(message, before_final=lambda: None)


def _command(site: Site, untold: Sequence[Notice], now: datetime) -> None:
    """Raises CommandError."""
    told = [{**one._asdict(), "at": one.at.isoformat()} for one in untold]
    document = {"site": site.hub.site.name, "told_at": now.isoformat(), "notices": told}
    given = site.hub.notices
    # Not its arguments: a secret may be among them.
    where, do = f"config/hub.toml, notices.command: {given.command[0]}", "try it by hand: hub exchange tell"
    try:
        # A group of its own, so that what it starts ends with it.
        process = subprocess.Popen(
            given.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=site.root, start_new_session=True
        )
    except OSError as error:
        raise CommandError(f"cannot be started: {error.strerror or error}", where=where, do=do) from error
    with process:
        try:
            process.communicate(json.dumps(document, ensure_ascii=False).encode(), given.command_seconds_max)
        except subprocess.TimeoutExpired as error:
            raise CommandError(f"has not ended after {given.command_seconds_max:g} seconds", where=where) from error
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise CommandError(f"ended with status {process.returncode}", where=where, do=do)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_TEXT_CHARACTERS]
