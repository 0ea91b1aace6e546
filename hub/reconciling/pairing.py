"""Which items of clearing a bank line may settle, and the pairs that are certain: one fits one, and no other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from hub.store.clearing.items import Item
from hub.store.clearing.lines import OpenLine


def free_lines(lines: Iterable[OpenLine]) -> list[OpenLine]:
    """Those that payouts and days may be told from: no slips, and nothing that a person has had in hand."""
    return [line for line in lines if not line.payment_id and not line.handled]


def certain(
    lines: Sequence[OpenLine],
    items: Sequence[Item],
    amounts_of: Callable[[Item], Iterable[int]],
    why_not: Callable[[Item, OpenLine], str],
) -> list[tuple[OpenLine, Item]]:
    """Each line that fits one item alone, which no other line fits.

    ``amounts_of`` are the øre of which a line may be the item's, ``why_not`` what else speaks against it; "" = nothing.
    """
    by_amount: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for at, item in enumerate(items):
        for ore in set(amounts_of(item)):
            by_amount[item.account.company_id, ore].append(at)
    fitting = {
        line.entry_id: [at for at in by_amount.get((line.company_id, line.amount), ()) if not why_not(items[at], line)]
        for line in lines
    }
    wanted = Counter(at for found in fitting.values() for at in found)
    alone = {id_: found[0] for id_, found in fitting.items() if len(found) == 1 and wanted[found[0]] == 1}
    return [(line, items[alone[line.entry_id]]) for line in lines if line.entry_id in alone]
