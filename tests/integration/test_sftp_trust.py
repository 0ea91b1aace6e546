"""Which server it is and who we are: nothing is sent to a stranger, and no secret is ever told."""

from __future__ import annotations

import shutil
import time
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from hub.transport.faults import LastingFault, PassingFault, TransportFault
from hub.transport.sftp import Account, connected, probe
from tests.sftping import DEADLINES, IMPATIENT, account_on, put
from tests.sshd import How, Proxy, Sshd, make_key, silent_server

PASSPHRASE, PASSWORD = "kodeord-til-noeglen-9f3a", "kodeord-til-serveren-7c1e"
OTHER_KEY = "ssh-ed25519 SHA256:" + "A" * 43


def refused(account: Account) -> LastingFault:
    """What a person is told who tries to connect."""
    with pytest.raises(LastingFault) as fault, connected(account):
        pass
    return fault.value


def broken(account: Account) -> TransportFault:
    """What is told of a try to connect and list."""
    with pytest.raises(TransportFault) as fault, connected(account) as session:
        session.list(".")
    return fault.value


def told(error: BaseException) -> str:
    """All that a log could hold of it, its causes too."""
    return "".join(traceback.format_exception(error)) + repr(error)


def test_every_host_key_is_shown_as_openssh_shows_it(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", host_key_types=("rsa", "ecdsa", "ed25519")) as far:
        shown = probe("127.0.0.1", far.port, deadlines=DEADLINES, downgrades=())
        assert sorted(shown) == sorted(far.host_key_lines)
        assert len(shown) == 3


def test_any_of_its_keys_can_be_pinned_and_any_kind_of_ours_lets_us_in(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", host_key_types=("ed25519", "rsa", "ecdsa")) as far:
        for type_, pinned in zip(("ed25519", "rsa", "ecdsa"), far.host_key_lines, strict=True):
            ours = make_key(tmp_path / type_, type_, PASSPHRASE)
            shutil.copy(ours.with_suffix(".pub"), far.folder / "authorized_keys")
            with connected(account_on(far, host_keys=(pinned,), key_file=ours, passphrase=PASSPHRASE)) as session:
                assert session.list(".") == []


def test_another_host_key_is_refused_with_both_shown_and_before_any_login(sshd: Sshd) -> None:
    account = account_on(sshd)
    before = sshd.host_key_line
    sshd.change_host_keys()
    message = str(refused(account))
    assert before in message
    assert sshd.host_key_line in message
    assert "hub sftp probe" in message
    assert "publickey" not in sshd.log


def test_one_of_several_pinned_keys_is_enough(sshd: Sshd) -> None:
    with connected(account_on(sshd, host_keys=(OTHER_KEY, sshd.host_key_line))) as session:
        assert session.list(".") == []


def test_a_pinned_type_that_the_server_has_not_is_another_server(sshd: Sshd) -> None:
    fault = refused(account_on(sshd, host_keys=("ssh-rsa SHA256:" + "B" * 43,)))
    assert "no host key of a pinned type; it has ssh-ed25519" in str(fault)


@pytest.mark.parametrize("pinned", [(), ("ssh-dss SHA256:" + "A" * 43,)])
def test_without_a_key_that_can_be_checked_nobody_is_even_called(sshd: Sshd, pinned: tuple[str, ...]) -> None:
    with Proxy(sshd.port) as wire:
        assert "hub sftp probe" in str(refused(account_on(sshd, port=wire.port, host_keys=pinned)))
        assert wire.connections == 0


def test_a_password_lets_us_in_alone_and_beside_a_key_that_does_not(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", password=PASSWORD) as far:
        for key in (None, make_key(tmp_path / "unknown")):
            with connected(account_on(far, key_file=key, password=PASSWORD)) as session:
                assert session.list(".") == []


def test_a_server_that_wants_key_and_password_gets_both(tmp_path: Path) -> None:
    both = ("AuthenticationMethods publickey,password",)
    with Sshd(tmp_path / "far", password=PASSWORD, options=both) as far:
        with connected(account_on(far, password=PASSWORD)) as session:
            assert put(session, b"x")
        assert "it asks for password as well" in str(refused(account_on(far)))


@pytest.mark.parametrize("wrong", ["user", "key", "password", "password and no more tries", "no password there"])
def test_a_wrong_login_stops_and_tells_no_secret(tmp_path: Path, wrong: str) -> None:
    options = ("MaxAuthTries 1",) if "tries" in wrong else ("PasswordAuthentication no",) if "no pass" in wrong else ()
    server = PASSWORD if wrong.startswith("password") else None
    with Sshd(tmp_path / "far", password=server, options=options) as far:
        changes = {
            "user": {"user": "nobody-we-know"},
            "key": {"key_file": make_key(tmp_path / "unknown")},
        }.get(wrong, {"key_file": None, "password": PASSWORD + "-wrong"})
        fault = refused(account_on(far, **changes))
    assert "does not let" in str(fault)
    assert PASSWORD not in told(fault)


@pytest.mark.parametrize(
    ("passphrase", "why"),
    [
        (PASSPHRASE + "-wrong", "passphrase is not its own"),
        (None, "no passphrase is configured"),
    ],
)
def test_a_locked_key_is_not_opened_and_nobody_is_called(sshd: Sshd, passphrase: str | None, why: str) -> None:
    key = make_key(sshd.folder / "locked", passphrase=PASSPHRASE)
    with Proxy(sshd.port) as wire:
        fault = refused(account_on(sshd, port=wire.port, key_file=key, passphrase=passphrase))
        assert wire.connections == 0
    assert why in str(fault)
    assert PASSPHRASE not in told(fault)


def test_a_key_that_others_may_read_is_refused_as_ssh_does(sshd: Sshd) -> None:
    sshd.user_key.chmod(0o644)
    message = str(refused(account_on(sshd)))
    assert "others may read it" in message
    assert f"chmod 600 {sshd.user_key}" in message


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN OPENSSH PRIVATE KEY-----\nhemmelig-indhold\n"])
def test_what_is_no_key_is_told_without_its_content(sshd: Sshd, content: bytes | None) -> None:
    path = sshd.folder / "broken"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    fault = refused(account_on(sshd, key_file=path))
    assert "cannot be used" in str(fault)
    assert "hemmelig-indhold" not in told(fault)


def test_an_account_shows_neither_password_nor_passphrase(sshd: Sshd) -> None:
    shown = repr(account_on(sshd, password=PASSWORD, passphrase=PASSPHRASE))
    assert PASSWORD not in shown
    assert PASSPHRASE not in shown


@pytest.mark.parametrize(
    ("options", "downgrade"),
    [
        (("Ciphers aes256-cbc",), "cbc"),
        (("Ciphers aes256-ctr", "MACs hmac-sha1"), "hmac-sha1"),
    ],
)
def test_an_old_server_needs_its_downgrade_and_no_other(
    tmp_path: Path, options: tuple[str, ...], downgrade: str
) -> None:
    (other,) = {"cbc", "hmac-sha1"} - {downgrade}
    with Sshd(tmp_path / "far", options=options) as far:
        for too_few in ((), (other,)):
            assert f'downgrades = ["{downgrade}"]' in str(refused(account_on(far, downgrades=too_few)))
        with connected(account_on(far, downgrades=(downgrade,))) as session:
            assert put(session, b"x" * 100_000)


@pytest.mark.parametrize(
    ("option", "offered"),
    [
        ("KexAlgorithms diffie-hellman-group14-sha1", "key exchange diffie-hellman-group14-sha1"),
        ("HostKeyAlgorithms ssh-rsa", "it has ssh-rsa"),
    ],
)
def test_sha1_in_key_exchange_and_signatures_is_not_to_be_had(tmp_path: Path, option: str, offered: str) -> None:
    with Sshd(tmp_path / "far", host_key_types=("rsa",), options=(option,)) as far:
        assert offered in str(refused(account_on(far, downgrades=("cbc", "hmac-sha1"))))


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-Slow\r\n"])
def test_a_server_that_says_nothing_more_is_given_up_in_time(sshd: Sshd, said: bytes) -> None:
    with silent_server(said) as port:
        began = time.monotonic()
        with pytest.raises(PassingFault), connected(account_on(sshd, port=port, deadlines=IMPATIENT)):
            pass
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("how", ["stall", "reset", "cut"])
def test_a_wire_that_breaks_while_we_log_in_is_tried_again(sshd: Sshd, how: How) -> None:
    """Never LastingFault: what was lost on the way says nothing of our login."""
    for part in (0.02, 0.6, 0.8, 0.95):
        with Proxy(sshd.port) as wire:
            account = account_on(sshd, port=wire.port)
            with connected(account) as session:
                session.list(".")
            wire.interrupt(how, downloaded=int(wire.downloaded * part))
            began = time.monotonic()
            assert isinstance(broken(replace(account, deadlines=IMPATIENT)), PassingFault)
            assert time.monotonic() - began < 4
            wire.mend()
            with connected(account) as session:
                assert session.list(".") == []


def test_what_is_no_ssh_server_and_what_is_nothing_is_passing(sshd: Sshd) -> None:
    with silent_server(b"220 ftp.example\r\n") as port:
        assert isinstance(broken(account_on(sshd, port=port, deadlines=IMPATIENT)), PassingFault)
    sshd.stop()
    fault = broken(account_on(sshd))
    assert isinstance(fault, PassingFault)
    assert "no connection" in str(fault)


def test_a_server_that_lets_us_in_and_has_no_sftp_is_told(tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", options=("MaxSessions 0",)) as far:
        assert "gives no SFTP" in str(refused(account_on(far)))


def test_the_whole_session_has_an_end(sshd: Sshd) -> None:
    account = account_on(sshd, deadlines=replace(DEADLINES, total_seconds=0.7))
    with connected(account) as session:
        time.sleep(1)
        with pytest.raises(PassingFault, match=r"all of it took longer than 0\.7 s"):
            session.list(".")
