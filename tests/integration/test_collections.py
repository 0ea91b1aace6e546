"""``hub collections``: from the run to the vendor's answer and back, as a person sees it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub_nets_bs import making, records
from tests.collecting_site import CREDITOR, A, B, C, CollectingSite

DUE = date(2026, 12, 1)


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> CollectingSite:
    return CollectingSite(tmp_path / "site", database_url)


def test_every_answer_finds_its_collection_and_is_told_from_both_ends(site: CollectingSite) -> None:
    site.rent(A, B, C)
    delivery = site.collect()["delivery"]["id"]

    site.hub("ingest", payments(site))

    listed = site.ask("collections", "list", "--due", "2026-12-01", "--delivery", delivery)["collections"]
    assert [(one["reference"], one["tenancy"], one["paid"], one["difference"], one["state"]) for one in listed] == [
        ("000000001", A, "5000.00", "0.00", "paid"),
        ("000000002", B, "4000.00", "-1000.00", "part paid"),
        ("000000003", C, "0.00", "-5000.00", "failed"),
    ]
    assert [one["tenancy"] for one in site.ask("collections", "list", "--state", "part-paid")["collections"]] == [B]
    one = site.ask("collections", "show", "000000002")
    (line,), (answer,) = one["lines"], one["answers"]
    assert (line["amount"], line["remaining"], answer["file"], answer["record"]) == (
        "5000.00",
        "1000.00",
        "0602.txt",
        4,
    )
    told = site.hub("collections", "show", f"#{one['id']}").out
    assert "part paid" in told
    assert "0602.txt" in told

    payment, charge = (site.ask("explain", entry) for entry in (answer["entry"], line["charge_entry"]))
    assert payment["answers"]["reference"] == "000000002"
    assert "fordi det står på den opkrævning, som indbetalingen svarer på" in payment["sentences"][0]
    assert [asked["reference"] for asked in charge["asked_by"]] == ["000000002"]
    assert "asked for by: collection 000000002 due 2026-12-01, 5000.00" in site.hub("explain", charge["entry"]).out
    assert site.hub("verify").status == 0


def test_what_is_not_there_or_not_said_right_is_refused(site: CollectingSite) -> None:
    for named in ("000000001", "#1", "9" * 30, "rent"):
        assert f"there is no collection {named}" in site.hub("collections", "show", named, status=1).err
    assert "is no state" in site.hub("collections", "list", "--state", "lost", status=1).err


def payments(site: CollectingSite) -> Path:
    """A 0602: A pays, B pays less, C cannot."""

    def paid(customer: str, amount: int, reference: str) -> Any:
        return records.payment(CREDITOR, group, customer, amount, DUE, DUE, DUE, reference)

    group = "00001"
    made = [
        paid("101", 5000_00, "000000001"),
        paid("102", 4000_00, "000000002"),
        records.failed(CREDITOR, "00002", "201", 5000_00, DUE, "000000003"),
    ]
    file = site.root / "0602.txt"
    head = {"data_supplier": "00000001", "created": "2026-12-02"}
    file.write_bytes(b"".join(making.make(made, head, "iso8859-1")))
    return file
