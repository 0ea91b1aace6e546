"""What the books say, and how fast: one tenancy's balance and movements, a company's ageing, and ``hub verify``.

``python -m bench.views sqlite|postgresql TENANCIES`` prints results as JSON. The books are those of :mod:`bench.years`:
36 months, companies of 10,000 tenancies. Own time is the processor's in our process, with SQLite's work in it and
PostgreSQL's not; elapsed is what a person waits. Each is measured in a process of its own, the median of many, beside
the machine's pace at that time. The floor of verify reads the rows of the same tables with the driver alone, and hashes
them.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from bench.sites import copies
from bench.years import TODAY, Size, Years, key_of
from hub.store import views
from hub.store.database import connect
from hub.store.tables import account, allocation, batch, charge, charge_line, entry, posting, tenancy
from hub.store.verify import verify

_T = TypeVar("_T")
MONTHS = 36
_ONE_TENANCY_ROUNDS, _AGEING_ROUNDS, _TURNS = 300, 9, 2
_TABLES = (entry, posting, charge, charge_line, allocation, account, tenancy, batch)
_DAYS_BACK = {"a month back": 30, "90 days back": 90, "a year back": 365, "two years back": 730}
#: Days, and the moments at which the books stood so; None = now.
_WHEN: dict[str, tuple[date, datetime | None]] = {
    "today": (TODAY, None),
    **{name: (TODAY - timedelta(days), None) for name, days in _DAYS_BACK.items()},
    **{
        f"as recorded {name}": (TODAY, datetime.combine(TODAY - timedelta(days), datetime.max.time(), UTC))
        for name, days in _DAYS_BACK.items()
    },
}
#: When the next month is charged: everybody has what is coming, and on its first day everybody owes.
_WHEN_AHEAD: dict[str, tuple[date, datetime | None]] = {
    "today, rent charged ahead": (TODAY, None),
    "on the first, all owing": (date(2027, 1, 1), None),
}

_MILLISECONDS = {"unit": "ms", "floor": None, "ratio": None}


class Took(NamedTuple):
    """Own and elapsed time of one question, both in the same unit."""

    own: float
    elapsed: float


def main(dialect: str, tenancies: int) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder, copies(dialect, Path(folder)) as databases:
        url = databases.new("years")
        years = Years(url, Size(tenancies, MONTHS))
        results = []
        for what in ("tenancy", "ageing", "verify", "ahead"):
            if what == "ahead":
                years.charge_ahead()
            command = [sys.executable, "-m", "bench.views", "--measure", what, url, str(tenancies)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            results += json.loads(done.stdout)
        years.close()
    print(json.dumps([{**one, "name": f"{one['name']}, {dialect}", "n": tenancies} for one in results]))


def measure(what: str, url: str, tenancies: int) -> list[dict[str, object]]:
    database = connect(url)
    pace = _pace()
    with database.read() as conn:
        match what:
            case "tenancy":
                found = list(_one_tenancy(conn, tenancies))
            case "ageing":
                found = list(_ageing(conn, _WHEN))
            case "ahead":
                found = list(_ageing(conn, _WHEN_AHEAD))
            case _:
                found = list(_verify(conn))
    database.close()
    # What getrusage tells outlives exec: this process would answer with its parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    found += [{"name": f"a million additions before and after, {what}", "value": (pace + _pace()) / 2, **_MILLISECONDS}]
    return [{**one, "peak_rss_mb": peak_mb} for one in found]


def _one_tenancy(conn: Connection, tenancies: int) -> Iterator[dict[str, object]]:
    chance = random.Random(1)
    keys = [key_of(chance.randrange(tenancies)) for _ in range(_ONE_TENANCY_ROUNDS)]
    yield from _told(
        "balance of one tenancy", _median([lambda key=key: views.balance(conn, key, TODAY) for key in keys])
    )
    yield from _told("movements of one tenancy", _median([lambda key=key: views.movements(conn, key) for key in keys]))


def _ageing(conn: Connection, when: Mapping[str, tuple[date, datetime | None]]) -> Iterator[dict[str, object]]:
    scope = views.scope_of(conn, company="1")
    for name, as_of in when.items():
        asked = [lambda as_of=as_of: views.ageing(conn, scope, *as_of)] * _AGEING_ROUNDS
        yield from _told(f"ageing of 10,000 tenancies, {name}", _median(asked))


def _verify(conn: Connection) -> Iterator[dict[str, object]]:
    """Floor and hub by turns, the better of two each: a machine's pace changes while one of them runs."""
    floors, takes = [], []
    for _ in range(_TURNS):
        rows, floor = _timed(lambda: _read_and_hash(conn))
        report, took = _timed(lambda: verify(conn))
        if not report.ok:
            raise SystemExit(f"the books are not in order: {report.problems[:3]}")
        floors.append(floor)
        takes.append(took)
    for kind in Took._fields:
        floor_time = min(getattr(floor, kind) for floor in floors)
        its_time = min(getattr(took, kind) for took in takes)
        yield {
            "name": f"verify of {report.entries:,} entries, {kind}",
            "value": rows / its_time,
            "unit": "rows/s",
            "floor": rows / floor_time,
            "ratio": floor_time / its_time,
        }


def _pace() -> float:
    """Milliseconds of the processor for a million additions: machines change theirs, and milliseconds with it."""

    def add() -> None:
        total = 0
        for number in range(1_000_000):
            total += number

    return min(_timed(add)[1].own for _ in range(3)) * 1000


def _timed(what: Callable[[], _T]) -> tuple[_T, Took]:
    began, began_own = time.perf_counter(), time.process_time()
    found = what()
    return found, Took(time.process_time() - began_own, time.perf_counter() - began)


def _read_and_hash(conn: Connection) -> int:
    """Every row of the tables that verify proves, in order of their keys; gives how many."""
    hashed, rows = sha256(), 0
    for table in _TABLES:
        order = ", ".join(column.name for column in table.primary_key)
        query = f"SELECT * FROM {table.name} ORDER BY {order}"
        result = conn.exec_driver_sql(query, execution_options={"yield_per": 2_000})
        assert result.cursor is not None
        for row in result.cursor:
            hashed.update(repr(row).encode())
            rows += 1
        result.close()
    return rows


def _median(asked: list[Callable[[], object]]) -> Took:
    """The first answers, for which statements are compiled, are left out."""
    own, elapsed = [], []
    for question in asked:
        began, began_own = time.perf_counter(), time.process_time()
        question()
        own.append(time.process_time() - began_own)
        elapsed.append(time.perf_counter() - began)
    return Took(statistics.median(own[2:]) * 1000, statistics.median(elapsed[2:]) * 1000)


def _told(name: str, took: Took) -> Iterator[dict[str, object]]:
    for kind, milliseconds in took._asdict().items():
        yield {"name": f"{name}, {kind}", "value": milliseconds, **_MILLISECONDS}


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        print(json.dumps(measure(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
    else:
        main(sys.argv[1], int(sys.argv[2]))
