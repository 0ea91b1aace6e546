"""Who works on what: this process, told from every other that is or was, and whether another one still lives.

On one machine the process table tells whether an owner lives, whatever its lease says: while a long booking holds
SQLite's only write lock, nobody could renew a lease there. Between machines (PostgreSQL) the lease decides.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime
from functools import cache
from pathlib import Path


def own_name() -> str:
    """Host, process id, start."""
    return _owner(os.getpid())


def is_free(owner: str, lease_until: datetime, now: datetime) -> bool:
    """Whether the owner is this process, is dead, or let its lease run out."""
    host, pid, start = owner.rsplit(":", 2)
    if host == _host():
        return owner == own_name() or not _lives(int(pid), start)
    return lease_until < now


@cache
def _owner(pid: int) -> str:
    return f"{_host()}:{pid}:{_start(pid)}"


@cache
def _host() -> str:
    """Where process ids mean the same: containers may share a host name and still count processes on their own."""
    try:
        namespace = str(Path("/proc/self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}/{namespace}"


def _lives(pid: int, start: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's, so there is one
    return _start(pid) in (start, "")


def _start(pid: int) -> str:
    """When the process started, in ticks of this boot; "dead" = it only waits to be buried, "" = nobody can say."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        return ""
    fields = status.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    return "dead" if state in "ZX" else f"{boot[:8]}.{ticks}"
