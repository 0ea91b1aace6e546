"""Files pulled from a vendor's server, against OpenSSH's own ``sftp`` from the same server in the same run.

``python -m bench.exchange FILES MEGABYTES`` prints results as JSON: so many files of 2 kB, and one large one. Ours is
the whole pull: listed, compared with the journal, on the disk in the content store, claimed and committed. The floor
copies the same files into a folder with one batch, and leaves them to the disk's cache. Each of ours runs in a process
of its own, so that its memory is its own; the two take turns, and the best of each counts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.memory import peak_mb
from hub.exchange.pulling import pull
from hub.intake.hub import Hub
from hub.log import configure
from hub.settings import load_site
from hub.store.database import connect, create
from hub.vendors import Vendors
from tests.sshd import SSHD, Sshd

ROUNDS = 3
SMALL_BYTES = 2_000
MEGABYTE = 1_000_000
#: Read requests at once; 0 is what the hub does where nothing is said.
REQUESTS = (0, 64, 256, 1_024)
VENDOR = "vendor"


def main(files: int, megabytes: int) -> None:
    if not SSHD.exists():
        raise SystemExit(f"there is no {SSHD}: install openssh-server")
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder, Sshd(Path(folder) / "sshd") as server:
        _fill(server.root, files, megabytes)
        results = [*_small(server, Path(folder), files), *_large(server, Path(folder), megabytes)]
    print(json.dumps(results))


def _small(server: Sshd, folder: Path, files: int) -> list[dict[str, object]]:
    floor, (best,) = _turns(
        partial(_sftp, server, "get small/*", folder),
        partial(_pulled, server, folder, "small", 0),
    )
    return [_result(f"SFTP, files of {SMALL_BYTES} bytes pulled", files, "files/s", files, floor, best)]


def _large(server: Sshd, folder: Path, megabytes: int) -> list[dict[str, object]]:
    floor, bests = _turns(
        partial(_sftp, server, "get large/large", folder),
        *(partial(_pulled, server, folder, "large", most) for most in REQUESTS),
    )
    results = [
        _result(f"SFTP, one file pulled, {most or 'default'} requests", megabytes, "MB/s", megabytes, floor, best)
        for most, best in zip(REQUESTS, bests, strict=True)
    ]
    (server.root / "large" / "large").write_bytes(os.urandom(megabytes * MEGABYTE // 10))
    tenth = _pulled(server, folder, "large", 0)
    results.append(_result("SFTP, a tenth of it pulled", megabytes // 10, "MB/s", megabytes // 10, None, tenth))
    return results


def _result(
    name: str, count: int, unit: str, amount: int, floor_seconds: float | None, ours: dict[str, float]
) -> dict[str, object]:
    return {
        "name": name,
        "n": count,
        "value": amount / ours["seconds"],
        "unit": unit,
        "floor": None if floor_seconds is None else amount / floor_seconds,
        "ratio": None if floor_seconds is None else floor_seconds / ours["seconds"],
        "peak_rss_mb": ours["peak_rss_mb"],
    }


def _turns(floor: Callable[[], float], *ours: Callable[[], dict[str, float]]) -> tuple[float, list[dict[str, float]]]:
    """Best seconds of the floor, and the best of each of ours."""
    floors, runs = [], []
    for _ in range(ROUNDS):
        floors.append(floor())
        runs.append([case() for case in ours])
    return min(floors), [min(case, key=lambda run: run["seconds"]) for case in zip(*runs, strict=True)]


def _sftp(server: Sshd, batch: str, folder: Path, *flags: str) -> float:
    """Seconds of OpenSSH's client."""
    target = folder / "copied"
    target.mkdir()
    options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", f"IdentityFile={server.user_key}")
    command = ["sftp", *flags, "-q", "-b", "-", "-P", str(server.port), *(f"-o{option}" for option in options)]
    began = time.perf_counter()
    subprocess.run(
        [*command, f"{server.user}@127.0.0.1"],
        input=f"{batch} {target}/\n".encode(),
        capture_output=True,
        check=True,
    )
    seconds = time.perf_counter() - began
    shutil.rmtree(target)
    return seconds


def _pulled(server: Sshd, folder: Path, remote: str, requests_max: int) -> dict[str, float]:
    """Ours, in a process of its own, on a new site."""
    root = folder / "site"
    (root / "config" / "vendors").mkdir(parents=True)
    (root / "config" / "hub.toml").write_text("", encoding="utf-8")
    (root / "config" / "vendors" / f"{VENDOR}.toml").write_text(
        f"""plugin = "nets_bs"
[sftp]
host = "127.0.0.1"
port = {server.port}
user = "{server.user}"
host_keys = ["{server.host_key_line}"]
key_file = "{server.user_key}"
prefetch_requests_max = {requests_max}
[sftp.pull]
folders = ["{remote}"]
settle_seconds = 0
""",
        encoding="utf-8",
    )
    create(load_site(root).database_url).close()
    done = subprocess.run(
        [sys.executable, "-m", "bench.exchange", "--pull", str(root)], stdout=subprocess.PIPE, check=True
    )
    shutil.rmtree(root)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def pull_all(root: Path) -> None:
    """One look at the server, from the connection on."""
    configure("console", "warning")
    site = load_site(root)
    database = connect(site.database_url)
    with Vendors(site) as vendors:
        hub = Hub.of(site, database, vendors, lambda: datetime.now(UTC))
        began = time.perf_counter()
        made = pull(hub, VENDOR, actor="bench", stop=threading.Event())
        seconds = time.perf_counter() - began
    database.close()
    if made.result != "done" or not made.moved:
        raise SystemExit(f"nothing was measured: {made.text}")
    print(json.dumps({"seconds": seconds, "peak_rss_mb": peak_mb("self")}))


def _fill(root: Path, files: int, megabytes: int) -> None:
    for name in ("small", "large"):
        (root / name).mkdir()
    for number in range(files):
        (root / "small" / f"F{number:06}.txt").write_bytes(os.urandom(SMALL_BYTES))
    with (root / "large" / "large").open("wb") as stream:
        for _ in range(megabytes):
            stream.write(os.urandom(MEGABYTE))


if __name__ == "__main__":
    if sys.argv[1] == "--pull":
        pull_all(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
