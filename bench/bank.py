"""Bank statements, camt.053: the plug-in's decoding against a bare lxml ``iterparse`` over the same file, and the way
from drop to booked.

``python -m bench.bank ENTRIES BOOKED`` prints results as JSON: a statement of so many entries is decoded, one of so
many payments is booked. Floor and ours run in processes of their own, take turns, and the best of each counts. The
floor finds the entries and lets go of them; it reads nothing that is in them. Statements of two sizes say whether
memory grows with the file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lxml import etree

from bench.memory import peak_mb
from bench.sites import NOW, RENT, make_site
from bench.statements import ACCOUNT, entries_of, write_rents, write_statement
from hub import log
from hub.intake.hub import Hub
from hub.intake.pipeline import ingest
from hub.plugin import FileView
from hub.settings import HubConfig, VendorConfig, load_site
from hub.store.database import connect
from hub.vendors import Instance, Vendors
from hub_iso20022 import reading
from hub_iso20022.settings import STATEMENT, Iso20022Settings

ROUNDS = 3
#: Of the statements that memory is measured with.
MEGABYTES = (50, 200)
_BANK = f'plugin = "iso20022"\nmatch = ["charge"]\nnumbers = {{ "{ACCOUNT}" = "1" }}\n'
_ENTRY = "{urn:iso:std:iso:20022:tech:xsd:camt.053.001.02}Ntry"


def main(entries: int, booked: int) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        path = Path(folder) / "camt.053.xml"
        write_statement(path, entries)
        results = [*_decoding(path, entries), *_memory(path), *_booking(Path(folder), booked)]
    print(json.dumps(results))


def _decoding(path: Path, entries: int) -> list[dict[str, object]]:
    cases = ("--floor", "--decode", "--read")
    runs = [[_timed(case, path) for case in cases] for _ in range(ROUNDS)]
    floor, *ours = (min(each, key=lambda run: run["seconds"]) for each in zip(*runs, strict=True))
    # A statement's own record comes before those of its entries.
    if floor["found"] != entries or any(run["found"] != entries + 1 for run in ours):
        raise SystemExit(f"not all is read: {entries} entries, found {[run['found'] for run in (floor, *ours)]}")
    names = ("camt.053 decoded", "camt.053 read by the hub")
    return [
        _result(name, entries, entries / run["seconds"], "entries/s", run, entries / floor["seconds"])
        for name, run in zip(names, ours, strict=True)
    ]


def _memory(path: Path) -> list[dict[str, object]]:
    results = []
    for megabytes in MEGABYTES:
        entries = entries_of(megabytes)
        write_statement(path, entries)
        ours = _timed("--read", path)
        results.append(
            _result(f"camt.053 of {megabytes} MB: plug-in", entries, ours["peak_rss_mb"], "MB at peak", ours)
        )
    return results


def _booking(folder: Path, payments: int) -> list[dict[str, object]]:
    root = folder / "site"
    make_site(root, f"sqlite:///{folder / 'hub.db'}", payments)
    (root / "config" / "vendors" / "bank.toml").write_text(_BANK, encoding="utf-8")
    write_rents(root / "camt.053.xml", payments, RENT, lambda number: f"{number:09}")
    ours = _timed("--book", root)
    speed = payments / ours["seconds"]
    return [_result("camt.053 drop to booked, sqlite", payments, speed, "payments/s", ours)]


def _result(
    name: str, count: int, value: float, unit: str, ours: dict[str, float], floor: float | None = None
) -> dict[str, object]:
    ratio = None if floor is None else value / floor
    peak = {"peak_rss_mb": ours["peak_rss_mb"]}
    return {"name": name, "n": count, "value": value, "unit": unit, "floor": floor, "ratio": ratio, **peak}


def _timed(what: str, path: Path) -> dict[str, float]:
    """One of those below, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "bench.bank", what, str(path)], stdout=subprocess.PIPE, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def find_entries(path: Path) -> dict[str, float]:
    """The floor."""
    found = 0
    began = time.perf_counter()
    for _, element in etree.iterparse(path, events=("end",), tag=_ENTRY):
        found += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return {"seconds": time.perf_counter() - began, "found": found, "peak_rss_mb": peak_mb("self")}


def decode(path: Path) -> dict[str, float]:
    """The plug-in's part alone."""
    view = FileView(path.name, path.stat().st_size, path)
    began = time.perf_counter()
    found = sum(1 for _ in reading.read(view, STATEMENT, Iso20022Settings()))
    return {"seconds": time.perf_counter() - began, "found": found, "peak_rss_mb": peak_mb("self")}


def read(path: Path) -> dict[str, float]:
    """Records as the hub gets them: judged, and read in the plug-in's own process, whose memory it is."""
    with Instance("bank", VendorConfig.model_validate({"plugin": "iso20022"}), HubConfig()) as bank:
        began = time.perf_counter()
        found = sum(len(batch) for batch in bank.read(path, path.name, STATEMENT))
        seconds = time.perf_counter() - began
        peak = sum(map(peak_mb, _children()))
    return {"seconds": seconds, "found": found, "peak_rss_mb": peak}


def book(root: Path) -> dict[str, float]:
    """From drop to all that becomes of it: booked, filed away, settled as far as can be."""
    log.configure("console", "warning")
    site = load_site(root)
    database = connect(site.database_url)
    with Vendors(site) as vendors:
        hub = Hub.of(site, database, vendors, lambda: NOW)
        began = time.perf_counter()
        outcome = ingest(hub, root / "camt.053.xml", actor="bench")
        seconds = time.perf_counter() - began
    database.close()
    if outcome.result.state != "booked" or outcome.result.counts.unmatched:
        raise SystemExit(f"not booked whole: {outcome}")
    return {"seconds": seconds, "found": outcome.result.counts.booked, "peak_rss_mb": peak_mb("self")}


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()


if __name__ == "__main__":
    PARTS = {"--floor": find_entries, "--decode": decode, "--read": read, "--book": book}
    if sys.argv[1] in PARTS:
        print(json.dumps(PARTS[sys.argv[1]](Path(sys.argv[2]))))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
