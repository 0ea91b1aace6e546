"""``make demo``: makes a site, runs the daemon on it, drops files, goes on as a bookkeeper would, holds the bank's
statement against it, hands the books over, proves them, collects the next month's rent, finds what of it is short at
the bank, and shows and judges all of it.

``python demo/run.py [FOLDER]``; the folder, .demo beside this project by default, is made anew. Exit status 0 only when
all is as :mod:`demo.expected` says.
"""

from __future__ import annotations

import shutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from demo.collecting import Collecting
from demo.commands import Commands, DemoError, wait_until
from demo.desk import Desk
from demo.expected import (
    AFTER,
    BALANCES_BEFORE,
    BY_OTHERS,
    COLLECTED,
    DESK,
    MONTH_END,
    ONE_SHORT,
    PROOF,
    READ_OUT,
    RESTORED,
    differences,
)
from demo.files import Dropped, copy_of, drop, make_files, make_test_file
from demo.month_end import MonthEnd, OneShort
from demo.portfolio import (
    COMPANY,
    COMPANY_NAME,
    PROPERTIES,
    Dates,
    write_charges,
    write_holdings,
    write_portfolio,
    write_recurring,
)
from demo.proof import beancount_of, check_by_others, hand_over, program_of_others, read_out, restore_elsewhere
from demo.shown import look_further, show, show_commands, show_proof, show_read_out, show_steps
from hub.settings import load_site

PROJECT = Path(__file__).resolve().parents[1]
_TAKEN_IN_SECONDS_MAX = 60
#: Of the tables where there is no terminal to ask.
_COLUMNS = 120
#: Says that a folder is a demo's and may be thrown away.
_MARK = ".made-by-demo"


def main(arguments: list[str]) -> int:
    console = Console(width=None if sys.stdout.isatty() else _COLUMNS, highlight=False)
    began = time.monotonic()
    parser = ArgumentParser(prog="demo/run.py", description="Makes a site, books files, and judges what came of it.")
    parser.add_argument("site", nargs="?", type=Path, default=PROJECT / ".demo", help="its folder; default: .demo")
    site = parser.parse_args(arguments).site.resolve()
    try:
        wrong = _demo(console, site)
    except DemoError as error:
        console.print(f"[bold red]The demo failed[/]: {escape(str(error))}")
        return 1
    for one in wrong:
        console.print(f"[bold red]Not as it should be[/]: {escape(one)}")
    if wrong:
        return 1
    console.print(f"\nAll is as it should be, after {time.monotonic() - began:.1f} seconds.", style="bold green")
    return 0


def _demo(console: Console, site: Path) -> list[str]:
    """All that is not as it should be."""
    commands = Commands(site)
    dates = _make_site(console, commands)
    with ThreadPoolExecutor() as together:
        checked, balances = together.submit(commands.run, "check"), together.submit(_balances_before, commands, dates)
        files = make_files(site, dates)
    checked.result()
    before = balances.result()
    files.append(copy_of(files[0]))
    _take_in(console, commands, files)
    with ThreadPoolExecutor() as together:
        made = together.submit(make_test_file, site, dates)
        found = _found(commands, dates, files)
    show(console, before, found)
    wrong = [*differences({"before": BALANCES_BEFORE}, {"before": before}), *differences(AFTER, found)]
    desk = Desk(commands, dates)
    desk.work(made.result())
    show_steps(console, desk.steps, "A bookkeeper goes on")
    wrong += differences(DESK, desk.found, "desk: ")
    month_end = MonthEnd(commands, dates)
    month_end.work()
    show_steps(console, month_end.steps, "The end of the month")
    wrong += differences(MONTH_END, month_end.found, "month end: ")
    wrong += _close(console, commands, dates)
    collecting = Collecting(commands, dates)
    collecting.work()
    show_steps(console, collecting.steps, "The next month's rent")
    wrong += differences(COLLECTED, collecting.found, "collecting: ")
    short = OneShort(commands, dates)
    short.work()
    show_steps(console, short.steps, "The next statement, and one payment short")
    wrong += differences(ONE_SHORT, short.found, "one short: ")
    further = look_further(commands.program, site, found["files"]["broken"]["id"], desk.payment)
    show_commands(console, further, site)
    return wrong


def _close(console: Console, commands: Commands, dates: Dates) -> list[str]:
    """What the books say in the end, who else says so, and that a copy of them says the same."""
    told = read_out(commands, dates)
    show_read_out(console, told)
    proof = hand_over(commands)
    others = program_of_others()
    with ThreadPoolExecutor() as together:
        restoring = together.submit(restore_elsewhere, commands)
        checked = check_by_others(others, beancount_of(commands.site)) if others else None
        restored = restoring.result()
    show_proof(console, proof, checked, restored)
    return [
        *differences(READ_OUT, told, "read out: "),
        *differences(PROOF, proof, "proof: "),
        *(differences(BY_OTHERS, checked, "by others: ") if checked else ()),
        *differences(RESTORED, restored, "restored: "),
    ]


def _make_site(console: Console, commands: Commands) -> Dates:
    site = commands.site
    if site.exists() and not (site / _MARK).exists() and any(site.iterdir()):
        raise DemoError(f"{site} holds something that no demo has made: name another folder")
    if site.exists():
        shutil.rmtree(site)
    site.mkdir(parents=True)
    (site / _MARK).touch()
    shutil.copytree(PROJECT / "config", site / "config")
    dates = Dates(datetime.now(load_site(site).zone).date())
    write_portfolio(site / "portfolio.csv")
    write_charges(site / "charges.csv", dates)
    write_holdings(site / "holdings.csv", dates)
    write_recurring(site / "recurring.csv", dates)
    commands.run("init")
    added = {
        what: commands.run(what, "import", str(site / f"{what}.csv"))["added"]
        for what in ("portfolio", "charges", "holdings", "recurring")
    }
    console.print(
        f"[bold]{COMPANY_NAME}[/]: {len(PROPERTIES)} properties, {added['portfolio']} tenancies, "
        f"{added['charges']} open charges and credits, due {dates.rent_due}, {added['holdings']} deposits, "
        f"{added['recurring']} recurring contributions\n"
    )
    return dates


def _take_in(console: Console, commands: Commands, files: list[Dropped]) -> None:
    """The copy comes last, when the payments are booked."""
    *first, copy = files
    with commands.daemon() as still_runs:
        for file in first:
            drop(commands.site, file)
        _wait_for(commands, first, still_runs)
        drop(commands.site, copy)
        _wait_for(commands, files, still_runs)
    console.print(f"The daemon has taken in {len(files)} files and was stopped with SIGTERM.\n")


def _wait_for(commands: Commands, files: list[Dropped], still_runs: Callable[[], None]) -> None:
    """A file leaves its inbox when all that becomes of it is in the journal."""
    places = [commands.site / file.folder / file.name for file in files]
    wait_until(
        lambda: not any(place.exists() for place in places),
        still_runs,
        f"taking in {len(files)} files (see {commands.log})",
        _TAKEN_IN_SECONDS_MAX,
    )


def _found(commands: Commands, dates: Dates, files: list[Dropped]) -> dict[str, Any]:
    """What the command line says now, in the shape of :data:`demo.expected.AFTER`."""
    roles = {file.name: file.role for file in files}
    listed = commands.run("files")["files"]
    with ThreadPoolExecutor() as together:
        with_records = [file for file in listed if roles[file["name"]] in ("payments", "copy", "results")]
        shown = together.map(lambda file: commands.run("files", "show", str(file["id"])), with_records)
        movements = together.submit(commands.run, "movements", "1-3-4-1")
        documents = together.submit(commands.run, "documents", "1-3")
        unmatched = together.submit(commands.run, "unmatched")
        verified = together.submit(commands.run, "verify", statuses=(0, 3))
        balances = _balances(commands, dates)
        by_role = {roles[file["name"]]: file for file in (*listed, *shown)}
    return {
        "files": by_role,
        "balances": balances,
        "movements of 1-3-4-1": movements.result()["movements"],
        "unmatched": unmatched.result()["unmatched"],
        "documents of property 1-3": {roles[one["name"]]: one for one in documents.result()["documents"]},
        "quarantine": _quarantine(commands.site, by_role["broken"]),
        "left in the inboxes": [path.name for path in (commands.site / "inbox").rglob("*") if path.is_file()],
        "verify": verified.result(),
    }


def _quarantine(site: Path, broken: Mapping[str, Any]) -> dict[str, Any]:
    reasons: list[str] = broken["reasons"]
    explanation = site / "quarantine" / f"{broken['id']}-{broken['name']}.reason.txt"
    return {
        "reasons": len(reasons),
        "names both sums": all("6950.00" in reason and "6951.00" in reason for reason in reasons),
        "explained beside the file": explanation.exists() and reasons[0] in explanation.read_text(encoding="utf-8"),
    }


def _balances_before(commands: Commands, dates: Dates) -> dict[str, Any]:
    """Of all tenancies at once: nothing is coming yet."""
    aged = commands.run("ageing", "--company", COMPANY, "--as-of", dates.today.isoformat())
    return {one["tenancy"]: one for one in aged["tenancies"] if one["tenancy"] in BALANCES_BEFORE}


def _balances(commands: Commands, dates: Dates) -> dict[str, Any]:
    with ThreadPoolExecutor() as together:
        found = together.map(
            lambda key: commands.run("balance", key, "--as-of", dates.today.isoformat()), BALANCES_BEFORE
        )
        return dict(zip(BALANCES_BEFORE, found, strict=True))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
