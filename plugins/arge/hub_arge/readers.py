"""Which kind of file is read by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hub.plugin import FileView, HubError, Record
from hub_arge import index, results, tenants
from hub_arge.layouts import INDEXES, PAIRS, RESULTS, TENANTS
from hub_arge.settings import ArgeSettings

_READERS: Mapping[str, Callable[[FileView, ArgeSettings], Iterator[Record]]] = {
    PAIRS: tenants.read_pairs,
    TENANTS: tenants.read_tenants,
    RESULTS: results.read,
    INDEXES: index.read,
}


def read(file: FileView, kind: str, settings: ArgeSettings) -> Iterator[Record]:
    """The records of a file. Raises Malformed, and HubError for a kind that is off."""
    if kind not in _READERS:
        raise HubError(f"no file of kind {kind!r} is read")
    return _READERS[kind](file, settings)
