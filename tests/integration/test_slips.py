"""``hub slips``: ids stored before letters are printed, the same letter each time, none where nothing is owed."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from hub.acts.act import perform
from hub.collecting.check import CannotCollectError
from hub.collecting.slips import SlipRefusedError, add_slip
from hub.ledger.fik import SlipError
from hub.settings import CollectionSection, load_site
from hub.store.collecting.messages import Scope, set_message
from hub.store.collecting.slips import VENDOR, NewSlip, add_slips
from hub.store.portfolio import tenancy_of
from hub.store.verify import verify
from tests.collecting_site import DUE, NOW, PEOPLE, SLIP_CREDITOR, A, B, C, CollectingSite
from tests.integration.cli_runner import hub

#: Payment ids of type 71 with the numbers 1 and 2.
FIRST, SECOND = "000000000000018", "000000000000026"
OWN_SLIPS = 'without_mandate = "own_slip"'
Sites = Callable[..., CollectingSite]
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def sites(database_url: str, tmp_path: Path) -> Sites:
    return lambda collection=OWN_SLIPS, **more: CollectingSite(
        tmp_path / "site", database_url, collection=collection, **more
    )


class _Undo(Exception):
    """Rolls a change back."""


def words(path: Path) -> str:
    pages = PdfReader(io.BytesIO(path.read_bytes())).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def added(site: CollectingSite, tenancy: str, reference: str, **more: Any) -> Mapping[str, Any]:
    """``hub slips add`` as on the day of the tests."""
    database = site.database()
    try:
        return perform(
            database,
            load_site(site.root),
            "slips add",
            {},
            lambda acting: add_slip(acting, tenancy, reference, **more),
            actor="anna",
            now=NOW,
        ).result
    finally:
        database.close()


def charge(site: CollectingSite, tenancy: str, amount: str = "700.00", due: str = DUE) -> str:
    return str(site.ask("charges", "add", tenancy, "--due", due, "--line", f"20010={amount}")["reference"])


def test_a_slip_is_stored_before_it_is_printed_and_printed_again_the_same(sites: Sites) -> None:
    site = sites()
    site.rent(A, B)
    site.collect()

    stored = site.ask("slips", "list", "--company", "1")["slips"]
    assert [(one["tenancy"], one["payment_id"], one["amount"], one["state"]) for one in stored] == [
        (A, FIRST, "5000.00", "open"),
        (B, SECOND, "5000.00", "open"),
    ]
    asked = ("slips", "print", "--company", "1", "--due", DUE, "--out")
    in_the_way = site.root / "in-the-way"
    in_the_way.write_bytes(b"")
    assert "the folder cannot be made" in hub(*asked, in_the_way, site=site.root).err
    assert site.ask("slips", "list", "--company", "1")["slips"] == stored

    out = site.root / "letters"
    printed = site.ask(*asked, out)["printed"]
    paths = [Path(one["path"]) for one in printed]
    assert [path.name for path in paths] == [f"{A}-{FIRST}.pdf", f"{B}-{SECOND}.pdf"]
    letter = words(paths[0])
    assert "Ådal Søren Ø Åse Ø Testvej 1 2720 Vanløse" in letter
    assert "Husleje 01.12.2026-31.12.2026 5.000,00" in letter
    assert letter.endswith(f"5000 00 Betales senest 01.12.2026 +71<{FIRST}+{SLIP_CREDITOR}<")

    before = [path.read_bytes() for path in paths]
    assert "the file is there already" in hub(*asked, out, site=site.root).err
    site.hub(*asked, out, "--force")
    assert [path.read_bytes() for path in paths] == before
    site.hub(*asked, site.root / "all.pdf", "--one-file")
    assert [f"<{id_}+" in words(site.root / "all.pdf") for id_ in (FIRST, SECOND)] == [True, True]


def test_a_part_payment_is_told_and_what_is_not_owed_is_not_printed(sites: Sites) -> None:
    site = sites()
    site.rent(A, B, C)
    site.collect()
    out, reference = site.root / "letters", "2612-1"
    asked = ("slips", "print", "--tenancy", A, "--due", DUE, "--force", "--out", out)
    site.hub(*asked)
    path = out / f"{A}-{FIRST}.pdf"
    before = path.read_bytes()

    site.hub("pay", A, "2000.00", "--reference", reference)
    assert f"slip #1 of {A} says 5000.00 as it did, of which 2000.00 is paid" in site.hub(*asked).out
    assert path.read_bytes() == before

    site.hub("charges", "credit", B, reference, "--amount", "100.00")
    site.hub("reverse", site.ask("charges", "list", "--tenancy", C)["charges"][0]["entry"], "--reason", "duplicate")
    company = site.ask("slips", "print", "--company", "1", "--due", DUE, "--force", "--out", out)
    assert [(one["tenancy"], one["why"]) for one in company["left_out"]] == [
        (B, "what it demands is credited"),
        (C, "what it demands is reversed"),
    ]

    site.hub("pay", A, "3000.00", "--reference", reference)
    assert "what it demands is paid" in hub(*asked, site=site.root).err
    assert site.hub("verify").status == 0


@sqlite_only
def test_a_letter_says_what_was_said_then(sites: Sites) -> None:
    site = sites()
    site.rent(A)
    database = site.database()

    def say(line: str, at: datetime) -> None:
        with database.write() as conn:
            company = Scope(tenancy_of(conn, A).ref.company_id)
            set_message(conn, company, "before", True, [line] if line else [], now=at, actor="anna")

    say("Glædelig jul", NOW)
    site.collect()
    asked = ("slips", "print", "--tenancy", A, "--due", DUE, "--force", "--out", site.root / "letters")
    (first,) = site.ask(*asked)["printed"]
    letter = Path(first["path"]).read_bytes()
    say("Godt nytår", datetime(2026, 12, 31, tzinfo=UTC))
    site.ask(*asked)
    database.close()

    assert "Glædelig jul" in words(Path(first["path"]))
    assert Path(first["path"]).read_bytes() == letter


def test_a_charge_has_one_slip_and_goes_one_way(sites: Sites) -> None:
    site = sites(collection="")
    late, parking = charge(site, A, due="2026-11-01"), charge(site, A)

    with pytest.raises(SlipRefusedError, match="2026-11-01 has passed"):
        added(site, A, late)
    with pytest.raises(SlipRefusedError, match="falls due on 2026-12-01, after 2026-11-25"):
        added(site, A, parking, due=date(2026, 11, 25))
    assert added(site, A, late, due=date(2026, 12, 1))["line"] == f"+71<{FIRST}+{SLIP_CREDITOR}<"
    assert added(site, A, parking)["payment_id"] == SECOND
    with pytest.raises(SlipRefusedError, match="has a slip since 2026-11-20: #2"):
        added(site, A, parking)
    assert site.collect()["collections"] == 0

    charge(site, B)
    site.collect()
    with pytest.raises(SlipRefusedError, match="is being collected already"):
        added(site, B, "2612-1")


@sqlite_only
def test_a_key_adds_once(sites: Sites) -> None:
    site = sites()
    reference = charge(site, A, due="2090-12-01")
    first, second = (site.ask("slips", "add", A, reference, "--key", "slip") for _ in range(2))
    assert second == {**first, "repeated": True}
    assert len(site.ask("slips", "list", "--tenancy", A)["slips"]) == 1


@sqlite_only
def test_cards_without_an_id_and_what_is_missing_is_named(sites: Sites) -> None:
    site = sites(people=[PEOPLE[0], PEOPLE[1].replace(",102", ",").replace(",0,,", ",1,5798009811578,")])
    reference = charge(site, A)
    with pytest.raises(CannotCollectError, match=r"slips of type 04 need the company's giro account.*giro_account"):
        added(site, A, reference, card="04")
    with pytest.raises(SlipError, match="there is no card type '99'"):
        added(site, A, reference, card="99")
    with pytest.raises(SlipRefusedError, match="electronic invoices"):
        added(site, B, charge(site, B))
    slip = added(site, A, reference, card="73")
    assert (slip["payment_id"], slip["line"]) == ("", f"+73<+{SLIP_CREDITOR}<")
    asked = ("slips", "print", "--tenancy", A, "--due", DUE, "--out", site.root)
    assert site.ask(*asked)["printed"][0]["path"].endswith(f"{A}-000000001.pdf")


@sqlite_only
def test_a_giro_account_and_the_first_number_are_the_companys(sites: Sites) -> None:
    site = sites(f'{OWN_SLIPS}\ncard_type = "04"\ngiro_account = "1234567"\nfirst_slip_number = 900')
    site.rent(A)
    site.collect()
    (one,) = site.ask("slips", "list")["slips"]
    assert (one["creditor"], one["payment_id"][:-1]) == ("1234567", "900".rjust(15, "0"))


def test_a_card_type_of_a_giro_account_needs_one() -> None:
    with pytest.raises(ValueError, match="slips of type 15 are paid to a giro account: say giro_account"):
        CollectionSection(card_type="15")


@sqlite_only
def test_no_slip_without_an_fi_creditor_number(sites: Sites) -> None:
    site = sites(people=[PEOPLE[0].replace(f",{SLIP_CREDITOR},", ",,")])
    reference = charge(site, A)
    with pytest.raises(CannotCollectError, match=r"need the company's FI creditor number.*fi_creditor"):
        added(site, A, reference)
    assert site.ask("slips", "list")["slips"] == []


def test_an_id_that_the_vendor_has_dealt_is_not_dealt_again(sites: Sites) -> None:
    site = sites()
    database = site.database()
    with database.write() as conn:
        ref = tenancy_of(conn, B).ref
        of_vendor = (ref.company_id, SLIP_CREDITOR, "71", FIRST.lstrip("0"), ref.id, VENDOR, None, None)
        add_slips(conn, [NewSlip(*of_vendor, 1_00, date(2026, 12, 1))], at=NOW, actor="bs")
    database.close()
    assert added(site, A, charge(site, A))["payment_id"] == SECOND
    (vendors,) = site.ask("slips", "show", FIRST)["slips"]
    assert (vendors["tenancy"], vendors["by"], vendors["state"]) == (B, "vendor", "unknown")


@sqlite_only
def test_a_line_that_was_read_says_whose_it_is(sites: Sites) -> None:
    site = sites()
    site.rent(A)
    site.collect()
    read = site.ask("slips", "read", f" +71< {FIRST} +{SLIP_CREDITOR}< ")
    assert (read["card_type"], read["payment_id"], read["creditor"]) == ("71", FIRST, SLIP_CREDITOR)
    (slip,) = read["slips"]
    assert (slip["tenancy"], slip["reference"], slip["number"], slip["state"]) == (A, "2612-1", "000000001", "open")
    assert site.ask("slips", "read", f"+71<{SECOND}+{SLIP_CREDITOR}<")["slips"] == []
    assert site.ask("slips", "read", f"+71<{FIRST}+12345678<")["slips"] == []
    wrong = hub("slips", "read", f"+71<000000000000019+{SLIP_CREDITOR}<", site=site.root)
    assert (wrong.status, "its check digit is 8" in wrong.err) == (1, True)


@sqlite_only
def test_verify_tells_a_slip_that_was_changed(sites: Sites) -> None:
    site = sites()
    site.rent(A, B)
    site.collect()
    parking = site.ask("charges", "add", A, "--due", DUE, "--line", "20010=1.00")["charge"]
    database = site.database()
    for change, told in (
        ("payment_id = '19'", "slip 1: payment id 000000000000019 ends in 9, its check digit is 8"),
        ("amount = 1", "slip 1 of 0.01 demands another amount than its collection"),
        (f"tenancy_id = (SELECT id FROM tenancy WHERE key = '{B}')", "is of another tenancy or company than what"),
        ("due_date = '2026-12-02'", "is due on another day than its collection"),
        ("collection_id = NULL", f"tenancy {A}: collection 1 goes by an own slip, and there is none"),
        ("charge_id = NULL", "slip 1 of 5000.00 has no tenancy, charge or collection"),
        (f"charge_id = {parking}", "slip 1 of 5000.00 is of a charge that its collection does not demand"),
        ("card_type = '73'", "slip 1 of type 73 has payment id 18, that type has none"),
        ("card_type = '99'", "slip 1 is of card type '99', which there is not"),
    ):
        with contextlib.suppress(_Undo), database.write() as conn:
            conn.execute(text(f"UPDATE slip SET {change} WHERE id = 1"))
            assert told in " | ".join(verify(conn).problems)
            raise _Undo
    database.close()
    assert hub("verify", site=site.root).status == 0
