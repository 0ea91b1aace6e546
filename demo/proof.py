"""What is read out of the books in the end, and who else says that they are right."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from demo.commands import Commands, DemoError
from demo.portfolio import COMPANY, Dates

_CHECK_SECONDS_MAX = 60
#: The accounts of tenants in the export, ahead of the tenancy's key.
_RECEIVABLE = f"Assets:{COMPANY}:Receivable:"
#: A payment of a delivery that was made today counts in these days at the latest.
_COMING = timedelta(days=14)


def read_out(commands: Commands, dates: Dates) -> dict[str, Any]:
    """In the shape of :data:`demo.expected.READ_OUT`."""
    statement = commands.site / "kontoudtog-1-3-4-1.pdf"
    today = ("--as-of", dates.today.isoformat())
    asked = {
        "balance of 1-2-14-1": ("balance", "1-2-14-1", *today),
        "balance of 1-2-3-1": ("balance", "1-2-3-1", *today),
        "next charge of 1-1-2-1": ("next-charge", "1-1-2-1", *today),
        "next charge of 1-3-5-1": ("next-charge", "1-3-5-1", *today),
        "ageing": ("ageing", "--company", COMPANY, *today),
        "in the end": ("ageing", "--company", COMPANY, "--all", "--as-of", (dates.today + _COMING).isoformat()),
        "arrears": ("arrears", "--company", COMPANY, *today),
        "statement": ("statement", "1-3-4-1", "--format", "pdf", "--out", str(statement)),
    }
    with ThreadPoolExecutor() as together:
        answers = together.map(lambda arguments: commands.run(*arguments), asked.values())
        found = dict(zip(asked, answers, strict=True))
    found["ageing"] = _by_band(found["ageing"])
    found["balances in the end"] = {one["tenancy"]: one["balance"] for one in found.pop("in the end")["tenancies"]}
    found["statement"]["is a PDF"] = statement.read_bytes().startswith(b"%PDF-")
    return found


def hand_over(commands: Commands) -> dict[str, Any]:
    """The journal for the general ledger, twice, and the proof; in the shape of :data:`demo.expected.PROOF`."""
    found: dict[str, Any] = {"journal": commands.run("journal", "export", "--company", COMPANY)["export"]}
    path = beancount_of(commands.site)
    with ThreadPoolExecutor() as together:
        again = together.submit(commands.run, "journal", "export", "--company", COMPANY)
        verified = together.submit(commands.run, "verify", statuses=(0, 3))
        exported = together.submit(commands.write, "ledger", "export", "--format", "beancount", "--out", str(path))
        found |= {"journal again": again.result()["export"], "verify": verified.result()}
        exported.result()
    found["figures"] = {
        one["what"]: {"rows": one["rows"], "amount": one["amount"]} for one in found["verify"]["figures"]
    }
    return found


def beancount_of(site: Path) -> Path:
    return site / "hub.beancount"


def program_of_others() -> Path | None:
    """``bean-check``, where it is installed beside the hub."""
    program = Path(sys.executable).with_name("bean-check")
    return program if program.exists() and importlib.util.find_spec("beancount") else None


def check_by_others(program: Path, export: Path) -> dict[str, Any]:
    """What ``bean-check`` says of the export, and every tenant's balance as Beancount computes it."""
    command = [str(program), "--no-cache", str(export)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=_CHECK_SECONDS_MAX)
    return {"status": done.returncode, "complaints": done.stderr, "balances": balances_by_others(export)}


def balances_by_others(export: Path) -> dict[str, str]:
    """By tenancy, summed by Beancount from the transactions alone. Raises DemoError where it cannot read them."""
    from beancount import loader
    from beancount.core.realization import compute_balance, iter_children, realize

    entries, errors, _ = loader.load_file(str(export))
    if not entries:
        raise DemoError(f"Beancount reads nothing in {export}: {errors}")
    accounts = (one for one in iter_children(realize(entries)) if one.account.startswith(_RECEIVABLE))
    return {
        one.account.removeprefix(_RECEIVABLE): str(
            compute_balance(one).get_currency_units("DKK").number or Decimal("0.00")
        )
        for one in accounts
    }


def restore_elsewhere(commands: Commands) -> dict[str, Any]:
    """A backup made while nobody has to stop, and another site out of it; its last step is the proof."""
    backup, elsewhere = commands.site / "backup.hub.tar", commands.site / "restored"
    made = commands.run("backup", "--to", str(backup))
    restored = commands.run("restore", str(backup), site=elsewhere, statuses=(0, 3))
    return {**restored, "the same head": restored["head"] == made["head"], "backup": made}


def _by_band(ageing: Any) -> dict[str, Any]:
    """Of the company and its properties; rent is 14 to 44 days old, by the day on which the demo runs."""
    totals = (*ageing["properties"], *ageing["companies"])
    return {
        one["key"]: {
            **{band: one[band] for band in ("not_due", "over_60", "credit", "balance")},
            "up to 60": str(Decimal(one["under_30"]) + Decimal(one["from_30_to_60"])),
        }
        for one in totals
    }
