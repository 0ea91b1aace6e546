"""The site's configuration: what is read, and that all that is wrong is told at once and in the same form."""

from __future__ import annotations

import os
import traceback
from datetime import date
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.settings import (
    CompanyConfig,
    ConfigError,
    Door,
    HubConfig,
    Problem,
    Secret,
    Site,
    VendorConfig,
    load_site,
    parse_period,
    read_site,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("companies", "vendors"):
        (tmp_path / "config" / folder).mkdir(parents=True)
    (tmp_path / "config" / "hub.toml").touch()
    return tmp_path


def problems(root: Path) -> list[tuple[str, str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        load_site(root)
    return [(each.file.removeprefix("config/"), each.key, each.given, each.allowed) for each in caught.value.problems]


def test_an_empty_hub_toml_is_a_site_with_safe_defaults(root: Path) -> None:
    site = load_site(root)
    assert site.hub == HubConfig()
    assert site.hub.intake.settle_looks >= 2
    assert site.database_url == f"sqlite:///{root}/hub.db"
    assert site.company("7") == CompanyConfig(number="7")
    assert site.zone.key == "Europe/Copenhagen"


def test_companies_and_vendors_are_read(root: Path) -> None:
    (root / "config/companies/one.toml").write_text('number = "1"\nbooks_closed_through = 2025-12-31\n')
    (root / "config/vendors/heat.toml").write_text(
        'plugin = "brunata"\nproperties = ["1-12"]\nperiod = "2025-06-01..2026-05-31"\ndoor.pattern = ""\n'
        '[settings]\nsign = "-"\n'
    )
    (root / "config/vendors/off.toml").write_text('plugin = "brunata"\nenabled = false\n')
    site = load_site(root)
    assert site.companies == {"1": CompanyConfig(number="1", books_closed_through=date(2025, 12, 31))}
    assert site.vendors == {
        "heat": VendorConfig(
            plugin="brunata",
            properties=("1-12",),
            period="2025-06-01..2026-05-31",
            door=Door(pattern=""),
            settings={"sign": "-"},
        )
    }
    assert site.own_inbox("heat") == root / "inbox" / "heat"


def test_a_byte_order_mark_does_not_matter(root: Path) -> None:
    (root / "config/hub.toml").write_bytes(b'\xef\xbb\xbf[site]\nname = "Test"\n')
    assert load_site(root).hub.site.name == "Test"


def test_a_folder_without_hub_toml_is_no_site(tmp_path: Path) -> None:
    assert problems(tmp_path) == [("hub.toml", "the file", "", f"is missing: run: hub init {tmp_path}")]


def test_all_problems_of_all_files_come_at_once(root: Path) -> None:
    (root / "config/hub.toml").write_text('[intake]\nscan_second = 5\n[site]\ntimezone = "Mars"\n[log]\nlevel = 3\n')
    (root / "config/companies/a.toml").write_text('number = "1"\n')
    (root / "config/companies/b.toml").write_text('number = "1"\n')
    (root / "config/companies/c.toml").write_text('number = "1-2"\n')
    (root / "config/vendors/d.toml").write_bytes(b'plugin = "\xe6"')
    (root / "config/vendors/e f.toml").write_text('plugin = "x"')
    (root / "config/vendors/g.toml").write_text('plugin = "x"\nproperties = ["12"]\nperiod = "2025"\nbook = "later"\n')
    (root / "config/vendors/h.toml").mkdir()
    found = problems(root)
    assert [problem[:3] for problem in found] == [
        ("hub.toml", "site.timezone", "'Mars'"),
        ("hub.toml", "intake.scan_second", "5"),
        ("hub.toml", "log.level", "3"),
        ("companies/b.toml", "number", "1"),
        ("companies/c.toml", "number", "'1-2'"),
        ("vendors/d.toml", "the file", ""),
        ("vendors/e f.toml", "the file's name", "e f"),
        ("vendors/g.toml", "properties.0", "'12'"),
        ("vendors/g.toml", "book", "'later'"),
        ("vendors/g.toml", "period", "'2025'"),
        ("vendors/h.toml", "the file", ""),
    ]
    allowed = {problem[:2]: problem[3] for problem in found}
    assert "no such time zone" in allowed["hub.toml", "site.timezone"]
    assert allowed["hub.toml", "intake.scan_second"].startswith("no such key; there are: settle_looks,")
    assert allowed["hub.toml", "log.level"] == "Input should be 'debug', 'info', 'warning' or 'error'"
    assert "e.g. 2025-06-01..2026-05-31" in allowed["vendors/g.toml", "period"]


def test_what_is_right_can_be_had_beside_what_is_wrong(root: Path) -> None:
    (root / "config/vendors/good.toml").write_text('plugin = "x"\n')
    (root / "config/vendors/bad.toml").write_text("plugin = 1\n")
    site, found = read_site(root)
    assert set(site.vendors) == {"good"}
    assert [problem.key for problem in found] == ["plugin"]


@pytest.mark.parametrize("folder", ["../elsewhere", "/etc", "..", ".hidden", "a/b", "a\\b", ""])
def test_an_inbox_never_lies_outside_the_inbox(root: Path, folder: str) -> None:
    (root / "config/vendors/v.toml").write_text(f"plugin = 'x'\ndoor.folder = '{folder}'\n")
    assert [problem[1] for problem in problems(root)] == ["door.folder"]


def test_a_problem_says_file_key_given_and_allowed_on_one_line() -> None:
    problem = Problem("config/hub.toml", "log.level", "3", "Input should be 'info'")
    assert str(problem) == "config/hub.toml: log.level, given 3: Input should be 'info'"
    told = "config/hub.toml: log.level, given 3: Input should be 'info'. mend the files named, then run: hub check"
    assert str(ConfigError([problem])) == told


def test_a_secret_is_told_by_its_place_and_read_when_needed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "password").write_text("postgresql://hub:hunter2@db/hub\n")
    (root / "config/hub.toml").write_text('database = { file = "password" }\n')
    site = load_site(root)
    assert "hunter2" not in repr(site)
    assert site.database_url == "postgresql://hub:hunter2@db/hub"
    monkeypatch.setenv("HUB_TEST_SECRET", "s")
    assert Secret(env="HUB_TEST_SECRET").reveal(root) == "s"


def test_a_secret_that_is_not_there_is_an_error_that_says_what_to_do(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_TEST_SECRET", raising=False)
    with pytest.raises(HubError, match=r"HUB_TEST_SECRET is not set\. set it before"):
        Secret(env="HUB_TEST_SECRET").reveal(root)
    with pytest.raises(HubError, match="the secret in gone cannot be read"):
        Secret(file=Path("gone")).reveal(root)
    # No server is shown an empty password: it would be a wrong one.
    (root / "secret").write_text(" \n")
    with pytest.raises(HubError, match="the secret in secret is empty"):
        Secret(file=Path("secret")).reveal(root)


@pytest.mark.parametrize("where", ["env", "file"])
def test_a_secret_that_is_no_utf8_is_refused_without_a_byte_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    kept = "Blåbær".encode("latin-1")
    (tmp_path / "secret").write_bytes(kept)
    monkeypatch.setenv("HUB_TEST_SECRET", os.fsdecode(kept))
    secret = Secret(env="HUB_TEST_SECRET") if where == "env" else Secret(file=Path("secret"))
    with pytest.raises(HubError, match="is no UTF-8") as refused:
        secret.reveal(tmp_path)
    told = "".join(traceback.format_exception(refused.value))
    assert "0xe5" not in told
    assert "Bl" not in told
    assert refused.value.__cause__ is refused.value.__context__ is None


@pytest.mark.parametrize("text", ["{}", '{ env = "A", file = "B" }', '{ value = "hunter2" }'])
def test_a_secret_is_kept_in_exactly_one_place(root: Path, text: str) -> None:
    (root / "config/hub.toml").write_text(f"database = {text}\n")
    found = problems(root)
    assert all(problem[1].startswith("database") for problem in found)
    assert "hunter2" not in repr(found)


def test_a_wrong_secret_in_the_configuration_is_not_repeated(root: Path) -> None:
    (root / "config/vendors/v.toml").write_text("plugin = 'x'\npassword = 'hunter2'\n[door]\nsftp_token = 'hunter2'\n")
    found = problems(root)
    assert [problem[1] for problem in found] == ["door.sftp_token", "password"]
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///data/hub.db", "sqlite:///{root}/data/hub.db"),
        ("sqlite:////var/lib/hub.db", "sqlite:////var/lib/hub.db"),
        ("postgresql://db/hub", "postgresql://db/hub"),
    ],
)
def test_a_relative_database_lies_in_the_site(root: Path, url: str, expected: str) -> None:
    assert Site(root, HubConfig(database=url)).database_url == expected.format(root=root)


def test_a_period_is_two_dates() -> None:
    assert parse_period(" 2025-06-01..2026-05-31 ") == (date(2025, 6, 1), date(2026, 5, 31))


@pytest.mark.parametrize("text", ["", "2025", "2025-06-01", "2026-05-31..2025-06-01", "2025-02-30..2025-03-01"])
def test_a_period_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no period|ends before it begins|day is out of range"):
        parse_period(text)


@pytest.mark.parametrize("part", ["{site.hub}", "{name!r}", "{name:>99999999}", "{name[0]}", "{other}", "{}", "{name"])
@pytest.mark.parametrize(
    ("section", "key"), [("mail", "subject"), ("mail", "text"), ("sftp.push", "temporary"), ("delivery", "file_name")]
)
def test_what_is_filled_in_is_a_name_in_braces_and_no_more(root: Path, section: str, key: str, part: str) -> None:
    needed = {
        "mail": "",
        "sftp.push": '[sftp]\nhost = "h"\nuser = "u"\nkey_file = "k"\n',
        "delivery": "",
    }[section]
    given = "data_supplier = '12345678'\n" if section == "delivery" else ""
    value = {"temporary": f"{{name}}{part}", "file_name": f"{{number}}{part}"}.get(key, part)
    (root / "config/vendors/v.toml").write_text(f'plugin = "p"\n{needed}[{section}]\n{given}{key} = "{value}"\n')
    ((file, told, _, allowed),) = problems(root)
    assert (file, told) == ("vendors/v.toml", f"{section}.{key}")
    assert "braces" in allowed or "expected '}'" in allowed


@pytest.mark.parametrize(
    ("amount", "wrong"),
    [
        ("1.00...5.00", "'1.00.' is no amount"),
        ("٣..4", "'٣' is no amount"),
        ("1.250..", "'1.250' is no amount"),
        ("5..1", "'5..1' ends before it begins"),
        ("1,00..2,00", "'1,00..2,00' is no range of amounts"),
        ("5", "'5' is no range of amounts"),
    ],
)
def test_a_range_of_amounts_that_is_none_is_named_with_its_file(root: Path, amount: str, wrong: str) -> None:
    rule = f'[[rules]]\nname = "fees"\ntext = "*"\naccount = "fees"\namount = "{amount}"\n'
    (root / "config/vendors/bank.toml").write_text(f'plugin = "iso20022"\n{rule}', encoding="utf-8")
    ((file, key, given, told),) = problems(root)
    assert (file, key, given) == ("vendors/bank.toml", "rules.0.amount", repr(amount))
    assert wrong in told
