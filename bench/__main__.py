"""``make bench``: each case in a process of its own, a table on the terminal, bench/out/results.json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

CASES = (
    ("bench.reader", ["1000000"]),
    ("bench.collecting", ["sqlite", "10000"]),
    ("bench.collecting", ["sqlite", "100000"]),
    ("bench.collecting", ["postgresql", "100000"]),
    ("bench.booking", ["sqlite", "250000"]),
    ("bench.booking", ["sqlite", "1000000"]),
    ("bench.booking", ["postgresql", "250000"]),
    ("bench.booking", ["postgresql", "1000000"]),
    ("bench.views", ["sqlite", "10000"]),
    ("bench.views", ["sqlite", "100000"]),
    ("bench.views", ["postgresql", "10000"]),
    ("bench.views", ["postgresql", "100000"]),
    ("bench.exchange", ["1000", "500"]),
    ("bench.bank", ["200000", "50000"]),
)
OUT = Path(__file__).parent / "out"


def main() -> None:
    console = Console()
    results: list[dict[str, object]] = []
    for module, arguments in CASES:
        console.print(f"[dim]{module} {' '.join(arguments)}[/dim]")
        done = subprocess.run([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, check=True)
        results.extend(json.loads(done.stdout))
    OUT.mkdir(exist_ok=True)
    (OUT / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console.print(_table(results))


def _table(results: list[dict[str, object]]) -> Table:
    table = Table("name", "n", "value", "unit", "floor", "ratio", "peak MB", title="Ratios count; machines are noisy")
    for result in results:
        table.add_row(*(_shown(result[key]) for key in ("name", "n", "value", "unit", "floor", "ratio", "peak_rss_mb")))
    return table


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    main()
