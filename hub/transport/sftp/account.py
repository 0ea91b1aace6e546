"""Who we are on a server, and how long we wait for it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from paramiko import PKey, SSHException
from paramiko.pkey import UnknownKeyType

from hub.transport.faults import LastingFault


@dataclass(frozen=True)
class Deadlines:
    """Seconds. ``banner_seconds`` is for all up to the exchanged keys; ``channel_seconds`` without a byte from the
    server; ``total_seconds`` of a session as a whole; a sign of life is sent every ``keepalive_seconds``, 0 = never.
    """

    connect_seconds: float
    banner_seconds: float
    auth_seconds: float
    channel_seconds: float
    total_seconds: float
    keepalive_seconds: int


@dataclass(frozen=True)
class Account:
    """``host_keys`` are the pinned ``TYPE SHA256:...``; ``downgrades`` what :mod:`hub.transport.sftp.connecting` knows.

    ``prefetch_requests_max`` is how many read requests are on their way at once, 0 = as many as make it faster.
    """

    host: str
    port: int
    user: str
    host_keys: tuple[str, ...]
    deadlines: Deadlines
    key_file: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    downgrades: tuple[str, ...] = ()
    prefetch_requests_max: int = 0

    def private_key(self) -> PKey | None:
        """Raises LastingFault, which holds nothing of key or passphrase."""
        if self.key_file is None:
            return None
        _check_rights(self.key_file)
        try:
            return PKey.from_path(self.key_file, self.passphrase.encode() if self.passphrase else None)
        except OSError as error:
            raise _unreadable(self.key_file, error) from None
        except (ValueError, TypeError, SSHException, UnknownKeyType, UnsupportedAlgorithm) as error:
            raise self._unusable_key(error) from None

    def _unusable_key(self, error: Exception) -> LastingFault:
        # What the libraries say may hold the key itself (UnknownKeyType does): only what it means is told.
        assert self.key_file is not None
        if isinstance(error, TypeError) and self.passphrase is None:
            return _unusable(self.key_file, "it is locked, and no passphrase is configured", "set sftp.passphrase")
        if isinstance(error, TypeError):
            return _unusable(self.key_file, "it has no passphrase, and one is configured", "take sftp.passphrase out")
        if self.passphrase is not None:
            do = f"try it by hand: ssh-keygen -y -f {self.key_file}"
            return _unusable(self.key_file, "the passphrase is not its own, or it is no private key", do)
        return _unusable(self.key_file, "it is no private key that we know", "give an ed25519, rsa or ecdsa key")


def _check_rights(path: Path) -> None:
    """The rule of OpenSSH: a key of our own that others may read is nobody's secret any more."""
    try:
        status = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    if status.st_uid == os.getuid() and status.st_mode & 0o077:
        raise _unusable(path, "others may read it", f"chmod 600 {path}; make a new key if somebody may have read it")


def _unreadable(path: Path, error: OSError) -> LastingFault:
    return _unusable(path, f"it cannot be read: {error.strerror}", "see key_file; let the hub's user read it")


def _unusable(path: Path, why: str, do: str) -> LastingFault:
    return LastingFault(f"the key cannot be used: {why}", where=str(path), do=do)
