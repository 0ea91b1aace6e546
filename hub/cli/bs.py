"""``hub bs show``: looking into a file of Betalingsservice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import bs_showing
from hub.cli.context import WRONG_USE, JsonOption, SiteOption, load_to_read, root_of, status_of
from hub.cli.output import say, stream_json, warn
from hub.cli.shown_file import ShownFile, file_told
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.vendors import Instance, Vendors

bs_app = typer.Typer(help="Betalingsservice.", no_args_is_help=True)

_PLUGIN = "nets_bs"


@bs_app.callback()
def bs() -> None:
    """Betalingsservice."""


@bs_app.command()
def show(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A path, or the number of a file as hub files shows it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Positions and bytes of every field.")] = False,
    instance: Annotated[str | None, typer.Option(metavar="NAME", help="Ask this vendor instance.")] = None,
    lines: Annotated[str | None, typer.Option(metavar="FROM..TO", help="Only these lines, counted from 1.")] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Every field of every record of a delivery or receipt, also of one that cannot be read.

    What is wrong is marked where it stands. The exit status is 1 when anything is.
    """
    from hub.vendors import Vendors

    wanted = _range(lines)
    the_site = load_to_read(root_of(ctx, site))
    found = file_told(the_site, file)
    with Vendors(the_site) as vendors:
        asked = _asked(vendors, found, instance)
        with _records(asked, found) as shown:
            if as_json:
                return _answer_json(shown, found, asked.name, wanted)
            for told in bs_showing.told(shown, found.path, wanted, raw=raw):
                say(*told)
            say(shown.verdict)
    return WRONG_USE if shown.problems else 0


@contextmanager
def _records(asked: Instance, found: ShownFile) -> Iterator[bs_showing.Records]:
    with closing(asked.show(found.path, found.name)) as fields:
        yield bs_showing.Records(fields)


def _answer_json(shown: bs_showing.Records, found: ShownFile, asked: str, wanted: range) -> int:
    """One document whatever happens: a fault in the middle of the file ends it too."""
    end: dict[str, object] = {}
    status = 0

    def records() -> Iterator[dict[str, object]]:
        nonlocal status
        try:
            yield from bs_showing.documents(shown, wanted)
        except HubError as error:
            end["error"] = str(error)
            status = status_of(error)
            warn(f"hub: {error}")
        end.update(problems=shown.problems, verdict=shown.verdict)

    stream_json({"file": found.name, "instance": asked}, "records", records(), end)
    return status or (WRONG_USE if shown.problems else 0)


def _range(lines: str | None) -> range:
    """``3..10``, ``3..``, ``..10`` or ``3``, both ends in; all lines where nothing is said."""
    if lines is None:
        return range(1, bs_showing.LINES_MAX)
    first, dots, last = lines.partition("..")
    ends = [first or "1", last or (str(bs_showing.LINES_MAX - 1) if dots else first)]
    if not all(end.isascii() and end.isdigit() and int(end) for end in ends) or not lines.strip("."):
        raise typer.BadParameter(f"{lines!r} is no range of lines such as 3..10", param_hint="--lines")
    return range(int(ends[0]), int(ends[1]) + 1)


def _asked(vendors: Vendors, found: ShownFile, told: str | None) -> Instance:
    """The instance that was named or has read the file; else the only one, or the only one that knows the file."""
    from hub.plugin import Mine

    ours = {name: one for name, one in vendors.instances.items() if one.plugin == _PLUGIN}
    names = ", ".join(sorted(ours)) or "there are none"
    chosen = told or found.vendor
    if chosen in ours:
        return ours[chosen]
    if told is not None or not ours:
        raise HubError(f"no instance of Betalingsservice is called {told or chosen!r}", do=f"the instances: {names}")
    knowing = [one for one in ours.values() if isinstance(one.identify(found.path, found.name), Mine)]
    if len(candidates := knowing if knowing else list(ours.values())) == 1:
        return candidates[0]
    raise HubError(f"several instances could show {found.name}", do=f"say --instance; the instances: {names}")
