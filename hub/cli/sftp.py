"""``hub sftp probe``: what a vendor's server shows, and whether it is the one that is pinned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from hub.cli.context import HELD_BACK, WRONG_USE, JsonOption, SiteOption, load_to_read, root_of
from hub.cli.output import answer, say, table

sftp_app = typer.Typer(help="Vendors' SFTP servers.", no_args_is_help=True)

_STATUS = {"pinned": 0, "unpinned": HELD_BACK, "changed": WRONG_USE}


@sftp_app.callback()
def sftp() -> None:
    """Vendors' SFTP servers."""


@sftp_app.command()
def probe(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A vendor instance, as hub vendors list shows it.")],
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """The fingerprint of every host key that the vendor's server shows, and whether one is pinned. Nobody logs in.

    The exit status is 0 when the server shows a pinned key, 2 when nothing is pinned yet, and 1 when what is pinned is
    not what it shows.
    """
    from hub.outbox.accounts import deadlines_of, sftp_of
    from hub.transport.sftp import probe as probed

    the_site = load_to_read(root_of(ctx, site))
    config = sftp_of(the_site, name)
    shown = probed(config.host, config.port, deadlines=deadlines_of(config), downgrades=config.downgrades)
    document = _document(name, f"{config.host}:{config.port}", shown, config.host_keys)
    answer(as_json, document, lambda: _tell(document))
    return _STATUS[document["state"]]


def _document(name: str, server: str, shown: Sequence[str], pinned: Sequence[str]) -> dict[str, Any]:
    state = "unpinned" if not pinned else "pinned" if set(shown) & set(pinned) else "changed"
    return {
        "vendor": name,
        "server": server,
        "state": state,
        "shown": [{"key": line, "pinned": line in pinned} for line in shown],
        "pinned_not_shown": [line for line in pinned if line not in shown],
    }


def _tell(document: dict[str, Any]) -> None:
    shown = document["shown"]
    say(f"{document['server']} shows:")
    table(("host key", ""), [(one["key"], "pinned" if one["pinned"] else "") for one in shown])
    if document["pinned_not_shown"]:
        say("", "Pinned, and not shown:", *(f"  {line}" for line in document["pinned_not_shown"]))
    if document["state"] == "pinned":
        return
    if document["state"] == "changed":
        say("", "It is another server, or one that was set up anew: nothing is exchanged with it.")
    say(
        "",
        "Ask the vendor, on a number that you know, whether these are theirs. Then, and not before, write in",
        f"config/vendors/{document['vendor']}.toml, under [sftp]:",
        "",
        f'host_keys = ["{shown[0]["key"]}"]',
    )
