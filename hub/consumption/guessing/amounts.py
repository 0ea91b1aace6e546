"""Where an amount and its sign may stand: digits that nothing else explains. Nothing in the portfolio proves one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from hub.consumption.guessing.grid import Delimited, Grid, Place

#: As many digits as an amount may have.
_DIGITS = range(3, 19)
#: In whatever unit the file has: beyond it two numbers stand side by side rather than one result of a tenant.
_PLAUSIBLE_MAX = 10**9
_WRITTEN = re.compile(r"[+-]?\d+([.,]\d{1,4})?[+-]?")
#: A blank, too, where one of the others stands on some lines.
_SIGNS = frozenset("+-")
#: Signs only where two take turns, or one with a blank: a letter that never changes is a record type.
_LETTERS = frozenset("CDKcdk")


class Amount(NamedTuple):
    place: Place
    smallest: str
    largest: str
    #: True where it is longer or larger than any one result would be.
    is_odd: bool
    #: Of a delimited file: what stands before the decimals, and how many they are; "" and 0 = no mark.
    mark: str = ""
    decimals: int = 0


class Sign(NamedTuple):
    place: Place
    #: How often each character stands there, the frequent one first.
    characters: tuple[tuple[str, int], ...]


def amounts_seen(grid: Grid, rows: Sequence[int], taken: Collection[Place]) -> list[Amount]:
    """Those that differ from line to line first; in file order."""
    if isinstance(grid, Delimited):
        found = [amount for column in _free(grid, taken) if (amount := _written(grid, rows, column)) is not None]
    else:
        found = [
            _amount(grid, rows, place) for place in _runs(grid, rows, taken) if place.last - place.first + 1 in _DIGITS
        ]
    return sorted(found, key=lambda amount: (amount.smallest == amount.largest, amount.place))


def signs_seen(grid: Grid, rows: Sequence[int], taken: Collection[Place], amount: Place | None) -> list[Sign]:
    """The nearest to the amount first."""
    found = []
    for place in _free(grid, taken):
        counts = Counter(grid.text(row, place) or " " for row in rows)
        if _are_signs(set(counts)):
            found.append(Sign(place, tuple(counts.most_common())))
    return sorted(found, key=lambda sign: _distance(sign.place, amount))


def _are_signs(characters: set[str]) -> bool:
    if len(characters) == 1:
        return characters <= _SIGNS
    return len(characters) == 2 and characters <= _SIGNS | _LETTERS | {" "}


def _distance(sign: Place, amount: Place | None) -> tuple[int, int]:
    """Behind it goes before in front of it."""
    if amount is None:
        return 0, sign.first
    return (sign.first - amount.last, 0) if sign.first > amount.last else (amount.first - sign.last, 1)


def _free(grid: Grid, taken: Collection[Place]) -> Iterator[Place]:
    for at in range(1, grid.width + 1):
        place = Place(at, at)
        if not any(place.meets(other) for other in taken):
            yield place


def _runs(grid: Grid, rows: Sequence[int], taken: Collection[Place]) -> Iterator[Place]:
    """Free places in a row that hold digits on all the lines."""
    first = last = 0
    for place in _free(grid, taken):
        if not all(_is_digit(grid.text(row, place)) for row in rows):
            continue
        if place.first != last + 1 or not first:
            if first:
                yield Place(first, last)
            first = place.first
        last = place.first
    if first:
        yield Place(first, last)


def _is_digit(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _amount(grid: Grid, rows: Sequence[int], place: Place) -> Amount:
    values = sorted(int(grid.text(row, place)) for row in rows)
    return Amount(place, str(values[0]), str(values[-1]), values[-1] > _PLAUSIBLE_MAX)


def _written(grid: Delimited, rows: Sequence[int], place: Place) -> Amount | None:
    texts = [grid.text(row, place).strip(" ") for row in rows]
    if not texts or not all(_WRITTEN.fullmatch(text) for text in texts):
        return None
    marks = {match[1][0]: len(match[1]) - 1 for text in texts if (match := _WRITTEN.fullmatch(text)) and match[1]}
    mark, decimals = next(iter(marks.items()), ("", 0))
    values = sorted(texts, key=lambda text: int(re.sub(r"[^\d]", "", text)))
    largest = int(re.sub(r"[^\d]", "", values[-1]))
    return Amount(place, values[0], values[-1], largest > _PLAUSIBLE_MAX or len(marks) > 1, mark, decimals)
