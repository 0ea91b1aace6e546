"""A 0602 from drop to booked, against the floor: the same rows and the same row updates, and nothing of ours.

``python -m bench.booking sqlite|postgresql COUNT`` prints results as JSON. The floor replays what the hub has written,
read back beforehand, in batches of the same size in one transaction: executemany on SQLite, COPY on PostgreSQL, where
it is spared plans that read whole tables as well as the hub is. The two take turns, and the best of each counts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, select

from bench.memory import peak_mb
from bench.sites import NOW, copies, make_site
from hub import log
from hub.intake import attempt, reading
from hub.intake.hub import Hub
from hub.intake.pipeline import ingest
from hub.settings import load_site
from hub.store import bulk
from hub.store.database import Database, connect
from hub.store.lookup import by_index
from hub.store.tables import account, allocation, company, entry, posting
from hub.vendors import Vendors

BATCH_ROWS = 2_000
TURNS = 2
_TABLES = (entry, posting, allocation)
_VALUE_DATE = entry.columns.keys().index("value_date")

Rows = dict[str, list[bulk.Row]]


def main(dialect: str, count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder, copies(dialect, Path(folder)) as databases:
        root = Path(folder) / "site"
        make_site(root, databases.new("start"), count)
        runs, floors = [], []
        rows: Rows = {}
        for turn in range(TURNS):
            booked_url = databases.new(f"booked_{turn}", copy_of="start")
            before_bytes = databases.size_bytes(booked_url)
            runs.append(_hub(root, Path(folder) / f"turn_{turn}", booked_url))
            grown_bytes = databases.size_bytes(booked_url) - before_bytes
            rows = rows or _written(booked_url)
            floors.append(_floor(rows, databases.new(f"floor_{turn}", copy_of="start")))
    timed = min(runs, key=lambda run: run["seconds"])
    speed, floor_speed = count / timed["seconds"], count / min(floors)
    name = f"0602 drop to booked, {dialect}"
    common = {"n": count, "peak_rss_mb": max(run["peak_rss_mb"] for run in runs)}
    ratio = {"floor": floor_speed, "ratio": speed / floor_speed}
    alone = {"floor": None, "ratio": None}
    children = {"n": count, "peak_rss_mb": max(run["children_peak_rss_mb"] for run in runs)}
    results = [
        {"name": name, "value": speed, "unit": "payments/s", **ratio, **common},
        {
            "name": f"{name} and filed",
            "value": count / timed["filed_seconds"],
            "unit": "payments/s",
            **alone,
            **common,
        },
        {"name": f"{name}: growth", "value": grown_bytes / count, "unit": "bytes/payment", **alone, **common},
        {"name": f"{name}: plug-in", "value": children["peak_rss_mb"], "unit": "MB at peak", **alone, **children},
    ]
    print(json.dumps(results))


def _hub(template: Path, root: Path, url: str) -> dict[str, float]:
    """What :func:`hub_run` has measured on a site like ``template``."""
    shutil.copytree(template, root)
    (root / "config" / "hub.toml").write_text(f'database = "{url}"\n', encoding="utf-8")
    ours = [sys.executable, "-m", "bench.booking", "--hub", str(root)]
    told: dict[str, float] = json.loads(subprocess.run(ours, stdout=subprocess.PIPE, check=True).stdout)
    return told


def hub_run(root: Path) -> None:
    """The hub's part, in a process of its own so that its memory is its own."""
    log.configure("console", "warning")
    site = load_site(root)
    database = connect(site.database_url)
    with Vendors(site) as vendors:
        hub = Hub.of(site, database, vendors, lambda: NOW)
        booked_at = _booking_moments()
        began = time.perf_counter()
        outcome = ingest(hub, root / "delivery.bs", actor="bench")
        filed_seconds = time.perf_counter() - began
        seconds = booked_at[-1] - began
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
        peaks = {"peak_rss_mb": peak_mb("self"), "children_peak_rss_mb": sum(map(peak_mb, children))}
    database.close()
    if outcome.result.state != "booked" or outcome.result.counts.unmatched:
        raise SystemExit(f"not booked whole: {outcome}")
    print(json.dumps({"seconds": seconds, "filed_seconds": filed_seconds, **peaks}))


def _booking_moments() -> list[float]:
    """Fills with the moments at which a file's booking has been committed; lists and archive come after it."""
    moments: list[float] = []

    def read_file(*args: Any, **options: Any) -> Any:
        result = reading.read_file(*args, **options)
        moments.append(time.perf_counter())
        return result

    attempt.read_file = read_file
    return moments


def _written(url: str) -> Rows:
    """What the hub has written of the delivery."""
    source = connect(url)
    with source.read() as conn:
        first_entry = conn.execute(select(entry.c.id).where(entry.c.kind == "payment").order_by(entry.c.id)).first()
        assert first_entry is not None
        rows = {
            table.name: [
                tuple(_plain(value) for value in row)
                for row in conn.execute(
                    select(table).where(_entry_id(table) >= first_entry[0]).order_by(*table.primary_key)
                )
            ]
            for table in _TABLES
        }
    source.close()
    return rows


def _floor(rows: Rows, url: str) -> float:
    """Seconds to write the same rows and updates with the driver alone."""
    target = connect(url)
    seconds = _write(target, rows)
    target.close()
    return seconds


def _write(target: Database, rows: Rows) -> float:
    postings, allocations = _by_entry(rows["posting"]), _by_entry(rows["allocation"])
    totals: defaultdict[int, int] = defaultdict(int)
    batches = []
    for start in range(0, len(rows["entry"]), BATCH_ROWS):
        part = rows["entry"][start : start + BATCH_ROWS]
        ids = [row[0] for row in part]
        its_postings = [row for id_ in ids for row in postings[id_]]
        its_allocations = [row for id_ in ids for row in allocations[id_]]
        lines: defaultdict[int, int] = defaultdict(int)
        for row in its_allocations:
            lines[row[3]] -= row[4]
        value_dates = {row[0]: row[_VALUE_DATE] for row in part}
        # Each line is paid by one payment.
        days = {row[3]: value_dates[row[0]] for row in its_allocations}
        accounts: defaultdict[int, int] = defaultdict(int)
        for row in its_postings:
            (accounts if row[1] == 0 else totals)[row[2]] += row[3]
        batches.append((part, its_postings, its_allocations, lines, days, accounts))
    began = time.perf_counter()
    with target.write() as conn:
        by_index(conn)
        for part, its_postings, its_allocations, lines, days, accounts in batches:
            for table, its_rows in zip(_TABLES, (part, its_postings, its_allocations), strict=True):
                _insert(conn, table, its_rows)
            _pay(conn, lines, days)
            _add(conn, account.c.balance, accounts)
        _add(conn, account.c.balance, totals)
        _add(conn, company.c.chain_seq, {1: 1})
    return time.perf_counter() - began


def _insert(conn: Connection, table: Table, rows: list[bulk.Row]) -> None:
    """As the driver has it: executemany on SQLite, COPY on PostgreSQL."""
    names = [column.name for column in table.columns]
    if conn.dialect.name == "sqlite":
        places = ", ".join("?" * len(names))
        conn.exec_driver_sql(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({places})", rows)
        return
    driver: Any = conn.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _add(conn: Connection, column: Column[Any], deltas: dict[int, int]) -> None:
    """As the driver has it: executemany on SQLite, one UPDATE of many rows on PostgreSQL."""
    table, name = column.table.name, column.name
    pairs = sorted(deltas.items())
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(f"UPDATE {table} SET {name} = {name} + ?2 WHERE id = ?1", pairs)
        return
    ids, amounts = zip(*pairs, strict=True)
    conn.exec_driver_sql(
        f"UPDATE {table} SET {name} = {table}.{name} + d.delta"
        f" FROM unnest(%s::bigint[], %s::bigint[]) AS d(id, delta) WHERE {table}.id = d.id",
        (list(ids), list(amounts)),
    )


def _pay(conn: Connection, lines: dict[int, int], days: dict[int, str]) -> None:
    """Øre and ISO day by line."""
    paid = [(id_, delta, days[id_]) for id_, delta in sorted(lines.items())]
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(
            "UPDATE charge_line SET remaining = remaining + ?2, remaining_since = ?3 WHERE id = ?1", paid
        )
        return
    conn.exec_driver_sql(
        "UPDATE charge_line SET remaining = remaining + d.delta, remaining_since = d.day"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::date[]) AS d(id, delta, day) WHERE charge_line.id = d.id",
        tuple(map(list, zip(*paid, strict=True))),
    )


def _by_entry(rows: list[bulk.Row]) -> defaultdict[int, list[bulk.Row]]:
    grouped: defaultdict[int, list[bulk.Row]] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row)
    return grouped


def _entry_id(table: Table) -> Any:
    return table.c.id if table is entry else table.c.entry_id


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


if __name__ == "__main__":
    if sys.argv[1] == "--hub":
        hub_run(Path(sys.argv[2]))
    else:
        main(sys.argv[1], int(sys.argv[2]))
