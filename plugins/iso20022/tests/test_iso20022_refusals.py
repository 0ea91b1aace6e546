"""What is refused, with a reason that names the place."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.plugin import Malformed, Mine, NotMine, Remark
from hub_iso20022 import Plugin, entries, stream
from tests.camt import Line, batch, document, statement

ACCOUNT = "DK5000400440116243"
DAY = date(2026, 11, 2)
SLIP = Line(750000, DAY, creditor="80000001", payment_id="000000000001230")
TRANSFER = Line(812500, DAY, text="Husleje", payer="Bo Æblegård", payer_account="3100 1234567890")


def made(*lines: Line, **more: Any) -> bytes:
    given: dict[str, Any] = {"identification": "2026-211", **more}
    return statement(ACCOUNT, DAY, DAY, 100_000, lines or (SLIP, TRANSFER), **given)


@pytest.fixture
def refused(read):
    """The words in which a file is refused."""

    def go(content: bytes, **settings: Any) -> str:
        with pytest.raises(Malformed) as caught:
            read(content, **settings)
        return str(caught.value)

    return go


def changed(content: bytes, old: str, new: str, count: int = 1) -> bytes:
    assert old.encode() in content
    return content.replace(old.encode(), new.encode(), count)


def test_balances_that_do_not_add_up_are_refused_with_all_three(refused) -> None:
    said = refused(changed(made(), '<Amt Ccy="DKK">1000.00', '<Amt Ccy="DKK">1000.01'))
    assert "statement 2026-211 of account DK5000400440116243" in said
    assert "opening balance 1000.01 and entries of 15625.00 make 16625.01, the closing balance is 16625.00" in said


def test_balances_that_do_not_add_up_are_read_where_a_setting_says_so(read) -> None:
    content = changed(made(), '<Amt Ccy="DKK">1000.00', '<Amt Ccy="DKK">1000.01')
    *records, remark = read(content, balances="tell")
    assert isinstance(remark, Remark)
    assert "make 16625.01, the closing balance is 16625.00" in remark.text
    assert [record.amount for record in records[1:]] == [750_000, 812_500]


def test_the_previous_closing_balance_is_an_opening_balance(refused) -> None:
    content = changed(made(), "<Cd>OPBD</Cd>", "<Cd>PRCD</Cd>")
    assert "opening balance 1000.01" in refused(changed(content, ">1000.00<", ">1000.01<"))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("<TtlNtries><NbOfNtries>2<", "<TtlNtries><NbOfNtries>3<", "TxsSummry/TtlNtries/NbOfNtries"),
        ("<TtlCdtNtries><NbOfNtries>2<", "<TtlCdtNtries><NbOfNtries>1<", "TxsSummry/TtlCdtNtries/NbOfNtries"),
        ("<Sum>15625.00<", "<Sum>15625.01<", "TxsSummry/TtlCdtNtries/Sum"),
        ("<Sum>0.00<", "<Sum>0.01<", "TxsSummry/TtlDbtNtries/Sum"),
        ("</NbOfNtries></TtlNtries>", "</NbOfNtries><Sum>1.00</Sum></TtlNtries>", "TxsSummry/TtlNtries/Sum"),
        (
            "</NbOfNtries></TtlNtries>",
            "</NbOfNtries><TtlNetNtryAmt>15625.00</TtlNetNtryAmt><CdtDbtInd>DBIT</CdtDbtInd></TtlNtries>",
            "TxsSummry/TtlNtries/TtlNetNtryAmt",
        ),
    ],
)
def test_counts_and_sums_of_the_summary_are_verified(refused, old: str, new: str, path: str) -> None:
    """Also where balances are only told."""
    said = refused(changed(made(), old, new), balances="tell")
    assert path in said
    assert "the entries are not what the summary says" in said


@pytest.mark.parametrize(
    ("before", "page"),
    [
        ("<CreDtTm>2026-11-02", "<StmtPgntn><LastPgInd>false</LastPgInd></StmtPgntn>"),
        ("<CreDtTm>2026-11-02", "<StmtPgntn><PgNb>2</PgNb><LastPgInd>true</LastPgInd></StmtPgntn>"),
        ("</GrpHdr>", "<MsgPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></MsgPgntn>"),
    ],
)
def test_a_page_of_several_is_read_unverified_and_says_so(read, before: str, page: str) -> None:
    content = changed(changed(made(), before, page + before), "<TtlNtries><NbOfNtries>2<", "<TtlNtries><NbOfNtries>9<")
    *_, remark = read(content)
    assert remark == Remark(
        f"statement 2026-211 of account {ACCOUNT} is one page of several: "
        "its balances, counts and sums cannot be verified"
    )


def test_the_only_page_is_verified(refused) -> None:
    page = "<MsgPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr>"
    content = changed(changed(made(), "</GrpHdr>", page), ">1000.00<", ">1000.01<")
    assert "the closing balance is 16625.00" in refused(content)


def test_amounts_beyond_what_any_company_has_are_refused(refused) -> None:
    said = refused(made(Line(6 * 10**14, DAY), Line(-6 * 10**14, DAY)))
    assert "amounts that come to more than 10000000000000.00 in one file" in said


@pytest.mark.parametrize("wrong", ["8125,00", "8.125,00", "-8125.00", "8125.001", "8125.", "", "1e3", "٨", "9" * 16])
def test_an_amount_that_could_mean_two_things_is_refused(refused, wrong: str) -> None:
    said = refused(
        changed(
            made(TRANSFER),
            ">8125.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
            f">{wrong}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>",
        )
    )
    assert "field 'Ntry/Amt': no amount" in said
    assert "line 2" in said


def test_decimals_that_say_nothing_may_follow(read) -> None:
    assert read(changed(made(), "8125.00", "8125.00000", 9))[2].amount == 812_500


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<CdtDbtInd>KREDIT</CdtDbtInd><Sts>", "expected CRDT or DBIT"),
        ("<BookgDt><Dt>2026-11-02</Dt></BookgDt>", "", "a booked entry without a booking date"),
        ("<BookgDt><Dt>2026-11-02", "<BookgDt><Dt>02-11-2026", "field 'Ntry/BookgDt': found 02-11-2026"),
        ("<BookgDt><Dt>2026-11-02", "<BookgDt><Dt>2026-02-30", "field 'Ntry/BookgDt': found 2026-02-30"),
        ("<ValDt><Dt>2026-11-02", "<ValDt><Dt>0226-11-02", "field 'Ntry/ValDt'"),
        ('<Amt Ccy="DKK">8125.00', '<Amt Ccy="EUR">8125.00', "not the account's currency: found EUR, expected DKK"),
        ('<Amt Ccy="DKK">8125.00', "<Amt>8125.00", "not the account's currency"),
        ("<Sts>BOOK</Sts>", "<Sts>BOOK</Sts><RvslInd>ja</RvslInd>", "field 'Ntry/RvslInd': found ja"),
        ("<Sts>BOOK</Sts>", "", "field 'Ntry/Sts': an entry that does not say whether it is booked"),
        ("<NtryRef>1</NtryRef>", '<Amt Ccy="DKK">1.00</Amt>', "stands twice where it may stand once"),
    ],
)
def test_an_entry_that_is_none_is_refused(refused, old: str, new: str, said: str) -> None:
    content = made(TRANSFER)
    at = content.index(b"<Ntry>")
    assert said in refused(content[:at] + changed(content[at:], old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (f"<IBAN>{ACCOUNT}</IBAN>", "", "field 'Acct/Id': no account"),
        (
            '<Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="DKK">',
            '<Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">',
            "a balance in another currency",
        ),
        ("<FrDtTm>2026-11-02", "<FrDtTm>2026-11-03", "a statement that ends before it begins"),
        ("</Ntry></Stmt>", "</Ntry><Bal/></Stmt>", "field 'Bal': stands after an entry"),
        ("</Ntry></Stmt>", "</Ntry><Acct/></Stmt>", "field 'Acct': stands after an entry"),
        ("</Stmt>", "<RltdAcct><Ntry/></RltdAcct></Stmt>", "an entry stands where none may"),
        ("</Ntry></Stmt>", "</Ntry><Stmt/></Stmt>", "a statement stands where none may"),
        ("<Acct>", "<TxDtls/><Acct>", "an entry or statement stands where none may"),
        ("</Ntry></Stmt>", "<TxDtls/></Ntry></Stmt>", "a transaction stands where none may"),
    ],
)
def test_a_statement_that_is_none_is_refused(refused, old: str, new: str, said: str) -> None:
    assert said in refused(changed(made(), old, new))


def test_a_batch_must_be_the_sum_of_its_payments(refused) -> None:
    content = made(batch([SLIP, SLIP]))
    said = refused(content.replace(b'<TxAmt><Amt Ccy="DKK">7500.00', b'<TxAmt><Amt Ccy="DKK">7500.01', 1))
    assert "line 2, field 'Ntry/Amt'" in said
    assert "an entry that is not the sum of its 2 transactions: found 15000.00, expected 15000.01" in said


def test_a_batch_has_as_many_payments_as_it_says(refused) -> None:
    said = refused(changed(made(batch([SLIP, SLIP])), "<NbOfTxs>2<", "<NbOfTxs>3<"))
    assert "a batch with another number of transactions than it says: found 3, expected 2" in said


def test_an_entry_of_too_many_payments_is_refused(refused, monkeypatch) -> None:
    monkeypatch.setattr("hub_iso20022.reading.TRANSACTIONS_MAX", 3)
    assert entries.TRANSACTIONS_MAX == 100_000
    assert "an entry with more than 3 transactions" in refused(made(batch([SLIP] * 4)))


@pytest.mark.parametrize("version", ["001.01", "001.14", "002.02"])
@pytest.mark.parametrize("kind", ["camt.053", "camt.054"])
def test_another_version_is_refused_by_its_name(refused, version: str, kind: str) -> None:
    said = refused(made(kind=kind, version=version))
    assert f"a version that is not read here: found {kind}.{version}, expected {kind}.001.02 to {kind}.001.13" in said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (made().replace(b"camt.053", b"camt.052"), "camt.052.001.02 of ISO 20022"),
        (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.03'/>", "pain.002.001.03 of ISO 20022"),
        (b"<html/>", "it names no message of ISO 20022"),
        (b"", "the file is empty"),
        (b"Dato;Tekst;Beloeb\r\n", "it is no XML"),
    ],
)
def test_other_files_are_not_its_own(plugin, view, content: bytes, why: str) -> None:
    said = plugin().identify(view(content))
    assert isinstance(said, NotMine)
    assert why in said.why


def test_an_instance_may_be_of_some_accounts_alone(plugin, view) -> None:
    """By the first account of the file: an IBAN or a number of the bank's own."""
    for account in (ACCOUNT, "31001234567890"):
        content = statement(account, DAY, DAY, 0, [], identification="1")
        assert plugin(accounts=[account]).identify(view(content)) == Mine("camt.053")
        assert plugin(accounts=["DK1111"]).identify(view(content)) == NotMine(f"a statement of account {account}")


def test_what_names_the_message_and_is_another_is_refused(refused) -> None:
    start = b"<Document xmlns="
    for wrong in (
        made().replace(start, b"<Envelope xmlns=").replace(b"</Document>", b"</Envelope>"),
        made().replace(start, b"<Envelope xmlns=").replace(b"<BkTo", b"<Document><BkTo") + b"</Envelope>",
    ):
        assert "stands where none may" in refused(wrong)
    other = b'<a><b xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"/></a>'
    assert "the first element is of no message that is read here" in refused(other)
    assert "there is no Stmt in the file" in refused(document())


BOMB = (
    '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)


@pytest.mark.parametrize(
    "doctype",
    [
        BOMB,
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>',
        "<!DOCTYPE Document>",
        "<!-- one --><?two?>\n<!DOCTYPE Document>",
        "<!doctype html>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_of_any_kind_is_refused(refused, doctype: str, encoding: str) -> None:
    text = made(replace(TRANSFER, text="ENTITY")).decode().replace("ENTITY", "&c;&x;")
    text = text.replace('encoding="UTF-8"', f'encoding="{encoding}"').replace("<Document", f"{doctype}<Document", 1)
    assert "a DOCTYPE, which no bank's file has" in refused(text.encode(encoding))


def test_a_doctype_far_down_is_not_overlooked(plugin, view) -> None:
    """Behind as much as is looked at, nothing may begin."""
    late = made().replace(b"<Document", b"<!--" + b"x" * 70_000 + b"-->" + BOMB.encode() + b"<Document", 1)
    with pytest.raises(Malformed, match="no XML element begins within the first 64 KiB"):
        list(plugin().read(view(late), "camt.053"))


def test_an_entity_that_nobody_has_declared_is_refused(refused) -> None:
    assert "this is no XML that can be read" in refused(changed(made(), "Husleje", "&x;"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "iso-8859-15", "windows-1252"])
def test_encodings_that_the_file_declares(read, encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    content = made().decode().replace('encoding="UTF-8"', f'encoding="{declared}"').encode(encoding)
    assert read(content) == read(made())


def test_a_file_that_declares_nothing_is_utf_8(read) -> None:
    content = made()
    assert read(content[content.index(b"?>") + 2 :]) == read(content)


@pytest.mark.parametrize(
    ("declared", "written", "said"),
    [
        ("UTF-8", "utf-16", "declares UTF-8 and has a byte order mark of UTF-16"),
        ("UTF-16", "utf-8-sig", "declares UTF-16 and has a byte order mark of UTF-8"),
        ("UTF-16", "utf-8", "declares UTF-16 and has no byte order mark"),
        ("UTF-16", "utf-16-le", "UTF-16 or UTF-32 without a byte order mark"),
        ("UTF-32", "utf-32", "the file is UTF-32"),
        ("UTF-7", "utf-8", "an encoding that is not read: found UTF-7"),
        ("IBM037", "utf-8", "an encoding that is not read: found IBM037"),
        ("UTF-8", "iso-8859-1", "this is no XML that can be read"),
    ],
)
def test_an_encoding_that_cannot_be_is_refused(view, declared: str, written: str, said: str) -> None:
    content = made().decode().replace('encoding="UTF-8"', f'encoding="{declared}"').encode(written)
    with pytest.raises(Malformed) as caught:
        list(Plugin(Plugin.settings_model()).read(view(content), "camt.053"))
    assert said in str(caught.value)


def test_a_no_break_space_in_the_markup_is_named(refused) -> None:
    said = refused(changed(made(), "<NtryRef>", "<NtryRef\u00a0>"))
    assert said.startswith("line 2, position ")
    assert "U+00A0, a no-break space, stands within the markup" in said


def test_a_no_break_space_in_a_text_is_a_blank(read) -> None:
    assert read(changed(made(), "Husleje", "Hus\u00a0leje"))[2].text == "Hus leje"


def test_a_cut_file_is_refused(refused) -> None:
    assert "this is no XML that can be read" in refused(made()[:-40])


def test_what_is_nested_too_deep_is_refused(refused) -> None:
    deep = "<x>" * 100_000 + "</x>" * 100_000
    assert "depth" in refused(changed(made(), "<NtryRef>1</NtryRef>", deep)).lower()


def test_a_text_too_long_is_refused(refused) -> None:
    assert "this is no XML that can be read" in refused(changed(made(), "Husleje", "x" * 10_100_000))


def test_what_never_comes_to_an_entry_is_refused(refused, monkeypatch) -> None:
    monkeypatch.setattr(stream, "UNBROKEN_BYTES_MAX", 1024 * 1024)
    assert "no entry, transaction or statement ends within 1 MiB" in refused(
        changed(made(), "<NtryRef>1</NtryRef>", "<x/>" * 600_000)
    )


_CHILD = """
import resource, sys
from pathlib import Path
from hub.plugin import FileView
from hub_iso20022 import Plugin
path = Path(sys.argv[1])
file = FileView(path.name, path.stat().st_size, path)
print(sum(1 for _ in Plugin(Plugin.settings_model()).read(file, "camt.053")))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("is_batch", [False, True])
def test_memory_does_not_grow_with_the_file(view, is_batch: bool) -> None:
    """Of entries; and of the transactions of one entry no more is held than what they say."""

    def kibibytes(count: int) -> int:
        lines = [batch([SLIP] * count)] if is_batch else [SLIP] * count
        told = subprocess.run(
            [sys.executable, "-c", _CHILD, view(made(*lines)).path], check=True, capture_output=True, text=True
        )
        records, highest = map(int, told.stdout.split())
        assert records == count + 1
        return highest

    # The tree of these, as a whole, would take more than 40 MB.
    assert kibibytes(10_000) < kibibytes(10) + (30_000 if is_batch else 6_000)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 3_000), st.integers(0, 40))
def test_any_bytes_are_read_or_refused(view, put: bytes, at: int, dropped: int) -> None:
    content = made()
    broken = content[:at] + put + content[at + dropped :]
    instance, file = Plugin(Plugin.settings_model()), view(broken)
    said = instance.identify(file)
    if isinstance(said, Mine):
        with suppress(Malformed):
            list(instance.read(file, said.kind))
    assert list(instance.show(file))
