"""Real PGP keys by a real GnuPG: the hub's own, in a home of its own, and those of a vendor who writes to it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Letters that Latin-1 has not.
PASSPHRASE = "Kattegat–βλάβη 7"
#: When all keys were made: what is done with an option like this, was done then.
LONG_AGO = ("--faked-system-time", "20200101T120000")
_OPTIONS = ("--batch", "--no-options", "--pinentry-mode", "loopback", "--disable-dirmngr", "--trust-model", "always")


class Home:
    """One GnuPG home folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder

    def run(self, *arguments: str, given: bytes = b"") -> bytes:
        command = ["gpg", "--homedir", str(self.folder), *_OPTIONS, *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True, timeout=60).stdout

    def make_key(self, name: str, *, passphrase: str = "", expires: str = "never") -> str:
        """A new key that signs, and a part of it that encrypts; gives its fingerprint."""
        user = f"{name} <{name}@example.org>"
        protected = ("--passphrase", passphrase)
        self.run(*LONG_AGO, *protected, "--quick-generate-key", user, "future-default", "default", expires)
        return self.fingerprint(name)

    def fingerprint(self, name: str) -> str:
        listed = self.run("--with-colons", "--list-keys", name).decode()
        return next(line.split(":")[9] for line in listed.split("\n") if line.startswith("fpr"))

    def give(self, other: Home, fingerprint: str) -> None:
        other.run("--import", given=self.run("--export", fingerprint))

    def end(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.folder), "--kill", "all"], check=False, timeout=10)


class Keys:
    """Two homes, each with a key of its own and the other's public one; and keys that nobody should use."""

    def __init__(self, folder: Path) -> None:
        self.hub, self.vendor = Home(folder / "hub"), Home(folder / "vendor")
        self.ours = self.hub.make_key("hub", passphrase=PASSPHRASE)
        self.vendors = self.vendor.make_key("vendor")
        #: Its secret part is the vendor's, its public one nobody else's.
        self.strangers = self.vendor.make_key("stranger")
        self.expired = self.vendor.make_key("expired", expires="2d")
        self.revoked = self.vendor.make_key("revoked")
        self._revoke(self.revoked)
        self.hub.give(self.vendor, self.ours)
        for theirs in (self.vendors, self.expired, self.revoked):
            self.vendor.give(self.hub, theirs)

    def encrypted(self, content: bytes, *options: str, recipient: str | None = None) -> bytes:
        """By the vendor, for the hub; ``options`` of gpg as ``--armor`` and ``--sign``."""
        return self.vendor.run(*options, "--recipient", recipient or self.ours, "--encrypt", given=content)

    def read_by_vendor(self, message: bytes) -> bytes:
        return self.vendor.run("--decrypt", given=message)

    def settings(self, passphrase: str = '{ env = "HUB_TEST_PGP" }') -> str:
        """``[pgp]`` of hub.toml."""
        return f'[pgp]\nhome = "{self.hub.folder}"\nkey = "{self.ours}"\npassphrase = {passphrase}\n'

    def agents(self) -> list[str]:
        """Command lines of the processes that hold keys of the hub's home unlocked."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if "gpg-agent" in command and f"{self.hub.folder} " in command:
                found.append(command)
        return found

    def _revoke(self, fingerprint: str) -> None:
        """By the certificate that GnuPG makes with each key; a colon keeps it from being used by mistake."""
        certificate = (self.vendor.folder / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()
        self.vendor.run("--import", given=certificate.replace(":-----BEGIN", "-----BEGIN").encode())


@contextmanager
def made_keys() -> Iterator[Keys]:
    """Skips the test where there is no GnuPG."""
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg: install gnupg")
    # Not below pytest's own folder: an agent's socket needs a short path.
    with tempfile.TemporaryDirectory(prefix="hub-gpg-") as folder:
        keys = Keys(Path(folder))
        try:
            yield keys
        finally:
            keys.hub.end()
            keys.vendor.end()
