"""A month's rent from ``hub collect`` to the file 0601, against the floor: the plug-in's writer, and nothing of ours.

``python -m bench.collecting sqlite|postgresql TENANCIES`` prints results as JSON. Every tenancy has two contributions,
every other a mandate. The floor makes the same collections, read back from the delivery, into the same bytes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.booking import peak_mb
from bench.sites import COLLECTED_FOR, NOW, copies, make_collecting_site
from hub import log
from hub.acts.act import Acting, perform
from hub.collecting.issue import KIND, issue
from hub.collecting.run import RunAsked, plan, refuse_unfit
from hub.outbox.placing import place
from hub.plugin import Collection
from hub.settings import load_site
from hub.store.collecting.deliveries import delivery_of
from hub.store.database import connect
from hub.vendors import Vendors
from hub_nets_bs import collection_delivery, collections
from hub_nets_bs.settings import BetalingsserviceSettings


def main(dialect: str, tenancies: int) -> None:
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder, copies(dialect, Path(folder)) as databases:
        root = Path(folder) / "site"
        url = databases.new("collecting")
        make_collecting_site(root, url, tenancies)
        before_bytes = databases.size_bytes(url)
        timed = json.loads(
            subprocess.run(
                [sys.executable, "-m", "bench.collecting", "--hub", str(root)], stdout=subprocess.PIPE, check=True
            ).stdout
        )
        grown_bytes = databases.size_bytes(url) - before_bytes
        delivered = Path(timed["path"])
        floor_seconds = _floor(delivered)
        delivered_bytes = delivered.stat().st_size
    name = f"collect and write 0601, {dialect}"
    speed, floor_speed = tenancies / timed["seconds"], tenancies / floor_seconds
    alone = {"floor": None, "ratio": None, "n": tenancies}
    own, children = {"peak_rss_mb": timed["peak_rss_mb"]}, {"peak_rss_mb": timed["children_peak_rss_mb"]}
    results = [
        {
            "name": name,
            "n": tenancies,
            "value": speed,
            "unit": "tenancies/s",
            "floor": floor_speed,
            "ratio": speed / floor_speed,
            **own,
        },
        {
            "name": f"{name}: planned, charged in books",
            "value": tenancies / timed["planned_seconds"],
            "unit": "tenancies/s",
            **alone,
            **own,
        },
        {"name": f"{name}: file", "value": delivered_bytes / tenancies, "unit": "bytes/tenancy", **alone, **own},
        {"name": f"{name}: growth", "value": grown_bytes / tenancies, "unit": "bytes/tenancy", **alone, **own},
        {"name": f"{name}: plug-in", "value": children["peak_rss_mb"], "unit": "MB at peak", **alone, **children},
    ]
    print(json.dumps(results))


def hub_run(root: Path) -> None:
    """The hub's part, in a process of its own so that its memory is its own."""
    log.configure("console", "warning")
    site = load_site(root)
    database = connect(site.database_url)
    asked = RunAsked("1", COLLECTED_FOR)
    planned_at = []
    with Vendors(site) as vendors:
        instance = vendors.instances["bs"]

        def do(acting: Acting) -> Mapping[str, Any]:
            planned = plan(acting, asked)
            refuse_unfit(planned)
            planned_at.append(time.perf_counter())
            issued = issue(acting, planned, instance)
            assert issued.delivery is not None
            return {"delivery": issued.delivery.id, "collections": issued.collections}

        began = time.perf_counter()
        done = perform(database, site, "collect", vars(asked), do, actor="bench", now=NOW)
        with database.read() as conn:
            path = place(site, delivery_of(conn, done.result["delivery"]), [])
        seconds = time.perf_counter() - began
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
        peaks = {"peak_rss_mb": peak_mb("self"), "children_peak_rss_mb": sum(map(peak_mb, children))}
    database.close()
    timed = {"seconds": seconds, "planned_seconds": planned_at[0] - began, "path": str(path), **peaks}
    print(json.dumps(timed))


def _floor(delivered: Path) -> float:
    """Seconds to make the same bytes of the same collections."""
    settings = BetalingsserviceSettings()
    with delivered.open("rb") as stream:
        held = [record for record in collection_delivery.read(stream, settings) if isinstance(record, Collection)]
        stream.seek(0)
        start = stream.readline().decode("iso8859-1")
    head = {
        "data_supplier": start[5:13],
        "subsystem": start[13:16],
        "delivery": start[20:30],
        "created": NOW.date().isoformat(),
    }
    target = delivered.with_suffix(".floor")
    began = time.perf_counter()
    with target.open("wb") as stream:
        stream.writelines(collections.make(held, head, settings))
    seconds = time.perf_counter() - began
    if target.read_bytes() != delivered.read_bytes():
        raise SystemExit(f"the floor has made another {KIND}")
    return seconds


if __name__ == "__main__":
    if sys.argv[1] == "--hub":
        hub_run(Path(sys.argv[2]))
    else:
        main(sys.argv[1], int(sys.argv[2]))
