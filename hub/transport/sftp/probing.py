"""What a server shows to whoever asks: the keys by which a site can know it again."""

from __future__ import annotations

from collections.abc import Sequence

from paramiko import PKey

from hub.transport.sftp.account import Deadlines
from hub.transport.sftp.connecting import handshaken
from hub.transport.sftp.trust import SIGNATURES, line_of


def probe(host: str, port: int, *, deadlines: Deadlines, downgrades: Sequence[str]) -> list[str]:
    """``TYPE SHA256:...`` of every host key that the server has, in the order of :data:`SIGNATURES`.

    Nobody logs in. Raises PassingFault, and LastingFault where it has no key of a type that we know.
    """

    def shown(signatures: Sequence[str]) -> tuple[PKey, Sequence[str]]:
        with handshaken(host, port, deadlines=deadlines, downgrades=downgrades, signatures=signatures) as connection:
            return connection.get_remote_server_key(), connection.offered["server_key_algo_list"]

    # The first of them tells which there are.
    first, offered = shown([signature for signatures in SIGNATURES.values() for signature in signatures])
    lines = []
    for type_, signatures in SIGNATURES.items():
        if first.get_name() == type_:
            lines.append(line_of(first))
        elif wanted := [signature for signature in signatures if signature in offered]:
            lines.append(line_of(shown(wanted)[0]))
    return lines
