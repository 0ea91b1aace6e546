"""``hub check`` of the exchange: what keeps files from coming and going is told before the first one should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.exchange.check import problems
from hub.settings import Problem, read_site
from tests.integration.cli_runner import hub

SECRET = "hunter2-is-nobodys-business"
_KEY = "ssh-ed25519 SHA256:" + "A" * 43
_SFTP = """
plugin = "nets_bs"
[sftp]
host = "sftp.example"
user = "bolig"
password = { file = "secrets/password" }
host_keys = ["%s"]
"""


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., dict[tuple[str, str], str]]:
    """Problems of a site of these files, by file and key; a secret is kept in it, and so is a folder."""
    root = tmp_path / "site"
    for folder in ("config/vendors", "secrets", "shared", "inbox", "outbox/bs"):
        (root / folder).mkdir(parents=True)
    (root / "secrets/password").write_text(SECRET)

    def told(hub_toml: str = "", **vendors: str) -> dict[tuple[str, str], str]:
        (root / "config/hub.toml").write_text(hub_toml)
        for name, text in vendors.items():
            (root / f"config/vendors/{name}.toml").write_text(text)
        site, wrong = read_site(root)
        assert wrong == []
        found: list[Problem] = list(problems(site))
        assert SECRET not in repr(found)
        return {(one.file, one.key): str(one) for one in found}

    return told


Told = Callable[..., dict[tuple[str, str], str]]
BS = "config/vendors/bs.toml"


def sftp(*more: str, key: str = _KEY) -> str:
    return _SFTP % key + "\n".join(more)


def test_what_is_right_is_no_problem(told: Told) -> None:
    pull_and_push = sftp(
        "[sftp.pull]", 'folders = ["out"]', "[sftp.push]", 'folder = "in"', "[folder]", 'path = "shared"'
    )
    assert told(bs=pull_and_push) == {}


def test_no_pinned_host_key_names_what_shows_one(told: Told) -> None:
    found = told(bs=sftp().replace(f'host_keys = ["{_KEY}"]', ""))
    assert "hub sftp probe bs" in found[BS, "sftp.host_keys"]


def test_a_key_file_is_there_and_nobody_elses_business(told: Told, tmp_path: Path) -> None:
    with_key = sftp().replace("host_keys", 'key_file = "secrets/key"\nhost_keys')
    assert "No such file" in told(bs=with_key)[BS, "sftp.key_file"]
    key = tmp_path / "site/secrets/key"
    key.write_text("a key")
    key.chmod(0o640)
    assert f"chmod 600 {key}" in told(bs=with_key)[BS, "sftp.key_file"]
    key.chmod(0o600)
    assert told(bs=with_key) == {}


def test_secrets_that_are_not_where_they_should_be(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub_toml = """
[mail]
host = "smtp.example"
user = "bolig"
password = { env = "HUB_TEST_SMTP" }
sender = "hub@bolig.example"
"""
    monkeypatch.delenv("HUB_TEST_SMTP", raising=False)
    (tmp_path / "site/secrets/password").unlink()
    found = told(hub_toml, bs=sftp())
    assert "environment variable HUB_TEST_SMTP is not set" in found["config/hub.toml", "mail.password"]
    assert "secrets/password" in found[BS, "sftp.password"]
    monkeypatch.setenv("HUB_TEST_SMTP", SECRET)
    (tmp_path / "site/secrets/password").write_text("\n")
    assert told(hub_toml, bs=sftp()).keys() == {(BS, "sftp.password")}


def test_mail_is_off_until_the_site_confirms_server_and_recipient(told: Told) -> None:
    ticked = 'plugin = "brunata"\n[mail]\nsend = true\nto = ["meter@brunata.example"]\n'
    assert "R38" in told(bs=ticked)[BS, "mail.to"]
    server = '[mail]\nhost = "smtp.example"\nsender = "hub@bolig.example"\n'
    assert "meter@brunata.example" in told(server, bs=ticked)[BS, "mail.to"]
    assert told(server + 'confirmed = ["meter@brunata.example"]\n', bs=ticked) == {}


def test_notices_need_a_server_and_a_confirmed_recipient(told: Told) -> None:
    found = told('[notices]\nmail_to = ["anna@bolig.example"]\n')
    assert "[mail]" in found["config/hub.toml", "notices.mail_to"]


def test_encryption_needs_a_keyring(told: Told) -> None:
    packed = f'plugin = "nets_bs"\n[folder]\npath = "shared"\n[packing]\npgp_for = "{"A" * 40}"\n'
    assert "[pgp]" in told(bs=packed)[BS, "packing.pgp_for"]


def test_encryption_needs_a_way_by_machine(told: Told) -> None:
    packed = f'plugin = "nets_bs"\n[packing]\npgp_for = "{"A" * 40}"\n'
    assert "no delivery is made" in told(bs=packed)[BS, "packing.pgp_for"]
    zipped = 'plugin = "nets_bs"\n[packing]\nzip = true\n'
    assert told(bs=zipped) == {}


def test_a_file_that_was_moved_away_is_not_fetched_again(told: Told) -> None:
    moved = sftp("[sftp.pull]", 'folders = ["out", "out/done/"]', 'after = "move"', 'move_to = "./out/done"')
    assert (BS, "sftp.pull.move_to") in told(bs=moved)


@pytest.mark.parametrize(
    ("push", "names", "wrong"),
    [
        ('folder = "."', '["*"]', True),
        ('folder = "./"', '["BS06*.txt"]', True),
        ('folder = "."\nrename = false', '["*.txt"]', True),
        ('folder = "."\ntemporary = "T{name}"', '["T*"]', True),
        ('folder = "."\ntemporary = "T{name}"\nrename = false', '["T*"]', False),
        ('folder = "."', '["D*", "V*"]', False),
        ('folder = "in"', '["*"]', False),
    ],
)
def test_our_own_files_are_not_fetched(told: Told, push: str, names: str, wrong: bool) -> None:
    found = told(bs=sftp("[sftp.pull]", f"names = {names}", "[sftp.push]", push))
    assert ((BS, "sftp.push.folder") in found) is wrong


def test_our_own_files_are_not_fetched_as_they_are_packed(told: Told) -> None:
    lines = ("[sftp.pull]", 'folders = ["out"]', 'names = ["*.zip"]', "[sftp.push]", 'folder = "out"')
    assert told(bs=sftp(*lines)) == {}
    assert ".zip" in told(bs=sftp(*lines, "[packing]", "zip = true"))[BS, "sftp.push.folder"]


def test_a_folder_is_there_and_not_one_of_the_sites_own(told: Told) -> None:
    def given(path: str) -> str:
        return f'plugin = "nets_bs"\n[folder]\npath = "{path}"\n'

    assert "is not made" in told(bs=given("away"))[BS, "folder.path"]
    assert "own inbox/" in told(bs=given("inbox"))[BS, "folder.path"]
    assert "own outbox/" in told(bs=given("outbox/bs"))[BS, "folder.path"]


@pytest.mark.parametrize(
    ("other", "wrong"),
    [
        (("[sftp.pull]",), True),
        (("[sftp.pull]", 'names = ["D*"]', 'folders = ["./out", "."]'), True),
        (("[sftp.pull]", 'names = ["X*"]'), False),
        (("[sftp.pull]", 'folders = ["elsewhere"]'), False),
        (("[sftp.push]",), False),
    ],
)
def test_two_instances_do_not_fetch_the_same_files(told: Told, other: tuple[str, ...], wrong: bool) -> None:
    one = sftp("[sftp.pull]", 'names = ["D*"]')
    found = told(bs=one, cs=sftp(*other))
    assert (("config/vendors/cs.toml", "sftp.pull.names") in found) is wrong
    assert told(bs=one, cs=sftp(*other).replace("bolig", "another")) == {}


def test_silence_on_zero_days_belongs_to_an_expectation(told: Told) -> None:
    assert (BS, "expect_unless_zero") in told(bs='plugin = "nets_bs"\nexpect_unless_zero = true\n')


def test_the_command_tells_it_with_all_the_rest(tmp_path: Path) -> None:
    hub("init", tmp_path / "site")
    (tmp_path / "site/config/vendors/bs.toml").write_text(
        'plugin = "nets_bs"\nexpect_unless_zero = true\n[settings]\ncreditors = ["09999999"]\n'
    )
    answer = hub("check", "--json", site=tmp_path / "site")
    assert answer.status == 1
    assert "expect_unless_zero" in [problem["key"] for problem in answer.json["problems"]]
