"""A vendor's full list of agreements against ours: differences are told, and change nothing (R16)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.plugin.records import MandateChange
from hub.store.collecting.mandate_events import Agreement
from hub.store.collecting.mandates import Mandate, in_force_on, of_customers
from hub.store.portfolio import creditor_number, customer_key, debtor_group
from hub.store.tables import mandate

#: In the list, and we have no such mandate; or it has ended here; or it begins on another day here. In force here, and
#: not in the list.
MISSING, ENDED, OTHER_DAY, UNLISTED = "missing", "ended", "other_day", "unlisted"
_TEXTS = {
    MISSING: "in the vendor's list, and unknown here",
    ENDED: "in the vendor's list, and ended here",
    OTHER_DAY: "begins on another day here",
    UNLISTED: "in force here, and not in the vendor's list",
}


class Difference(NamedTuple):
    """One agreement of which list and books say different things."""

    what: str
    agreement: Agreement
    #: Line of the list; None = not in it.
    record: int | None
    #: As the list has it.
    listed_first: date | None
    listed_last: date | None
    #: As we have it; None = we do not.
    ours: Mandate | None

    @property
    def text(self) -> str:
        return _TEXTS[self.what]


def agreement_of(company_id: int, change: MandateChange) -> Agreement:
    """The agreement that a vendor's record is about, its numbers as the tables have them."""
    creditor, group = creditor_number(change.creditor), debtor_group(change.group) or ""
    return Agreement(company_id, creditor, group, change.customer, change.mandate, change.agreement)


class FullLists:
    """Compares lists with what is in force on ``today``, a batch at a time; then tells what they did not name.

    That a section of a list names nobody, its records cannot say: ours under its creditor and group are then not told.
    """

    def __init__(self, conn: Connection, today: date) -> None:
        self._conn = conn
        self._today = today
        self._listed: dict[tuple[int, str, str, str], set[int]] = {}
        #: Agreements in the lists so far.
        self.records = 0

    def compare(self, company_id: int, changes: Sequence[MandateChange]) -> list[Difference | None]:
        """For each of a list's records about one company, creditor and debtor group, what differs here."""
        if not changes:
            return []
        agreements = [agreement_of(company_id, change) for change in changes]
        first = agreements[0]
        keys = {customer_key(change.customer) for change in changes}
        ours = of_customers(self._conn, company_id, first.creditor, first.debtor_group, keys)
        self.records += len(changes)
        found = []
        for change, agreement in zip(changes, agreements, strict=True):
            own = ours.get((customer_key(change.customer), change.agreement, change.mandate))
            named = self._listed.setdefault((company_id, first.creditor, first.debtor_group, change.agreement), set())
            if own is not None:
                named.add(own.id)
            what = self._difference(change, own)
            found.append(Difference(what, agreement, change.record, change.start, change.end, own) if what else None)
        return found

    def unlisted(self) -> Iterator[Difference]:
        """At the end of the lists: ours in force today that they do not name."""
        columns = [mandate.c[name] for name in Mandate._fields]
        for (company_id, creditor, group, agreement), named in self._listed.items():
            query = select(*columns).where(
                mandate.c.company_id == company_id,
                mandate.c.creditor == creditor,
                mandate.c.debtor_group == group,
                mandate.c.agreement == agreement,
                *in_force_on(self._today),
            )
            for row in self._conn.execute(query.order_by(mandate.c.id), execution_options={"yield_per": 2_000}):
                own = Mandate(*row)
                if own.id not in named:
                    its = Agreement(company_id, creditor, group, own.customer, own.number, agreement)
                    yield Difference(UNLISTED, its, None, None, None, own)

    def _difference(self, change: MandateChange, own: Mandate | None) -> str:
        if own is None:
            return MISSING
        if own.last_day is not None and own.last_day < self._today:
            return ENDED
        both_known = change.start is not None and own.first_day is not None
        return OTHER_DAY if both_known and change.start != own.first_day else ""
