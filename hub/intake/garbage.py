"""When Python looks for cycles while files are booked."""

from __future__ import annotations

import gc
import threading

#: Objects made between two looks: more than any batch holds.
_COLLECT_EVERY = 1_000_000


class RareCollections:
    """Books without looks for cycles but those asked for; to be entered by several threads at once.

    A booking makes millions of tuples and no cycles: looking for some every 700 of them took a third of its time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._usual = gc.get_threshold()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._usual = gc.get_threshold()
                gc.set_threshold(_COLLECT_EVERY, *self._usual[1:])
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                gc.set_threshold(*self._usual)


def collect_batch() -> None:
    """Between two batches: a statement is a cycle, and holds on to the thousands of keys that it has asked for."""
    gc.collect(0)


rare_collections = RareCollections()
