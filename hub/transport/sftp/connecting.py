"""From a host and a port to a server that is the right one and has let us in, each step with a deadline."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from paramiko import AuthenticationException, BadAuthenticationType, PKey, SSHException, Transport
from paramiko.message import Message
from paramiko.ssh_exception import IncompatiblePeer

from hub.transport.faults import LastingFault, PassingFault
from hub.transport.folders import printable
from hub.transport.sftp.account import Account, Deadlines

#: What a connection can end with.
WIRE_ERRORS = (SSHException, EOFError, OSError)
#: What is offered, the quickest first: AES-GCM needs no second pass for a checksum.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
_DIGESTS = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
#: What each downgrade adds, behind all the rest.
CIPHERS_OF: Mapping[str, tuple[str, ...]] = {"cbc": ("aes256-cbc", "aes192-cbc", "aes128-cbc")}
DIGESTS_OF: Mapping[str, tuple[str, ...]] = {"hmac-sha1": ("hmac-sha1",)}
_SHOWN_CHARACTERS_MAX = 200

# Its errors reach whoever called, as faults; on standard error they would be traces without a cause.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class Lost(PassingFault):
    """The connection ended, or what came over it makes no sense: what was last asked for may have been done."""


class Connection(Transport):  # type: ignore[misc]  # paramiko has no types
    """A transport that remembers what the server offered and why it ended."""

    def __init__(self, sock: socket.socket, where: str) -> None:
        super().__init__(sock)
        self.where = where
        #: Of ours, that passed.
        self.overdue = ""
        #: The server's own words.
        self.goodbye = ""
        self.offered: dict[str, Any] = {}

    def _parse_disconnect(self, m: Message) -> None:
        m.get_int()
        self.goodbye = words(m.get_string()) or "without a reason"

    def _really_parse_kex_init(self, m: Message, ignore_first_byte: bool = False) -> dict[str, Any]:
        offered: dict[str, Any] = super()._really_parse_kex_init(m, ignore_first_byte)
        if not ignore_first_byte:
            self.offered = {name: list(value) for name, value in offered.items() if isinstance(value, list)}
        return offered

    @contextmanager
    def within(self, seconds: float, what: str) -> Iterator[None]:
        """Ends the connection when ``what`` takes longer: some waits of the library know no end of their own."""

        def end() -> None:
            self.overdue = f"{what} took longer than {seconds:g} s"
            self.close()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def lost(self, error: BaseException | None = None) -> Lost:
        """What to raise when the connection is no more, or of no more use: then it ends here."""
        self.close()
        said = (
            f"the server ended it: {self.goodbye}"
            if self.goodbye
            else words(str(error or "").encode("utf-8", "backslashreplace"))
        )
        return Lost(
            f"the connection was lost: {self.overdue or said or 'the server hung up'}",
            where=self.where,
            do="it is tried again",
        )


def words(raw: bytes) -> str:
    """What a server says, short and harmless."""
    return printable(raw[: 4 * _SHOWN_CHARACTERS_MAX].decode("utf-8", "surrogateescape").strip())[
        :_SHOWN_CHARACTERS_MAX
    ]


@contextmanager
def handshaken(
    host: str, port: int, *, deadlines: Deadlines, downgrades: Sequence[str], signatures: Sequence[str]
) -> Iterator[Connection]:
    """A connection with keys exchanged, with a server that signs in one of these ways; nobody has logged in.

    Raises PassingFault where nothing answers, LastingFault where nothing can be agreed on.
    """
    where = f"{host}:{port}"
    try:
        sock = socket.create_connection((host, port), deadlines.connect_seconds)
    except OSError as error:
        raise PassingFault(f"no connection: {error.strerror or error}", where=where, do="it is tried again") from error
    # A send into a full wire has no timeout of its own: the system ends it.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(deadlines.channel_seconds * 1_000))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = Connection(sock, where)
    try:
        _choose(connection, downgrades, signatures)
        connection.banner_timeout = connection.handshake_timeout = deadlines.banner_seconds
        connection.channel_timeout = deadlines.channel_seconds
        try:
            with connection.within(deadlines.banner_seconds, "the server's greeting and exchange of keys"):
                connection.start_client()
        except IncompatiblePeer as error:
            raise _nothing_common(connection, signatures, downgrades) from error
        except WIRE_ERRORS as error:
            raise connection.lost(error) from error
        yield connection
    finally:
        connection.close()
        sock.close()


def log_in(connection: Connection, account: Account, key: PKey | None) -> None:
    """By key, password, or both where the server asks for both. Raises LastingFault where it does not let us in."""
    refused: list[str] = []
    if key is not None:
        refused += _tried(connection, "key", lambda: connection.auth_publickey(account.user, key))
    if not connection.is_authenticated() and account.password is not None:
        refused += _tried(connection, "password", lambda: connection.auth_password(account.user, account.password))
    if not connection.is_authenticated():
        raise LastingFault(
            f"the server does not let {account.user} in: {'; '.join(refused) or 'it asks for more than we have'}",
            where=connection.where,
            do="have the vendor confirm user, key and password; trying on may lock the account",
        )


def _tried(connection: Connection, what: str, log_in: Callable[[], list[str]]) -> list[str]:
    """Why one way of logging in did not do, in our words: no more than a name of a method is the server's."""
    try:
        asked = log_in()
    except BadAuthenticationType as error:
        return [f"{what} is no way in there (it takes {words(', '.join(error.allowed_types).encode())})"]
    except WIRE_ERRORS as error:
        if connection.is_active() and isinstance(error, AuthenticationException):
            return [f"{what} refused"]
        if connection.goodbye and not connection.overdue:
            # Said after what we showed was looked at: too many attempts, or no such account.
            raise LastingFault(
                f"the server does not let us in: {connection.goodbye}",
                where=connection.where,
                do="have the vendor confirm user, key and password; trying on may lock the account",
            ) from error
        if "agree on a pubkey" in str(error):
            return [f"{what} refused: the server takes RSA keys with SHA-1 alone, which is no longer offered"]
        raise connection.lost(error) from error
    return [f"{what} was not enough (it asks for {words(', '.join(asked).encode())} as well)"] if asked else []


def _choose(connection: Connection, downgrades: Sequence[str], signatures: Sequence[str]) -> None:
    options = connection.get_security_options()
    options.ciphers = (*_CIPHERS, *(one for name in downgrades for one in CIPHERS_OF.get(name, ())))
    options.digests = (*_DIGESTS, *(one for name in downgrades for one in DIGESTS_OF.get(name, ())))
    options.key_types = tuple(signatures)


def _nothing_common(connection: Connection, signatures: Sequence[str], downgrades: Sequence[str]) -> LastingFault:
    offered = connection.offered
    if not set(signatures) & set(offered.get("server_key_algo_list", ())):
        return LastingFault(
            f"the server has no host key of a pinned type; it has {_list(offered.get('server_key_algo_list', ()))}",
            where=connection.where,
            why="it is another server, or one that was set up anew; nothing was sent, not even our login",
            do="call the vendor; hub sftp probe NAME shows what answers",
        )
    for name, adds in {**CIPHERS_OF, **DIGESTS_OF}.items():
        key = "server_encrypt_algo_list" if name in CIPHERS_OF else "server_mac_algo_list"
        ours = _CIPHERS if name in CIPHERS_OF else _DIGESTS
        theirs = set(offered.get(key, ()))
        if name not in downgrades and not theirs & set(ours) and theirs & set(adds):
            return LastingFault(
                f"the server knows only {_list(sorted(theirs))}, which is weak",
                where=connection.where,
                do=f'have the vendor renew it; until then: downgrades = ["{name}"] (docs/exchange.md, SFTP)',
            )
    return LastingFault(
        f"nothing to agree on: the server knows only key exchange {_list(offered.get('kex_algo_list', ()))}, "
        f"ciphers {_list(offered.get('server_encrypt_algo_list', ()))}, "
        f"checksums {_list(offered.get('server_mac_algo_list', ()))}",
        where=connection.where,
        do="have the vendor renew it: no setting makes this safe enough to be offered",
    )


def _list(names: Sequence[str]) -> str:
    return words(", ".join(names).encode()) or "none"
