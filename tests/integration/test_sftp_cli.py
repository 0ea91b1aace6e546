"""``hub sftp probe`` and the account that a configuration gives: what a person sees, and no secret in any of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.outbox.accounts import account_of
from hub.settings import load_site
from hub.transport.faults import LastingFault
from hub.transport.sftp import connected
from tests import tiny_site
from tests.integration.cli_runner import Answer, hub
from tests.sshd import Sshd, make_key

PASSPHRASE, PASSWORD = "kodeord-til-noeglen-9f3a", "kodeord-til-serveren-7c1e"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    tiny_site.write_site(root)
    return root


def configure(site: Path, sshd: Sshd, *pinned: str, **more: str) -> None:
    """Vendor heat has this server; ``more`` are lines of [sftp]."""
    lines = {
        "host": '"127.0.0.1"',
        "port": str(sshd.port),
        "user": json.dumps(sshd.user),
        "host_keys": json.dumps(pinned),
        "key_file": json.dumps(str(sshd.user_key)),
        **more,
    }
    path = site / "config/vendors/heat.toml"
    text = path.read_text(encoding="utf-8").partition("[sftp]")[0]
    path.write_text(text + "[sftp]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items()), encoding="utf-8")


def probed(site: Path) -> tuple[Answer, Answer]:
    """For a person, and for a program."""
    return hub("sftp", "probe", "heat", site=site), hub("sftp", "probe", "heat", "--json", site=site)


def test_nothing_is_pinned_yet_and_the_line_to_pin_is_shown(site: Path, tmp_path: Path) -> None:
    with Sshd(tmp_path / "far", host_key_types=("ed25519", "ecdsa")) as far:
        configure(site, far)
        told, document = probed(site)
        assert told.status == document.status == 2
        assert all(line in told.out for line in far.host_key_lines)
        line = f'host_keys = ["{far.host_key_line}"]'
        assert line in told.out
        assert "Ask the vendor" in told.out
        assert document.json == {
            "vendor": "heat",
            "server": f"127.0.0.1:{far.port}",
            "state": "unpinned",
            "shown": [{"key": line, "pinned": False} for line in far.host_key_lines],
            "pinned_not_shown": [],
        }
        configure(site, far, far.host_key_line)
        with connected(account_of(load_site(site), "heat")) as session:
            assert session.list(".") == []


def test_a_pinned_key_is_seen(site: Path, sshd: Sshd) -> None:
    configure(site, sshd, sshd.host_key_line)
    told, document = probed(site)
    assert told.status == document.status == 0
    assert "pinned" in told.out
    assert "Ask the vendor" not in told.out
    assert document.json["shown"] == [{"key": sshd.host_key_line, "pinned": True}]


def test_another_key_than_the_pinned_one_shows_both(site: Path, sshd: Sshd) -> None:
    configure(site, sshd, before := sshd.host_key_line)
    sshd.change_host_keys()
    told, document = probed(site)
    assert told.status == document.status == 1
    assert before in told.out
    assert sshd.host_key_line in told.out
    assert "another server" in told.out
    assert document.json["state"] == "changed"
    assert document.json["pinned_not_shown"] == [before]


def test_a_server_that_does_not_answer_and_a_vendor_without_one_are_told(site: Path, sshd: Sshd) -> None:
    configure(site, sshd)
    sshd.stop()
    told, _ = probed(site)
    assert told.status == 1
    assert f"127.0.0.1:{sshd.port}: no connection" in told.err
    for name in ("bs", "nobody"):
        told = hub("sftp", "probe", name, site=site)
        assert told.status == 1
        assert f"{name} has no SFTP server" in told.err


def test_secrets_come_from_where_the_settings_say_and_show_nowhere(
    site: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(site / "key", passphrase=PASSPHRASE)
    (sshd.folder / "authorized_keys").write_bytes(key.with_suffix(".pub").read_bytes())
    (site / "server.secret").write_text(PASSWORD + "\n", encoding="utf-8")
    secrets = {"passphrase": '{ env = "HEAT_KEY" }', "password": '{ file = "server.secret" }', "key_file": '"key"'}
    configure(site, sshd, sshd.host_key_line, **secrets)
    with pytest.raises(HubError, match="HEAT_KEY is not set"):
        account_of(load_site(site), "heat")
    monkeypatch.setenv("HEAT_KEY", PASSPHRASE)
    account = account_of(load_site(site), "heat")
    with connected(account) as session:
        assert session.list(".") == []
    monkeypatch.setenv("HEAT_KEY", "wrong-" + PASSPHRASE)
    with pytest.raises(LastingFault) as fault, connected(account_of(load_site(site), "heat")):
        pass
    shown = [repr(account), repr(load_site(site)), str(fault.value), *map(str, probed(site))]
    shown += [str(hub("vendors", "show", "heat", site=site)), str(hub("check", site=site))]
    assert not [text for text in shown if PASSPHRASE in text or PASSWORD in text]
    assert os.environ["HEAT_KEY"] not in str(fault.value)
