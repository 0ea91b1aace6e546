"""Installed plug-ins, from the metadata of distributions: nothing of theirs is imported here."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

from hub.plugin import ENTRY_POINT_GROUP


class Installed(NamedTuple):
    """One entry point of an installed distribution; ``problem`` is "" when it can be used."""

    name: str
    distribution: str
    version: str
    problem: str


class NotUsableError(Exception):
    """No plug-in of a name, or more than one; ``str()`` says what to do."""


def installed() -> list[Installed]:
    """All plug-ins of this installation, by name."""
    found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: (point.name, _distribution(point)))
    return [
        Installed(point.name, _distribution(point), _version(point), _clash([p for p in found if p.name == point.name]))
        for point in found
    ]


def find(name: str) -> tuple[EntryPoint, Installed]:
    """The one plug-in of that name. Raises NotUsableError."""
    points = [point for point in entry_points(group=ENTRY_POINT_GROUP) if point.name == name]
    if not points:
        names = ", ".join(sorted({plugin.name for plugin in installed()})) or "none"
        raise NotUsableError(f"no plug-in of this name is installed; there are: {names}")
    if clash := _clash(points):
        raise NotUsableError(clash)
    return points[0], Installed(name, _distribution(points[0]), _version(points[0]), "")


def _clash(points: list[EntryPoint]) -> str:
    """Which of two of a name comes first would hang on the order of folders, so neither is taken."""
    if len(points) < 2:
        return ""
    named = " and ".join(sorted(f"{_distribution(point)} {_version(point)}" for point in points))
    return f"{named} all have a plug-in of this name: uninstall all but one"


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"


def _version(point: EntryPoint) -> str:
    return point.dist.version if point.dist else "unknown"
