"""Customer numbers by config (R15): which characters of them are which part of a tenancy's key.

A number is the key to the tenant's mandate at the vendor: it has one form for ever, is checked against all that were
ever given, and is never given again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from sqlalchemy import Connection, select, update

from hub.acts.act import Acting
from hub.errors import HubError
from hub.settings.collecting import NumberPart
from hub.store import bulk
from hub.store.collecting.collectables import Resident
from hub.store.collecting.mandate_imports import claim_waiting
from hub.store.lookup import among
from hub.store.portfolio import TenancyRef, customer_key
from hub.store.portfolio_history import Change, Said, last_said_of_tenancies, note_changes
from hub.store.tables import customer_number as customer_number_table
from hub.store.tables import tenancy

#: What is noted of a number that was made by the form.
_SOURCE = "collect"
PARTS = ("company", "property", "unit", "tenant")
#: What Betalingsservice takes: upper case, digits and Danish letters, no blank, no &.
FORM = re.compile(r"[0-9A-ZÆØÅ]{1,15}")


class CustomerNumberError(HubError):
    """No customer number can be made of this tenancy's key."""


def customer_number(form: Sequence[NumberPart], tenancy_key: str) -> str:
    """``1-12-304-2`` as ``0010012003042``, as the form says; what lies between its parts is zeros.

    Raises CustomerNumberError where a part is longer than its place, or has other characters.
    """
    values = dict(zip(PARTS, tenancy_key.upper().split("-"), strict=True))
    number = ["0"] * max(part.last for part in form)
    for part in form:
        value = values[part.part]
        if len(value) > part.length:
            raise CustomerNumberError(
                f"{part.part} {value!r} has {len(value)} characters, the customer number has room for {part.length}",
                where=tenancy_key,
                why="cut, it would be another tenant's number",
                do="give this tenancy a number of its own (portfolio column bs_customer)",
            )
        number[part.first - 1 : part.last] = value.rjust(part.length, "0")
    made = "".join(number)
    if not FORM.fullmatch(made):
        raise CustomerNumberError(
            f"customer number {made!r} has characters other than 0-9, A-Z, Æ, Ø, Å", where=tenancy_key
        )
    return made


def give_numbers(acting: Acting, form: Sequence[NumberPart], residents: Sequence[Resident]) -> list[Resident]:
    """The same residents, those without a customer number with one of the company's form, which is theirs for good.

    Who does not fit the form stays without: the data check says so where it matters. Raises CustomerNumberError where a
    number repeats, or was another's before, and where the company's numbers were made by another form till now.
    """
    if not form:
        return list(residents)
    made: dict[TenancyRef, str] = {}
    for one in residents:
        if not one.customer:
            with suppress(CustomerNumberError):
                made[one.tenancy] = customer_number(form, one.tenancy.key)
    refuse_given(acting.conn, made)
    if made:
        _refuse_another_form(acting.conn, form, next(iter(made)).key)
        keep_numbers(acting, made, _SOURCE)
        claim_waiting(acting.conn, Said(acting.now, acting.actor, _SOURCE))
    return [one._replace(customer=made[one.tenancy]) if one.tenancy in made else one for one in residents]


def _refuse_another_form(conn: Connection, form: Sequence[NumberPart], like: str) -> None:
    """One form for ever: held against the last number that was made by it in the company of the tenancy ``like``."""
    before = last_said_of_tenancies(conn, like.split("-")[0], "bs_customer", _SOURCE)
    if before is None:
        return
    try:
        now = customer_number(form, before.key)
    except CustomerNumberError:
        now = "none"
    if now != before.new:
        raise CustomerNumberError(
            f"the form makes {now} of {before.key}, and has made {before.new}: it is another one now",
            where="collection.customer_number",
            why="a number is the key to a mandate, and by two forms one tenant's may become another's (R15)",
            do="set the form back; import numbers of another form (bs_customer)",
        )


def refuse_given(conn: Connection, made: Mapping[TenancyRef, str]) -> None:
    """R15: a number once used is never given again, and two never have the same. Raises CustomerNumberError."""
    owners: dict[str, str] = {}
    for tenancy_, number in made.items():
        other = owners.setdefault(customer_key(number), tenancy_.key)
        if other != tenancy_.key:
            raise _given(number, tenancy_.key, other)
    if not made:
        return
    company_id = next(iter(made)).company_id
    query = (
        select(customer_number_table.c.customer_key, tenancy.c.key)
        .join_from(customer_number_table, tenancy, tenancy.c.id == customer_number_table.c.tenancy_id)
        .where(
            customer_number_table.c.company_id == company_id,
            among(conn, customer_number_table.c.customer_key, list(owners)),
        )
    )
    for key, other in conn.execute(query):
        if owners[key] != other:
            raise _given(key, owners[key], other)


def _given(number: str, key: str, other: str) -> CustomerNumberError:
    return CustomerNumberError(
        f"customer number {number!r} would be that of {key} and is that of {other}",
        where="collection.customer_number",
        why="one would receive the other's payments (R15)",
        do="give the form more of the tenancy's key, or import numbers of your own (bs_customer)",
    )


def keep_numbers(acting: Acting, made: Mapping[TenancyRef, str], source: str) -> None:
    """These numbers are these tenancies' for good; ``source`` is what said so."""
    for one, number in made.items():
        key = customer_key(number)
        where = tenancy.c.id == one.id
        acting.conn.execute(update(tenancy).where(where).values(bs_customer=number, customer_key=key))
        values = {"company_id": one.company_id, "customer_key": key, "tenancy_id": one.id, "first_seen_at": acting.now}
        bulk.insert_if_new(acting.conn, customer_number_table, **values)
    changes = [Change("tenancy", one.key, "bs_customer", None, number) for one, number in made.items()]
    note_changes(acting.conn, changes, Said(acting.now, acting.actor, source))
