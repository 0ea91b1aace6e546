"""The guess: what the portfolio knows is looked for in a file's head, and every place found is told with its evidence.

It never says ``sure`` of what could as well be elsewhere, nor of what only looks right: a number that is the same on
every line, an amount, a sign. Nothing is applied by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

from hub.consumption.guessing.amounts import Amount, amounts_seen, signs_seen
from hub.consumption.guessing.facts import (
    Letters,
    Period,
    Seen,
    Tenants,
    day_seen,
    letters_seen,
    name_seen,
    periods_seen,
)
from hub.consumption.guessing.grid import Delimited, Fixed, Grid, Line, Place, head_lines, plain, separator_of
from hub.consumption.guessing.numbers import PARTS, Found, Key, Room, may_be_moved, room, search, settled
from hub.store.consumption.known import KnownTenancy

Verdict = Literal["sure", "likely", "ambiguous"]
#: One for each way in which Danish letters are written; the hub's own default first.
TRIED_ENCODINGS = ("iso8859-1", "cp865")
#: Fewer lines with a tenancy, or a smaller share of them, make nothing sure.
_SURE_LINES_MIN = 5
_SURE_SHARE_MIN = 0.8
#: Without both no line is known to be any tenancy's.
_NEEDED = {"unit", "tenant"}
_A_PART_OF = {"company": "a company", "property": "a property of their company", "unit": "a unit of their property"}
_A_PART_OF["tenant"] = "a tenant of their unit"


class Finding(NamedTuple):
    """A field and where it seems to stand."""

    field: str
    place: Place
    verdict: Verdict
    #: In words that follow the field and its place.
    evidence: str
    #: Lines of the file that do not bear it out.
    contradicted_by: tuple[int, ...] = ()
    #: Where it may stand as well.
    others: tuple[Place, ...] = ()
    #: Of a day: its format; of an amount in columns: its decimal mark.
    written: str = ""


class Guess(NamedTuple):
    """What was found; places are bytes, or columns where there is a ``separator``."""

    lines: int
    #: Lines of which the tenancy is known.
    known_lines: int
    #: How many different ones they are of.
    tenancies: int
    #: "" = fixed positions.
    separator: str
    encoding: str
    #: What speaks for the encoding.
    letters: str
    findings: tuple[Finding, ...]
    #: Lines at the beginning that are no records.
    heading_lines: int
    #: Bytes of the longest of the known lines.
    width: int

    @property
    def missing(self) -> tuple[str, ...]:
        """Numbers of a tenancy that were not found."""
        found = {finding.field for finding in self.findings}
        return tuple(part for part in PARTS if part not in found)


def guess(content: bytes, tenancies: Sequence[KnownTenancy], today: date, encoding: str | None = None) -> Guess:
    """``content`` is the head of a file, ``encoding`` what a person says of it. Raises HubError where it is no text."""
    lines = head_lines(content)
    if encoding is not None:
        return _guess_in(lines, tenancies, today, encoding, is_given=True)
    # Numbers with letters are found by the encoding, and names tell it once the numbers are found.
    is_ascii = all(line.raw.isascii() for line in lines)
    tried = {each: _guess_in(lines, tenancies, today, each) for each in TRIED_ENCODINGS[: 1 if is_ascii else None]}
    guessed = max(tried.values(), key=lambda each: each.tenancies)
    return tried.get(guessed.encoding) or _guess_in(lines, tenancies, today, guessed.encoding)


def _guess_in(
    lines: Sequence[Line], tenancies: Sequence[KnownTenancy], today: date, encoding: str, *, is_given: bool = False
) -> Guess:
    separator = separator_of(lines)
    grid: Grid = Delimited(lines, encoding, separator) if separator else Fixed(lines, encoding)
    choices = search(grid, tenancies)
    if separator and not choices.best_first[0].slots.keys() >= _NEEDED:
        # Separators that are none, in a record of fixed positions.
        fixed = Fixed(lines, encoding)
        in_fixed = search(fixed, tenancies)
        if len(in_fixed.best_first[0].slots) > len(choices.best_first[0].slots):
            grid, choices, separator = fixed, in_fixed, ""
    found = settled(choices)
    plain_places = [place for part, place in found.places.items() if not found.others[part]]
    # A digit of a day is no company's number, though it may well be one on every line.
    days = [finding.place for finding in _Finder(grid, found, tenancies).days(today, plain_places)]
    finder = _Finder(grid, settled(choices, days), tenancies)
    findings = finder.findings(today)
    letters = letters_seen(lines, finder.tenants)
    encoding = encoding if is_given or not letters.encodings else letters.encodings[0]
    heading = next((line.number for row, line in enumerate(lines) if row in finder.tenants), 1) - 1
    return Guess(
        lines=len(lines),
        known_lines=len(finder.tenants),
        tenancies=len(set(finder.tenants.values())),
        separator=separator,
        encoding=encoding,
        letters=_letters_said(letters, encoding),
        findings=findings,
        heading_lines=heading,
        width=max((len(lines[row].raw) for row in finder.tenants), default=0),
    )


def _letters_said(letters: Letters, encoding: str) -> str:
    if not letters.encodings:
        return "no line has a known name with other letters than a to z, which would tell the encoding"
    said = f"the names of {letters.lines} of {letters.of} lines with other letters than a to z"
    others = ", ".join(each for each in letters.encodings if each != encoding)
    if encoding not in letters.encodings:
        return f"as you say; but {said} are written in {others}"
    return f"explains {said}, as {others} would" if others else f"explains {said}"


class _Finder:
    def __init__(self, grid: Grid, found: Found, tenancies: Sequence[KnownTenancy]) -> None:
        self._grid = grid
        self._found = found
        self._tenancies = tenancies
        self._parts = [part for part in PARTS if part in found.places]
        #: Rows whose numbers are those of one tenancy.
        self.tenants: Tenants = self._tenants()
        #: Places that are some field's already.
        self._taken: list[Place] = []

    def findings(self, today: date) -> tuple[Finding, ...]:
        found = self._numbers()
        found += self.days(today, [finding.place for finding in found])
        # A name reaches to where the next field begins: the other one's beginning is looked for without it.
        for field in ("second_name", "name"):
            found += self._took(self._name(field))
        found += self._amount_and_sign()
        return tuple(sorted(found, key=lambda finding: finding.place))

    def days(self, today: date, taken: Collection[Place]) -> list[Finding]:
        """The days of tenants and of a period, beside what is ``taken``."""
        self._taken = list(taken)
        found = [*self._took(self._day("move_in")), *self._took(self._day("move_out"))]
        return found + self._took(*self._period(today))

    def _took(self, *findings: Finding | None) -> list[Finding]:
        new = [finding for finding in findings if finding is not None]
        self._taken += [finding.place for finding in new]
        return new

    def _tenants(self) -> dict[int, KnownTenancy]:
        by_key: dict[Key, list[KnownTenancy]] = {}
        for tenancy in self._tenancies if self._parts else ():
            by_key.setdefault(tuple(getattr(tenancy, part) for part in self._parts), []).append(tenancy)
        keys = {row: self._key(row, self._parts) for row in range(len(self._grid))}
        return {row: of_key[0] for row, key in keys.items() if len(of_key := by_key.get(key, [])) == 1}

    def _key(self, row: int, parts: Sequence[str]) -> Key:
        return tuple(plain(self._grid.text(row, self._found.places[part])) for part in parts)

    def _lines(self, rows: Collection[int]) -> tuple[int, ...]:
        return tuple(self._grid.lines[row].number for row in sorted(rows))

    def _numbers(self) -> list[Finding]:
        rooms = self._rooms()
        findings = []
        for count, part in enumerate(self._parts, 1):
            parts = self._parts[:count]
            known = {tuple(getattr(each, name) for name in parts) for each in self._tenancies}
            keys = {row: self._key(row, parts) for row in range(len(self._grid))}
            hits = {row: key for row, key in keys.items() if key in known}
            verdict, why = self._judged(part, rooms, len(hits))
            evidence = f"{len(hits)} of {len(keys)} lines hold {self._a(part, hits.values())}{why}"
            against = self._lines(keys.keys() - hits.keys())
            findings.append(Finding(part, rooms[part].place, verdict, evidence, against, self._found.others[part]))
        return findings

    def _judged(self, part: str, rooms: Mapping[str, Room], hits: int) -> tuple[Verdict, str]:
        """How sure a number's place is, and why it is no surer."""
        if self._found.is_crowded:
            return "ambiguous", "; too many places hold known numbers to look at all: guess by fewer properties"
        others = self._found.others[part]
        constants = self._constants()
        constant = constants.pop(part, "")
        if others and not (constant and constant not in constants.values() and _adjoins_alone(part, rooms, others)):
            return "ambiguous", "; so do other places"
        if not rooms[part].is_plain:
            return "ambiguous", "; where it begins or ends is not plain: what stands beside it may be its own"
        if others:
            return "likely", f"; {constant} stands elsewhere on most lines too, but not beside the others"
        if constant:
            return "likely", f"; it is {constant} on every line, which proves little"
        is_enough = hits >= max(_SURE_LINES_MIN, len(self._grid) * _SURE_SHARE_MIN) and rooms.keys() >= _NEEDED
        return "sure" if is_enough else "likely", ""

    def _constants(self) -> dict[str, str]:
        """Numbers that are the same on all lines of known tenancies, by part."""
        numbers = {part: {getattr(tenant, part) for tenant in self.tenants.values()} for part in self._parts}
        return {part: next(iter(found)) for part, found in numbers.items() if len(found) == 1}

    def _a(self, part: str, keys: Collection[Key]) -> str:
        """``a unit of property 1-12`` where they are all of one, else ``a unit of their property``."""
        above = {key[:-1] for key in keys}
        order = PARTS[: PARTS.index(part)]
        if len(above) == 1 and order and order == tuple(self._parts[: len(order)]):
            return f"a {part} of {order[-1]} {'-'.join(next(iter(above)))}"
        return _A_PART_OF[part] if order == tuple(self._parts[: len(order)]) else f"a known {part}"

    def _rooms(self) -> Mapping[str, Room]:
        """The room of each number; blanks between two that either may own are neither's."""
        rows = list(self.tenants)
        cores = self._found.places
        rooms = {
            part: room(self._grid, rows, core, [other for name, other in cores.items() if name != part])
            for part, core in cores.items()
        }
        for part, its in rooms.items():
            uncertain = (rooms[other].place for other in cores if other != part and self._found.others[other])
            if any(may_be_moved(self._grid, rows, its.place, beside) for beside in uncertain):
                rooms[part] = Room(its.place, False)
        for part, other in ((a, b) for a in cores for b in cores if cores[a] < cores[b]):
            if rooms[part].place.meets(rooms[other].place):
                rooms[part] = Room(rooms[part].place._replace(last=cores[part].last), False)
                rooms[other] = Room(rooms[other].place._replace(first=cores[other].first), False)
        return rooms

    def _day(self, field: str) -> Finding | None:
        seen = day_seen(self._grid, self.tenants, field, self._taken)
        known = [row for row, tenant in self.tenants.items() if getattr(tenant, field)]
        return self._seen_finding(field, seen, known, f"their tenant's {field.replace('_', '-')} date")

    def _name(self, field: str) -> Finding | None:
        seen = name_seen(self._grid, self.tenants, field, self._taken)
        known = [row for row, tenant in self.tenants.items() if getattr(tenant, field)]
        return self._seen_finding(field, seen, known, f"the beginning of their tenant's {field.replace('_', ' ')}")

    def _seen_finding(self, field: str, seen: Seen | None, known: Sequence[int], what: str) -> Finding | None:
        if seen is None:
            return None
        written = f", written {seen.spelling}" if seen.spelling else ""
        evidence = f"{len(seen.rows)} of {len(known)} lines where it is known hold {what}{written}"
        is_sure = len(seen.rows) >= max(_SURE_LINES_MIN, len(known) * _SURE_SHARE_MIN)
        verdict: Verdict = "ambiguous" if seen.others else "sure" if is_sure else "likely"
        against = self._lines(set(known) - set(seen.rows))
        return Finding(field, seen.place, verdict, evidence, against, seen.others, seen.spelling)

    def _period(self, today: date) -> list[Finding]:
        periods = periods_seen(self._grid, self.tenants, self._taken, today)
        if not periods:
            return []
        best, *rest = periods
        close = [other for other in rest if other.is_of_months == best.is_of_months]
        verdict: Verdict = "ambiguous" if close else "sure" if best.is_of_months else "likely"
        evidence = _period_said(best, len(self.tenants))
        firsts = tuple(dict.fromkeys(other.first for other in close))
        lasts = tuple(dict.fromkeys(other.last for other in close))
        return [
            Finding("period_from", best.first, verdict, evidence, (), firsts, best.spelling),
            Finding("period_to", best.last, verdict, evidence, (), lasts, best.spelling),
        ]

    def _amount_and_sign(self) -> list[Finding]:
        rows = list(self.tenants)
        if not rows:
            return []
        amounts = amounts_seen(self._grid, rows, self._taken)
        signs = signs_seen(self._grid, rows, self._taken, amounts[0].place if amounts else None)
        if signs and amounts:
            # Digits with a sign at their side are an amount before any others.
            amounts.sort(key=lambda amount: not any(_adjoin(amount.place, sign.place) for sign in signs))
            signs = signs_seen(self._grid, rows, self._taken, amounts[0].place)
        findings = []
        if amounts:
            findings.append(_amount_finding(amounts[0], amounts[1:]))
        if signs:
            said = " and ".join(f"{character!r} on {count}" for character, count in signs[0].characters)
            others = tuple(sign.place for sign in signs[1:])
            verdict: Verdict = "ambiguous" if others else "likely"
            findings.append(Finding("sign", signs[0].place, verdict, f"{said} lines", (), others))
        return findings


def _adjoins_alone(part: str, rooms: Mapping[str, Room], others: Collection[Place]) -> bool:
    """Whether the numbers stand in their usual order, the part beside another, as in none of its other places."""
    if sorted(rooms, key=lambda name: rooms[name].place) != [name for name in PARTS if name in rooms]:
        return False
    beside = [found.place for name, found in rooms.items() if name != part]
    return any(_adjoin(rooms[part].place, place) for place in beside) and not any(
        _adjoin(other, place) for other in others for place in beside
    )


def _period_said(period: Period, lines: int) -> str:
    begin, end = period.example
    months = ", whole months" if period.is_of_months else ""
    said = f"all {lines} lines of known tenancies hold the same of their property, as {begin}..{end}"
    return f"{said}{months}, written {period.spelling}"


def _amount_finding(amount: Amount, others: Sequence[Amount]) -> Finding:
    evidence = f"digits on all lines of known tenancies, {amount.smallest} to {amount.largest}"
    if amount.is_odd:
        evidence += "; more than one number, or more than one amount, may stand there"
    verdict: Verdict = "ambiguous" if others or amount.is_odd else "likely"
    return Finding("amount", amount.place, verdict, evidence, (), tuple(other.place for other in others), amount.mark)


def _adjoin(one: Place, other: Place) -> bool:
    return other.first == one.last + 1 or one.first == other.last + 1
