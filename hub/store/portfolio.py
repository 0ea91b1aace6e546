"""Companies, properties, units and tenancies as others ask for them: by creditor, customer number or key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from hub.errors import NotFoundError
from hub.store.lookup import among, fetched
from hub.store.tables import account, company, posting, property_, tenancy, unit

#: Lengths that Betalingsservice gives its numbers, zero-filled in files and in our tables alike.
_CREDITOR_DIGITS = 8
_GROUP_DIGITS = 5


class NoSuchCompanyError(NotFoundError):
    """No company of the portfolio has this number."""


class NoSuchPropertyError(NotFoundError):
    """No property of the portfolio has this key."""


class NoSuchTenancyError(NotFoundError):
    """No tenancy of the portfolio has this key."""


class TenancyRef(NamedTuple):
    """What booking needs to know of a tenancy; thousands are looked up at a time, so there is no more of it."""

    id: int
    #: company-property-unit-tenant
    key: str
    company_id: int
    property_id: int
    #: Its receivable account.
    account_id: int
    business: bool


class Tenancy(NamedTuple):
    """One tenancy as filing and showing need it."""

    ref: TenancyRef
    name: str
    #: First and last day; None = open.
    move_in: date | None
    move_out: date | None


class PropertyRef(NamedTuple):
    id: int
    company_id: int
    company_number: str
    number: str
    name: str


class CreditorCompany(NamedTuple):
    """A company that a creditor number and debtor group may mean."""

    company_id: int
    company_number: str
    currency: str
    #: The properties that the debtor group leaves; None = all of the company.
    property_ids: frozenset[int] | None


class CompanyFacts(NamedTuple):
    number: str
    name: str
    #: Eight digits, or None.
    pbs_number: str | None
    currency: str
    #: Numbers of its properties.
    properties: tuple[str, ...]
    #: Of its payment slips, eight digits (R14); None = it has none.
    fi_creditor: str | None = None


class PortfolioFacts(NamedTuple):
    """What ``hub check`` holds the configuration against."""

    companies: tuple[CompanyFacts, ...]
    tenancies: int
    #: Characters of the longest company, property, unit and tenant number, by property as ``1-12`` (R34).
    number_lengths: Mapping[str, Mapping[str, int]]
    #: Creditor numbers whose payments could mean two companies, a sentence each (R7).
    clashes: tuple[str, ...]
    #: Numbers of companies by the keys of those tenancies that were asked for, as they were given.
    companies_of: Mapping[str, str] = MappingProxyType({})


#: A third quicker than calling the class.
_new_ref = partial(tuple.__new__, TenancyRef)

_REF = select(
    tenancy.c.id,
    tenancy.c.key,
    tenancy.c.company_id,
    tenancy.c.property_id,
    tenancy.c.account_id,
    tenancy.c.business,
)


def plain_number(text: str) -> str:
    """A company's, property's, unit's or tenant's number as it is kept and compared: no leading zeros (R35)."""
    stripped = text.strip()
    return stripped.lstrip("0") or stripped[:1]


def plain_key(text: str) -> str:
    """``01-012-0304-02`` as ``1-12-304-2``, the form in the database."""
    return "-".join(map(plain_number, text.split("-")))


def customer_key(text: str) -> str:
    """A customer number as payments are matched on it: no blanks, no leading zeros, upper case; "" = none (R15)."""
    if text.isascii() and text.isdigit():
        return text.lstrip("0")
    return "".join(text.split()).upper().lstrip("0")


def creditor_number(text: str) -> str:
    """Eight digits, as in files."""
    return text.strip().zfill(_CREDITOR_DIGITS)


def debtor_group(text: str) -> str | None:
    """Five digits, as in files; None where it is empty or zero: no group."""
    digits = text.strip().lstrip("0")
    return digits.zfill(_GROUP_DIGITS) if digits else None


def resolve_creditor(connection: Connection, creditor: str, group: str) -> list[CreditorCompany]:
    """The companies, by number, that a payment to this creditor number and debtor group may belong to (R7).

    A property with a debtor group takes that group's payments alone; one without takes any. A creditor number that
    only one company has names it whatever the group: then perhaps none of its properties is left, and the money goes to
    its suspense. None found, or more than one: the payment is nobody's.
    """
    wanted = debtor_group(group)
    found = []
    companies = connection.execute(
        select(company.c.id, company.c.number, company.c.currency)
        .where(company.c.pbs_number == creditor_number(creditor))
        .order_by(company.c.number)
    ).all()
    for company_id, number, currency in companies:
        groups = connection.execute(
            select(property_.c.id, property_.c.debtor_group).where(property_.c.company_id == company_id)
        ).all()
        fitting = frozenset(id_ for id_, own in groups if own is None or own == wanted)
        if len(fitting) == len(groups):
            found.append(CreditorCompany(company_id, number, currency, None))
        elif fitting or len(companies) == 1:
            found.append(CreditorCompany(company_id, number, currency, fitting))
    return found


def company_or_property(connection: Connection, number: str) -> CreditorCompany | None:
    """What a number of our own names: a company (``1``), or one property of a company (``1-12``); None = there is none.

    As of :func:`resolve_creditor`: the property takes its own payments alone.
    """
    owner, _, within = plain_key(number).partition("-")
    row = connection.execute(
        select(company.c.id, company.c.number, company.c.currency).where(company.c.number == owner)
    ).one_or_none()
    if row is None or not within:
        return None if row is None else CreditorCompany(*row, None)
    found = property_by_numbers(connection, owner, within)
    return None if found is None else CreditorCompany(*row, frozenset({found.id}))


def slip_companies(connection: Connection, creditor: str) -> dict[int, str]:
    """Number by id of the companies whose payment slips have this creditor number (R14)."""
    query = select(company.c.id, company.c.number).where(company.c.fi_creditor == creditor_number(creditor))
    return dict(connection.execute(query).all())


def slip_creditor_of(connection: Connection, company_id: int) -> str:
    """The creditor number of a company's payment slips, eight digits; "" = it has none (R14)."""
    query = select(company.c.fi_creditor).where(company.c.id == company_id)
    return connection.execute(query).scalar_one() or ""


def tenancies_by_customer(
    connection: Connection, company_id: int, customer_keys: Collection[str]
) -> dict[str, TenancyRef]:
    """Tenancies of one company by :func:`customer_key`; numbers that nobody has are left out."""
    query = select(tenancy.c.customer_key, *_REF.selected_columns).where(
        tenancy.c.company_id == company_id, among(connection, tenancy.c.customer_key, customer_keys)
    )
    return {row[0]: _new_ref(row[1:]) for row in fetched(connection, query)}


def properties_of_customers(connection: Connection, company_id: int, customer_keys: Collection[str]) -> dict[int, str]:
    """Number by id of the properties where any of these customers lives."""
    wanted = (tenancy.c.company_id == company_id, among(connection, tenancy.c.customer_key, customer_keys))
    ids = select(tenancy.c.property_id).where(*wanted)
    rows = connection.execute(select(property_.c.id, property_.c.number).where(property_.c.id.in_(ids)))
    return dict(rows.all())


def tenancies_by_key(connection: Connection, keys: Collection[str]) -> dict[str, TenancyRef]:
    """Tenancies by the keys as given, leading zeros or not; unknown ones are left out."""
    plain = {key: plain_key(key) for key in keys}
    found = {ref.key: ref for ref in _refs(connection, _REF.where(among(connection, tenancy.c.key, plain.values())))}
    return {given: found[key] for given, key in plain.items() if key in found}


def tenancy_by_key(connection: Connection, key: str) -> Tenancy | None:
    """The tenancy with this key, as a person writes it."""
    more = (tenancy.c.name, tenancy.c.move_in, tenancy.c.move_out)
    row = connection.execute(_REF.add_columns(*more).where(tenancy.c.key == plain_key(key))).one_or_none()
    return None if row is None else Tenancy(TenancyRef._make(row[: -len(more)]), *row[-len(more) :])


def tenancy_of(connection: Connection, key: str) -> Tenancy:
    """Raises NoSuchTenancyError; numbers may be written with leading zeros."""
    found = tenancy_by_key(connection, key)
    if found is None:
        raise NoSuchTenancyError(
            f"there is no tenancy {key or repr(key)}",
            do="write it as company-property-unit-tenant, e.g. 1-12-304-2, and see that hub portfolio import has it",
        )
    return found


def refs_with(connection: Connection, ids: Collection[int]) -> dict[int, TenancyRef]:
    """Tenancies by id."""
    return {ref.id: ref for ref in _refs(connection, _REF.where(among(connection, tenancy.c.id, ids)))}


def tenancy_of_account(connection: Connection, account_id: int) -> TenancyRef | None:
    """Whose receivable an account is."""
    row = connection.execute(_REF.where(tenancy.c.account_id == account_id)).one_or_none()
    return None if row is None else TenancyRef._make(row)


def tenancy_of_posted(connection: Connection, entry_id: int) -> TenancyRef | None:
    """The tenancy on whose receivable or holdings an entry has postings."""
    whose = (tenancy.c.account_id == account.c.id) | (tenancy.c.id == account.c.tenancy_id)
    row = connection.execute(
        _REF.join(account, whose)
        .join(posting, posting.c.account_id == account.c.id)
        .where(posting.c.entry_id == entry_id)
        .order_by(posting.c.seq)
        .limit(1)
    ).one_or_none()
    return None if row is None else TenancyRef._make(row)


def tenancies_of_posted(connection: Connection, entry_ids: Collection[int]) -> dict[int, TenancyRef]:
    """As :func:`tenancy_of_posted`, by entry id; entries on nobody's account are left out."""
    on = among(connection, posting.c.entry_id, entry_ids)
    receivables = (
        select(posting.c.entry_id, posting.c.seq, *_REF.selected_columns)
        .join_from(posting, tenancy, tenancy.c.account_id == posting.c.account_id)
        .where(on)
    )
    holdings = (
        select(posting.c.entry_id, posting.c.seq, *_REF.selected_columns)
        .join_from(posting, account, account.c.id == posting.c.account_id)
        .join(tenancy, tenancy.c.id == account.c.tenancy_id)
        .where(on)
    )
    rows = [*connection.execute(receivables).all(), *connection.execute(holdings).all()]
    return {entry_id: TenancyRef(*ref) for entry_id, _, *ref in sorted(rows, key=lambda row: row[:2], reverse=True)}


def property_by_numbers(connection: Connection, company_number: str, property_number: str) -> PropertyRef | None:
    """The property with these numbers, leading zeros or not."""
    row = connection.execute(
        select(property_.c.id, company.c.id, company.c.number, property_.c.number, property_.c.name)
        .join_from(property_, company)
        .where(company.c.number == plain_number(company_number), property_.c.number == plain_number(property_number))
    ).one_or_none()
    return None if row is None else PropertyRef(*row)


def units_of(connection: Connection, property_id: int) -> set[str]:
    """Numbers of its units."""
    return set(connection.scalars(select(unit.c.number).where(unit.c.property_id == property_id)))


def property_with(connection: Connection, property_id: int) -> PropertyRef:
    """The property with this id."""
    row = connection.execute(
        select(property_.c.id, company.c.id, company.c.number, property_.c.number, property_.c.name)
        .join_from(property_, company)
        .where(property_.c.id == property_id)
    ).one()
    return PropertyRef(*row)


def lock_properties(connection: Connection, property_ids: Collection[int]) -> None:
    """Before reading what is open there, in key order, so that two writers never wait for each other in a ring.

    Rows that refer to these properties may still be inserted meanwhile. SQLite needs none of it: it has one writer.
    """
    ids = select(property_.c.id).where(among(connection, property_.c.id, property_ids)).order_by(property_.c.id)
    connection.execute(ids.with_for_update(key_share=True)).all()


def portfolio_facts(connection: Connection, tenancy_keys: Collection[str] = ()) -> PortfolioFacts:
    """``tenancy_keys`` are those whose company is wanted."""
    companies = connection.execute(
        select(
            company.c.id,
            company.c.number,
            company.c.name,
            company.c.pbs_number,
            company.c.currency,
            company.c.fi_creditor,
        ).order_by(company.c.id)
    ).all()
    properties: dict[int, list[tuple[str, str | None]]] = defaultdict(list)
    for owner, number, group in connection.execute(
        select(property_.c.company_id, property_.c.number, property_.c.debtor_group).order_by(property_.c.id)
    ):
        properties[owner].append((number, group))
    sharing: dict[str, dict[str, set[str | None]]] = defaultdict(dict)
    for id_, number, _, pbs_number, *_ in companies:
        if pbs_number is not None:
            sharing[pbs_number][number] = {group for _, group in properties[id_]}
    return PortfolioFacts(
        companies=tuple(
            CompanyFacts(number, name, pbs_number, currency, tuple(own for own, _ in properties[id_]), fi_creditor)
            for id_, number, name, pbs_number, currency, fi_creditor in companies
        ),
        tenancies=connection.scalar(select(func.count()).select_from(tenancy)) or 0,
        number_lengths=_number_lengths(connection),
        clashes=tuple(_clashes(sharing)),
        companies_of={key: plain_key(key).split("-")[0] for key in tenancies_by_key(connection, tenancy_keys)},
    )


def _number_lengths(connection: Connection) -> dict[str, dict[str, int]]:
    units, tenants = (
        dict(
            connection.execute(
                select(table.c.property_id, func.max(func.length(table.c.number))).group_by(table.c.property_id)
            ).all()
        )
        for table in (unit, tenancy)
    )
    rows = connection.execute(
        select(property_.c.id, company.c.number, property_.c.number).join_from(property_, company)
    )
    return {
        f"{owner}-{number}": {
            "company": len(owner),
            "property": len(number),
            "unit": units.get(id_, 0),
            "tenant": tenants.get(id_, 0),
        }
        for id_, owner, number in rows
    }


def _clashes(sharing: Mapping[str, Mapping[str, set[str | None]]]) -> Iterator[str]:
    """Where two companies share a creditor number, every property needs a group, and no group may be in both (R7)."""
    for creditor, companies in sorted(sharing.items()):
        if len(companies) < 2:
            continue
        names = ", ".join(sorted(companies))
        for number, groups in sorted(companies.items()):
            if None in groups:
                yield (
                    f"companies {names} share creditor number {creditor}, and company {number} has properties without"
                    " a debtor group: their payments cannot be told apart"
                )
        owners: dict[str, list[str]] = defaultdict(list)
        for number, groups in sorted(companies.items()):
            for group in groups - {None}:
                owners[str(group)].append(number)
        for group, numbers in sorted(owners.items()):
            if len(numbers) > 1:
                yield f"companies {', '.join(numbers)} share creditor number {creditor} and debtor group {group}"


def _refs(connection: Connection, statement: Select[Any]) -> Iterator[TenancyRef]:
    return map(TenancyRef._make, connection.execute(statement).all())
