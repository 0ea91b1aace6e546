"""``hub journal`` and ``hub ledger``: what goes out to the general ledger, and to programs that check us."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import typer

from hub.cli.acting import DONE_BEFORE, KeyOption
from hub.cli.asking import span_of, unicode_or_none
from hub.cli.context import (
    ActorOption,
    JsonOption,
    SiteOption,
    actor_of,
    as_unicode,
    books_of,
    load,
    now,
    opened,
    root_of,
)
from hub.cli.ledger import moment
from hub.cli.out_file import FileThereError, ForceOption, NotWrittenError, refuse_unfit, writing
from hub.cli.output import answer, say, table, to_stdout
from hub.errors import HubError
from hub.money import format_amount

if TYPE_CHECKING:
    from hub.acts.act import Acting
    from hub.reports.journal.journal import Export, Exported, Selection
    from hub.settings import Site
    from hub.settings.journal import JournalConfig

journal_app = typer.Typer(help="Posting journals for the general ledger: every entry goes out once.")
ledger_app = typer.Typer(help="The whole ledger, for programs that are not ours.")

CompanyOption = Annotated[
    str, typer.Option("--company", metavar="NUMBER", callback=as_unicode, help="As in the portfolio.")
]
OneCompanyOption = Annotated[
    str | None,
    typer.Option("--company", metavar="NUMBER", callback=unicode_or_none, help="As in the portfolio. Default: all."),
]


_NOTHING_EXPORTED = "nothing was exported"


class ExportFormat(StrEnum):
    beancount = "beancount"
    json = "json"


@journal_app.command("export")
def export_journal(
    ctx: typer.Context,
    company: CompanyOption,
    from_day: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First posting date, YYYY-MM-DD. Default: any before.")
    ] = None,
    to_day: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last posting date, YYYY-MM-DD. Default: any after.")
    ] = None,
    batch: Annotated[int | None, typer.Option(metavar="SEQ", min=1, help="One batch of the company's chain.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Default: in journals/ of the site.")
    ] = None,
    actor: ActorOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """Exports what was never exported before, with a control total.

    Without dates or a batch, all of it.
    """
    from hub.acts.act import perform
    from hub.reports.journal import journal
    from hub.store import views

    selection, who, the_site = _selection(from_day, to_day, batch), actor_of(actor), load(root_of(ctx, site))
    with opened(the_site) as database:
        with database.read() as conn:
            company = views.company_of(conn, company).number
        config = _config(the_site, company)
        export = partial(_export, site=the_site, company=company, config=config, selection=selection, out=out)
        asked = {"company": company, "from": from_day, "to": to_day, "batch": batch}
        done = perform(database, the_site, "journal export", asked, export, actor=who, now=now(), key=key)
        document = done.result["export"]
        if document is None:
            told = {"export": None, "repeated": done.repeated}
            answer(as_json, told, lambda: _tell_nothing(company, done.repeated))
            return 0
        with database.read() as conn:
            exported = journal.export_of(conn, document["journal"])
            content = journal.content_of(conn, exported.id)
    path = out or _kept_at(the_site, exported.name)
    # Whoever asked before may have been killed before the file was written.
    if not (done.repeated and _is_there(path, content, exported)):
        with writing(path, **_kept(exported)) as file:
            file.write(content)
    told = {"export": document | {"path": str(path)}, "repeated": done.repeated}
    answer(as_json, told, lambda: _tell_exported(exported, document, path, done.repeated))
    return 0


@journal_app.command("list")
def list_journals(
    ctx: typer.Context, company: OneCompanyOption = None, as_json: JsonOption = False, site: SiteOption = None
) -> int:
    """The journals exported so far."""
    from hub.reports.journal import journal

    with books_of(root_of(ctx, site)) as (the_site, conn):
        found = journal.list_exports(conn, company)
    rows = (
        (
            *(one.id, one.company, the_site.today(one.company, one.at), _asked(one), one.entries),
            *(format_amount(one.debit), one.name, one.actor),
        )
        for one in found
    )
    columns = (">journal", "company", "exported", "of", ">entries", ">debit = credit", "file", "by")
    document = {"journals": [_document(one) for one in found]}
    answer(as_json, document, lambda: table(columns, rows) if found else say("no journal was exported yet"))
    return 0


@journal_app.command("show")
def show_journal(
    ctx: typer.Context,
    journal_id: Annotated[int, typer.Argument(metavar="JOURNAL", help="Its number, from: hub journal list")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write the file again, byte by byte the same.")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    site: SiteOption = None,
) -> int:
    """One exported journal; with --out its file again."""
    from hub.reports.journal import journal

    if out is not None:
        refuse_unfit(out, force=force)
    with books_of(root_of(ctx, site)) as (_, conn):
        found = journal.export_of(conn, journal_id)
        if out is not None:
            with writing(out, force=force) as file:
                file.write(journal.content_of(conn, journal_id))
    document = _document(found) | {"path": None if out is None else str(out)}
    answer(as_json, {"export": document}, lambda: _tell(found, out))
    return 0


@ledger_app.command("export")
def export_ledger(
    ctx: typer.Context,
    format_: Annotated[ExportFormat, typer.Option("--format", help="For bean-check, or JSON lines.")],
    company: OneCompanyOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Default: standard output.")] = None,
    force: ForceOption = False,
    site: SiteOption = None,
) -> int:
    """The whole ledger, so that a program that is not ours can check it."""
    from hub.reports.beancount import write_beancount
    from hub.reports.ledger_json import write_json

    if out is not None:
        refuse_unfit(out, force=force)
    with books_of(root_of(ctx, site)) as (_, conn):
        if format_ is ExportFormat.beancount:
            lines = write_beancount(conn, company_number=company)
        else:
            lines = write_json(conn, now=now(), company_number=company)
        if out is None:
            _print(lines)
        else:
            with writing(out, force=force) as file:
                file.writelines(line.encode() for line in lines)
    return 0


def _export(
    acting: Acting, *, site: Site, company: str, config: JournalConfig, selection: Selection, out: Path | None
) -> dict[str, Any]:
    """The act, and what it tells. Raises HubError where its file cannot be written: then nothing is exported."""
    from hub.reports.journal import journal

    # Here, not before the act: what was exported under the key may have its file already.
    if out is not None:
        refuse_unfit(out, why=_NOTHING_EXPORTED)
    language = site.language(company)
    done = journal.export_journal(
        acting.conn, company, config, selection, now=acting.now, actor=acting.actor, language=language
    )
    if done is None:
        return {"export": None}
    if out is None:
        refuse_unfit(_kept_at(site, done.export.name), why=_NOTHING_EXPORTED)
    return {"export": _document(done.export) | _control(done)}


def _kept_at(site: Site, name: str) -> Path:
    """Where a journal's file lies in the site. Raises NotWrittenError where its folder cannot be made."""
    folder = site.root / "journals"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        what = f"the folder cannot be made: {error.strerror}"
        raise NotWrittenError(what, where=str(folder), why=_NOTHING_EXPORTED, do="name a file with --out") from error
    return folder / name


class _Kept(TypedDict):
    """What an error says where the file is not written and the journal exported all the same."""

    why: str
    do: str


def _kept(export: Export) -> _Kept:
    return {"why": f"journal {export.id} is exported and kept", "do": f"run: hub journal show {export.id} --out FILE"}


def _is_there(path: Path, content: bytes, export: Export) -> bool:
    """Whether the journal's file lies there. Raises HubError where another does."""
    try:
        if path.read_bytes() == content:
            return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise HubError(f"cannot be read: {error.strerror}", where=str(path), **_kept(export)) from error
    raise FileThereError("another file is there already", where=str(path), **_kept(export))


def _selection(from_day: str | None, to_day: str | None, batch: int | None) -> Selection:
    from hub.reports.journal.journal import Selection

    if batch is not None and (from_day or to_day):
        raise typer.BadParameter("a batch has its own days: give --batch, or --from and --to", param_hint="--batch")
    return Selection(*span_of(from_day, to_day), batch)


def _config(site: Site, company: str) -> JournalConfig:
    config = site.company(company).journal
    if config is None:
        raise HubError(
            f"company {company} has no [journal]",
            where="config/companies",
            why="it says which accounts of the general ledger the entries go to",
            do="write it in the company's file, see docs/journal.md",
        )
    return config


def _document(export: Export) -> dict[str, Any]:
    first, last, batch = export.selection
    return {
        "journal": export.id,
        "company": export.company,
        "format": export.format,
        "name": export.name,
        "sha256": export.sha256,
        "from": first.isoformat() if first else None,
        "to": last.isoformat() if last else None,
        "batch": batch,
        "entries": export.entries,
        "debit": format_amount(export.debit),
        "credit": format_amount(export.credit),
        "currency": export.currency,
        "exported_at": moment(export.at),
        "actor": export.actor,
    }


def _asked(export: Export) -> str:
    first, last, batch = export.selection
    if batch is not None:
        return f"batch {batch}"
    return f"{first or ''}..{last or ''}" if first or last else "all"


def _tell(export: Export, path: Path | None) -> None:
    say(
        f"journal {export.id} of company {export.company}, {_asked(export)}: {export.entries} entries, "
        f"{format_amount(export.debit)} {export.currency} in debit and in credit"
    )
    say(f"{path or export.name}, sha256 {export.sha256}")


def _control(done: Exported) -> dict[str, Any]:
    totals = [
        {"account": one.account, "debit": format_amount(one.debit), "credit": format_amount(one.credit)}
        for one in done.totals
    ]
    (first_day, last_day), (first_batch, last_batch) = done.days, done.batches
    return {
        "lines": done.lines,
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "first_batch": first_batch,
        "last_batch": last_batch,
        "accounts": totals,
    }


def _tell_nothing(company: str, repeated: bool) -> None:
    if repeated:
        say(DONE_BEFORE, f"company {company}: there was nothing to export")
    else:
        say(f"company {company}: there is nothing to export")


def _tell_exported(export: Export, document: Mapping[str, Any], path: Path, repeated: bool) -> None:
    if repeated:
        say(DONE_BEFORE)
    _tell(export, path)
    say("posted {first_day} to {last_day}, batches {first_batch} to {last_batch}".format_map(document))
    rows = [(one["account"], one["debit"], one["credit"]) for one in document["accounts"]]
    table(("account", ">debit", ">credit"), [*rows, ("total", document["debit"], document["credit"])])


def _print(lines: Iterable[str]) -> None:
    """In UTF-8, whatever the locale."""
    with to_stdout() as stdout:
        if isinstance(stdout, io.TextIOWrapper):
            stdout.reconfigure(encoding="utf-8")
        stdout.writelines(lines)
