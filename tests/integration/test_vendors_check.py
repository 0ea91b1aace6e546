"""hub check and hub vendors show: all that is wrong at once, and where each value in effect comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.settings import ConfigError, Problem, load_site
from hub.vendors import PortfolioFacts, check, effective

pytestmark = pytest.mark.usefixtures("hostile")

SiteWriter = Callable[..., Path]


@pytest.fixture
def site(tmp_path: Path) -> SiteWriter:
    """Writes a site of hub.toml and vendor files."""

    def site(hub: str = "", companies: Mapping[str, str] | None = None, **vendors: str) -> Path:
        config = tmp_path / "site" / "config"
        for folder in ("companies", "vendors"):
            (config / folder).mkdir(parents=True)
        (config / "hub.toml").write_text(hub)
        for name, text in (companies or {}).items():
            (config / "companies" / f"{name}.toml").write_text(text)
        for name, text in vendors.items():
            (config / "vendors" / f"{name}.toml").write_text(text)
        return config.parent

    return site


def test_a_right_site_has_no_problems(site: SiteWriter) -> None:
    assert check(site(fine='plugin = "fine"', prints='plugin = "prints"')) == []


def test_everything_wrong_in_every_file_is_told_at_once(site: SiteWriter) -> None:
    root = site(
        hub="[plugins]\nno_progress_seconds = 0",
        companies={"one": 'number = "1"\ncurrency = "EUR"'},
        broken="plugin = ",
        unknown='plugin = "finer"',
        wrong='plugin = "fine"\n[settings]\nsign = "--"\nsing = "+"\namount = { start = 0, length = 10 }',
        missing="enabled = true",
        importing='plugin = "fails_to_import"',
        misspelt='plugin = "misspelt"',
        newer='plugin = "other_api"',
        named='plugin = "other_name"',
        asleep='plugin = "nobody"\nenabled = false',
    )
    problems = check(root)
    told = {(problem.file, problem.key): problem for problem in problems}
    assert len(told) == len(problems) == 12
    limits = told["config/hub.toml", "plugins.no_progress_seconds"]
    assert (limits.given, limits.allowed) == ("0", "Input should be greater than 0")
    assert told["config/companies/one.toml", "currency"].given == "'EUR'"
    assert "no TOML" in told["config/vendors/broken.toml", "the file"].allowed
    assert told["config/vendors/missing.toml", "plugin"].allowed == "Field required"
    unknown = told["config/vendors/unknown.toml", "plugin"]
    assert unknown.given == "finer"
    assert "installed; there are: brunata, curious," in unknown.allowed
    wrong = "config/vendors/wrong.toml"
    assert told[wrong, "settings.sign"].given == "'--'"
    assert told[wrong, "settings.sing"].allowed == "no such key; there are: sign, amount, since, endpoint_token"
    assert told[wrong, "settings.amount.start"].allowed == "Input should be greater than or equal to 1"
    assert "ImportError" in told["config/vendors/importing.toml", "plugin"].allowed
    misspelt = told["config/vendors/misspelt.toml", "plugin"]
    assert "'idenfity'" in misspelt.allowed
    assert "hooks are: describe, identify, read, whose, make" in misspelt.allowed
    assert "version (2, 0) of the plug-in API, this hub has 1.0" in told["config/vendors/newer.toml", "plugin"].allowed
    assert "'another_name'" in told["config/vendors/named.toml", "plugin"].allowed


def test_a_folder_that_is_no_site_is_told_what_to_do(tmp_path: Path) -> None:
    (problem,) = check(tmp_path)
    assert (problem.file, problem.allowed) == ("config/hub.toml", f"is missing: run: hub init {tmp_path}")


def test_two_distributions_with_one_plugin_name_are_both_refused(
    site: SiteWriter, install: Callable[[str, str, dict[str, str]], None]
) -> None:
    install("another-house", "1.0", {"twin": "hub_hostile:Fine"})
    (problem,) = check(site(twin='plugin = "twin"'))
    assert "another-house 1.0 and third-party-hostile 6.6.6" in problem.allowed


def test_a_secret_is_not_repeated_when_it_is_wrong(site: SiteWriter) -> None:
    (problem,) = check(site(fine='plugin = "fine"\n[settings]\nendpoint_token = 1234567'))
    assert problem.key == "settings.endpoint_token"
    assert "1234567" not in str(problem)


HEAT, WATER = "config/vendors/heat.toml", "config/vendors/water.toml"


@pytest.mark.parametrize(
    ("heat", "water", "refused"),
    [
        ("", "", "door.pattern"),
        ('door.pattern = "V*"', "", "door.pattern"),
        ('door.pattern = "V*"', 'door.pattern = "V*"', "door.pattern"),
        ('door.pattern = "V*"', 'door.pattern = "W*"', None),
        ('door.pattern = ""', "", None),
        ('door = { folder = "both", pattern = "" }', 'door = { folder = "BOTH", pattern = "" }', "door.folder"),
        ('door = { folder = "water", pattern = "" }', 'door.pattern = ""', "door.folder"),
    ],
)
def test_two_instances_at_one_door_with_nothing_to_tell_them_apart_are_refused(
    site: SiteWriter, heat: str, water: str, refused: str | None
) -> None:
    problems = check(site(heat=f'plugin = "fine"\n{heat}', water=f'plugin = "fine"\n{water}'))
    assert [(problem.file, problem.key) for problem in problems] == ([(WATER, refused)] if refused else [])
    assert all("heat" in problem.allowed and "R1" in problem.allowed for problem in problems)


def test_the_common_inbox_is_shared_by_plugins_that_know_their_files_apart(site: SiteWriter) -> None:
    assert check(site(heat='plugin = "fine"', payments='plugin = "prints"')) == []


def test_a_scope_names_companies_and_properties_of_the_portfolio(site: SiteWriter) -> None:
    root = site(fine='plugin = "fine"\ncompanies = ["1", "3"]\nproperties = ["1-12", "1-13"]')
    facts = PortfolioFacts(companies=frozenset("12"), properties=frozenset(["1-12"]))
    file = "config/vendors/fine.toml"
    assert check(root, facts) == [
        Problem(file, "companies", "'3'", "the portfolio has no such; it has 1, 2"),
        Problem(file, "properties", "'1-13'", "the portfolio has no such; it has 1-12"),
    ]
    assert check(root) == []


@pytest.mark.parametrize(
    ("creditors", "groups"),
    [
        ({("01234567", "00001"): "1", ("01234567", "00002"): "2"}, []),
        ({("01234567", ""): "1", ("76543210", ""): "2"}, []),
        ({("01234567", ""): "12"}, ["''"]),
        ({("01234567", "00001"): "12"}, ["'00001'"]),
        ({("01234567", ""): "1", ("01234567", "00002"): "2"}, ["''"]),
        ({("01234567", ""): "1", ("01234567", "00002"): "1"}, []),
        ({("", ""): "12"}, []),
    ],
)
def test_companies_under_one_creditor_number_need_debtor_groups(
    site: SiteWriter, creditors: dict[tuple[str, str], str], groups: list[str]
) -> None:
    facts = PortfolioFacts(creditors={key: frozenset(companies) for key, companies in creditors.items()})
    problems = check(site(), facts)
    assert [problem.given for problem in problems] == groups
    assert all("companies 1, 2 share creditor number 01234567" in problem.allowed for problem in problems)


CONFIG = """# An instance for the tests.
plugin = "fine"
properties = [
    "1-12",
]

door.pattern = "V*"

[settings]
endpoint_token = "keep this"
since = 2025-06-01

[settings.amount]
start = 21
length = 9
"""


def test_effective_settings_say_where_each_value_comes_from(site: SiteWriter) -> None:
    rows = {row.key: row for row in effective(load_site(site(heat=CONFIG)), "heat")}
    shown = {key: (row.value, row.origin.removeprefix("config/vendors/heat.toml:")) for key, row in rows.items()}
    assert shown == {
        "plugin": ("fine", "2"),
        "enabled": (True, "default"),
        "companies": ([], "default"),
        "properties": (["1-12"], "3"),
        "book": ("auto", "default"),
        "door.folder": (None, "default"),
        "door.pattern": ("V*", "7"),
        "period": (None, "default"),
        "settings.sign": ("-", "default"),
        "settings.amount.start": (21, "14"),
        "settings.amount.length": (9, "15"),
        "settings.since": ("2025-06-01", "11"),
        "settings.endpoint_token": ("(hidden)", "10"),
    }
    assert rows["settings.sign"].item == "12.05"
    assert rows["settings.amount.start"].item == "12.06"
    assert rows["settings.since"].item == ""


def test_effective_settings_of_what_is_not_there_or_not_right(site: SiteWriter) -> None:
    loaded = load_site(site(heat='plugin = "fine"', cold='plugin = "fine"\n[settings]\nsign = 1'))
    with pytest.raises(HubError, match=r"no vendor instance is named 'hot'\. there are: cold, heat"):
        effective(loaded, "hot")
    with pytest.raises(ConfigError, match=r"config/vendors/cold\.toml: settings\.sign"):
        effective(loaded, "cold")
