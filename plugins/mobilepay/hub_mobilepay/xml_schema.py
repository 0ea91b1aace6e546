"""What an XML file may hold, as sequences of elements, and a walk that holds a file against it while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from hub.plugin import Malformed
from hub_mobilepay.cells import CellError, refused, shown
from hub_mobilepay.xml_events import Ended, Started, events

#: Where a schema lies is the one attribute that any element may have.
_LOCATIONS = tuple(
    f"http://www.w3.org/2001/XMLSchema-instance {name}" for name in ("schemaLocation", "noNamespaceSchemaLocation")
)


class Value(NamedTuple):
    """What an element without elements says."""

    #: 1-based.
    line: int
    value: Any


class Part(NamedTuple):
    """An element in its sequence: a value that ``load`` reads (raising CellError), or a sequence of its own."""

    name: str
    load: Callable[[str], Any] | None = None
    parts: tuple[Part, ...] = ()
    is_optional: bool = False
    is_many: bool = False


class Closed(NamedTuple):
    """An element with elements in it has ended."""

    #: Where it began.
    line: int
    name: str
    values: Mapping[str, Value]
    #: The values so far of the elements around it, the outermost first.
    around: tuple[Mapping[str, Value], ...]


class _Frame:
    """An element that is open: which of its parts may come next, and what it has said so far."""

    def __init__(self, part: Part, line: int) -> None:
        self.part = part
        self.line = line
        self.values: dict[str, Value] = {}
        self._at = 0
        self._seen = 0

    def take(self, started: Started) -> Part:
        """The part that begins. Raises Malformed where it may not stand here."""
        parts = self.part.parts
        at, seen = self._at, self._seen
        while at < len(parts):
            part = parts[at]
            if part.name == started.name and (part.is_many or not seen):
                self._at, self._seen = at, seen + 1
                return part
            if not seen and not part.is_optional:
                break
            at, seen = at + 1, 0
        raise self._fault(started.line, started.name)

    def end(self) -> None:
        """Raises Malformed where something is missing."""
        if self._missing():
            raise self._fault(self.line, f"the end of {self.part.name}, which begins here")

    def _missing(self) -> list[str]:
        """What must come yet, in order."""
        parts = self.part.parts[self._at :]
        return [part.name for index, part in enumerate(parts) if not part.is_optional and (index or not self._seen)]

    def _fault(self, line: int, found: str) -> Malformed:
        missing = self._missing()
        expected = missing[0] if missing else f"the end of {self.part.name}" if self.part.parts else "a text"
        what = "elements are not in their order"
        return Malformed(what, line=line, field=self.part.name, found=found, expected=expected)


def closed(stream: BinaryIO, root: Part, namespace: str) -> Iterator[Closed]:
    """Every element with elements in it, as it ends. Raises Malformed at the first element or text that is none."""
    document = _Frame(Part("file", parts=(root,)), 1)
    frames = [document]
    for event in events(stream):
        if isinstance(event, Started):
            _check_names(event, namespace)
            frames.append(_Frame(frames[-1].take(event), event.line))
        else:
            frame = frames.pop()
            if frame.part.load is not None:
                frames[-1].values[event.name] = Value(event.line, _loaded(frame.part.load, event))
            else:
                frame.end()
                _check_no_text(event)
                yield Closed(frame.line, event.name, frame.values, tuple(each.values for each in frames[1:]))


def _check_names(started: Started, namespace: str) -> None:
    if started.namespace != namespace:
        raise Malformed(
            "a version of the format that is not known",
            line=started.line,
            field=started.name,
            found=f"namespace {started.namespace or 'none'}",
            expected=namespace,
            do="ask the vendor for that version",
        )
    for name in started.attributes:
        if name not in _LOCATIONS:
            said = "no attributes in this format"
            raise Malformed("an attribute", line=started.line, field=started.name, found=name, expected=said)


def _check_no_text(ended: Ended) -> None:
    if ended.text:
        found, expected = shown(ended.text), "elements alone"
        raise Malformed("a text between elements", line=ended.line, field=ended.name, found=found, expected=expected)


def _loaded(load: Callable[[str], Any], ended: Ended) -> Any:
    try:
        return load(ended.text)
    except CellError as error:
        raise refused(ended.line, ended.name, error) from None
