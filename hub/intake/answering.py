"""Which collection a vendor's record answers (R12): its reference, its payment slip, or who was asked for that day.

What is in doubt is nobody's: where the reference names one tenant and the customer number another, the money waits in
suspense with both named. A bank's payments by slip find their collection alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from hub.store.collecting.matching import (
    AskedFor,
    SlipOf,
    by_day,
    by_payment_id,
    by_reference,
    has_collections,
    slip_series,
    with_ids,
)
from hub.store.portfolio import TenancyRef, customer_key, refs_with


class Said(NamedTuple):
    """What a record says of whose it is. ``tenancy`` is what its customer number has led to."""

    customer: str
    #: As it is compared (R15).
    key: str
    reference: str
    due_date: date | None
    tenancy: TenancyRef | None


class Answer(NamedTuple):
    """The collection that a record answers, and what of it the money pays first."""

    collection: AskedFor
    #: (line id, øre); empty where the record's own reference says what it pays.
    demanded: tuple[tuple[int, int], ...]


class Heard(NamedTuple):
    """Whose a record is, its collection considered. ``reason`` says why it is nobody's after all."""

    tenancy: TenancyRef | None
    answer: Answer | None
    reason: str = ""


class Answering:
    """Of one reading; what does not change meanwhile is asked once."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._asked: dict[str, bool] = {}
        self._series: dict[int, Sequence[tuple[str, str]]] = {}

    def asks(self, creditor: str) -> bool:
        """Whether the hub has ever asked anybody under this creditor number; where not, no batch need look."""
        known = self._asked.get(creditor)
        if known is None:
            known = self._asked[creditor] = has_collections(self._conn, creditor)
        return known

    def slips_of(self, company_id: int, payment_ids: set[str]) -> Iterable[TenancyRef]:
        """Whose slips these payment ids are."""
        whose = {one.tenancy_id for one in self._slips(company_id, payment_ids).values() if one.tenancy_id is not None}
        return refs_with(self._conn, whose).values() if whose else ()

    def hear(self, creditor: str, company_id: int, said: Sequence[Said]) -> list[Heard | None]:
        """A batch of records of one creditor and company, in order; None where no collection has anything to say."""
        named = by_reference(self._conn, creditor, {one.reference for one in said if one.reference})
        # Money with a reference of ours under a known number needs no slip to be told whose it is.
        doubtful = {one.key for one in said if one.key and (one.tenancy is None or one.reference not in named)}
        slips = self._slips(company_id, doubtful)
        of_slips = {one.collection_id for one in slips.values() if one.collection_id is not None}
        by_slip = with_ids(self._conn, of_slips) if of_slips else {}
        waiting = {
            (one.tenancy.id, one.due_date)
            for one in said
            if one.tenancy is not None and one.due_date is not None and one.reference not in named
        }
        ids, days = {id_ for id_, _ in waiting}, {day for _, day in waiting}
        that_day = by_day(self._conn, creditor, ids, days) if waiting else {}
        whose = {one.tenancy_id for one in (*named.values(), *by_slip.values())}
        whose |= {one.tenancy_id for one in slips.values() if one.tenancy_id is not None}
        tenancies = refs_with(self._conn, whose) if whose else {}
        heard: list[Heard | None] = []
        for one in said:
            slip = slips.get(one.key)
            asked = named.get(one.reference)
            if asked is not None:
                heard.append(_by_reference(one, asked, slip, company_id, tenancies))
            elif slip is None:
                heard.append(_by_day(one, that_day))
            elif one.tenancy is None:
                heard.append(_by_slip(slip, by_slip, tenancies))
            else:
                heard.append(_number_or_slip(one, slip, tenancies) or _by_day(one, that_day))
        return heard

    def hear_slips(
        self, company_id: int, creditor: str, by_number: Mapping[str, TenancyRef | None]
    ) -> dict[str, Heard | None]:
        """Whose a bank's payments by slips of this creditor number are, by payment id; None = nobody's slip.

        ``by_number`` gives for each id the tenancy that has it as its customer number: the vendor prints that as well.
        """
        series = [one for one in self._series_of(company_id) if one[0] == creditor]
        slips = by_payment_id(self._conn, company_id, series, by_number.keys()) if series else {}
        asked = with_ids(self._conn, {one.collection_id for one in slips.values() if one.collection_id is not None})
        whose = {one.tenancy_id for one in slips.values() if one.tenancy_id is not None}
        tenancies = refs_with(self._conn, whose | {one.tenancy_id for one in asked.values()})
        heard: dict[str, Heard | None] = {}
        for payment_id, numbered in by_number.items():
            slip = slips.get(payment_id)
            one: Heard | None = None
            if slip is not None:
                said = Said(payment_id, payment_id, "", None, numbered)
                one = _number_or_slip(said, slip, tenancies) or _by_slip(slip, asked, tenancies)
            heard[payment_id] = Heard(numbered, None) if one is None and numbered is not None else one
        return heard

    def _series_of(self, company_id: int) -> Sequence[tuple[str, str]]:
        known = self._series.get(company_id)
        if known is None:
            known = self._series[company_id] = slip_series(self._conn, company_id)
        return known

    def _slips(self, company_id: int, payment_ids: set[str]) -> Mapping[str, SlipOf]:
        if not payment_ids:
            return {}
        return by_payment_id(self._conn, company_id, self._series_of(company_id), payment_ids)


def _by_reference(
    said: Said, asked: AskedFor, slip: SlipOf | None, company_id: int, tenancies: Mapping[int, TenancyRef]
) -> Heard:
    whose = tenancies[asked.tenancy_id]
    if asked.company_id == company_id:
        if said.tenancy is not None:
            agrees = said.tenancy.id == whose.id
        else:
            # A number that the tenancy had when it was asked, or the slip that the collection went out with.
            its_slip = slip is not None and slip.collection_id in (None, asked.id) and slip.tenancy_id == whose.id
            agrees = its_slip or customer_key(asked.customer) == said.key
        if agrees:
            return Heard(whose, Answer(asked, asked.lines))
    number = "unknown"
    if said.tenancy is not None:
        number = said.tenancy.key
    elif slip is not None and slip.tenancy_id is not None:
        number = f"the payment id of a slip of {tenancies[slip.tenancy_id].key}"
    return Heard(
        None,
        None,
        f"reference {asked.reference} is collection {asked.id} of {whose.key}, customer number {asked.customer!r}, "
        f"and customer number {said.customer!r} is {number} (R12)",
    )


def _by_slip(slip: SlipOf, asked: Mapping[int, AskedFor], tenancies: Mapping[int, TenancyRef]) -> Heard | None:
    if slip.collection_id is not None:
        one = asked[slip.collection_id]
        return Heard(tenancies[one.tenancy_id], Answer(one, one.lines))
    return None if slip.tenancy_id is None else Heard(tenancies[slip.tenancy_id], None)


def _number_or_slip(said: Said, slip: SlipOf, tenancies: Mapping[int, TenancyRef]) -> Heard | None:
    """A short payment id may be another tenant's customer number: one field has either, and does not say which."""
    if said.tenancy is None or slip.tenancy_id in (None, said.tenancy.id):
        return None
    number, other = said.tenancy.key, tenancies[slip.tenancy_id].key
    return Heard(
        None,
        None,
        f"{said.customer!r} is the customer number of {number} and the payment id of a slip of {other} (R12)",
    )


def _by_day(said: Said, that_day: Mapping[tuple[int, str], AskedFor | None]) -> Heard | None:
    """The vendor takes one collection a customer and day; a reference that is none of ours says what the money pays."""
    if said.tenancy is None or said.due_date is None:
        return None
    asked = that_day.get((said.tenancy.id, said.due_date.isoformat()))
    return None if asked is None else Heard(said.tenancy, Answer(asked, () if said.reference else asked.lines))
