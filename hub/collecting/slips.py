"""Own payment slips: one for a charge outside a run, and what the letter with a slip says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection

from hub.acts.act import Acting
from hub.collecting.check import CannotCollectError, judge_company, unfit
from hub.collecting.deadlines import awaited_from
from hub.collecting.demand import Debtor, Demand
from hub.collecting.demands import demanded_line
from hub.collecting.issue import issue_slips
from hub.collecting.slip_pdf import SlipLetter
from hub.collecting.texts import specification
from hub.errors import HubError
from hub.ledger.fik import card_type, judged_id, ocr_line
from hub.money import format_amount
from hub.settings import CompanyConfig, Site
from hub.store.charges import ChargeFacts, charge_of
from hub.store.collecting.answers import asked_already
from hub.store.collecting.collectables import (
    CompanyFacts,
    OpenLine,
    Resident,
    company_facts,
    demanded_lines,
    open_lines,
    residents_with,
)
from hub.store.collecting.messages import Messages, messages_of
from hub.store.collecting.slip_states import SlipState
from hub.store.collecting.slips import OWN, Slip, slip_of_charge

_LETTERS_A_PART = 500
#: Of these a slip may be printed: what it demands is owed, as far as it has not come.
_PRINTABLE = (SlipState.OPEN, SlipState.PART_PAID)


class SlipRefusedError(HubError):
    """A slip for what is not open, is demanded already, or must not go out."""


def add_slip(
    acting: Acting, tenancy_key: str, reference: str, *, card: str | None = None, due: date | None = None
) -> dict[str, Any]:
    """An own slip for what is open of one charge; a charge has one for good (R14).

    ``card`` None: the company's. ``due`` None: when the charge falls due. Raises SlipRefusedError, CannotCollectError,
    SlipError, NoChargeError.
    """
    tenancy = acting.tenancy(tenancy_key)
    config = acting.company_of(tenancy)
    facts = company_facts(acting.conn, config.number)
    assert facts is not None
    judge_company(facts, config)
    kind = card_type(card or config.collection.card_type).code
    found = charge_of(acting.conn, tenancy, reference)
    resident = residents_with(acting.conn, [tenancy.id])[tenancy.id]
    today = acting.today(tenancy)
    lines = _open(acting, resident, found, _awaited_from(acting.site, config, today))
    day = due or lines[0].due_date
    _judge_day(day, lines[0].due_date, today, found.reference)
    demand = _demand(facts, resident, lines, day)
    if wrong := unfit(facts, config.collection, kind, [demand]):
        raise CannotCollectError(wrong[0].why, where=wrong[0].where, do=wrong[0].do)
    (made,) = issue_slips(acting, facts, config.collection, kind, [demand])
    stored = slip_of_charge(acting.conn, found.id)
    assert stored is not None
    return {
        "slip": stored.id,
        "tenancy": tenancy.key,
        "reference": found.reference,
        "payment_id": full_id(stored),
        "amount": format_amount(made.amount),
        "due_date": day.isoformat(),
        "line": ocr_line(kind, full_id(stored), made.slip_creditor),
    }


def full_id(slip: Slip) -> str:
    """The payment id in its full length; "" for a card type without one."""
    return judged_id(slip.card_type, slip.payment_id) if slip.payment_id else ""


def why_not_printed(slip: Slip) -> str:
    """ "" where the slip may be printed."""
    if slip.origin != OWN:
        return "the vendor prints it"
    return "" if slip.state in _PRINTABLE else f"what it demands is {slip.state}"


def letters(conn: Connection, site: Site, slips: Sequence[Slip]) -> Iterator[SlipLetter]:
    """The letter of each own slip, in their order: what was demanded then, to where the tenant lives now."""
    facts_of = cache(partial(company_facts, conn))
    messages_at = cache(lambda company_id, at: Messages(messages_of(conn, company_id, at)))
    for start in range(0, len(slips), _LETTERS_A_PART):
        part = slips[start : start + _LETTERS_A_PART]
        people = residents_with(conn, {one.tenancy_id for one in part if one.tenancy_id is not None})
        lines = demanded_lines(conn, {one.collection_id for one in part if one.collection_id is not None})
        for slip in part:
            assert slip.tenancy_id is not None
            assert slip.collection_id is not None
            facts = facts_of(slip.company)
            assert facts is not None
            resident = people[slip.tenancy_id]
            demand = _demand(facts, resident, lines[slip.collection_id], slip.due_date)
            yield _letter(site, slip, resident, demand, facts.name, messages_at(slip.company_id, slip.at))


def _letter(
    site: Site, slip: Slip, resident: Resident, demand: Demand, company_name: str, messages: Messages
) -> SlipLetter:
    street, town = resident.address, f"{resident.postal_code} {resident.city}"
    return SlipLetter(
        company=company_name,
        company_lines=site.company(slip.company).address,
        recipient=(resident.name, resident.second_name, street, town),
        tenancy=resident.tenancy.key,
        number=slip.number or "",
        made_on=site.today(slip.company, slip.at),
        due=slip.due_date,
        amount=slip.amount,
        before=messages.around(resident.tenancy, "before", slip=True),
        rows=tuple(specification(demand, tell_vat=True)),
        after=messages.around(resident.tenancy, "after", slip=True),
        card_type=slip.card_type,
        payment_id=full_id(slip),
        slip_creditor=slip.slip_creditor,
    )


def _demand(facts: CompanyFacts, one: Resident, lines: Sequence[OpenLine], due: date) -> Demand:
    """What falls due later than its charge did was overdue: it is told as its charge was, all the same."""
    demanded = [line for line in lines if line.due_date >= due] or lines
    overdue = [line for line in lines if line not in demanded]
    return Demand(
        Debtor(one.tenancy, *one[4:11]),
        "own_slip",
        facts.asks_as,
        one.debtor_group,
        one.property_name,
        # Each slip by itself: not the tenancy's number, under which there is one collection a day (R12).
        "",
        "",
        due,
        tuple(map(demanded_line, demanded)),
        tuple(map(demanded_line, overdue)),
    )


def _awaited_from(site: Site, config: CompanyConfig, today: date) -> date:
    vendor = site.vendors.get(config.collection.vendor or "")
    return awaited_from(today, vendor.delivery if vendor else None)


def _open(acting: Acting, one: Resident, found: ChargeFacts, awaited: date) -> list[OpenLine]:
    """The charge's open lines, of which no answer may still come: not of what was collected for ``awaited`` or later.

    Raises SlipRefusedError.
    """
    conn, key = acting.conn, one.tenancy.key
    if one.ean:
        why = "a charge goes one way (R13)"
        raise SlipRefusedError("the tenant gets electronic invoices (EAN)", where=key, why=why)
    if not any(line.remaining for line in found.lines):
        why = "it is paid or credited"
        raise SlipRefusedError(f"nothing of charge {found.reference!r} is open", where=key, why=why)
    if (before := slip_of_charge(conn, found.id)) is not None:
        raise _second(acting.site, before, found, key)
    asked = asked_already(conn, [one.tenancy.id])
    opened = open_lines(conn, [one.tenancy.id], date.max)[one.tenancy.id]
    free = [line for line in opened if line.line_id not in asked or asked[line.line_id].due_date < awaited]
    lines = [line for line in free if line.charge_id == found.id]
    if not lines:
        raise SlipRefusedError(
            f"charge {found.reference!r} is being collected already",
            where=key,
            why="a charge goes one way at a time (R13)",
            do="wait for the answer, which comes when it falls due or some days later (delivery.answer_days)",
        )
    return lines


def _second(site: Site, before: Slip, found: ChargeFacts, key: str) -> SlipRefusedError:
    do = f"print it again: hub slips print --tenancy {key} --due {before.due_date} --out DIR"
    if why := why_not_printed(before):
        do = f"{why}: credit what is left of the charge, and charge that anew"
    return SlipRefusedError(
        f"charge {found.reference!r} has a slip since {site.today(before.company, before.at)}: #{before.id}",
        where=key,
        why="a second payment id would invite a second payment (R14)",
        do=do,
    )


def _judge_day(day: date, charged_due: date, today: date, reference: str) -> None:
    if day < today:
        raise SlipRefusedError(
            f"{day} has passed", where=f"charge {reference!r}", do="say by when it shall be paid: --due DATE"
        )
    if day < charged_due:
        raise SlipRefusedError(
            f"the charge falls due on {charged_due}, after {day}",
            where=f"charge {reference!r}",
            why="nobody has to pay before that",
            do="leave --due out, or name a later day",
        )
