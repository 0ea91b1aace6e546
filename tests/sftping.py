"""Accounts on a test's SSH server, and what a user would keep secret."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hub.transport.sftp import Account, Deadlines, Session
from tests.sshd import Sshd

DEADLINES = Deadlines(
    connect_seconds=5, banner_seconds=10, auth_seconds=10, channel_seconds=10, total_seconds=60, keepalive_seconds=30
)
#: For tests that wait for one of them to pass.
IMPATIENT = replace(DEADLINES, banner_seconds=1, auth_seconds=1, channel_seconds=1)


def account_on(sshd: Sshd, **changes: Any) -> Account:
    """The one that the server knows: by its key, with the host key pinned."""
    account = Account(
        host="127.0.0.1",
        port=sshd.port,
        user=sshd.user,
        host_keys=(sshd.host_key_line,),
        deadlines=DEADLINES,
        key_file=sshd.user_key,
    )
    return replace(account, **changes)


def put(
    session: Session,
    content: bytes,
    name: str = "delivery.bs",
    *,
    folder: str = ".",
    temporary: str | None = "delivery.bs.part",
    read_back: bool = False,
    before_final: Callable[[], None] = lambda: None,
) -> str:
    """Uploads ``content``; how it was done."""
    return session.upload(
        io.BytesIO(content),
        folder=folder,
        name=name,
        temporary=temporary,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        read_back=read_back,
        before_final=before_final,
    )


def fetched(session: Session, name: str, folder: str = ".") -> bytes:
    """The bytes of the file of this name, as listed now."""
    (file,) = (file for file in session.list(folder) if file.name == name)
    return b"".join(session.download(file))
