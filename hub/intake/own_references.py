"""What a payer's own words name: a customer number, the one charge with a reference, a tenancy's key (R7, R15).

Each to the letter, within the company. What names two tenancies is nobody's; nothing is found by likeness.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hub.settings.clearing import OwnReference
from hub.store.charges import tenancies_by_charge
from hub.store.portfolio import TenancyRef, customer_key, tenancies_by_customer, tenancies_by_key

#: What is asked where an instance's settings say no more: the customer number is looked up without any of this.
CUSTOMER_ALONE = ("customer",)
_LOOKED_FOR: Mapping[OwnReference, str] = {
    "customer": "no customer number",
    "charge": "not the reference of just one charge",
    "tenancy": "no tenancy",
}

#: Of a tenancy's key, company-property-unit-tenant.
_KEY_DASHES = 3


class Named(NamedTuple):
    """Whose a text is. ``tenancy`` None = nobody's, and ``reason`` says why."""

    tenancy: TenancyRef | None
    reason: str
    #: Of the charge that it names, which is paid first; "" = it names none.
    reference: str = ""


class _Sense(NamedTuple):
    """One thing that a text may be."""

    tenancy: TenancyRef
    reference: str


class OwnWords:
    """What a batch's texts name in one company."""

    def __init__(self, conn: Connection, company_id: int, ways: Sequence[OwnReference], texts: Collection[str]) -> None:
        self._ways = ways
        self._company_id = company_id
        self._customers: Mapping[str, TenancyRef] = {}
        self._charges: Mapping[str, TenancyRef] = {}
        self._keys: Mapping[str, TenancyRef] = {}
        if "customer" in ways:
            self._customers = tenancies_by_customer(conn, company_id, set(map(customer_key, texts)) - {""})
        if "charge" in ways:
            self._charges = tenancies_by_charge(conn, company_id, texts)
        if "tenancy" in ways:
            self._keys = tenancies_by_key(conn, {text for text in texts if text.count("-") == _KEY_DASHES})

    def of(self, texts: Iterable[str]) -> Named:
        """All that is said of one payment, taken together."""
        said = [text for text in dict.fromkeys(texts) if text]
        senses = [sense for text in said for sense in self._senses(text)]
        tenancies = {sense.tenancy.key: sense.tenancy for sense in senses}
        if len(tenancies) == 1:
            references = {sense.reference for sense in senses if sense.reference}
            return Named(senses[0].tenancy, "", references.pop() if len(references) == 1 else "")
        told = " and ".join(map(repr, said))
        if tenancies:
            return Named(None, f"{told} names {' and '.join(sorted(tenancies))} (R7)")
        if not said:
            return Named(None, "the payer has given no reference of ours")
        return Named(None, f"{told} is {', '.join(_LOOKED_FOR[way] for way in self._ways)} of the company")

    def tenancies(self) -> Iterator[TenancyRef]:
        """All that anything in the batch may name."""
        for named in (self._customers, self._charges, self._keys):
            yield from named.values()

    def _senses(self, text: str) -> Iterator[_Sense]:
        if (tenancy := self._customers.get(customer_key(text))) is not None:
            yield _Sense(tenancy, "")
        if (tenancy := self._charges.get(text)) is not None:
            yield _Sense(tenancy, text)
        # A key names its company too: another's is nobody's here.
        if (tenancy := self._keys.get(text)) is not None and tenancy.company_id == self._company_id:
            yield _Sense(tenancy, "")
