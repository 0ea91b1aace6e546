"""A month of Betalingsservice and the next: collected, answered by a simulator of the provider, taken in, and summed.

What the tenants owe in the end is said twice: by the hub, and by a few lines here from what the simulator says it did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.money import format_amount
from hub.store.tables import account, posting
from tests.collecting_site import CREDITOR, DATA_SUPPLIER, SLIP_CREDITOR, CollectingSite
from tests.simulator import Answers, Betalingsservice, Demand, take

#: More than are read, booked or asked about at once, on SQLite; a server asked for as many would take most of what all
#: tests may.
TENANCIES = {"sqlite": 5_000, "postgresql": 1_000}
RENT = 512_500
_GROUPS = 4
_OVERDUE = '[collection.overdue]\nleast = "1.00"\nmost = "9000.00"'
_JANUARY = "2027-01-04"
_BEFORE_JANUARY = datetime(2026, 12, 16, 9, tzinfo=UTC)
_LATER = "2027-01-31"


class Month:
    """A site of many tenancies, two in three with a mandate, whose rent of December is collected and answered."""

    def __init__(self, root: Path, database_url: str) -> None:
        self.dialect = database_url.partition(":")[0]
        self.provider = Betalingsservice(seed=2026)
        #: Customer number as in a file, and debtor group, by tenancy.
        self.customers: dict[str, tuple[str, str]] = {}
        self.site = CollectingSite(
            root, database_url, collection=_OVERDUE, people=self._people(TENANCIES[self.dialect])
        )
        rents = [f"{tenancy},10010,{format_amount(RENT)},2026-12-01" for tenancy in self.customers]
        (root / "rents.csv").write_text("\n".join(["tenancy,charge_type,amount,first_day", *rents]) + "\n")
        self.site.hub("recurring", "import", root / "rents.csv")
        enrolled = [(CREDITOR, group, customer) for customer, group in self.customers.values()]
        some = (one for number, one in enumerate(enrolled) if number % 3)
        assert self.take_in({"D1": self.provider.enrol(some, date(2026, 11, 2), DATA_SUPPLIER)}) == {"D1": "booked"}

    def _people(self, count: int) -> Iterable[str]:
        for number in range(1, count + 1):
            group = f"{number % _GROUPS + 1:05d}"
            key = f"1-{int(group)}-{number}-1"
            self.customers[key] = (f"{number:015d}", group)
            yield (
                f"1,Ådal,{CREDITOR},{SLIP_CREDITOR},{group},{int(group)},Gård {int(group)},{number},1,Beboer {number},,"
                f"Testvej {number},2720,Vanløse,2020-01-01,0,,{number}"
            )

    def take_in(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """They lie in the vendor's inbox and are taken in, in this order; gives what became of each."""
        paths = [self.site.root / "inbox/bs" / name for name in files]
        for path, content in zip(paths, files.values(), strict=True):
            path.write_bytes(content)
        taken = self.site.ask("ingest", *paths)["files"]
        return {name: one["state"] for name, one in zip(files, taken, strict=True)}

    def automatic(self) -> dict[str, str]:
        """Mandate by customer, as the provider has them."""
        return {customer: mandate for (_, _, customer), (mandate, _) in self.provider.mandates.items()}


@pytest.fixture
def month(database_url: str, tmp_path: Path) -> Month:
    return Month(tmp_path / "site", database_url)


def test_what_the_provider_did_is_what_the_books_say(month: Month) -> None:
    site = month.site
    run = site.collect()
    delivered = Path(run["path"]).read_bytes()
    demands = take(delivered).demands
    asked_by_itself = month.automatic()
    assert {one.customer: one.mandate for one in demands} == {
        customer: asked_by_itself.get(customer, "0" * 9) for customer, _ in month.customers.values()
    }
    answers = month.provider.answer(delivered)

    files = {
        "V10": answers.receipt,
        "D11": answers.payments[0],
        "D12": answers.payments[1],
        "D13": answers.mandates,
    }
    twice = sorted([*files, *(f"{name}-again" for name in files)], reverse=month.dialect == "sqlite")
    # On SQLite backwards: what is charged back comes before it was paid.
    taken = month.take_in({name: files[name.removesuffix("-again")] for name in twice})
    for name in files:
        assert sorted((taken[name], taken[f"{name}-again"])) == ["booked", "duplicate"]

    owed = _owed(demands, answers)
    assert _balances(site) == {key: format_amount(owed[customer]) for key, (customer, _) in month.customers.items()}
    assert _clearing(site) == _cleared(demands, answers)
    assert _mandates(site) == month.automatic()
    references = {one["id"]: one["reference"] for one in _collections(site)}
    slips = site.ask("slips", "list", "--company", "1", "--limit", "100000")["slips"]
    assert {references[one["collection"]]: one["payment_id"] for one in slips} == answers.slips
    assert {one["state"] for one in site.ask("deliveries", "list")["deliveries"]} == {"accepted"}
    became = _became(demands, answers)
    assert set(became.values()) == {"paid", "failed", "charged back", "part paid", "overpaid", "waiting"}
    assert {one["reference"]: one["state"] for one in _collections(site)} == became
    assert site.hub("verify").status == 0

    delivered = Path(site.collect("--ask-again", due=_JANUARY, now=_BEFORE_JANUARY)["path"]).read_bytes()
    january = take(delivered).demands
    assert answers.enrolled
    assert {one.customer: one.mandate for one in january if int(one.mandate)} == month.automatic()
    # Whoever has not paid, or too little, is asked along with the rent; whoever has paid too much, for less.
    assert {one.customer: one.amount for one in january} == {customer: owed[customer] + RENT for customer in owed}
    assert month.provider.answer(delivered).deeds


def _owed(demands: list[Demand], answers: Answers) -> Counter[str]:
    """Øre by customer: what was asked of him, less what came from him."""
    owed: Counter[str] = Counter({one.customer: one.amount for one in demands})
    for deed in answers.deeds:
        owed[deed.customer] -= deed.amount
    return owed


def _cleared(demands: list[Demand], answers: Answers) -> dict[tuple[str, str], int]:
    """Øre by debtor group and booking date."""
    groups = {one.customer: one.group for one in demands}
    cleared: Counter[tuple[str, str]] = Counter()
    for deed in answers.deeds:
        if deed.amount:
            cleared[groups[deed.customer], deed.booked.isoformat()] += deed.amount
    return dict(cleared)


def _became(demands: list[Demand], answers: Answers) -> dict[str, str]:
    """State by reference."""
    paid: Counter[str] = Counter()
    said: dict[str, str] = {}
    for deed in answers.deeds:
        paid[deed.reference] += deed.amount
        said[deed.reference] = deed.what
    became = {}
    for one in demands:
        what, less = said.get(one.reference, "waiting"), one.amount - paid[one.reference]
        became[one.reference] = "part paid" if what == "paid" and less > 0 else what
        if what == "paid" and less < 0:
            became[one.reference] = "overpaid"
    return became


def _balances(site: CollectingSite) -> dict[str, str]:
    aged = site.ask("ageing", "--company", "1", "--as-of", _LATER, "--all")["tenancies"]
    return {one["tenancy"]: one["balance"] for one in aged}


def _clearing(site: CollectingSite) -> dict[tuple[str, str], int]:
    query = (
        select(account.c.code, posting.c.value_date, func.sum(posting.c.amount))
        .join(posting, posting.c.account_id == account.c.id)
        .where(account.c.kind == "clearing")
        .group_by(account.c.code, posting.c.value_date)
    )
    database = site.database()
    with database.read() as conn:
        sums = {(code.split(":")[-1], f"{day}"): int(total) for code, day, total in conn.execute(query)}
    database.close()
    return sums


def _mandates(site: CollectingSite) -> dict[str, str]:
    listed: list[dict[str, Any]] = site.ask("mandates", "list", "--company", "1", "--on", _JANUARY)["mandates"]
    return {f"{one['customer']:0>15}": one["number"] for one in listed}


def _collections(site: CollectingSite) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = site.ask("collections", "list", "--company", "1", "--limit", "100000")["collections"]
    return listed
