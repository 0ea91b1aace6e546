"""Reading alone: BS042 records of section 0211 by the generated reader, against construct's own parser.

``python -m bench.reader COUNT`` prints results as JSON. Both read the same typed fields of the same records; a whole
delivery 0602 of COUNT payments is read with its lines and totals. They take turns, and the best of each counts.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from hub.plugin.layout import records
from hub_nets_bs.delivery import Delivery
from hub_nets_bs.layouts import PAYMENT, RECORD_BYTES, layouts
from hub_nets_bs.records import AUTOMATIC
from hub_nets_bs.settings import BetalingsserviceSettings

ROUNDS = 5
#: Records held in memory for the reader alone, and for the interpreted floor, which is slow.
HELD_RECORDS_MAX = 20_000
INTERPRETED_RECORDS_MAX = 4_000
CREATED = date(2026, 11, 10)


def run(count: int) -> list[dict[str, object]]:
    """Rates in records a second; ``floor`` is interpreted construct."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        path = Path(folder) / "delivery.bs"
        with path.open("wb") as delivery:
            delivery.writelines(record + b"\r\n" for record in _delivery(count))
        return _measured(path, count)


def _measured(path: Path, count: int) -> list[dict[str, object]]:
    with path.open("rb") as stream:
        payments = (numbered for numbered in records(stream, RECORD_BYTES) if numbered[1].startswith(PAYMENT))
        held = list(islice(payments, HELD_RECORDS_MAX))
    sample = held[:INTERPRETED_RECORDS_MAX]
    layout = layouts("iso8859-1").payment[AUTOMATIC]
    read = layout.reader(CREATED)

    def interpreted() -> int:
        return sum(layout.interpret(record, line, CREATED).paid for line, record in sample)

    def generated() -> int:
        return sum(read(record, line).paid for line, record in held)

    def whole() -> int:
        with path.open("rb") as stream:
            delivery = Delivery(stream, BetalingsserviceSettings())
            # The reader sums what was paid itself; whoever takes the rows is not what is measured.
            deque(delivery.rows(), maxlen=0)
            return delivery.totals.paid

    rates = _rates({interpreted: len(sample), generated: len(held), whole: count})
    names = {generated: "BS042 reader alone", whole: "0602 reader, lines and totals included"}
    return [
        {
            "name": name,
            "n": count if case is whole else len(held),
            "value": rates[case],
            "unit": "records/s",
            "floor": rates[interpreted],
            "ratio": rates[case] / rates[interpreted],
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        for case, name in names.items()
    ]


def _rates(cases: dict[Callable[[], int], int]) -> dict[Callable[[], int], float]:
    """Best rate of each case; taking turns, they all meet a busy moment of the machine."""
    best = dict.fromkeys(cases, 0.0)
    for _ in range(ROUNDS):
        for case, count in cases.items():
            began = time.perf_counter()
            case()
            best[case] = max(best[case], count / (time.perf_counter() - began))
    return best


def _delivery(count: int) -> Iterator[bytes]:
    chance = random.Random(1)
    total = 0
    yield f"BS00212345678BS106020000000001{'':19}{CREATED:%d%m%y}".encode()
    yield b"BS01202345678021100000001"
    for number in range(1, count + 1):
        day = f"{CREATED + timedelta(chance.randrange(-20, 20)):%d%m%y}"
        ore = chance.randrange(100_00, 20_000_00)
        total += ore
        debtor, reference = f"{number:015d}{number:09d}", f"FAKTURA {number:09d}"
        yield f"BS04202345678023600000001{debtor}{day}1{ore:013d}{reference:<34}{day}{day}{ore:013d}".encode()
    yield f"BS09202345678021100000001      {count:011d}{total:015d}{0:011d}{'':15}{0:011d}".encode()
    yield f"BS99212345678BS10602{1:011d}{count:011d}{total:015d}{0:011d}{0:015d}{0:011d}{0:034d}".encode()


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]))))
