"""What an explanation says, for tests: the facts of an entry, and the sentences of them as its company reads them."""

from __future__ import annotations

from hub.reports.explain import explain
from hub.reports.explain_facts import Explanation
from hub.reports.explain_sentences import sentences
from tests.desk import NOW, Desk
from tests.hand import Hand


def explained(whose: Hand | Desk, entry_id: int) -> Explanation:
    with whose.db.read() as conn:
        return explain(conn, entry_id)


def told_of(hand: Hand, entry_id: int) -> list[str]:
    found = explained(hand, entry_id)
    return sentences(found, hand.site.language(found.company), hand.site.local(found.company, NOW))
