"""Which server it is: pinned host keys, and nothing else is ever talked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paramiko import PKey

from hub.transport.faults import LastingFault

#: By the type of a host key, the signatures that it may give. ``ssh-rsa`` itself, with SHA-1, is none of them.
SIGNATURES: Mapping[str, tuple[str, ...]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}


def signatures_of(pinned: Sequence[str], where: str) -> tuple[str, ...]:
    """What is negotiated: the pinned types alone, so that a server cannot show another of its keys.

    Raises LastingFault where nothing is pinned, or a type that there is not.
    """
    if not pinned:
        raise LastingFault(
            "no host key is pinned",
            where=where,
            why="nobody has said yet which server this is, and whoever answers would get our login and files",
            do="hub sftp probe NAME shows what answers; ask the vendor, then put the line into host_keys",
        )
    types = [line.split()[0] for line in pinned]
    if unknown := [type_ for type_ in types if type_ not in SIGNATURES]:
        raise LastingFault(
            f"host_keys has a type that cannot be checked: {', '.join(unknown)}",
            where=where,
            do=f"pin one of {', '.join(SIGNATURES)}, as hub sftp probe NAME shows them",
        )
    return tuple(signature for type_ in dict.fromkeys(types) for signature in SIGNATURES[type_])


def line_of(key: PKey) -> str:
    """``TYPE SHA256:...``, as OpenSSH writes a fingerprint."""
    return f"{key.get_name()} {key.fingerprint}"


def check(key: PKey, pinned: Sequence[str], where: str) -> None:
    """Raises LastingFault, with both, where the server's key is not one that is pinned."""
    shown = line_of(key)
    if shown not in pinned:
        raise LastingFault(
            f"the server shows {shown}, and pinned is {', '.join(pinned)}",
            where=where,
            why="it is another server, or one that was set up anew; nothing was sent, not even our login",
            do="call the vendor, on a number that you know; if the key is theirs, hub sftp probe NAME gives the line",
        )
