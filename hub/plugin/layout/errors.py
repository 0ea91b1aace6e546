"""What a layout may raise, beside :class:`hub.plugin.Malformed` for a record that breaks it."""

from __future__ import annotations

from collections.abc import Sequence

from hub.errors import HubError


class LayoutError(HubError):
    """A layout that cannot be: ``problems`` holds every one of them, each a sentence that names its fields."""

    def __init__(self, title: str, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems), where=f"layout {title!r}", do="correct the positions in the config")
        self.title = title
        self.problems = list(problems)


class UnfitError(HubError):
    """A value that cannot be written into its field: too long, not in the encoding, no allowed code."""


class Refused(Exception):
    """Raised by a field's ``load`` and ``dump``, which know neither its name nor its place: the layout adds both."""

    #: Set on the way through construct.
    field: str = ""

    def __init__(self, found: object, expected: str) -> None:
        super().__init__(found, expected)
        self.found = found
        self.expected = expected
