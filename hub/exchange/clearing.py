"""What becomes of a fetched file on the vendor's server: deleted, moved or left, once it is dealt with here.

What is deleted there is the file that was fetched: one that has taken its name since lies there as another one, and is
left alone. A removal that was cut short is done again at the next look.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

import structlog

from hub.intake.hub import Hub
from hub.settings.exchange import PullSection
from hub.store.exchange import fetched
from hub.store.exchange.fetched import Fetched, There
from hub.transport.faults import LastingFault, PassingFault
from hub.transport.sftp import RemoteChanged, RemoteFile, Session

log = structlog.get_logger()

#: Refused so often in one look, it asks no more until the next.
_REFUSALS_MAX = 50
#: Removed in one transaction.
_FILES_A_COMMIT = 100


def clear(
    hub: Hub,
    vendor: str,
    session: Session,
    lying: Mapping[There, RemoteFile],
    *,
    actor: str,
    stop: threading.Event,
) -> list[str]:
    """Removes what is dealt with, of all that this look has found ``lying`` there; gives what has to be told.

    May be done twice. Raises PassingFault where the server answers no more.
    """
    config = hub.site.vendors[vendor].sftp
    assert config is not None
    assert config.pull is not None
    pull = config.pull
    if pull.after == "leave":
        return []
    with hub.db.read() as conn:
        ready = [one for one in fetched.clearable(conn, vendor) if one.there in lying]
    cleared: list[Fetched] = []
    count = 0
    refused: dict[Fetched, str] = {}
    try:
        for one in ready:
            if stop.is_set() or len(refused) >= _REFUSALS_MAX:
                break
            try:
                _remove(session, lying[one.there], pull)
            except RemoteChanged:
                continue
            except LastingFault as fault:
                refused[one] = str(fault)
            except PassingFault as fault:
                # Of this file alone, where the server still answers.
                session.list(one.folder)
                refused[one] = str(fault)
            else:
                cleared.append(one)
                count += 1
            if len(cleared) >= _FILES_A_COMMIT:
                _note(hub, pull, cleared, actor)
                cleared = []
    finally:
        _note(hub, pull, cleared, actor)
    _note_refused(hub, refused)
    return _told(pull, count, list(refused.values()))


def _told(pull: PullSection, count: int, refusals: Sequence[str]) -> list[str]:
    what = "deleted" if pull.after == "delete" else "moved"
    told = [f"{count} {what} there"] if count else []
    if refusals:
        left = f"at least {len(refusals)}" if len(refusals) >= _REFUSALS_MAX else str(len(refusals))
        told.append(
            f'{left} cannot be {what}: {refusals[0]}; where the vendor allows it not: sftp.pull.after = "leave"'
        )
    return told


def _remove(session: Session, file: RemoteFile, pull: PullSection) -> None:
    if pull.move_to is None:
        session.remove(file.folder, file.name, still=file)
    else:
        session.move(file.folder, file.name, pull.move_to, still=file)


def _note(hub: Hub, pull: PullSection, cleared: Iterable[Fetched], actor: str) -> None:
    ones = list(cleared)
    if ones:
        how = "deleted" if pull.move_to is None else f"moved to {pull.move_to}"
        with hub.db.write() as conn:
            fetched.note_cleared(conn, ones, how, hub.clock(), actor)


def _note_refused(hub: Hub, refused: Mapping[Fetched, str]) -> None:
    """Once a file: it is tried again at each look, and not told again."""
    new = {one: why for one, why in refused.items() if one.refusal != why}
    if not new:
        return
    with hub.db.write() as conn:
        for one, why in new.items():
            fetched.note_not_cleared(conn, one.id, why)
    for one, why in new.items():
        log.warning("cannot be removed there", vendor=one.vendor, folder=one.folder, file=one.name, reason=why)
