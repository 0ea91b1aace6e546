"""What the demo shows at its end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from demo.expected import BALANCE_STORIES

_COLOURS = {"booked": "green", "duplicate": "cyan", "quarantined": "yellow"}


def show(console: Console, before: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Files, balances, unmatched money, the quarantined file, and what was proved."""
    _files(console, found["files"])
    _balances(console, before, found["balances"])
    _unmatched(console, found["unmatched"])
    _quarantine(console, found["files"]["broken"])
    proof = found["verify"]
    verdict = "the ledger is proved" if proof["ok"] else "THE LEDGER IS NOT IN ORDER"
    console.print(
        f"[bold]What hub verify says[/]\n  {proof['entries']} entries, {proof['postings']} postings: {verdict}\n"
    )


def look_further(program: Path, site: Path, broken: int) -> list[str]:
    """Commands that show more of the site, each ready to be typed."""
    shown = ("movements 1-3-4-1", "unmatched", f"files show {broken}", "documents 1-3", "vendors show brunata-heat")
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


def _table(title: str, *columns: str) -> Table:
    table = Table(title=Text(title, style="bold"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
