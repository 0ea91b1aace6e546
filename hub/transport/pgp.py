"""PGP messages by GnuPG: decrypting what was encrypted for us, encrypting for a vendor, telling who signed.

Bytes go from file to file, whatever their number. GnuPG keeps unlocked keys in an agent, a process of its own; each use
of our secret key here ends the agent of the home, so that no key stays unlocked and no process is left.
"""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import gnupg

from hub.errors import HubError
from hub.transport.folders import printable

_CHUNK_BYTES = 1 << 18
#: Lines of GnuPG about one file: more are there to fill our memory.
_LINES_MAX = 10_000
#: Keys of others that an error names.
_SHOWN_KEYS_MAX = 5
#: For ending an agent, which answers at once or not at all.
_AGENT_SECONDS_MAX = 10.0
#: A home's own options and the network have no say in what is done with a file.
_OPTIONS = (
    *("--no-options", "--pinentry-mode", "loopback", "--no-symkey-cache", "--no-auto-check-trustdb"),
    *("--no-auto-key-locate", "--disable-dirmngr", "--no-permission-warning"),
)
_ARMOUR = re.compile(rb"(?:\xef\xbb\xbf)?\s*-----BEGIN PGP MESSAGE-----")
#: Packets that an encrypted message begins with, and their versions: session key for a public key, by a passphrase.
_PUBLIC_KEY, _PASSPHRASE = 1, 3
_VERSIONS = {_PUBLIC_KEY: (3, 6), _PASSPHRASE: (4, 5, 6)}
#: What is looked at of the first packet: its head of at most six bytes, and ten of its body.
_LEAST_BYTES = 16
#: Numbers of public-key algorithms that encrypt: RSA, Elgamal, ECDH, X25519, X448, and Kyber of newer GnuPG.
_ENCRYPTING = (1, 2, 8, 16, 18, 25, 26)
#: What GnuPG says when there is no agent to open a key: it then says, too, that there is no such key.
_NO_AGENT = "can't connect to the agent"
#: GnuPG's number of a wrong passphrase, in the low half of an error.
_BAD_PASSPHRASE = 11
#: Signatures that tell against a file.
_BAD_SIGNATURES = {
    "BADSIG": "does not fit what is in it",
    "EXPSIG": "has run out",
    "EXPKEYSIG": "was made by a key that has expired",
    "REVKEYSIG": "was made by a key that was revoked",
}


class PgpError(HubError):
    """A file cannot be decrypted, or not be encrypted. Its text holds no passphrase."""


class TooMuchError(PgpError):
    """More bytes are in a message than were asked for."""


class Key(NamedTuple):
    """A key of the keyring. ``trouble`` is "" or why it is not to be used."""

    fingerprint: str
    #: Whether its secret part is there.
    secret: bool
    encrypts: bool
    signs: bool
    trouble: str


def is_encrypted(path: Path) -> bool:
    """Whether the bytes begin as those of a PGP message, armoured, or encrypted in binary form; the name says nothing.

    An armoured one may turn out to be signed only: that too is for PGP to say.
    """
    with path.open("rb") as stream:
        head = stream.read(512)
    return _ARMOUR.match(head) is not None or _begins_encrypted(head)


@dataclass(frozen=True)
class Keyring:
    """GnuPG's home folder with our own key, by its fingerprint of 40 hexadecimal digits."""

    home: Path
    key: str
    passphrase: str | None = field(repr=False)
    #: Of one file.
    seconds_max: float

    def decrypt(self, path: Path, target: BinaryIO, *, bytes_max: int) -> str:
        """Writes what is in the message to ``target``; gives who signed it, for people, "" where nobody did.

        A signature by a key that is not in the keyring cannot be checked; it is told so, and nothing more: a message
        without any is taken, too. Raises PgpError, TooMuchError for more than ``bytes_max`` bytes; what was written to
        ``target`` is then not to be used.
        """
        with self._agent():
            run = self._run(target, bytes_max)
            run.decrypt_file(io.BytesIO(), passphrase=_as_sent(self.passphrase), extra_args=["--", str(path)])
        run.refuse_stopped()
        if not run.told.all_decrypted():
            raise self._refused(run.told)
        return run.told.signed_by()

    def encrypt(self, source: BinaryIO, target: BinaryIO, *, recipient: str, name: str, sign: bool) -> None:
        """Writes the message that holds what is left to read of ``source``, named ``name`` inside. Raises PgpError.

        The recipient's key is used whatever GnuPG's web of trust thinks of it: a person wrote its whole fingerprint
        into the configuration, and that is the trust that counts. One that has expired or was revoked is refused.
        """
        with self._agent() if sign else nullcontext():
            run = self._run(target)
            # GnuPG may end before it has read all: what it said tells why.
            with suppress(BrokenPipeError):
                run.encrypt_file(
                    source,
                    recipient,
                    sign=self.key if sign else None,
                    always_trust=True,
                    passphrase=_as_sent(self.passphrase) if sign else None,
                    armor=False,
                    extra_args=["--set-filename", name],
                )
        run.refuse_stopped()
        if not run.told.all_encrypted():
            raise self._not_encrypted(run.told, recipient)

    def find(self, fingerprint: str) -> Key | None:
        """The key of this fingerprint. Raises PgpError."""
        with self._agent():
            run = self._run()
            public = [one for one in run.list_keys(keys=[fingerprint]) if one["fingerprint"] == fingerprint]
            private = run.list_keys(secret=True, keys=[fingerprint])
        run.refuse_stopped()
        if _NO_AGENT in private.stderr:
            raise self._without_agent()
        if not public:
            return None
        listed = public[0]
        trouble = {"e": "it has expired", "r": "it was revoked", "d": "it is disabled"}.get(listed["trust"], "")
        return Key(fingerprint, bool(private), "E" in listed["cap"], "S" in listed["cap"], trouble)

    def why_unusable(self, fingerprint: str) -> str:
        """Why nothing can be encrypted for this key, "" where it can. Raises PgpError."""
        key = self.find(fingerprint)
        if key is None:
            return "it is not in the keyring"
        return key.trouble or ("" if key.encrypts else "no part of it encrypts")

    def prove(self) -> None:
        """Encrypts something for our own key and decrypts it. Raises PgpError with what would befall a real file."""
        message = io.BytesIO()
        self.encrypt(io.BytesIO(b"proof"), message, recipient=self.key, name="proof", sign=False)
        with tempfile.NamedTemporaryFile(prefix="hub-pgp-") as kept:
            kept.write(message.getvalue())
            kept.flush()
            self.decrypt(Path(kept.name), io.BytesIO(), bytes_max=_CHUNK_BYTES)

    def _run(self, target: BinaryIO | None = None, bytes_max: int | None = None) -> _Run:
        if shutil.which("gpg") is None:
            raise PgpError("gpg is not installed", do="install GnuPG 2.2 or later (Debian: gnupg), and try again")
        try:
            return _Run(self.home, self.seconds_max, target, bytes_max)
        except ValueError as error:
            why = printable(_text(str(error)))
            raise PgpError(f"gpg cannot work with the keyring at {self.home}", why=why, do="see: hub check") from None

    @contextmanager
    def _agent(self) -> Iterator[None]:
        """While inside, the home's agent is ours; no other hub ends it meanwhile. Afterwards there is none."""
        try:
            home = os.open(self.home, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise PgpError(
                f"there is no PGP keyring at {self.home}: {error.strerror}",
                do="mend pgp.home in hub.toml, and try again",
            ) from error
        try:
            fcntl.flock(home, fcntl.LOCK_EX)
            try:
                yield
            finally:
                _end_agent(self.home)
                # Closing is not enough where a process that was forked meanwhile has it open, too.
                fcntl.flock(home, fcntl.LOCK_UN)
        finally:
            os.close(home)

    def _refused(self, told: _Told) -> PgpError:
        """Why a message was not decrypted, and what a person does about it."""
        ours = f"our key {self.key}"
        export = f"gpg --homedir {self.home} --armor --export {self.key}"
        give = f"give the sender our public key ({export}), and ask for the file again"
        if bad := told.bad_signature():
            return PgpError(bad, why="somebody may have changed it", do="ask the sender for it again; see: hub check")
        if told.values("NEED_PASSPHRASE_SYM"):
            return PgpError("it is encrypted with a passphrase, not for a key", do=give)
        if told.has_wrong_passphrase():
            return PgpError(f"the passphrase of {ours} is wrong", do="mend pgp.passphrase in hub.toml, and try again")
        if told.values("NEED_PASSPHRASE"):
            return PgpError(
                f"{ours} is locked by a passphrase, and there is none",
                do="set pgp.passphrase in hub.toml, and try again",
            )
        if _NO_AGENT in told.stderr:
            return self._without_agent()
        if told.values("NO_SECKEY"):
            others = ", ".join(value.split()[0] for value in told.values("NO_SECKEY")[:_SHOWN_KEYS_MAX])
            return PgpError(f"it is encrypted for another key ({others}), not for {ours}", do=give)
        if told.values("PLAINTEXT") and not told.values("BEGIN_DECRYPTION"):
            return PgpError("it is a PGP message that is not encrypted", do=give)
        why = told.in_gpgs_words()
        return PgpError("it cannot be decrypted: damaged, or cut on its way", why=why, do="ask the sender for it again")

    def _without_agent(self) -> PgpError:
        return PgpError(
            f"gpg-agent, which opens our key, cannot work in {self.home}",
            why="its socket lies there: the folder must be the hub's own, with a path of no more than 85 characters",
            do="move the keyring, set pgp.home in hub.toml, and try again",
        )

    def _not_encrypted(self, told: _Told, recipient: str) -> PgpError:
        if told.has_wrong_passphrase():
            return PgpError(
                f"the passphrase of our key {self.key} is wrong", do="mend pgp.passphrase in hub.toml, and try again"
            )
        if _NO_AGENT in told.stderr:
            return self._without_agent()
        if told.values("INV_SGNR"):
            return PgpError(f"our key {self.key} cannot sign", why=told.in_gpgs_words(), do="see: hub check")
        return PgpError(
            f"nothing can be encrypted for key {recipient}",
            why=self.why_unusable(recipient) or told.in_gpgs_words(),
            do="import the vendor's present key (gpg --import), set packing.pgp_for, then: hub check",
        )


class _Told(gnupg.Crypt):  # type: ignore[misc]
    """What GnuPG says of one file. The library's own reading of it falls over lines that strangers can write."""

    def __init__(self, run: _Run) -> None:
        super().__init__(run)
        self.lines: list[tuple[str, str]] = []

    def handle_status(self, key: str, value: str) -> None:
        self.lines.append((key, value))
        if len(self.lines) > _LINES_MAX:
            self.gpg.stop(PgpError("it is made to do harm: there is no end to what GnuPG says of it"))

    def values(self, *keys: str) -> list[str]:
        return [value for key, value in self.lines if key in keys]

    def all_decrypted(self) -> bool:
        """To its end, whole, one thing in it, and no signature that tells against it."""
        if not self.values("DECRYPTION_OKAY") or len(self.values("PLAINTEXT")) != 1:
            return False
        if self.values("DECRYPTION_FAILED", "BADMDC", "NEED_PASSPHRASE_SYM", "UNEXPECTED", *_BAD_SIGNATURES):
            return False
        # A signature that nobody can check makes GnuPG end as if something had failed.
        return self.returncode == 0 or (self.returncode == 2 and bool(self.values("ERRSIG")))

    def all_encrypted(self) -> bool:
        return self.returncode == 0 and bool(self.values("END_ENCRYPTION"))

    def bad_signature(self) -> str:
        for key, why in _BAD_SIGNATURES.items():
            for value in self.values(key):
                return f"its signature {why} (key {printable(_text(value))})"
        return ""

    def signed_by(self) -> str:
        names = {value.split()[0]: _text(value.partition(" ")[2]) for value in self.values("GOODSIG")}
        signers = [f"{value.split()[-1]} {names.get(value.split()[0][-16:], '')}" for value in self.values("VALIDSIG")]
        signers += [f"key {value.split()[0]}, not checked: not in our keyring" for value in self.values("ERRSIG")]
        return printable("; ".join(signer.strip() for signer in signers))

    def has_wrong_passphrase(self) -> bool:
        codes = [value.split()[-1] for value in self.values("ERROR", "FAILURE") if value.split()]
        return any(code.isdigit() and int(code) & 0xFFFF == _BAD_PASSPHRASE for code in codes)

    def in_gpgs_words(self) -> str:
        said = [line[5:].strip() for line in self.stderr.split("\n") if line.startswith("gpg: ")]
        return printable(_text(said[-1])) if said else ""


class _Run(gnupg.GPG):  # type: ignore[misc]
    """GnuPG at work on one file; ended when it takes too long, or gives more than was asked for."""

    def __init__(self, home: Path, seconds_max: float, target: BinaryIO | None, bytes_max: int | None) -> None:
        self._seconds_max = seconds_max
        self._target = target
        self._bytes_max = bytes_max
        self._given = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped: PgpError | OSError | None = None
        environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}
        super().__init__(gnupghome=str(home), options=list(_OPTIONS), env=environment)
        self.buffer_size = _CHUNK_BYTES
        self.on_data = self._take if target is not None else None
        self.told = _Told(self)
        self.result_map = {**gnupg.GPG.result_map, "crypt": lambda _: self.told}

    def stop(self, why: PgpError | OSError) -> None:
        """Ends GnuPG at once."""
        if self._stopped is None:
            self._stopped = why
        if self._process is not None:
            self._process.kill()

    def refuse_stopped(self) -> None:
        """Raises PgpError, and OSError where the disk is full."""
        if self._stopped is not None:
            raise self._stopped

    def _take(self, chunk: bytes) -> bool:
        """False: the library shall not keep it."""
        if self._stopped is None and self._target is not None:
            self._given += len(chunk)
            if self._bytes_max is not None and self._given > self._bytes_max:
                self.stop(TooMuchError(f"there are more than {self._bytes_max} bytes in it"))
                return False
            try:
                self._target.write(chunk)
            except OSError as error:
                self.stop(error)
        return False

    def _collect_output(
        self, process: subprocess.Popen[bytes], result: object, writer: object = None, stdin: object = None
    ) -> int:
        self._process = process
        why = PgpError(
            f"gpg took more than {self._seconds_max:g} seconds", do="raise pgp.seconds_max in hub.toml, and try again"
        )
        timer = threading.Timer(self._seconds_max, self.stop, (why,))
        timer.daemon = True
        timer.start()
        try:
            status: int = super()._collect_output(process, result, writer, stdin)
            return status
        finally:
            timer.cancel()
            process.kill()


def _begins_encrypted(head: bytes) -> bool:
    """Whether a packet stands first that only encrypted messages begin with, as far as its first bytes tell."""
    if len(head) < _LEAST_BYTES or not head[0] & 0x80:
        return False
    if head[0] & 0x40:
        tag, length_bytes = head[0] & 0x3F, 1 if head[1] < 192 else 2 if head[1] < 224 else 5
    else:
        tag, length_bytes = head[0] >> 2 & 0x0F, (1, 2, 4, 0)[head[0] & 3]
    body = head[1 + length_bytes :]
    if tag not in _VERSIONS or not length_bytes or body[0] not in _VERSIONS[tag]:
        return False
    if tag == _PUBLIC_KEY and body[0] == 3:
        return body[9] in _ENCRYPTING
    return tag == _PUBLIC_KEY or 1 <= body[1] <= 30


def _as_sent(passphrase: str | None) -> str | None:
    """The library writes Latin-1, GnuPG reads bytes, and people's passphrases are UTF-8. Raises PgpError."""
    if passphrase is None:
        return None
    if any(sign in passphrase for sign in "\r\n\0"):
        raise PgpError("the PGP passphrase has more than one line", do="keep it as one line of text")
    return passphrase.encode().decode("latin-1")


def _text(said: str) -> str:
    return said.encode("latin-1", errors="replace").decode("utf-8", errors="replace")


def _end_agent(home: Path) -> None:
    """Where there is none, nothing happens."""
    if shutil.which("gpgconf") is None:
        return
    command = ["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"]
    try:
        subprocess.run(command, capture_output=True, timeout=_AGENT_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        # It ends by itself, or at the next use; the file that it was needed for is not to suffer.
        return
