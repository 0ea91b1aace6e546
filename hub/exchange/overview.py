"""What a person asks of the exchange: when it was last, when it is next, what came of it, what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.exchange import expected, schedule
from hub.exchange.expected import Missing
from hub.outbox import sending
from hub.outbox.channels import Channel, channels_of, not_mailed
from hub.settings import Site
from hub.settings.exchange import parse_expectation
from hub.store.exchange import rounds, totals
from hub.store.exchange.dispatches import ChannelName
from hub.store.exchange.rounds import Round
from hub.store.exchange.states import STATES, DispatchState


@dataclass(frozen=True)
class Pulled:
    """What is fetched. ``next_at`` None = nothing is, until a person mends what stopped it."""

    #: ``sftp://user@host:port``
    server: str
    last: Round | None
    next_at: datetime | None
    #: Files that were fetched and are to be removed there, once they are dealt with here; 0 where they are left. Those
    #: in folders that are no longer looked into are nobody's to remove.
    uncleared: int


@dataclass(frozen=True)
class PushedBy:
    """One way of what is sent."""

    channel: ChannelName
    #: ``sftp://user@host:port/folder``, ``mailto:address``, a folder.
    target: str
    last: Round | None


@dataclass(frozen=True)
class Pushed:
    """What is sent. ``next_at`` None = nothing waits."""

    #: All ways that the settings have, in the order sftp, folder, mail.
    channels: tuple[PushedBy, ...]
    #: By whichever way, also one that the settings have lost.
    last: Round | None
    next_at: datetime | None
    #: Dispatches by state.
    counts: Mapping[DispatchState, int]
    #: Why nothing is mailed though the vendor's file says so, a sentence each (R38).
    not_mailed: tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """``expect`` as the settings say it."""

    expect: str
    next_by: datetime
    missing: Missing | None


@dataclass(frozen=True)
class Exchanged:
    """One vendor instance; None = nothing of that kind is set up."""

    vendor: str
    pull: Pulled | None
    push: Pushed | None
    expected: Expected | None


def overview(conn: Connection, site: Site, now: datetime) -> list[Exchanged]:
    """Every instance that files are exchanged with or expected from, by name."""
    last = {(one.vendor, one.what): one for one in rounds.last_rounds(conn)}
    lying = totals.lying_there(conn)
    counts = totals.dispatches_by_state(conn)
    missed = {one.vendor: one for one in expected.missing(conn, site, now)}
    found = []
    for name in sorted(site.vendors):
        sent = {state: counts.get((name, state), 0) for state in STATES}
        one = Exchanged(
            name,
            _pulled(conn, site, name, last.get((name, "pull")), lying, now),
            _pushed(conn, site, name, last.get((name, "push")), sent, now),
            _expected(site, name, missed.get(name), now),
        )
        if one.pull or one.push or one.expected:
            found.append(one)
    return found


def _pulled(
    conn: Connection, site: Site, name: str, last: Round | None, lying: Mapping[tuple[str, str], int], now: datetime
) -> Pulled | None:
    sftp = site.vendors[name].sftp
    if sftp is None or sftp.pull is None:
        return None
    server = f"sftp://{sftp.user}@{sftp.host}:{sftp.port}"
    next_at = schedule.pull_due_at(conn, site, name, now)
    folders = () if sftp.pull.after == "leave" else sftp.pull.folders
    return Pulled(server, last, next_at, sum(lying.get((name, folder), 0) for folder in dict.fromkeys(folders)))


def _pushed(
    conn: Connection, site: Site, name: str, last: Round | None, counts: Mapping[DispatchState, int], now: datetime
) -> Pushed | None:
    """Also of an instance that has no way any more, while something is still told of what it had."""
    channels = tuple(_pushed_by(conn, name, channel) for channel in channels_of(site, name))
    unmailed = tuple(not_mailed(site, name))
    if not channels and not unmailed and not any(counts.values()):
        return None
    return Pushed(channels, last, sending.next_due_at(conn, name, now), counts, unmailed)


def _pushed_by(conn: Connection, name: str, channel: Channel) -> PushedBy:
    return PushedBy(channel.name, channel.target, rounds.last_push(conn, name, channel.name))


def _expected(site: Site, name: str, missing: Missing | None, now: datetime) -> Expected | None:
    config = site.vendors[name]
    if config.expect is None:
        return None
    next_by = expected.next_deadline(parse_expectation(config.expect), config.country, site.zone, now)
    return Expected(config.expect, next_by, missing)
