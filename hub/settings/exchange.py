"""What a site and a vendor instance have decided about exchanging files: servers, schedules, mail, packing, notices.

No secret stands in a configuration: each is a :class:`hub.settings.model.Secret`, which says where it is kept.
"""

from __future__ import annotations

import re
from datetime import time
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from hub.settings.model import Model, Secret, filled

#: A host key as ``hub sftp probe`` shows it: its type, and its SHA-256 as OpenSSH writes it.
HostKeyText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9@.-]+ SHA256:[A-Za-z0-9+/]{43}$")]
#: A mail address, without a name.
Address = Annotated[str, StringConstraints(pattern=r"^[^\s@<>,;\"]+@[^\s@<>,;\"]+$", max_length=254)]
#: The 40 hexadecimal digits of a PGP key's fingerprint.
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{40}$", to_upper=True)]
#: What old servers need, each a weakness: CBC ciphers, SHA-1 checksums. Key exchange and signatures with SHA-1 are not
#: to be had at all.
Downgrade = Literal["cbc", "hmac-sha1"]
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
Clock = Annotated[str, StringConstraints(pattern=rf"^{_CLOCK}$")]
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_EXPECTATION = re.compile(
    rf"by ({_CLOCK}) on (bank days|all days|{'|'.join(_WEEKDAYS)}|the last bank day of the month"
    r"|day ([1-9]|1[0-9]|2[0-8]) of the month)"
)


class PullSection(Model):
    """``[sftp.pull]``: what is fetched from a vendor's server, when, and what becomes of it there."""

    #: Remote folders, from the one that the login leads to.
    folders: tuple[str, ...] = Field((".",), min_length=1, max_length=100)
    #: Shell patterns of file names, case matters (Betalingsservice: T*, V*, D*, Z*, F*).
    names: tuple[str, ...] = Field(("*",), min_length=1, max_length=100)
    #: What becomes of a fetched file there, once it is booked. ``leave`` where the vendor allows neither.
    after: Literal["delete", "move", "leave"] = "leave"
    #: Where to, of ``move``: a remote folder on the same server.
    move_to: str | None = None
    #: A file is fetched when its size and time were equal in two looks so far apart.
    settle_seconds: float = Field(5.0, ge=0, le=3_600)
    #: Never looked more often than this, whoever asks and however often the hub is started.
    every_minutes: float = Field(60.0, gt=0, le=10_080)
    #: On bank days alone, or on all.
    days: Literal["bank", "all"] = "all"
    #: Hours of the site's clock, FROM-TO.
    hours: Annotated[str, StringConstraints(pattern=rf"^{_CLOCK}-(?:{_CLOCK}|24:00)$")] = "00:00-24:00"

    @model_validator(mode="after")
    def _a_place_to_move_to(self) -> Self:
        if (self.after == "move") != (self.move_to is not None):
            raise ValueError('move_to belongs to after = "move", and to nothing else')
        if self.hours[:5] >= self.hours[6:]:
            raise ValueError("hours: FROM is not before TO")
        return self


class PushSection(Model):
    """``[sftp.push]``: our deliveries are uploaded."""

    #: Remote folder, from the one that the login leads to.
    folder: str = "."
    #: Uploaded under a temporary name, then renamed. False where the server allows no rename: uploaded under its own
    #: name, and what a cut connection leaves there has to be looked at by a person.
    rename: bool = True
    #: Of the file while it is uploaded.
    temporary: Annotated[str, StringConstraints(pattern=r"^[^/\\\s]*\{name\}[^/\\\s]*$")] = "{name}.part"
    #: Where the server cannot tell the hash of what it has, it is fetched back and compared; else its size alone is.
    read_back: bool = False

    @field_validator("temporary")
    @classmethod
    def _another_name(cls, value: str) -> str:
        named = filled(value, {"name": "x"})
        if named == "x":
            raise ValueError("is the file's own name; write rename = false where the server allows no rename")
        return value


class SftpSection(Model):
    """``[sftp]`` of a vendor instance: its server, how we know it, how it knows us."""

    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]+$")]
    port: int = Field(22, ge=1, le=65_535)
    user: Annotated[str, StringConstraints(min_length=1)]
    #: The server has one of these, or nothing is exchanged. Empty = nothing is, until one is pinned: hub sftp probe.
    host_keys: tuple[HostKeyText, ...] = ()
    #: File with our private key, from the site's folder.
    key_file: Path | None = None
    passphrase: Secret | None = None
    password: Secret | None = None
    #: Weaknesses that this server needs.
    downgrades: tuple[Downgrade, ...] = ()
    connect_seconds: float = Field(15.0, gt=0, le=600)
    banner_seconds: float = Field(15.0, gt=0, le=600)
    auth_seconds: float = Field(30.0, gt=0, le=600)
    #: Without a byte from the server.
    channel_seconds: float = Field(60.0, gt=0, le=3_600)
    #: Of one look or upload as a whole.
    total_seconds: float = Field(3_600.0, gt=0, le=86_400)
    keepalive_seconds: int = Field(30, ge=0, le=3_600)
    #: Read requests on their way at once; 0 = as many as make it faster, which is 128.
    prefetch_requests_max: int = Field(0, ge=0, le=100_000)
    pull: PullSection | None = None
    push: PushSection | None = None

    @model_validator(mode="after")
    def _a_way_in(self) -> Self:
        if self.key_file is None and self.password is None:
            raise ValueError("say how we log in: key_file, or password, or both")
        if self.passphrase is not None and self.key_file is None:
            raise ValueError("a passphrase belongs to a key_file")
        return self

    @model_validator(mode="after")
    def _time_to_settle(self) -> Self:
        if self.pull is not None and self.pull.settle_seconds >= self.total_seconds:
            raise ValueError("total_seconds: a look ends before a file has settled (pull.settle_seconds)")
        return self


class FolderSection(Model):
    """``[folder]`` of a vendor instance: our deliveries are written to a folder, where another program takes them."""

    #: From the site's folder; it has to be there.
    path: Path


class MailSection(Model):
    """``[mail]`` of a vendor instance: our deliveries are mailed (items 11.22, 14.02, 17.02, 20.02, 23.02, 26.20).

    It stays off, whatever is said here, for recipients that hub.toml does not confirm (R38).
    """

    send: bool = False
    #: Items 11.23, 14.03, 17.03, 20.03, 23.03, 26.21.
    to: tuple[Address, ...] = Field((), max_length=20)
    #: Parts: name (of the file), vendor, number (of the delivery, as hub deliveries list shows it), site, day.
    subject: str = Field("{site}: {name}", min_length=1, max_length=200)
    text: str = Field("{site} sends you {name}.\n", max_length=20_000)

    @field_validator("subject", "text")
    @classmethod
    def _known_parts(cls, value: str) -> str:
        filled(value, dict.fromkeys(("name", "vendor", "number", "site", "day"), ""))
        return value

    @field_validator("subject")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("is one line of printable text")
        return value

    @model_validator(mode="after")
    def _an_address(self) -> Self:
        if self.send and not self.to:
            raise ValueError("send is true and there is no address in to (items 23.02 and 23.03, R38)")
        return self


class PackingSection(Model):
    """``[packing]`` of a vendor instance: what is done to a delivery before it leaves."""

    #: As NAME.zip, with the file alone in it.
    zip: bool = False
    #: Encrypted for this key of our PGP keyring, as NAME.pgp; after the zip, where both.
    pgp_for: Fingerprint | None = None
    #: Signed by pgp.key as well.
    pgp_sign: bool = False

    @model_validator(mode="after")
    def _signed_inside(self) -> Self:
        if self.pgp_sign and self.pgp_for is None:
            raise ValueError("pgp_sign belongs to pgp_for: a signature alone is not made")
        return self


class PgpSection(Model):
    """``[pgp]`` of hub.toml: our keyring, for files encrypted for us and for those that we encrypt."""

    #: GnuPG's home folder, from the site's folder; made and filled with gpg.
    home: Path
    #: Our own key: decrypts, and signs.
    key: Fingerprint
    passphrase: Secret | None = None
    #: Of one file.
    seconds_max: float = Field(300.0, gt=0, le=3_600)


class MailServerSection(Model):
    """``[mail]`` of hub.toml: the server that takes our mail, and who may be written to (R38)."""

    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]+$")]
    port: int = Field(587, ge=1, le=65_535)
    #: ``starttls``, ``tls`` from the first byte; ``none`` on this machine alone.
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    #: Certificates that are trusted in place of the system's, from the site's folder.
    ca_file: Path | None = None
    user: str | None = None
    password: Secret | None = None
    sender: Address
    #: Recipients that may be written to: what is not here gets nothing, whatever a vendor's file says.
    confirmed: tuple[Address, ...] = ()
    connect_seconds: float = Field(15.0, gt=0, le=600)
    #: For each answer of the server; ten times as long for its last one, when it has the whole mail.
    answer_seconds: float = Field(60.0, gt=0, le=3_600)
    #: Largest file that goes by mail.
    file_bytes_max: int = Field(20 * 1024**2, ge=1)

    @model_validator(mode="after")
    def _never_in_the_clear(self) -> Self:
        if self.encryption == "none" and not _is_loopback(self.host):
            raise ValueError('encryption = "none" is for a server on this machine (127.0.0.1) alone')
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")
        return self


class NoticesSection(Model):
    """``[notices]`` of hub.toml: who is told of what needs a person."""

    mail_to: tuple[Address, ...] = Field((), max_length=20)
    #: Program and arguments; it gets the notices as JSON on standard input.
    command: tuple[str, ...] = ()
    #: What has come up meanwhile goes into one message.
    every_minutes: float = Field(5.0, gt=0, le=1_440)
    command_seconds_max: float = Field(60.0, gt=0, le=3_600)


class ExchangeSection(Model):
    """``[exchange]`` of hub.toml: how often what did not go through is tried again."""

    #: Pause after the first fault; it doubles, with jitter, up to the longest.
    retry_seconds_first: float = Field(30.0, gt=0, le=3_600)
    retry_seconds_max: float = Field(3_600.0, gt=0, le=86_400)
    #: Then it stops, and a person is told.
    attempts_max: int = Field(50, ge=1, le=1_000)


class Expectation(NamedTuple):
    """When a file is expected: by a time of the site's clock, on which days."""

    by: time
    #: bank days, all days, weekday, last bank day, day of the month
    on: Literal["bank", "all", "weekday", "last_bank", "month_day"]
    #: Of ``weekday`` 0 = Monday; of ``month_day`` 1 to 28; else 0.
    number: int = 0


def parse_expectation(text: str) -> Expectation:
    """``by 12:00 on bank days``. Raises ValueError."""
    match = _EXPECTATION.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"{text!r} says no day and hour: write by HH:MM on bank days, all days, Mondays (or another weekday), "
            "the last bank day of the month, day N of the month (1 to 28)"
        )
    by, on, day = time.fromisoformat(match[1]), match[2], match[3]
    if on in _WEEKDAYS:
        return Expectation(by, "weekday", _WEEKDAYS.index(on))
    if day:
        return Expectation(by, "month_day", int(day))
    return Expectation(by, "last_bank" if on.startswith("the last") else "bank" if on == "bank days" else "all")


def remote_path(folder: str, name: str) -> str:
    """Of a file on a server; ``.`` is the folder that the login leads to."""
    return str(PurePosixPath(folder) / name)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
