"""What the demo shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from demo.desk import Step
from demo.expected import BALANCE_STORIES

_HOLDING = ("charged", "unpaid", "held")
_NEXT = ("arrears", "new", "credits_used", "total")
_BANDS = ("not_due", "up to 60", "over_60", "credit", "balance")
_COLOURS = {"booked": "green", "duplicate": "cyan", "quarantined": "yellow"}


def show(console: Console, before: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Files, balances, unmatched money, the quarantined file, and what was proved."""
    _files(console, found["files"])
    _balances(console, before, found["balances"])
    _unmatched(console, found["unmatched"])
    _quarantine(console, found["files"]["broken"])
    console.print(f"[bold]What hub verify says[/]\n  {_verdict(found['verify'])}\n")


def show_steps(console: Console, steps: Sequence[Step], title: str) -> None:
    """What was done, and what came of it."""
    table = _table(title, "command", "what came of it")
    for step in steps:
        table.add_row(step.command, step.came_of_it)
    console.print(table)


def show_read_out(console: Console, told: Mapping[str, Any]) -> None:
    """Holdings, next collections, how old the debt is, who is behind, and a statement."""
    table = _table("Held for 1-2-14-1", "holding", *_right(_HOLDING))
    for one in told["balance of 1-2-14-1"]["holdings"]:
        table.add_row(one["name"], *(one[column] for column in _HOLDING))
    console.print(table)
    table = _table("What their next collections would contain", "tenancy", "due", *_right(_NEXT))
    for one in (told["next charge of 1-1-2-1"], told["next charge of 1-3-5-1"]):
        table.add_row(one["tenancy"], one["due_date"], *(one[column] for column in _NEXT))
    console.print(table)
    table = _table("How old the debt is", "of", *_right(_BANDS))
    for key, bands in told["ageing"].items():
        name = f"property {key}" if "-" in key else f"company {key}"
        table.add_row(name, *(bands[band] for band in _BANDS))
    console.print(table)
    tenants = told["arrears"]["tenants"]
    behind = [f"{one['tenancy']} {one['amount']}" for one in tenants if not one["amount"].startswith("-")]
    console.print(f"[bold]Who is behind[/]\n  {', '.join(behind)}; {len(tenants) - len(behind)} have credit")
    console.print(f"[bold]A statement of account[/]\n  {escape(_short(Path(told['statement']['path'])))}\n")


def show_proof(
    console: Console, proof: Mapping[str, Any], checked: Mapping[str, Any] | None, restored: Mapping[str, Any]
) -> None:
    """The journal, the figures, what others say, and the copy. ``checked`` is None where nobody else could say."""
    journal = proof["journal"]
    again = "nothing is left to export" if proof["journal again"] is None else "IT EXPORTED SOMETHING AGAIN"
    table = _table("The figures of hub verify", "", ">rows", ">sum")
    for what, figure in proof["figures"].items():
        table.add_row(what, str(figure["rows"]), figure["amount"])
    console.print(table)
    if checked is None:
        others = "bean-check is not installed here, so nobody else has checked the books (make setup installs it)"
    elif checked["status"] == 0:
        others = f"bean-check accepts the export; Beancount has the balances of {len(checked['balances'])} tenants"
    else:
        others = f"bean-check REFUSES the export: {checked['complaints']}"
    copy = "all is proved" if restored["ok"] and restored["the same head"] else "NOT THE SAME BOOKS"
    lines = {
        "hub journal export": f"{journal['entries']} entries, {journal['debit']} in debit and in credit",
        "the same again": again,
        "hub ledger export": others,
        "hub verify": _verdict(proof["verify"]),
        "hub backup": f"{_short(Path(restored['backup']['backup']))}, {restored['backup']['bytes']} bytes",
        "hub restore": f"{_short(Path(restored['site']))}, {restored['entries']} entries: {copy}",
    }
    console.print("[bold]Handed over, proved, and kept[/]")
    for title, line in lines.items():
        console.print(f"  {title:20}{escape(line)}", soft_wrap=True)
    console.print()


def look_further(program: Path, site: Path, broken: int, payment: int) -> list[str]:
    """Commands that show more of the site, each ready to be typed."""
    shown = (
        *("movements 1-3-4-1", f"explain {payment}", "balance 1-2-14-1", "ageing --company 1", "search 4199.50"),
        *("unmatched", f"files show {broken}", "documents 1-3", "journal list", "vendors show brunata-heat"),
        *("deliveries list", "collections list --tenancy 1-1-2-1"),
    )
    return [f"{_short(program)} {command} --site {_short(site)}" for command in shown]


def show_commands(console: Console, commands: list[str], site: Path) -> None:
    console.print("[bold]Look further[/]")
    folder = _short(site)
    for line in (*commands, f"ls {folder}/archive {folder}/quarantine {folder}/lists"):
        console.print(f"  {escape(line)}", soft_wrap=True)


def _files(console: Console, files: Mapping[str, Any]) -> None:
    table = _table("What came in", ">id", "file", "vendor instance", "state", "records", ">amount")
    for file in sorted(files.values(), key=lambda one: one["id"]):
        counts = file.get("records", {}).items()
        records = ", ".join(f"{count} {what}" for what, count in counts if count and what != "read")
        state = Text(file["state"], style=_COLOURS.get(file["state"], "red"))
        table.add_row(str(file["id"]), file["name"], file["vendor"], state, records, file.get("amount"))
    console.print(table)


def _balances(console: Console, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    table = _table("Five balances", "tenancy", "name", "", ">before", ">after", ">overdue", ">coming")
    for key, now in after.items():
        table.add_row(
            key,
            now["name"],
            BALANCE_STORIES[key],
            before[key]["balance"],
            Text(now["balance"], style="bold"),
            now["overdue"],
            now["coming"],
        )
    console.print(table)


def _unmatched(console: Console, rows: list[Mapping[str, Any]]) -> None:
    table = _table("Money that belongs to nobody we know: booked to suspense", ">amount", "reference", "why", "from")
    for row in rows:
        place = f"{row['source']['file']}, line {row['source']['record']}"
        table.add_row(row["amount"], row["reference"], row["reason"], place)
    console.print(table)


def _quarantine(console: Console, broken: Mapping[str, Any]) -> None:
    console.print(f"[bold]Why {escape(broken['name'])} is in quarantine[/]")
    for reason in broken["reasons"]:
        console.print(f"  {escape(reason)}", soft_wrap=True)
    console.print()


def _verdict(proof: Mapping[str, Any]) -> str:
    verdict = "the ledger is proved" if proof["ok"] else "THE LEDGER IS NOT IN ORDER"
    return f"{proof['entries']} entries, {proof['postings']} postings: {verdict}"


def _right(columns: Sequence[str]) -> list[str]:
    return [f">{column.replace('_', ' ')}" for column in columns]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(title, style="bold"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
