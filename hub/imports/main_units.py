"""Which unit is let along with which: a garage with its flat, and never further than that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hub.store.portfolio_writer import TenancyFacts

#: Numbers of company, property and unit.
_UnitKey: TypeAlias = tuple[str, str, str]


def wrong_main_units(
    stored: Mapping[_UnitKey, str | None], lines: Sequence[tuple[int, TenancyFacts]]
) -> list[tuple[int, str]]:
    """What is wrong with the main units that ``lines`` say, by line of the file.

    ``stored`` has the number of the main unit, or None, of every unit that is there already.
    """
    mains = dict(stored)
    for _, facts in lines:
        mains[facts.unit_key] = facts.about_unit.get("main_unit_id", mains.get(facts.unit_key))
    accessories: dict[_UnitKey, list[str]] = defaultdict(list)
    for key, main in mains.items():
        if main is not None:
            accessories[(*key[:2], main)].append(key[2])
    wrong = []
    for line, facts in lines:
        key, main = facts.unit_key, facts.about_unit.get("main_unit_id")
        if main is None:
            continue
        of_it = (*key[:2], main)
        if main == key[2]:
            wrong.append((line, f"{main!r} is the unit itself"))
        elif of_it not in mains:
            wrong.append((line, f"{main!r} is no unit of property {'-'.join(key[:2])}"))
        elif (its_own := mains[of_it]) is not None:
            wrong.append((line, f"{main!r} has itself a main unit, {its_own!r}"))
        elif key in accessories:
            wrong.append((line, f"{key[2]!r} cannot have one: it is the main unit of {', '.join(accessories[key])}"))
    return wrong
