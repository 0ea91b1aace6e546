"""``hub layout``: where the fields of vendors' files stand, seen and guessed."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from hub.cli.bs_showing import LineBytes, Record, Records
from hub.cli.context import WRONG_USE, JsonOption, SiteOption, load_to_read, now, opened, root_of
from hub.cli.layout_drawing import drawn, gaps, overlaps
from hub.cli.layout_telling import Shown, tell_guess, tell_layouts, tell_lines
from hub.cli.output import answer, say
from hub.cli.shown_file import ShownFile, file_told
from hub.errors import HubError

if TYPE_CHECKING:
    from hub.consumption.guessing import Guess
    from hub.settings import Site
    from hub.vendors import Instance, Layouts

layout_app = typer.Typer(help="Where the fields of vendors' files stand.", no_args_is_help=True)

_LINES_MAX = 200
#: Lines with something wrong that are shown beside the first ones.
_WRONG_LINES_MAX = 10


@layout_app.callback()
def layout() -> None:
    """Where the fields of vendors' files stand."""


@layout_app.command("show")
def show_layout(
    ctx: typer.Context,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="config/vendors/INSTANCE.toml")],
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="A path, or the number of a file as hub files shows it.")
    ] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="This layout: result, export.")] = None,
    lines: Annotated[int, typer.Option(min=0, max=_LINES_MAX, help="So many of the file's first lines.")] = 10,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Every field of a layout on its ruler, over the first lines of a file, with the values that they hold.

    Gaps, overlaps and what cannot be read are marked where they stand; of settings that are refused too. The exit
    status is 1 when anything is wrong.
    """
    from hub.vendors import Instance, layouts_of

    the_site = load_to_read(root_of(ctx, site))
    config = the_site.vendors.get(instance)
    if config is None:
        names = ", ".join(sorted(the_site.vendors)) or "there are none"
        raise HubError(f"no vendor instance is named {instance!r}", do=f"the instances: {names}")
    found = file_told(the_site, file) if file is not None else None
    with Instance(instance, config, the_site.hub) as asked:
        layouts = layouts_of(the_site, asked)
        if kind is not None and kind not in layouts.kinds:
            there_are = ", ".join(layouts.kinds) or "there are none"
            raise HubError(f"instance {instance} has no layout of kind {kind!r}", do=f"its layouts: {there_are}")
        if found is None and not layouts.fields:
            raise HubError(
                f"no setting places the fields of plug-in {config.plugin}",
                do=f"hub layout show {instance} FILE shows a file's own fields",
            )
        shown = None if found is None else _shown(asked, layouts, found, kind, lines)
    kinds = [kind] if kind else _kinds_of(layouts, shown)
    answer(as_json, _document(asked, layouts, kinds, shown), lambda: _tell(layouts, kinds, shown))
    return WRONG_USE if layouts.problems or (shown is not None and shown.problems) else 0


def _shown(asked: Instance, layouts: Layouts, found: ShownFile, kind: str | None, lines: int) -> Shown:
    if layouts.problems:
        return _unread(found, layouts, kind, lines)
    from hub.plugin import Mine
    from hub.transport.archives import is_zip

    told = asked.identify(found.path, found.name)
    if isinstance(told, Mine) and asked.kinds[told.kind].document:
        raise HubError(
            f"{found.name} is a document: its name says whose it is, no positions do",
            do=f"see: hub vendors show {asked.name}",
        )
    if not isinstance(told, Mine) and is_zip(found.path):
        raise HubError(
            f"{found.name} is a zip: no positions are in it, but in the files that it holds",
            do="unpack it; or take it in, and give the number of a member as hub files show tells it",
        )
    with closing(asked.show(found.path, found.name, options={"kind": kind} if kind else None)) as fields:
        in_columns = any(field.place.is_column for field in layouts.fields if kind in (None, field.place.kind))
        all_of = Records(fields, "column" if in_columns else "position")
        kept = list(_kept(all_of, lines))
    if zipfile.is_zipfile(found.path) or (isinstance(told, Mine) and asked.kinds[told.kind].counted):
        # A spreadsheet's rows are packed in it, a statement's entries are no lines: the file's own bytes have none.
        raw = [b""] * len(kept)
    else:
        with LineBytes(found.path) as content:
            raw = [content.line(record.line) for record in kept]
    return Shown(found.name, kept, raw, all_of.records, all_of.problems, all_of.verdict)


def _kept(records: Records, lines: int) -> Iterator[Record]:
    """The first lines, and of those behind them the first with something wrong."""
    wrong = 0
    for record in records:
        if record.line <= lines:
            yield record
        elif wrong < _WRONG_LINES_MAX and any(field.problem for field in record.fields):
            wrong += 1
            yield record


def _unread(found: ShownFile, layouts: Layouts, kind: str | None, lines: int) -> Shown:
    """The first lines' bytes alone: an instance whose settings are refused reads nothing."""
    with LineBytes(found.path) as content:
        raw = [line for number in range(1, lines + 1) if (line := content.line(number))]
    name = kind or next(iter(layouts.kinds), "")
    records = [Record(number, name, []) for number in range(1, len(raw) + 1)]
    return Shown(found.name, records, raw, len(records), 0, "not read: the settings are refused")


def _kinds_of(layouts: Layouts, shown: Shown | None) -> list[str]:
    """The layouts that the file's lines have; all, without a file."""
    if shown is None:
        return layouts.kinds
    of_lines = dict.fromkeys(record.layout for record in shown.records)
    return [kind for kind in layouts.kinds if kind in of_lines]


def _tell(layouts: Layouts, kinds: list[str], shown: Shown | None) -> None:
    tell_layouts(layouts, kinds, with_ruler=shown is None)
    if shown is not None:
        tell_lines(layouts, shown)
        say("", shown.verdict)
    for problem in layouts.problems:
        say(f"! {problem}")


def _document(asked: Instance, layouts: Layouts, kinds: list[str], shown: Shown | None) -> dict[str, Any]:
    return {
        "instance": asked.name,
        "plugin": asked.plugin,
        "layouts": [_layout_document(layouts, kind) for kind in kinds],
        "problems": [vars(problem) for problem in layouts.problems],
        "file": None if shown is None else _file_document(shown),
    }


def _layout_document(layouts: Layouts, kind: str) -> dict[str, Any]:
    fields = layouts.of_kind(kind)
    places = drawn([(field.place.field, field.place.first, field.place.last) for field in fields])
    return {
        "kind": kind,
        "in_columns": any(field.place.is_column for field in fields),
        "length": max(place.last for place in places),
        "fields": [
            {
                "letter": place.letter,
                "field": place.name,
                "first": place.first,
                "last": place.last,
                "length": place.last - place.first + 1,
                "item": field.place.item,
                "setting": field.place.key,
                "origin": field.origin,
                "length_setting": field.place.length_key,
                "length_origin": field.length_origin,
            }
            for place, field in zip(places, sorted(fields, key=lambda each: each.place[2:4]), strict=True)
        ],
        "gaps": [list(gap) for gap in gaps(places)],
        "overlaps": [each._asdict() for each in overlaps(places)],
    }


def _file_document(shown: Shown) -> dict[str, Any]:
    return {
        "name": shown.name,
        "lines_read": shown.lines,
        "problems": shown.problems,
        "verdict": shown.verdict,
        "lines": [
            {
                "line": record.line,
                "layout": record.layout,
                "bytes": raw.decode("latin-1"),
                "fields": [
                    {name: value for name, value in field._asdict().items() if name not in ("record", "layout")}
                    for field in record.fields
                ],
            }
            for record, raw in zip(shown.records, shown.raw, strict=True)
        ],
    }


class _Scope(NamedTuple):
    """Whose tenancies a file may be about; empty = all."""

    companies: tuple[str, ...]
    properties: tuple[str, ...]


@layout_app.command("guess")
def guess_layout(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A path, or the number of a file as hub files shows it.")],
    instance: Annotated[
        str | None, typer.Option(metavar="NAME", help="By the tenancies that this instance serves.")
    ] = None,
    company: Annotated[str | None, typer.Option(metavar="NUMBER", help="By this company's tenancies.")] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The file's encoding, where it is known.")
    ] = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Where the fields of an unknown file may stand, by where the portfolio's numbers, names and dates are seen in it.

    A suggestion with its evidence, to be put into config/vendors/NAME.toml by hand. The exit status is 1 when unit and
    tenant were not found.
    """
    from hub.consumption.guessing import HEAD_BYTES_MAX, guess, snippet
    from hub.plugin.layout import ENCODINGS
    from hub.store.consumption.known import known_tenancies

    if encoding is not None and encoding not in ENCODINGS:
        raise typer.BadParameter(f"allowed are {', '.join(ENCODINGS)}", param_hint="--encoding")
    the_site = load_to_read(root_of(ctx, site))
    scope = _scope(the_site, instance, company)
    found = file_told(the_site, file)
    with opened(the_site) as database, database.read() as conn:
        tenancies = known_tenancies(conn, scope.companies, scope.properties)
    if not tenancies:
        raise HubError("the portfolio has no tenancies to guess by", do="see: hub portfolio import")
    with found.path.open("rb") as stream:
        head = stream.read(HEAD_BYTES_MAX)
    guessed = guess(head, tenancies, _today(the_site), encoding)
    toml = snippet(guessed, found.name)
    answer(as_json, _guess_document(guessed, found, toml), lambda: tell_guess(guessed, toml))
    return WRONG_USE if {"unit", "tenant"} & set(guessed.missing) else 0


def _scope(site: Site, instance: str | None, company: str | None) -> _Scope:
    if instance is None:
        return _Scope((company,) if company else (), ())
    config = site.vendors.get(instance)
    if config is None:
        raise HubError(f"no vendor instance is named {instance!r}", do=f"the instances: {', '.join(site.vendors)}")
    return _Scope((company,) if company else config.companies, config.properties)


def _today(site: Site) -> date:
    return now().astimezone(site.zone).date()


def _guess_document(guessed: Guess, found: ShownFile, toml: str) -> dict[str, Any]:
    return {
        "file": found.name,
        "lines": guessed.lines,
        "known_lines": guessed.known_lines,
        "tenancies": guessed.tenancies,
        "separator": guessed.separator,
        "encoding": guessed.encoding,
        "encoding_evidence": guessed.letters,
        "missing": list(guessed.missing),
        "findings": [
            {
                "field": finding.field,
                "first": finding.place.first,
                "last": finding.place.last,
                "verdict": finding.verdict,
                "evidence": finding.evidence,
                "contradicted_by": list(finding.contradicted_by),
                "alternatives": [list(other) for other in finding.others],
                "written": finding.written,
            }
            for finding in guessed.findings
        ],
        "toml": toml,
    }
