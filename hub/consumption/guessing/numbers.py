"""Where the numbers of a tenancy stand: the places whose numbers together are known tenancies on the most lines.

One number alone proves little: a company is ``1``, and so is half of a file. But the numbers of four places name a
tenancy that exists, on line after line, at one choice of places alone; where at several, all of them are told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from hub.consumption.guessing.grid import Delimited, Grid, Place, plain
from hub.store.consumption.known import KnownTenancy

PARTS = ("company", "property", "unit", "tenant")
#: What tells most first.
_SEARCH_ORDER = ("unit", "tenant", "property", "company")
#: Lines that the search looks at, spread over the file's head.
_SEARCHED_LINES_MAX = 100
#: Multiplied with it, numbers that follow each other lie far apart (Knuth).
_SPREAD = 2_654_435_761
#: Of the lines, so many may be no tenancy's: heads, sums, tenants that the portfolio lacks.
_STRANGE_SHARE_MAX = 0.25
_HITS_MIN = 3
#: Places that are tried for a part, and choices of places that are followed up at a time.
_SLOTS_MAX = 400
_CHOICES_MAX = 200
#: Where there are more than those, nothing will be sure, and fewer will do.
_CROWDED_CHOICES_MAX = 20
#: A choice is as good as the best where so much of the lines, at most, speaks against it.
_CLOSE_SHARE = 0.1

Key = tuple[str, ...]


class Slot(NamedTuple):
    """A place that may hold one of the numbers; ``numbers`` has "" for a line whose number there is not known."""

    place: Place
    numbers: tuple[str, ...]
    #: A bit for each such line.
    strange: int
    #: Zeros or blanks stand before it on all lines, or it begins them: rather a number than some digits of one.
    is_bounded: bool


class Choice(NamedTuple):
    """A slot for each of some parts."""

    slots: Mapping[str, Slot]
    #: A line's numbers there, None for a line that is no known tenancy's; and a bit for each such line.
    keys: Sequence[Key | None]
    strange: int
    #: Tenancies that the lines are of.
    different: int

    @property
    def hits(self) -> int:
        return len(self.keys) - self.strange.bit_count()

    def meets(self, places: Collection[Place]) -> bool:
        return any(slot.place.meets(place) for slot in self.slots.values() for place in places)

    def rank(self) -> tuple[int, bool, int, int]:
        """Many lines of many tenancies go first: a digit that is the same on all lines is one tenancy's everywhere.

        What begins like a number counts for as much as a few lines more. Of choices as good, one in the usual order,
        close together and narrow goes first.
        """
        places = [self.slots[part].place for part in PARTS if part in self.slots]
        span = max(place.last for place in places) - min(place.first for place in places)
        width = sum(place.last - place.first for place in places)
        bounded = sum(slot.is_bounded for slot in self.slots.values())
        return (
            self.hits + self.different + int(bounded * len(self.keys) * _CLOSE_SHARE),
            places == sorted(places),
            -span,
            -width,
        )


class Choices(NamedTuple):
    """The best choice and those that come near, the best first; their places are as narrow as they can be."""

    best_first: Sequence[Choice]
    #: There were more than are followed up, as good as those that are.
    is_cut: bool


class Found(NamedTuple):
    """The best choice, by part: its place, and others that are as good."""

    places: Mapping[str, Place]
    others: Mapping[str, tuple[Place, ...]]
    #: There may be others that nobody has looked at.
    is_crowded: bool


def search(grid: Grid, tenancies: Sequence[KnownTenancy]) -> Choices:
    """One choice, without slots, where no place holds known numbers on most lines."""
    # Spread evenly, though in no step that the file's own order may have: every fourth line is every fourth unit.
    rows = sorted(sorted(range(len(grid)), key=lambda row: row * _SPREAD % 2**32)[:_SEARCHED_LINES_MAX])
    misses_max = max(2, int(len(rows) * _STRANGE_SHARE_MAX))
    slots = _slots(grid, rows, tenancies, misses_max)
    choices = [Choice({}, [()] * len(rows), 0, 0)]
    is_cut = any(len(of_part) > _SLOTS_MAX for of_part in slots.values())
    for part in _SEARCH_ORDER:
        wanted = (*choices[0].slots, part)
        known = {tuple(getattr(each, name) for name in wanted) for each in tenancies}
        extended = [
            better
            for choice in choices
            for slot in slots[part][:_SLOTS_MAX]
            if (better := _extended(choice, part, slot, known, misses_max)) is not None
        ]
        extended.sort(key=Choice.rank, reverse=True)
        is_cut |= len(extended) > _CHOICES_MAX and _as_good(extended[_CHOICES_MAX], extended[0])
        choices = extended[: _CROWDED_CHOICES_MAX if is_cut else _CHOICES_MAX] or choices
    return Choices(choices, is_cut)


def settled(found: Choices, taken: Collection[Place] = ()) -> Found:
    """The best choice, and what is as good; of those that leave alone what is ``taken``, where any does."""
    choices = [choice for choice in found.best_first if not choice.meets(taken)] or found.best_first
    best = choices[0]
    close = [choice for choice in choices[1:] if _as_good(choice, best)]
    return Found(
        {part: slot.place for part, slot in best.slots.items()},
        {part: _other_places(part, best, close) for part in best.slots},
        found.is_cut,
    )


def _slots(
    grid: Grid, rows: Sequence[int], tenancies: Sequence[KnownTenancy], misses_max: int
) -> dict[str, list[Slot]]:
    """For each part the places that hold one of its numbers on nearly all lines, those of many numbers first; of
    nested ones that read the same the narrowest."""
    parts_of: dict[str, int] = {}
    for bit, part in enumerate(PARTS):
        for number in {getattr(each, part) for each in tenancies}:
            parts_of[number] = parts_of.get(number, 0) | 1 << bit
    found: dict[str, dict[tuple[str, ...], list[Place]]] = {part: {} for part in PARTS}
    for place in grid.number_places():
        numbers, parts = _numbers_at(grid, rows, place, parts_of, misses_max)
        for bit, part in enumerate(PARTS):
            if not parts >> bit & 1:
                continue
            known = tuple(number if parts_of.get(number, 0) >> bit & 1 else "" for number in numbers)
            same = found[part].setdefault(known, [])
            if not any(narrow.lies_in(place) for narrow in same):
                same.append(place)
    by_part = {}
    for part, by_numbers in found.items():
        of_part = [
            Slot(place, numbers, _strange(numbers), _is_bounded(grid, rows, place))
            for numbers, places in by_numbers.items()
            for place in places
        ]
        of_part.sort(key=lambda slot: (slot.is_bounded, len(set(slot.numbers))), reverse=True)
        by_part[part] = of_part
    return by_part


def _strange(numbers: Sequence[str]) -> int:
    return sum(1 << row for row, number in enumerate(numbers) if not number)


def _is_bounded(grid: Grid, rows: Sequence[int], place: Place) -> bool:
    if isinstance(grid, Delimited) or place.first == 1:
        return True
    before = Place(place.first - 1, place.first - 1)
    strange = sum(grid.text(row, before) not in ("0", " ") for row in rows)
    return strange <= max(2, len(rows) * _CLOSE_SHARE)


def _numbers_at(
    grid: Grid, rows: Sequence[int], place: Place, parts_of: Mapping[str, int], misses_max: int
) -> tuple[list[str], int]:
    """The numbers there, and a bit for each part that they may be; given up as soon as it is none."""
    parts = (1 << len(PARTS)) - 1
    misses = [0] * len(PARTS)
    numbers = []
    for row in rows:
        number = plain(grid.text(row, place))
        numbers.append(number)
        is_of = parts_of.get(number, 0)
        for bit in range(len(PARTS)):
            if not is_of >> bit & 1:
                misses[bit] += 1
                if misses[bit] > misses_max:
                    parts &= ~(1 << bit)
        if not parts:
            return [], 0
    return numbers, parts if len(numbers) >= _HITS_MIN else 0


def _extended(choice: Choice, part: str, slot: Slot, known: Collection[Key], misses_max: int) -> Choice | None:
    strange = choice.strange | slot.strange
    if strange.bit_count() > misses_max or any(slot.place.meets(other.place) for other in choice.slots.values()):
        return None
    keys: list[Key | None] = []
    for row, (key, number) in enumerate(zip(choice.keys, slot.numbers, strict=True)):
        longer = None if key is None or not number else (*key, number)
        if longer is not None and longer not in known:
            longer = None
            strange |= 1 << row
            if strange.bit_count() > misses_max:
                return None
        keys.append(longer)
    if len(keys) - strange.bit_count() < _HITS_MIN:
        return None
    return Choice({**choice.slots, part: slot}, keys, strange, len({key for key in keys if key is not None}))


def _as_good(choice: Choice, best: Choice) -> bool:
    """Not where it is of far fewer tenancies; but that says nothing in a file that has the same few again and again."""
    if best.hits - choice.hits > max(2, len(best.keys) * _CLOSE_SHARE):
        return False
    is_list_of_tenants = best.different * 2 >= best.hits
    return choice.different * 2 >= best.different or (choice.hits >= best.hits and not is_list_of_tenants)


def _other_places(part: str, best: Choice, close: Sequence[Choice]) -> tuple[Place, ...]:
    """Where the part stands in choices as good as the best, unless the two read the same numbers from one place.

    A part of our place that reads fewer of the numbers is only its shorter end: ``0100`` read as ``00``.
    """
    ours = best.slots[part]
    others: dict[Place, None] = {}
    for choice in close:
        theirs = choice.slots[part]
        if not theirs.place.meets(ours.place) or not (
            _read_the_same(theirs, ours, best) or (choice.hits < best.hits and theirs.place.lies_in(ours.place))
        ):
            others[theirs.place] = None
    return tuple(sorted(others))


def _read_the_same(theirs: Slot, ours: Slot, best: Choice) -> bool:
    rows = zip(theirs.numbers, ours.numbers, best.keys, strict=True)
    return all(their == our for their, our, key in rows if key is not None)


class Room(NamedTuple):
    """How far a number's place may reach, and whether its ends are plain to see."""

    place: Place
    is_plain: bool


def room(grid: Grid, rows: Sequence[int], core: Place, taken: Collection[Place]) -> Room:
    """The widest place that reads the same numbers on these lines: with its zeros, or with the blanks around it.

    ``taken`` are the other fields' places, which it may not touch. Its ends are not plain where a blank beside it may
    as well be a neighbour's, or where digits that are nobody's stand directly before its zeros.
    """
    if isinstance(grid, Delimited):
        return Room(core, True)
    column = _Columns(grid, rows, taken)
    texts = [grid.text(row, core) for row in rows]
    before = core.first - 1
    if any(text.startswith("0") and plain(text) != text for text in texts) or column.is_all(before, "0"):
        first = column.stretched(core.first, -1, "0")
        return Room(Place(first, core.last), not column.is_digits(first - 1))
    left = any(text.startswith(" ") for text in texts)
    right = any(text.endswith(" ") for text in texts)
    first = core.first if right and not left else column.stretched(core.first, -1, " ")
    last = core.last if left and not right else column.stretched(core.last, 1, " ")
    return Room(Place(first, last), True)


def may_be_moved(grid: Grid, rows: Sequence[int], place: Place, beside: Place) -> bool:
    """Whether the end that a number shares with a neighbour could as well stand further into the neighbour."""
    column = _Columns(grid, rows, ())
    if beside.last + 1 == place.first:
        return column.is_all(beside.last, "0") or column.is_all(beside.last, " ")
    return beside.first == place.last + 1 and column.is_all(beside.first, " ")


class _Columns:
    """Single places over some lines of a fixed-length file."""

    def __init__(self, grid: Grid, rows: Sequence[int], taken: Collection[Place]) -> None:
        self._grid = grid
        self._rows = rows
        self._taken = taken

    def is_all(self, at: int, character: str) -> bool:
        return self._is_free(at) and all(text == character for text in self._texts(at))

    def is_digits(self, at: int) -> bool:
        return self._is_free(at) and all(text.isdigit() for text in self._texts(at))

    def stretched(self, at: int, step: int, character: str) -> int:
        while self.is_all(at + step, character):
            at += step
        return at

    def _is_free(self, at: int) -> bool:
        place = Place(at, at)
        return 1 <= at <= self._grid.width and not any(place.meets(other) for other in self._taken)

    def _texts(self, at: int) -> Iterator[str]:
        return (self._grid.text(row, Place(at, at)) for row in self._rows)
