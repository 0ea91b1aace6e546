"""Where the portfolio's names and days stand on the lines whose tenancies are known, and what letters they are in."""

from __future__ import annotations

import unicodedata
from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import takewhile
from typing import NamedTuple, TypeVar

from hub.consumption.guessing.grid import Delimited, Grid, Line, Place
from hub.plugin.layout import DAY_FORMATS, ENCODINGS, Day, Refused
from hub.store.consumption.known import KnownTenancy

#: So many letters of a name are looked for: fields cut names.
_NAME_LETTERS = 8
_NAME_LETTERS_MIN = 3
#: Of the lines where it is known, so many must have a name or a day in one place.
_SHARE_MIN = 0.6
_LINES_MIN = 3
#: An accounting period lasts between so many days, and began no longer ago than so many years.
_PERIOD_DAYS = range(27, 801)
_PERIOD_YEARS_MAX = 12
#: Long ones first: a short day may be seen in a long one.
_FORMATS = sorted(DAY_FORMATS, key=len, reverse=True)
_T = TypeVar("_T")

#: Row -> whose it is.
Tenants = Mapping[int, KnownTenancy]


class Seen(NamedTuple):
    """A place where something known stands, in the rows given."""

    place: Place
    rows: tuple[int, ...]
    #: Of a day: how it is written.
    spelling: str = ""
    #: Where it stands on nearly as many lines.
    others: tuple[Place, ...] = ()


def name_seen(grid: Grid, tenants: Tenants, which: str, taken: Collection[Place]) -> Seen | None:
    """Where ``which``, ``name`` or ``second_name``, begins on most lines; up to where something else does."""
    names = {row: name for row, tenant in tenants.items() if (name := _composed(getattr(tenant, which)))}
    begins: dict[int, list[int]] = {}
    for row, name in names.items():
        for place in set(grid.beginnings(row, name[:_NAME_LETTERS])) if len(name) >= _NAME_LETTERS_MIN else ():
            if not any(place.meets(other) for other in taken):
                begins.setdefault(place.first, []).append(row)
    best = _most(begins, len(names))
    if best is None:
        return None
    first, rows = best
    if isinstance(grid, Delimited):
        return Seen(Place(first, first), tuple(rows))
    behind = min((place.first for place in taken if place.first > first), default=grid.width + 1)
    last = min(
        [behind - 1, *(_name_ends(grid.text(row, Place(first, behind - 1)), names[row]) + first for row in rows)]
    )
    return Seen(Place(first, last), tuple(rows))


def _name_ends(text: str, name: str) -> int:
    """The offset of the last place that the name's field may have: before the next text, or where the name is cut."""
    if text.lower().startswith(name.lower()):
        rest = text[len(name) :]
        return len(text) - len(rest.lstrip(" ")) - 1 if rest.strip(" ") else len(text) - 1
    same = takewhile(lambda pair: pair[0] == pair[1], zip(text.lower(), name.lower(), strict=False))
    return sum(1 for _ in same) - 1


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def day_seen(grid: Grid, tenants: Tenants, which: str, taken: Collection[Place]) -> Seen | None:
    """Where ``which``, ``move_in`` or ``move_out``, stands as the portfolio has it."""
    days = {row: day for row, tenant in tenants.items() if (day := getattr(tenant, which))}
    for spelling in _FORMATS:
        spelled = Day(spelling)
        stands: dict[Place, list[int]] = {}
        for row, day in days.items():
            for place in grid.found(row, spelled.dump(day).decode("ascii")):
                if not any(place.meets(other) for other in taken):
                    stands.setdefault(place, []).append(row)
        best = _most(stands, len(days))
        if best is not None:
            place, rows = best
            others = tuple(
                each for each, its in stands.items() if each != place and len(its) >= max(_LINES_MIN, len(rows) - 1)
            )
            return Seen(place, tuple(rows), spelling, others)
    return None


def _most(rows_of: Mapping[_T, list[int]], lines: int) -> tuple[_T, list[int]] | None:
    if not rows_of:
        return None
    where, rows = max(rows_of.items(), key=lambda item: len(item[1]))
    return (where, rows) if len(rows) >= max(_LINES_MIN, lines * _SHARE_MIN) else None


class Period(NamedTuple):
    """Two places that hold the first and the last day of a time on every line."""

    first: Place
    last: Place
    spelling: str
    #: From the first day of a month to the last of one, throughout.
    is_of_months: bool
    example: tuple[date, date]


def periods_seen(grid: Grid, tenants: Tenants, taken: Collection[Place], today: date) -> list[Period]:
    """The likely ones first; a period is the same on all lines of a property."""
    for spelling in _FORMATS:
        columns = dict(_day_columns(grid, tenants, spelling, taken, today))
        found = [
            period
            for first, begins in columns.items()
            for last, ends in columns.items()
            if not first.meets(last) and (period := _period(first, begins, last, ends, spelling)) is not None
        ]
        if found:
            return sorted(found, key=lambda period: (not period.is_of_months, period.first))
    return []


def _day_columns(
    grid: Grid, tenants: Tenants, spelling: str, taken: Collection[Place], today: date
) -> Iterator[tuple[Place, list[date]]]:
    field = Day(spelling)
    last = grid.width if isinstance(grid, Delimited) else grid.width - field.size + 1
    for first in range(1, last + 1):
        place = Place(first, first if isinstance(grid, Delimited) else first + field.size - 1)
        if any(place.meets(other) for other in taken):
            continue
        days: list[date] = []
        of_property: dict[tuple[str, str], date] = {}
        for row, tenant in tenants.items():
            day = _day(field, grid.text(row, place), today)
            if day is None or of_property.setdefault((tenant.company, tenant.property), day) != day:
                break
            days.append(day)
        if tenants and len(days) == len(tenants):
            yield place, days


def _day(field: Day, text: str, today: date) -> date | None:
    raw = text.strip(" ").encode("ascii", "replace")
    if len(raw) != field.size:
        return None
    try:
        day = field.load(raw, today)
    except Refused:
        return None
    return day if day is not None and abs(day.year - today.year) <= _PERIOD_YEARS_MAX else None


def _period(first: Place, begins: Sequence[date], last: Place, ends: Sequence[date], spelling: str) -> Period | None:
    if not all((end - begin).days in _PERIOD_DAYS for begin, end in zip(begins, ends, strict=True)):
        return None
    of_months = all(begin.day == 1 for begin in begins) and all(
        end.day == monthrange(end.year, end.month)[1] for end in ends
    )
    return Period(first, last, spelling, of_months, (begins[0], ends[0]))


class Letters(NamedTuple):
    """Encodings in which the lines' own tenants' names with other letters than a to z stand there."""

    #: Those that explain most names, equally well.
    encodings: tuple[str, ...]
    #: Lines whose names they explain, and lines with such names.
    lines: int
    of: int


def letters_seen(lines: Sequence[Line], tenants: Tenants) -> Letters:
    """``encodings`` is empty where no name tells; ``utf-8`` is told too, though no layout may have it."""
    counts: Counter[str] = Counter()
    of = 0
    for row, tenant in tenants.items():
        words = [word for word in _composed(f"{tenant.name} {tenant.second_name}").split() if not word.isascii()]
        if not words:
            continue
        of += 1
        raw = lines[row].raw
        for encoding in (*ENCODINGS, "utf-8"):
            if any(_stands(word, raw, encoding) for word in words):
                counts[encoding] += 1
    most = max(counts.values(), default=0)
    return Letters(tuple(name for name in (*_PREFERRED, "utf-8") if most and counts[name] == most), most, of)


#: Of encodings that write our letters alike the hub's own default is named first, then what DOS had in Denmark.
_PREFERRED = sorted(ENCODINGS, key=lambda name: (name != "iso8859-1", name != "cp865", name))


def _stands(word: str, raw: bytes, encoding: str) -> bool:
    try:
        return any(spelled.encode(encoding) in raw for spelled in (word, word.upper()))
    except UnicodeEncodeError:
        return False
