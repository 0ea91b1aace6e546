"""``hub init``, ``check``, ``vendors``: the site and its configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.context import WRONG_USE, JsonOption, SiteOption, load, load_to_read, opened, root_of, wants_json
from hub.cli.output import answer, say, table

if TYPE_CHECKING:
    from hub.cli.new_site import MadeSite
    from hub.settings import Problem

vendors_app = typer.Typer(help="Installed plug-ins, and the site's vendor instances.", invoke_without_command=True)


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="SITE", help="Default: the site's folder.")] = None,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="sqlite:///FILE or postgresql://USER@HOST/NAME. Default: hub.db in the site."),
    ] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Make a site: configuration, folders, database.

    What exists is kept; a database that exists is brought up to date.
    """
    from hub.cli.new_site import make_site
    from hub.store.database import SCHEMA_HEAD

    made = make_site(folder or root_of(ctx, site), database)
    brought = {"from": made.was_at, "to": SCHEMA_HEAD} if made.was_brought_forward else None
    document = {"site": str(made.site.root), "made": made.made, "brought_forward": brought}
    answer(as_json, document, lambda: _tell_made(made))
    return 0


def check(ctx: typer.Context, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """All that is wrong with the configuration, at once."""
    root = root_of(ctx, site)
    problems = _problems(root)
    document = {
        "ok": not problems,
        "problems": [
            {"file": one.file, "key": one.key, "given": one.given, "allowed": one.allowed} for one in problems
        ],
    }
    told = [*map(str, problems), f"{len(problems)} problems"] if problems else ["the configuration is in order"]
    answer(as_json, document, lambda: say(*told))
    return WRONG_USE if problems else 0


@vendors_app.callback()
def vendors(ctx: typer.Context, as_json: JsonOption = False, site: SiteOption = None) -> int:
    """Installed plug-ins, and the site's vendor instances."""
    ctx.obj = root_of(ctx, site)
    if ctx.invoked_subcommand is not None:
        return 0
    from hub.vendors.discovery import installed

    the_site = load_to_read(ctx.obj)
    plugins = [
        {"name": one.name, "distribution": one.distribution, "version": one.version, "problem": one.problem}
        for one in installed()
    ]
    instances = [
        {
            "name": name,
            "plugin": config.plugin,
            "book": config.book,
            "companies": list(config.companies),
            "properties": list(config.properties),
            "inbox": the_site.own_inbox(name).relative_to(the_site.root).as_posix(),
            "pattern": config.door.pattern,
        }
        for name, config in sorted(the_site.vendors.items())
    ]
    answer(as_json, {"plugins": plugins, "instances": instances}, lambda: _tell_vendors(plugins, instances))
    return 0


@vendors_app.command("show")
def show_vendor(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The instance: config/vendors/NAME.toml")],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """An instance's settings in effect, and where each comes from."""
    from hub.vendors import effective

    settings = effective(load(root_of(ctx, site)), name)
    document = {
        "name": name,
        "settings": [{"key": one.key, "value": one.value, "origin": one.origin, "item": one.item} for one in settings],
    }
    rows = [(one.key, _shown(one.value), one.origin, one.item) for one in settings]
    answer(wants_json(ctx, as_json), document, lambda: table(("setting", "value", "from", "sheet item"), rows))
    return 0


def _problems(root: Path) -> list[Problem]:
    """Without a database only the files are judged; that it is missing is one more problem."""
    from hub.errors import HubError
    from hub.exchange import check as exchange
    from hub.settings import Problem, read_site
    from hub.store.portfolio import portfolio_facts
    from hub.vendors import check as judge

    site, _ = read_site(root)
    if not (site.root / "config" / "hub.toml").is_file():
        return judge(root)
    facts, no_books = None, []
    rules = [rule for config in site.vendors.values() for rule in config.rules]
    try:
        with opened(site) as database, database.read() as conn:
            facts = portfolio_facts(conn, [rule.tenancy for rule in rules if rule.tenancy is not None])
    except HubError as error:
        no_books = [Problem("config/hub.toml", "database", "", str(error))]
    # An address that is not where its secret should be is found twice.
    return list(dict.fromkeys([*judge(root, facts), *no_books, *exchange.problems(site)]))


def _tell_made(made: MadeSite) -> None:
    from hub.store.database import SCHEMA_HEAD

    root = made.site.root
    if made.made:
        say(f"{root}:", *(f"  made {path}" for path in made.made))
    if made.was_brought_forward:
        say(f"{root}: database brought from {made.was_at} to {SCHEMA_HEAD}; next: hub verify")
    elif made.made:
        say("next: look through config/, then: hub check")
    else:
        say(f"{root} is a site already: nothing was changed, its database is up to date")


def _tell_vendors(plugins: list[dict[str, Any]], instances: list[dict[str, Any]]) -> None:
    say("Installed plug-ins")
    table(("name", "distribution", "version", "problem"), [tuple(one.values()) for one in plugins])
    say("", "Instances")
    if not instances:
        say("none: write config/vendors/NAME.toml")
        return
    rows = [
        (
            one["name"],
            one["plugin"],
            one["book"],
            ", ".join([*one["companies"], *one["properties"]]) or "all",
            one["inbox"],
            one["pattern"],
        )
        for one in instances
    ]
    table(("name", "plug-in", "books", "serves", "inbox", "names in the common inbox"), rows)


def _shown(value: Any) -> str:
    """On one line."""
    told = "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return told.replace("\n", "\\n")
