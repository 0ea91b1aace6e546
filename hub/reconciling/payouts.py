"""A vendor's payout and the bank's line for it: by the text that the vendor has told, else by amount and day."""

from __future__ import annotations

from collections.abc import Sequence

from hub.reconciling.pairing import certain, free_lines
from hub.reconciling.settling import Run, Target, settle
from hub.reconciling.vendors import Terms, terms_of, window
from hub.store.clearing.items import ClearingAccount, Item, open_payouts
from hub.store.clearing.lines import OpenLine
from hub.store.entries import Account


def settle_payouts(run: Run, lines: Sequence[OpenLine], accounts: Sequence[ClearingAccount]) -> None:
    """First those whose text the vendor has told, then the others, each with the one line that it can be."""
    site = run.acting.site
    free = free_lines(lines)
    if not free:
        return
    payouts = open_payouts(run.acting.conn, accounts, *window(site, free))
    _pair(run, free, [one for one in payouts if one.bank_text])
    # The text of another payout says that it is none of these, though its amount be wrong.
    silent = [line for line in free if not any(carries(line, one.bank_text) for one in payouts)]
    _pair(run, run.still_open(silent), [one for one in payouts if not one.bank_text])


def _pair(run: Run, lines: Sequence[OpenLine], payouts: Sequence[Item]) -> None:
    terms = {one.entry_id: terms_of(run.acting.site, one) for one in payouts}
    for line, payout in certain(
        lines, payouts, lambda item: [item.open], lambda item, line: why_not(item, line, terms[item.entry_id])
    ):
        if not terms[payout.entry_id].why_unsure(payout, line):
            settle(run, line, target_of(payout), "payout")


def why_not(item: Item, line: OpenLine, terms: Terms) -> str:
    """Why a line of its amount is not the payout's; "" = nothing speaks against it."""
    if item.bank_text and not carries(line, item.bank_text):
        return f"its text does not have {item.bank_text}"
    if not item.bank_text and not terms.text_fits(line):
        return f"its text is not {' or '.join(terms.bank_texts)}"
    return terms.why_late(item, line)


def carries(line: OpenLine, bank_text: str) -> bool:
    """Whether the line's text has this one, blanks and capitals aside; no text is carried by none."""
    return bool(bank_text) and _plain(bank_text) in _plain(line.text)


def target_of(item: Item) -> Target:
    """Of a payout, or of a day."""
    return Target(Account(item.account.id, item.account.code), item.day, item.entry_id)


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
