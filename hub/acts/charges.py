"""Charges by hand, credit notes that point at what they credit, notes and attachments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select

from hub.acts.act import REFERENCE_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, Acting, judged_text
from hub.acts.foreign import refuse_foreign
from hub.acts.holdings import none_overdrawn
from hub.errors import HubError
from hub.ledger import kinds
from hub.ledger.allocation import split
from hub.ledger.chain import input_hash
from hub.ledger.vat import vat_share, vat_within
from hub.money import AMOUNT_ORE_MAX, format_amount
from hub.settings import CompanyConfig
from hub.store import bulk
from hub.store.charges import ChargeFacts, charge_of
from hub.store.differences import Owed, owe_again, written_off
from hub.store.entries import Account, Credited, Foreign, Movement, NewLine, Part
from hub.store.portfolio import TenancyRef
from hub.store.tables import attachment, blob, charge, charge_line, charge_note
from hub.store.taking_back import history_of

#: Of one charge.
LINES_MAX = 200
TYPE_CHARACTERS_MAX = 20


class ChargeRefusedError(HubError):
    """A charge that cannot be made as it was asked for."""


class ReferenceUsedError(HubError):
    """The tenancy has a charge under this reference."""


class CreditTooLargeError(HubError):
    """A credit note above what is left to credit."""


@dataclass(frozen=True)
class LineAsked:
    """One line of a charge; ``amount`` in øre, VAT included; ``vat_rate`` in hundredths of a percent, None: by type."""

    charge_type: str
    amount: int
    text: str = ""
    period: tuple[date, date] | None = None
    vat_rate: int | None = None


@dataclass(frozen=True)
class ChargeAsked:
    due: date
    lines: tuple[LineAsked, ...]
    kind: str = kinds.OTHER
    text: str = ""
    #: "" = one is made.
    reference: str = ""
    foreign: Foreign | None = None


def add_charge(acting: Acting, tenancy_key: str, asked: ChargeAsked) -> dict[str, Any]:
    """Demands ``asked`` of the tenancy. It counts and falls due on its due date; credit is used at once.

    Raises ChargeRefusedError, ForeignRefusedError, ReferenceUsedError, ClosedPeriodError, ClosedCompanyError.
    """
    tenancy = acting.tenancy(tenancy_key)
    reference = asked.reference or _free_reference(acting, tenancy, asked.due)
    _refuse_used(acting, tenancy, reference)
    movement = charge_movement(acting, tenancy, replace(asked, reference=reference))
    (entry_id,) = acting.books.post(tenancy.company_id, [movement])
    charge_id = acting.conn.execute(select(charge.c.id).where(charge.c.entry_id == entry_id)).scalar_one()
    return {
        "entry": entry_id,
        "charge": charge_id,
        "tenancy": tenancy.key,
        "reference": reference,
        "amount": format_amount(movement.amount),
        "due_date": asked.due.isoformat(),
        "remaining": format_amount(_remaining(acting, charge_id)),
    }


def charge_movement(acting: Acting, tenancy: TenancyRef, asked: ChargeAsked) -> Movement:
    """The entry that demands ``asked``, whose reference is free; posts nothing.

    Raises ChargeRefusedError, ForeignRefusedError, ClosedPeriodError.
    """
    company = acting.company_of(tenancy)
    lines = _lines(company, asked)
    day = acting.open_day(company, asked.due).isoformat()
    total = sum(line.amount for line in lines)
    if total > AMOUNT_ORE_MAX:
        raise ChargeRefusedError(f"{format_amount(total)} is more than {format_amount(AMOUNT_ORE_MAX)}")
    judged_text(asked.text, "a text")
    if asked.foreign is not None:
        refuse_foreign(asked.foreign, total, company.currency)
    parts = _parts(acting, tenancy, [(_other_side(acting, tenancy, line), line.amount, line.vat) for line in lines])
    return Movement(
        kinds.CHARGE,
        tenancy,
        total,
        day,
        day,
        parts[0].account,
        day,
        acting.entry_key(),
        input_hash(total),
        asked.text or ", ".join(dict.fromkeys(line.text for line in lines)),
        reference=asked.reference,
        due_date=asked.due.isoformat(),
        lines=lines,
        parts=parts,
        charge_kind=asked.kind,
        foreign=asked.foreign,
    )


def credit_charge(
    acting: Acting,
    tenancy_key: str,
    reference: str,
    *,
    amount: int | None = None,
    lines: Mapping[int, int] | None = None,
    day: date | None = None,
    text: str = "",
) -> dict[str, Any]:
    """A credit note on one charge: all that is left to credit, ``amount`` øre of it, or øre by line, counted from 1.

    It pays what is open of the lines that it credits; what was paid already becomes credit of the tenancy. It counts
    from ``day``, default today or the charge's own day where that is later: before it there is nothing to credit. A
    small difference that was written off of the charge is owed again first, and so credited before anything else:
    nobody gets back what he has not paid (R24). Raises CreditTooLargeError, ChargeRefusedError for a ``day`` before the
    charge's, and those of add_charge.
    """
    tenancy = acting.tenancy(tenancy_key)
    found = charge_of(acting.conn, tenancy, reference)
    credited = _credited(found, amount, lines)
    from_day = _credited_on(acting, tenancy, day, found)
    value_date = from_day.isoformat()
    with none_overdrawn(acting, tenancy, from_day):
        _owe_again(acting, tenancy, found, value_date)
        movement = _credit_note(acting, tenancy, found, credited, value_date, text)
        (entry_id,) = acting.books.post(tenancy.company_id, [movement])
    return {
        "entry": entry_id,
        "tenancy": tenancy.key,
        "credits": found.reference,
        "amount": format_amount(-movement.amount),
        "date": value_date,
        "remaining": format_amount(_remaining(acting, found.id)),
    }


def add_note(acting: Acting, tenancy_key: str, reference: str, text: str) -> dict[str, Any]:
    """A comment on a charge, for those who work with it; nothing is booked."""
    tenancy = acting.tenancy(tenancy_key)
    found = charge_of(acting.conn, tenancy, reference)
    if not judged_text(text.strip(), "a note"):
        raise ChargeRefusedError("a note says something")
    values = {"charge_id": found.id, "at": acting.now, "actor": acting.actor, "text": text.strip()}
    acting.conn.execute(insert(charge_note).values(**values))
    return {"charge": found.id, "reference": found.reference, "note": text.strip()}


def add_attachment(
    acting: Acting, tenancy_key: str, reference: str, name: str, sha256: str, size: int
) -> dict[str, Any]:
    """A file of ``size`` bytes that belongs to a charge; they are in the content store already."""
    tenancy = acting.tenancy(tenancy_key)
    found = charge_of(acting.conn, tenancy, reference)
    bulk.insert_if_new(acting.conn, blob, sha256=sha256, size=size, stored_at=acting.now)
    values = {"charge_id": found.id, "sha256": sha256, "name": name, "at": acting.now, "actor": acting.actor}
    made = insert(attachment).values(**values).returning(attachment.c.id)
    id_: int = acting.conn.execute(made).scalar_one()
    return {"attachment": id_, "charge": found.id, "reference": found.reference, "name": name, "sha256": sha256}


def _lines(company: CompanyConfig, asked: ChargeAsked) -> tuple[NewLine, ...]:
    if asked.kind not in kinds.CHARGE_KINDS:
        raise ChargeRefusedError(
            f"{asked.kind!r} is no kind of charge", do=f"use one of {', '.join(kinds.CHARGE_KINDS)}"
        )
    if not 0 < len(asked.lines) <= LINES_MAX:
        raise ChargeRefusedError(f"a charge has 1 to {LINES_MAX} lines, this one {len(asked.lines)}")
    if len(asked.reference) > REFERENCE_CHARACTERS_MAX or not asked.reference.isprintable():
        raise ChargeRefusedError(f"a reference has at most {REFERENCE_CHARACTERS_MAX} printable characters")
    return tuple(
        judged_line(company, line, f"line {number}", asked.kind) for number, line in enumerate(asked.lines, start=1)
    )


def judged_line(company: CompanyConfig, line: LineAsked, where: str, charge_kind: str = kinds.RENT) -> NewLine:
    """The line as it would be charged, on a charge of this kind. Raises ChargeRefusedError."""
    if not 0 < len(line.charge_type) <= TYPE_CHARACTERS_MAX or not line.charge_type.isprintable():
        raise ChargeRefusedError(f"a charge type has 1 to {TYPE_CHARACTERS_MAX} printable characters", where=where)
    if len(line.text) > TEXT_CHARACTERS_MAX or not line.text.isprintable():
        raise ChargeRefusedError(f"a text has at most {TEXT_CHARACTERS_MAX} printable characters", where=where)
    if company.charge_types and line.charge_type not in company.charge_types:
        raise ChargeRefusedError(
            f"charge type {line.charge_type!r} is not in use in company {company.number}",
            where=where,
            do="add it to the company's charge_types, or use one of them",
        )
    if line.amount <= 0:
        raise ChargeRefusedError(
            f"an amount of {format_amount(line.amount)}",
            where=where,
            why="a charge demands money",
            do="give what is to be paid back as a credit note",
        )
    type_ = company.charge_type(line.charge_type, charge_kind)
    rate = type_.vat if line.vat_rate is None else line.vat_rate
    if rate and type_.holding:
        raise ChargeRefusedError("money that is held for the tenant carries no VAT", where=where)
    first, last = line.period or (None, None)
    if first is not None and last is not None and last < first:
        raise ChargeRefusedError(f"its period ends on {last}, before it begins on {first}", where=where)
    return NewLine(
        line.charge_type,
        line.amount,
        first.isoformat() if first else None,
        last.isoformat() if last else None,
        rate,
        vat_within(line.amount, rate),
        type_.claim,
        type_.holding,
        line.text or type_.text,
    )


def _other_side(acting: Acting, tenancy: TenancyRef, line: NewLine) -> Account:
    """The holding that a line fills, else the income of its type."""
    if line.holding:
        return acting.books.holding(tenancy, line.holding)
    return acting.books.shared_account(tenancy.company_id, kinds.INCOME, kinds.income_code(line.charge_type))


def _credited_on(acting: Acting, tenancy: TenancyRef, day: date | None, found: ChargeFacts) -> date:
    """Raises ClosedPeriodError, and ChargeRefusedError for a day that somebody has asked for and that cannot be."""
    wanted = acting.open_day(acting.company_of(tenancy), day or acting.today(tenancy))
    if day is not None and day < found.value_date:
        raise ChargeRefusedError(
            f"a credit note of {day} on charge {found.reference!r}, which counts from {found.value_date}",
            why="before a charge counts there is nothing to credit",
            do=f"give {found.value_date} or later, or leave --date out",
        )
    return max(wanted, found.value_date)


def _credit_note(
    acting: Acting, tenancy: TenancyRef, found: ChargeFacts, credited: tuple[Credited, ...], day: str, text: str
) -> Movement:
    """The entry that gives ``credited`` back; posts nothing."""
    total = sum(one.amount for one in credited)
    sides = {line.id: line.account for line in found.lines}
    parts = _parts(acting, tenancy, [(sides[one.line_id], -one.amount, -one.vat) for one in credited])
    return Movement(
        kinds.CREDIT_NOTE,
        tenancy,
        -total,
        day,
        day,
        parts[0].account,
        day,
        acting.entry_key(),
        input_hash(total),
        judged_text(text, "a text") or f"{acting.words(tenancy).credit_note} {found.reference}",
        parts=parts,
        earmarked=tuple((one.line_id, one.amount) for one in credited),
        credited=credited,
        corrects=found.entry_id,
        corrects_key=found.key,
    )


def _owe_again(acting: Acting, tenancy: TenancyRef, found: ChargeFacts, day: str) -> None:
    differences = written_off(acting.conn, [found.entry_id]).get(found.entry_id, [])
    owe_again(acting.books, [Owed(one, tenancy, day, day, "wrong_amount") for one in differences])


def _parts(acting: Acting, tenancy: TenancyRef, lines: Sequence[tuple[Account, int, int]]) -> tuple[Part, ...]:
    """One part an account of (account, øre charged, øre of VAT in it)."""
    amounts: dict[Account, int] = {}
    for side, amount, vat in lines:
        amounts[side] = amounts.get(side, 0) - (amount - vat)
        if vat:
            taxes = acting.books.shared_account(tenancy.company_id, kinds.VAT, kinds.VAT)
            amounts[taxes] = amounts.get(taxes, 0) - vat
    return tuple(Part(side, amount) for side, amount in amounts.items() if amount)


def _credited(found: ChargeFacts, amount: int | None, lines: Mapping[int, int] | None) -> tuple[Credited, ...]:
    """What of each line is credited. Raises CreditTooLargeError."""
    left = sum(line.creditable for line in found.lines)
    if lines:
        unknown = sorted(set(lines) - {line.seq + 1 for line in found.lines})
        if unknown:
            raise ChargeRefusedError(
                f"charge {found.reference!r} has no line {unknown[0]}", do=f"its lines are 1 to {len(found.lines)}"
            )
        wanted = [lines.get(line.seq + 1, 0) for line in found.lines]
    else:
        wanted = split(left if amount is None else min(amount, left), [line.creditable for line in found.lines])
    asked = sum(wanted) if amount is None else amount
    if asked <= 0 or min(wanted) < 0:
        if left == 0:
            all_of_it = "all of it has been credited"
            raise CreditTooLargeError(f"nothing to credit of charge {found.reference!r}", why=all_of_it)
        raise ChargeRefusedError(
            f"a credit note of {format_amount(asked)} on charge {found.reference!r}",
            why="a credit note gives money back, of no line less than 0.00",
            do=f"give an amount above 0.00 and up to {format_amount(left)}",
        )
    for line, part in zip(found.lines, wanted, strict=True):
        if part > line.creditable or asked > left:
            raise CreditTooLargeError(
                f"{format_amount(asked)} is more than can be credited of charge {found.reference!r}",
                why=f"{format_amount(left)} of it is not credited yet, of line {line.seq + 1} "
                f"{format_amount(line.creditable)}",
                do="credit less, or all that is left: leave the amount out",
            )
    return tuple(
        Credited(line.id, line.seq, part, vat_share(line.creditable_vat, line.creditable, part))
        for line, part in zip(found.lines, wanted, strict=True)
        if part
    )


def _free_reference(acting: Acting, tenancy: TenancyRef, due: date) -> str:
    """Year, month and a number: short enough to come back whole from any vendor (R12)."""
    head = f"{due:%y%m}-"
    used = set(
        acting.conn.scalars(
            select(charge.c.reference).where(charge.c.tenancy_id == tenancy.id, charge.c.reference.startswith(head))
        )
    )
    return next(head + str(number) for number in count(1) if head + str(number) not in used)


def _refuse_used(acting: Acting, tenancy: TenancyRef, reference: str) -> None:
    """What was reversed may be charged anew under the reference that the tenant's slip carries."""
    used = select(charge.c.id, charge.c.entry_id).where(
        charge.c.tenancy_id == tenancy.id, charge.c.reference == reference
    )
    rows = acting.conn.execute(used.order_by(charge.c.id)).all()
    history = history_of(acting.conn, [row.entry_id for row in rows])
    charge_id = next((row.id for row in rows if history.taken_back_by(row.entry_id) is None), None)
    if charge_id is not None:
        raise ReferenceUsedError(
            f"reference {reference!r} is that of charge #{charge_id}",
            where=tenancy.key,
            why="a payment that names it could mean either",
            do="give another, or none: then one is made",
        )


def _remaining(acting: Acting, charge_id: int) -> int:
    query = select(func.sum(charge_line.c.remaining)).where(charge_line.c.charge_id == charge_id)
    return int(acting.conn.execute(query).scalar_one())
