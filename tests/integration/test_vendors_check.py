"""hub check and hub vendors show: all that is wrong at once, and where each value in effect comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hub.errors import HubError
from hub.settings import ConfigError, Problem, load_site
from hub.store.portfolio import CompanyFacts, PortfolioFacts
from hub.vendors import check, effective

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
    assert "installed; there are: arge, brunata, casi, chatters, curious," in unknown.allowed
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
        ('door.pattern = "V*"', 'door.pattern = "Vand-*.txt"', "door.pattern"),
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


@pytest.mark.parametrize(
    ("ours", "theirs", "shared"),
    [
        (["bs/0602"], ["bs/0602"], "bs/0602"),
        (["bs/0602"], ["bs/0602/09999999"], "bs/0602/09999999"),
        (["bs/0602/09999999"], ["bs"], "bs/0602/09999999"),
        (["pdf", "bs/0602/2", "bs/0602/1"], ["bs/0602", "xml"], "bs/0602/1, bs/0602/2"),
        (["bs/0602/09999999"], ["bs/0602/01234567"], ""),
        (["bs/060"], ["bs/0602"], ""),
        (["bs/0602"], ["bs/060"], ""),
        (["0602"], ["bs/0602"], ""),
        ([], ["bs"], ""),
    ],
)
def test_a_telltale_covers_those_below_it(site: SiteWriter, ours: list[str], theirs: list[str], shared: str) -> None:
    # R1
    settings = 'plugin = "described"\n[settings]\ntelltales = '
    problems = check(site(heat=f"{settings}{ours}", water=f"{settings}{theirs}"))
    told = "heat takes the same names from the common inbox, and both know as theirs"
    wrong = f"{told}: {shared}; give one of the two another (R1)"
    assert problems == ([Problem(WATER, "door.pattern", "'*'", wrong)] if shared else [])


def test_an_instance_for_any_creditor_leaves_no_room_for_one_for_a_single_creditor(site: SiteWriter) -> None:
    # R1
    root = site(every='plugin = "nets_bs"', one='plugin = "nets_bs"\n[settings]\ncreditors = ["09999999"]')
    (problem,) = check(root)
    assert (problem.file, problem.key) == ("config/vendors/one.toml", "door.pattern")
    other = root / "config/vendors/every.toml"
    other.write_text('plugin = "nets_bs"\n[settings]\ncreditors = ["01234567"]')
    (problem,) = check(root)
    assert "betalingsservice/receipts" in problem.allowed
    other.write_text('plugin = "nets_bs"\n[settings]\ncreditors = ["01234567"]\nreceipts = false')
    assert check(root) == []


def portfolio(
    *companies: CompanyFacts, clashes: tuple[str, ...] = (), unit: int = 3, tenant: int = 1
) -> PortfolioFacts:
    lengths = {"1-12": {"company": 1, "property": 2, "unit": unit, "tenant": tenant}}
    return PortfolioFacts(companies, tenancies=1, number_lengths=lengths, clashes=clashes)


def test_a_scope_names_companies_and_properties_of_the_portfolio(site: SiteWriter) -> None:
    root = site(fine='plugin = "fine"\ncompanies = ["1", "3"]\nproperties = ["1-12", "1-13"]')
    facts = portfolio(CompanyFacts("1", "A", None, "DKK", ("12",)), CompanyFacts("2", "B", None, "DKK", ()))
    file = "config/vendors/fine.toml"
    assert check(root, facts) == [
        Problem(file, "companies", "'3'", "the portfolio has no such; it has 1, 2"),
        Problem(file, "properties", "'1-13'", "the portfolio has no such; it has 1-12"),
    ]
    assert check(root) == []


def test_no_creditor_number_of_slips_and_no_account_is_of_two_instances(site: SiteWriter) -> None:
    # R17
    root = site(
        bank='plugin = "fine"\nbooks_slips_of = ["89999999", "1234567"]\n[numbers]\nDK50 = "1"',
        other='plugin = "fine"\nbooks_slips_of = ["01234567", "88888888"]\n[numbers]\nDK50 = "2"\nDK51 = "1"\n'
        '[door]\npattern = ""',
        asleep='plugin = "fine"\nenabled = false\nbooks_slips_of = ["89999999"]\n[numbers]\nDK50 = "1"',
    )
    assert {(one.file, one.key, one.given): one.allowed for one in check(root)} == {
        (
            "config/vendors/other.toml",
            "books_slips_of",
            "'01234567'",
        ): "listed in config/vendors/bank.toml as well: every "
        "payment by these slips would be booked twice; leave it to one of the two, the other confirms it (R17)",
        (
            "config/vendors/other.toml",
            "numbers.DK50",
            "'2'",
        ): "listed in config/vendors/bank.toml as well, for 1: leave it to who has its files",
    }


def test_numbers_lead_to_what_the_portfolio_has_and_slips_are_some_companys(site: SiteWriter) -> None:
    # R7, R14
    numbers = 'MSN1 = "1"\nMSN2 = "1-12"\nMSN3 = "2"\nMSN4 = "1-13"'
    root = site(fine=f'plugin = "fine"\nbooks_slips_of = ["89999999", "88888888", "1234567"]\n[numbers]\n{numbers}')
    facts = portfolio(CompanyFacts("1", "A", None, "DKK", ("12",), "89999999"))
    assert [(one.key, one.given) for one in check(root, facts)] == [
        ("numbers.MSN3", "'2'"),
        ("numbers.MSN4", "'1-13'"),
        ("books_slips_of", "'88888888'"),
    ]
    assert check(root) == []


def test_a_bank_rule_gives_money_to_a_tenancy_of_a_company_that_an_account_is_of(site: SiteWriter) -> None:
    # R7
    keys = ("1-12-304-2", "01-12-304-2", "2-1-1-1", "1-12-999-9")
    rules = "".join(f'[[rules]]\nname = "r{n}"\ntext = "*"\ntenancy = "{key}"\n' for n, key in enumerate(keys))
    root = site(fine=f'plugin = "fine"\n[numbers]\nDK50 = "1-12"\n{rules}')
    facts = portfolio(CompanyFacts("1", "A", None, "DKK", ("12",)))
    facts = facts._replace(companies_of={"1-12-304-2": "1", "01-12-304-2": "1", "2-1-1-1": "2"})
    assert [(one.key, one.allowed.split(":")[0]) for one in check(root, facts)] == [
        ("rules.r2.tenancy", "a tenancy of company 2, of which no account in numbers is"),
        ("rules.r3.tenancy", "no tenancy of the portfolio"),
    ]


def test_an_export_needs_a_plugin_that_makes_it_and_a_type_that_the_companies_have(site: SiteWriter) -> None:
    exporting = 'plugin = "fine"\n[consumption]\nexport = true\n'
    root = site(
        steam=f'{exporting}type = "steam"\n[door]\npattern = ""',
        heat=f'companies = ["1"]\n{exporting}type = "heat"\n[door]\npattern = ""',
    )
    facts = PortfolioFacts((CompanyFacts("1", "Ådal", None, "DKK", ("7",)),), 0, {}, ())
    assert {(problem.file, problem.key): problem.allowed for problem in check(root, facts)} == {
        ("config/vendors/heat.toml", "consumption.export"): "false, or another plug-in: fine makes no exports",
        ("config/vendors/steam.toml", "consumption.export"): "false, or another plug-in: fine makes no exports",
        ("config/vendors/steam.toml", "consumption.type"): "a type of all companies that it serves; company 1 has no "
        "[consumption.steam]",
    }


def test_creditors_that_clash_are_the_portfolios_problem(site: SiteWriter) -> None:
    # R7
    clash = "companies 1, 2 share creditor number 01234567 and debtor group 00001"
    assert check(site(), portfolio(clashes=(clash,))) == [Problem("the portfolio", "debtor_group", "", clash)]


def test_a_layout_without_room_for_the_portfolios_longest_number_is_refused(site: SiteWriter) -> None:
    # R34
    root = site(heat='plugin = "described"\n[settings]\nunit_length = 5\ntenant = { start = 1, length = 2 }')
    assert check(root, portfolio(unit=5, tenant=2)) == []
    room = "6 or more: property 1-12 has unit numbers of 6 characters (sheet item 12.06, R34)"
    assert check(root, portfolio(unit=6, tenant=3)) == [
        Problem(HEAT, "settings.unit_length", "5", room),
        Problem(
            HEAT, "settings.tenant.length", "2", "3 or more: property 1-12 has tenant numbers of 3 characters (R34)"
        ),
    ]


def test_a_layout_needs_no_room_for_properties_that_it_does_not_serve(site: SiteWriter) -> None:
    # R2, R34
    root = site(heat='plugin = "described"\nproperties = ["1-13"]\n[settings]\nunit_length = 5')
    facts = portfolio(CompanyFacts("1", "A", None, "DKK", ("12", "13")), unit=6)
    assert check(root, facts) == []
    assert check(root) == []


def test_lengths_of_an_instance_that_cannot_be_started_are_not_asked_for(site: SiteWriter) -> None:
    (problem,) = check(site(heat='plugin = "described"\n[settings]\nunit_length = "x"'), portfolio(unit=6))
    assert problem.key == "settings.unit_length"
    assert "R34" not in problem.allowed


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
    others = ("consumption", "sftp", "folder", "mail", "packing", "country", "expect", "expect_unless_zero")
    others += ("numbers", "match", "books_slips_of", "clearing", "rules")
    assert {key: value for key, value in shown.items() if key.partition(".")[0] not in others} == {
        "plugin": ("fine", "2"),
        "enabled": (True, "default"),
        "companies": ([], "default"),
        "properties": (["1-12"], "3"),
        "book": ("auto", "default"),
        "door.folder": (None, "default"),
        "door.pattern": ("V*", "7"),
        "period": (None, "default"),
        "delivery": (None, "default"),
        "settings.sign": ("-", "default"),
        "settings.amount.start": (21, "14"),
        "settings.amount.length": (9, "15"),
        "settings.since": ("2025-06-01", "11"),
        "settings.endpoint_token": ("(hidden)", "10"),
    }
    assert rows["settings.sign"].item == "12.05"
    assert rows["settings.amount.start"].item == "12.06"
    assert rows["settings.since"].item == ""


BRUNATA = """plugin = "brunata"
[door]
pattern = ""
[settings.result]
charge_type = "75040"
implied_decimals = 2
sign_tenant_pays = "+"
sign_tenant_receives = "-"
unit_start = 11
"""
ARGE = """plugin = "arge"
[door]
pattern = ""
[settings]
customer = "88001"
[settings.result]
charge_types = { 231 = "75040" }
amounts = "balance"
"""


def test_effective_settings_tell_the_sheets_defaults_from_the_hubs(site: SiteWriter) -> None:
    rows = {row.key: row for row in effective(load_site(site(heat=BRUNATA)), "heat")}
    told = {key: (row.item, row.value, row.origin) for key, row in rows.items()}
    assert told["settings.result.tenant_start"] == ("12.07", 17, "sheet default")
    assert told["settings.result.unit_start"] == ("12.05", 11, f"{HEAT}:9")
    assert told["settings.result.period_from_start"] == ("12.12", 0, "sheet default")
    assert told["settings.result.encoding"] == ("", "iso8859-1", "default")
    assert told["settings.export"] == ("", None, "default")


@pytest.mark.parametrize(
    ("added", "key", "said"),
    [
        (
            "[settings.export]\nimplied_decimals = 2\nname_start = 25",
            "settings.export",
            "field 'amount' of sheet item 11.10-11.11 (21-30) and field 'name' of sheet item 11.16-11.17 (25-49) "
            "overlap at 25-30",
        ),
        (
            "[settings.export]\nimplied_decimals = 2\nsecond_name_start = 120",
            "settings.export",
            "half filled in, it lacks second_name_length",
        ),
        (
            "[settings.export]",
            "settings.export.implied_decimals",
            "(sheet item 11.11, its decimals: no default, ask the vendor)",
        ),
    ],
)
def test_a_wrong_position_is_told_with_its_sheet_item_before_any_file_is_touched(
    site: SiteWriter, added: str, key: str, said: str
) -> None:
    (problem,) = check(site(heat=f"{BRUNATA}{added}"))
    assert (problem.file, problem.key) == (HEAT, key)
    assert said in problem.allowed


def test_two_meter_companies_at_one_door_are_refused(site: SiteWriter) -> None:
    """R1: results of ista and Techem have the same positions."""
    techem, ista = (BRUNATA.replace("brunata", name) for name in ("techem", "ista"))
    root = site(heat=techem, water=ista)
    assert check(root) == []
    for file, config in ((HEAT, techem), (WATER, ista)):
        (root / file).write_text(config.replace('pattern = ""', 'pattern = "*"'))
    (problem,) = check(root)
    assert (problem.file, problem.key) == (WATER, "door.pattern")
    assert "both know as theirs: result/fixed-width" in problem.allowed


def test_an_export_that_is_on_needs_a_layout(site: SiteWriter) -> None:
    exporting = BRUNATA.replace("[door]", '[consumption]\ntype = "heat"\nexport = true\n[door]')
    root = site(heat=exporting)
    (problem,) = check(root)
    assert (problem.key, problem.allowed) == (
        "settings.export",
        "a table: consumption.export is true, and without it no export has a layout (R36)",
    )
    (root / HEAT).write_text(f"{exporting}[settings.export]\nimplied_decimals = 2")
    assert check(root) == []


def test_an_exports_numbers_have_room_for_the_portfolio_too(site: SiteWriter) -> None:
    # R34
    root = site(heat=f"{BRUNATA}[settings.export]\nimplied_decimals = 2\nunit_length = 3")
    (problem,) = check(root, portfolio(unit=6, tenant=3))
    assert (problem.key, problem.given) == ("settings.export.unit_length", "3")
    assert "6 or more: property 1-12 has unit numbers of 6 characters (sheet item 11.07, R34)" in problem.allowed


def test_a_layout_that_no_setting_moves_is_one_too(site: SiteWriter) -> None:
    """The standard of ``arge`` has places for all it reads; what it makes needs its table all the same."""
    exporting = ARGE.replace("[settings]", '[consumption]\ntype = "heat"\nexport = true\n[settings]')
    root = site(heat=f'{exporting}[settings.export]\nproperties = {{ "1-12" = "000004711" }}')
    assert check(root) == []
    (root / HEAT).write_text(exporting)
    assert [problem.key for problem in check(root)] == ["settings.export"]


def test_an_instance_that_is_off_is_told_so(site: SiteWriter) -> None:
    """As ``hub init`` leaves brunata-heat."""
    loaded = load_site(site(heat=f"enabled = false\n{BRUNATA}"))
    with pytest.raises(HubError, match=r"heat\.toml: vendor instance 'heat' is off: enabled = false\. set enabled"):
        effective(loaded, "heat")


def test_effective_settings_of_what_is_not_there_or_not_right(site: SiteWriter) -> None:
    loaded = load_site(site(heat='plugin = "fine"', cold='plugin = "fine"\n[settings]\nsign = 1'))
    with pytest.raises(HubError, match=r"no vendor instance is named 'hot'\. there are: cold, heat"):
        effective(loaded, "hot")
    with pytest.raises(ConfigError, match=r"config/vendors/cold\.toml: settings\.sign"):
        effective(loaded, "cold")
