"""What a plug-in may raise: a bad file is the sender's fault and is told so that it can be mended."""

from __future__ import annotations

from hub.errors import HubError


class Malformed(HubError):
    """The file breaks its own format: the whole file is refused (R6) and quarantined as ``malformed``.

    ``line`` and the positions are 1-based; positions count bytes of the record, last one included.
    """

    def __init__(
        self,
        what: str = "",
        *,
        line: int | None = None,
        positions: tuple[int, int] | None = None,
        field: str = "",
        found: object = None,
        expected: object = None,
        do: str = "",
    ) -> None:
        self.line = line
        self.positions = positions
        self.field = field
        self.found = found
        self.expected = expected
        place = [f"line {line}"] if line is not None else []
        if positions is not None:
            first, last = positions
            place.append(f"position {first}" if first == last else f"positions {first}-{last}")
        if field:
            place.append(f"field {field!r}")
        said = what
        if expected is not None or found is not None:
            said = f"{what + ': ' if what else ''}found {_shown(found)}, expected {_shown(expected)}"
        super().__init__(said, where=", ".join(place), do=do)

    def __reduce__(self) -> tuple[object, ...]:
        """Crosses the process boundary whole (exceptions with keyword arguments do not by themselves)."""
        return _rebuild, (self.what, self.where, self.do, self.line, self.positions, self.field)


def _rebuild(
    what: str, where: str, do: str, line: int | None, positions: tuple[int, int] | None, field: str
) -> Malformed:
    error = Malformed(what, do=do)
    error.where, error.line, error.positions, error.field = where, line, positions, field
    return error


def _shown(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return repr(bytes(value).decode("latin-1"))
    return value if isinstance(value, str) else repr(value)
