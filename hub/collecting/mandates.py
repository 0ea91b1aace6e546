"""What a person says of mandates: whose an unknown customer's is, and that a vendor's list is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.acts.act import Acting
from hub.collecting.numbers import keep_numbers, refuse_given
from hub.errors import HubError
from hub.store import journal
from hub.store.collecting.mandate_events import ADOPTED, ASSIGNED, Event, Span, assign, open_mandate
from hub.store.collecting.mandate_lists import MISSING, Difference
from hub.store.collecting.mandates import Mandate, customer_of, mandate_with, mandates, of_customers, owners
from hub.store.portfolio import TenancyRef, customer_key


class MandateRefusedError(HubError):
    """The mandate is not that tenancy's, or cannot be."""


def assign_to(acting: Acting, mandate_id: int, tenancy_key: str) -> dict[str, Any]:
    """Gives an unknown customer's mandates to a tenancy of the company: its customer number is theirs from now on.

    The vendor keeps a mandate under its customer number, so a tenancy that has another cannot be collected from by it:
    refused. One that has none gets this one, for good (R15). Raises MandateRefusedError, CustomerNumberError.
    """
    ref = acting.tenancy(tenancy_key)
    one = mandate_with(acting.conn, mandate_id)
    if one is None:
        raise MandateRefusedError(f"there is no mandate {mandate_id}", do="see: hub mandates list")
    where = f"mandate {mandate_id}, customer {one.customer}"
    if one.company_id != ref.company_id:
        raise MandateRefusedError(f"it is with another company than {ref.key}", where=where)
    if one.tenancy_id is not None:
        raise MandateRefusedError(
            "it is a tenancy's already" if one.tenancy_id != ref.id else f"it is {ref.key}'s already",
            where=where,
            why="a customer number once used is never another's (R15)",
        )
    _refuse_another_number(acting, one, ref, where)
    same = [
        listed.mandate
        for listed in mandates(acting.conn, unassigned=True)
        if (listed.mandate.company_id, listed.mandate.customer_key) == (one.company_id, one.customer_key)
    ]
    for each in same:
        event = Event(ASSIGNED, Span(None, None), ref.key, acting.now, acting.actor)
        assign(acting.conn, each, ref.id, ref.key, event)
    serving = {listed.mandate.id for listed in mandates(acting.conn, tenancy_id=ref.id) if listed.serves}
    return {
        "tenancy": ref.key,
        "customer": one.customer,
        "mandates": [each.id for each in same],
        "serves": all(each.id in serving for each in same),
    }


def _refuse_another_number(acting: Acting, one: Mandate, ref: TenancyRef, where: str) -> None:
    """Afterwards the mandate's customer number is the tenancy's."""
    own = customer_of(acting.conn, ref.id)
    if not own:
        refuse_given(acting.conn, {ref: one.customer})
        keep_numbers(acting, {ref: one.customer}, f"mandate {one.id}")
    elif customer_key(own) != one.customer_key:
        raise MandateRefusedError(
            f"{ref.key} is customer {own}",
            where=where,
            why="collected from under that number, the payer has no such mandate",
            do="import this number for the tenancy (bs_customer), or have the payer enrol again under the other",
        )


def adopt(acting: Acting, file_id: int, differences: Sequence[Difference]) -> dict[str, Any]:
    """Registers what the vendor's list in that file has and we do not; whatever else differs is left (R16).

    Raises MandateRefusedError where the file was reversed, or never taken in.
    """
    file = journal.get_file(acting.conn, file_id)
    if file is None or file.state not in ("booked", "partly_booked"):
        raise MandateRefusedError(
            f"file {file_id} is {'not there' if file is None else file.state}",
            why="what comes of a list must be traced to a file that stands",
            do="see: hub files",
        )
    reading_id = journal.last_reading(acting.conn, file_id).reading_id
    adopted, left = [], 0
    for one in differences:
        if one.what != MISSING or one.record is None:
            left += 1
            continue
        its, key = one.agreement, customer_key(one.agreement.customer)
        ours = of_customers(acting.conn, its.company_id, its.creditor, its.debtor_group, {key})
        if (key, its.agreement, its.number) in ours:
            continue
        owner = owners(acting.conn, its.company_id, {key}).get(key)
        event = Event(
            ADOPTED,
            Span(one.listed_first, one.listed_last),
            "from the vendor's full list",
            acting.now,
            acting.actor,
            reading_id,
            one.record,
        )
        made = open_mandate(acting.conn, its, None if owner is None else owner.tenancy_id, event)
        adopted.append(
            {
                "mandate": made.id,
                "customer": made.customer,
                "number": made.number,
                "agreement": made.agreement,
                "tenancy": None if owner is None else owner.key,
                "line": one.record,
            }
        )
    return {"adopted": adopted, "left": left}
