"""PGP by a real GnuPG: what goes in comes out, what does not hold is refused with its reason, nothing stays behind."""

from __future__ import annotations

import io
import os
import shutil
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.transport.pgp import Keyring, PgpError, TooMuchError, is_encrypted
from tests.pgp_keys import LONG_AGO, PASSPHRASE, Keys

CONTENT = "Varme til Søren Ærø\r\n".encode() * 50
#: Of a message that is cut somewhere: as many bytes as any of these messages has at least.
SHORT = 150


@pytest.fixture
def keyring(pgp_keys: Keys) -> Keyring:
    return Keyring(pgp_keys.hub.folder, pgp_keys.ours, PASSPHRASE, 60.0)


@pytest.fixture
def message(tmp_path: Path) -> Callable[[bytes], Path]:
    def written(content: bytes) -> Path:
        path = tmp_path / "message"
        path.write_bytes(content)
        return path

    return written


def read(keyring: Keyring, path: Path, bytes_max: int = 1 << 20) -> tuple[bytes, str]:
    """What was in it, and who signed it."""
    target = io.BytesIO()
    signed_by = keyring.decrypt(path, target, bytes_max=bytes_max)
    return target.getvalue(), signed_by


def why_not(keyring: Keyring, path: Path, bytes_max: int = 1 << 20) -> str:
    with pytest.raises(PgpError) as refused:
        read(keyring, path, bytes_max)
    assert PASSPHRASE not in str(refused.value)
    return str(refused.value)


def test_what_was_encrypted_for_us_is_read_whether_armoured_or_not(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path]
) -> None:
    for options in ((), ("--armor",)):
        path = message(pgp_keys.encrypted(CONTENT, *options))
        assert is_encrypted(path)
        assert read(keyring, path) == (CONTENT, "")


def test_who_signed_is_told(keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path]) -> None:
    path = message(pgp_keys.encrypted(CONTENT, "--sign", "--local-user", pgp_keys.vendors))
    assert read(keyring, path) == (CONTENT, f"{pgp_keys.vendors} vendor <vendor@example.org>")


def test_a_signature_that_nobody_can_check_is_told_and_refuses_nothing(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path]
) -> None:
    path = message(pgp_keys.encrypted(CONTENT, "--sign", "--local-user", pgp_keys.strangers))
    content, signed_by = read(keyring, path)
    assert content == CONTENT
    assert signed_by == f"key {pgp_keys.strangers[-16:]}, not checked: not in our keyring"


def test_a_signature_by_a_key_that_has_expired_refuses_the_file(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path]
) -> None:
    path = message(pgp_keys.encrypted(CONTENT, *LONG_AGO, "--sign", "--local-user", pgp_keys.expired))
    assert "its signature was made by a key that has expired" in why_not(keyring, path)


def test_messages_that_are_not_for_us_say_for_whom(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path]
) -> None:
    other = why_not(keyring, message(pgp_keys.encrypted(CONTENT, recipient=pgp_keys.strangers)))
    assert other.startswith("it is encrypted for another key (")
    assert f"not for our key {pgp_keys.ours}" in other
    by_word = message(pgp_keys.vendor.run("--passphrase", PASSPHRASE, "--symmetric", given=CONTENT))
    assert is_encrypted(by_word)
    assert why_not(keyring, by_word).startswith("it is encrypted with a passphrase, not for a key")
    clear = message(pgp_keys.vendor.run("--armor", "--sign", "--local-user", pgp_keys.vendors, given=CONTENT))
    assert is_encrypted(clear)
    assert why_not(keyring, clear).startswith("it is a PGP message that is not encrypted")


def test_what_is_wrong_with_our_own_key_is_told_and_its_passphrase_is_not(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path], tmp_path: Path
) -> None:
    path = message(pgp_keys.encrypted(CONTENT))
    assert "is wrong" in why_not(replace(keyring, passphrase="not this one"), path)
    assert "is locked by a passphrase" in why_not(replace(keyring, passphrase=None), path)
    assert "more than one line" in why_not(replace(keyring, passphrase=f"{PASSPHRASE}\n2"), path)
    assert "no PGP keyring" in why_not(replace(keyring, home=tmp_path / "nowhere"), path)
    assert PASSPHRASE not in repr(keyring)


def test_a_home_where_no_agent_can_work_is_told(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path], tmp_path: Path
) -> None:
    home = tmp_path / ("x" * 100)
    shutil.copytree(pgp_keys.hub.folder, home, ignore=shutil.ignore_patterns("S.*"))
    path, far = message(pgp_keys.encrypted(CONTENT)), replace(keyring, home=home)
    assert why_not(far, path).startswith(f"gpg-agent, which opens our key, cannot work in {home}")
    with pytest.raises(PgpError, match="cannot work in"):
        far.encrypt(io.BytesIO(CONTENT), io.BytesIO(), recipient=pgp_keys.vendors, name="export.txt", sign=True)
    with pytest.raises(PgpError, match="cannot work in"):
        far.find(pgp_keys.ours)


def test_without_gnupg_it_says_so(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = message(pgp_keys.encrypted(CONTENT))
    monkeypatch.setenv("PATH", "/nowhere")
    assert why_not(keyring, path).startswith("gpg is not installed")


def test_a_message_of_endless_content_ends_at_the_limit(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path]
) -> None:
    path = message(pgp_keys.encrypted(bytes(64 << 20)))
    assert path.stat().st_size < 1 << 20
    target = io.BytesIO()
    with pytest.raises(TooMuchError, match="more than 1048576 bytes"):
        keyring.decrypt(path, target, bytes_max=1 << 20)
    assert len(target.getvalue()) <= 1 << 20


def test_memory_stays_flat_both_ways(keyring: Keyring, pgp_keys: Keys, tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(os.urandom(1 << 20) * 32)
    tracemalloc.start()
    with plain.open("rb") as source, packed.open("wb") as target:
        keyring.encrypt(source, target, recipient=pgp_keys.ours, name="plain", sign=True)
    with (tmp_path / "again").open("w+b") as again:
        keyring.decrypt(packed, again, bytes_max=1 << 30)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        again.seek(0)
        assert again.read() == plain.read_bytes()
    assert peak < 8 << 20


def test_gnupg_is_ended_when_its_time_is_up(
    keyring: Keyring, pgp_keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "gpg").write_text(
        '#!/bin/sh\ncase "$*" in *--list-config*) exec /usr/bin/gpg "$@";; esac\nexec sleep 60\n'
    )
    (folder / "gpg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    begun = time.monotonic()
    assert "took more than 0.5 seconds" in why_not(replace(keyring, seconds_max=0.5), tmp_path / "message")
    assert time.monotonic() - begun < 20


def test_no_agent_is_left_behind(keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path]) -> None:
    path = message(pgp_keys.encrypted(CONTENT))
    read(keyring, path)
    why_not(replace(keyring, passphrase="not this one"), path)
    keyring.prove()
    for _ in range(100):
        if not pgp_keys.agents():
            break
        time.sleep(0.05)
    assert pgp_keys.agents() == []


def test_what_we_encrypt_the_vendor_reads_and_knows_as_ours(keyring: Keyring, pgp_keys: Keys) -> None:
    target = io.BytesIO()
    keyring.encrypt(io.BytesIO(CONTENT), target, recipient=pgp_keys.vendors, name="export.txt", sign=True)
    assert pgp_keys.read_by_vendor(target.getvalue()) == CONTENT
    said = pgp_keys.vendor.run("--status-fd", "1", "--output", "/dev/null", "--decrypt", given=target.getvalue())
    assert f"VALIDSIG {pgp_keys.ours}" in said.decode()
    assert "PLAINTEXT" in said.decode()
    assert "export.txt" in said.decode()


@pytest.mark.parametrize(
    ("key", "why"), [("expired", "it has expired"), ("revoked", "it was revoked"), ("strangers", "not in the keyring")]
)
def test_nothing_is_encrypted_for_a_key_that_nobody_should_use(
    keyring: Keyring, pgp_keys: Keys, key: str, why: str
) -> None:
    """Larger than a pipe holds: GnuPG ends while it is still being written to."""
    target = io.BytesIO()
    with pytest.raises(PgpError) as refused:
        keyring.encrypt(
            io.BytesIO(bytes(1 << 20)), target, recipient=getattr(pgp_keys, key), name="export.txt", sign=False
        )
    assert why in str(refused.value)
    assert target.getvalue() == b""


def test_a_disk_that_is_full_is_no_fault_of_the_message(
    keyring: Keyring, pgp_keys: Keys, message: Callable[[bytes], Path]
) -> None:
    path = message(pgp_keys.encrypted(CONTENT))
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        keyring.decrypt(path, full, bytes_max=1 << 20)


def test_files_of_other_kinds_are_not_taken_for_messages(pgp_keys: Keys, message: Callable[[bytes], Path]) -> None:
    for content in (
        b"",
        b"\x85",
        b"PK\x03\x04",
        "Ændring af Ålborg\r\n".encode("latin-1"),
        "Ár og Øre\r\nÃ\r\n".encode("cp850"),
        b"\xef\xbb\xbfBS0120999999940117\r\n",
        pgp_keys.vendor.run("--export", pgp_keys.vendors),
        pgp_keys.vendor.run("--armor", "--export", pgp_keys.vendors),
        pgp_keys.vendor.run("--clearsign", "--local-user", pgp_keys.vendors, given=b"hello"),
    ):
        assert not is_encrypted(message(content)), content[:40]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.sampled_from([0x84, 0x85, 0x86, 0x8C, 0x8D, 0xC1, 0xC3]), rest=st.binary(max_size=24))
def test_any_bytes_are_a_message_or_none(tmp_path: Path, first: int, rest: bytes) -> None:
    """A session key of version 3 for an algorithm that encrypts, or one of versions 4 to 6 by a passphrase."""
    path = tmp_path / "message"
    path.write_bytes(bytes([first]) + rest)
    if is_encrypted(path):
        assert len(rest) >= 15
        assert {3, 4, 5, 6} & set(rest[1:6])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(1, SHORT), at=st.integers(0, SHORT - 1), other=st.integers(1, 255))
def test_a_message_that_was_cut_or_changed_anywhere_gives_nothing(
    keyring: Keyring, pgp_keys: Keys, tmp_path: Path, cut: int, at: int, other: int
) -> None:
    """Either is refused, or what was changed did not matter to what is in it: never other content."""
    whole = pgp_keys.encrypted(CONTENT)
    path = tmp_path / "message"
    path.write_bytes(whole[:-cut])
    why_not(keyring, path)
    path.write_bytes(whole[:at] + bytes([whole[at] ^ other]) + whole[at + 1 :])
    with suppress(PgpError):
        assert read(keyring, path) == (CONTENT, "")
