"""PDF statements by name: sheet items 13.05-13.18, R35."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import Document, Malformed, Mine, NotMine
from hub.plugin.meters.statements import document_of
from hub_brunata.settings import BrunataSettings

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
#: The sheet's own example: company 1, property 1, type V, a year from June, unit 1, tenant 2.
NAME = "1-1-V-20170601-20180531-1-2.pdf"


@pytest.fixture
def whose(plugin, view):
    def go(name: str, content: bytes = PDF, **statements) -> Document:
        return plugin(statements=statements).whose(view(content, name))

    return go


def _refusal(whose, *args, **statements) -> str:
    with pytest.raises(Malformed) as refused:
        whose(*args, **statements)
    return str(refused.value)


def test_a_tenants_document(whose):
    assert whose(NAME) == Document("1", "1", "1", "2", "73035", date(2017, 6, 1), date(2018, 5, 31))


def test_a_propertys_own_document(whose):
    assert whose("1-12-F-20170601-20180531.pdf") == Document(
        "1", "12", "", "", "75020", date(2017, 6, 1), date(2018, 5, 31)
    )


@pytest.mark.parametrize(
    "name", ["0001-000012-E-20240101-20241231-000304-002.PDF", "1-12-E-20240101-20241231-304-2.Pdf"]
)
def test_leading_zeros_and_the_letters_of_the_extension_do_not_count(whose, name):
    assert whose(name) == Document("1", "12", "304", "2", "73095", date(2024, 1, 1), date(2024, 12, 31))


@pytest.mark.parametrize(
    ("unit", "tenant", "expected"),
    [
        ("st tv", "2", ("st tv", "2")),
        ("1. th.", "02", ("1. th.", "2")),
        ("0st", "00A", ("st", "A")),
        ("Ål(1)", "0", ("Ål(1)", "0")),
        (" 1 ", "2 (1)", ("1", "2 (1)")),
    ],
)
def test_a_number_is_whatever_the_portfolio_takes(whose, unit, tenant, expected):
    """Compared without leading zeros, as the portfolio keeps them (R35)."""
    document = whose(f"1-012-V-20170601-20180531-{unit}-{tenant}.pdf")
    assert (document.company, document.property, document.unit, document.tenant) == ("1", "12", *expected)


def test_places_separator_and_letters_are_those_of_the_config(whose):
    """Techem's places (22.06-22.17): the first part says nothing, and V is heat."""
    techem = {
        "separator": "_",
        "types": {"V": "75020"},
        "tenant_document": {
            "company": 2, "property": 3, "unit": 4, "tenant": 5, "period_from": 6, "period_to": 7, "type": 8,
        },
        "property_document": {"company": 2, "property": 3, "period_from": 4, "period_to": 5, "type": 6},
    }  # fmt: skip
    whole_year = {"period_from": date(2024, 1, 1), "period_to": date(2024, 12, 31), "charge_type": "75020"}
    tenants = whose("regnskab_1_12_304_2_20240101_20241231_V.pdf", **techem)
    assert tenants == Document(company="1", property="12", unit="304", tenant="2", **whole_year)
    propertys = whose("regnskab_1_12_20240101_20241231_V.pdf", **techem)
    assert propertys == Document(company="1", property="12", unit="", tenant="", **whole_year)


def test_names_compare_composed(whose):
    letter = unicodedata.normalize("NFD", "Å")
    name = f"1-1-{letter}-20170601-20180531-1-2.pdf"
    assert whose(name, types={"Å": "75020"}) == whose(unicodedata.normalize("NFC", name), types={letter: "75020"})


def test_a_vendor_without_property_documents(whose):
    """As Casi's sheet, where 25.13-25.17 are empty (R36)."""
    none = {"company": 0, "property": 0, "period_from": 0, "period_to": 0, "type": 0}
    assert whose(NAME, property_document=none).tenant == "2"
    reason = _refusal(whose, "1-1-V-20170601-20180531.pdf", property_document=none)
    assert "field 'number of parts'" in reason
    assert "found 5, expected 7 (a tenant's document)" in reason


@pytest.mark.parametrize(
    ("name", "field", "said"),
    [
        ("1-1-V-20170601-20180531-1.pdf", "number of parts", "found 6, expected 7 (a tenant's document) or 5"),
        ("1-1-V-20170601-20180531-1-2-3.pdf", "number of parts", "found 8, expected 7 (a tenant's document) or 5"),
        ("statement.pdf", "number of parts", "'statement.pdf' is no document's name: found 1, expected 7"),
        ("1-1-V-20170601-20180531-1-2.txt", "extension", "is no PDF's name: found .txt, expected .pdf"),
        (".pdf", "number of parts", "found 1, expected 7"),
        ("1-1-X-20170601-20180531-1-2.pdf", "type", "found X, expected one of F, V, E as part 3 of the name"),
        ("1-1-v-20170601-20180531-1-2.pdf", "type", "found v, expected one of F, V, E"),
        ("1-1-V-20170631-20180531-1-2.pdf", "period start", "impossible date: found 20170631, expected a date written"),
        ("1-1-V-20170601-31052018-1-2.pdf", "period end", "impossible date: found 31052018, expected a date written"),
        ("1-1-V-170601-20180531-1-2.pdf", "period start", "found 170601, expected a date written YYYYMMDD as part 4"),
        ("1-1-V-2017060a-20180531-1-2.pdf", "period start", "found 2017060a, expected a date written YYYYMMDD"),
        ("1-1-V-٢٠١٧٠٦٠١-20180531-1-2.pdf", "period start", "found ٢٠١٧٠٦٠١, expected a date written YYYYMMDD"),
        ("1-1-V-20180601-20180531-1-2.pdf", "period end", "found 2018-05-31, expected 2018-06-01 or later"),
        ("1--V-20170601-20180531-1-2.pdf", "property", "found '', expected 1 to 20 printable characters as part 2"),
        ("1-1-V-20170601-20180531-  -2.pdf", "unit", "found '', expected 1 to 20 printable characters as part 6"),
        (
            "1-1-V-20170601-20180531-s\tt-2.pdf",
            "unit",
            "found 's\\tt', expected 1 to 20 printable characters as part 6",
        ),
        ("1-1-V-20170601-20180531-1-2\u202e.pdf", "tenant", "found '2\\u202e', expected 1 to 20 printable"),
        (f"1-1-V-20170601-20180531-{'9' * 21}-2.pdf", "unit", "expected 1 to 20 printable characters as part 6"),
    ],
)
def test_a_name_that_is_none(whose, name, field, said):
    reason = _refusal(whose, name)
    assert reason.startswith(f"field {field!r}: ")
    assert said in reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no PDF: the file is empty. ask the vendor for the file again"),
        (b"PK\x03\x04 a zip", "field 'first bytes': no PDF: found 'PK\\x03\\x04 ', expected %PDF-"),
        (b"<html>%PDF-1.7 %%EOF", "field 'first bytes': no PDF: found '<html', expected %PDF-"),
        (
            PDF[:-8],
            "positions 1-27, field 'last bytes': no whole PDF: it was cut on its way: "
            "found the end of the file, expected %%EOF. ask the vendor",
        ),
        (PDF + b"\0" * 5000, "positions 940-5035, field 'last bytes': no whole PDF"),
    ],
)
def test_a_pdf_that_is_none(whose, content, said):
    assert said in _refusal(whose, NAME, content)


def test_pdfs_are_claimed_by_name_and_only_where_statements_are_on(plugin, view):
    assert plugin(statements={}).identify(view(b"no pdf", "any name.PDF")) == Mine("statement")
    assert isinstance(plugin({}).identify(view(PDF, NAME)), NotMine)
    assert plugin(statements={}).identify(view(b"", "1.txt")) == NotMine("the file is empty")
    assert isinstance(plugin(statements={}).identify(view(PDF, "1-1-V-20170601-20180531-1-2.txt")), NotMine)
    kind = plugin(statements={}).kinds["statement"]
    assert (kind.identity, kind.document) == ("name+content", True)


_number = st.integers(0, 999_999).map(str)
_dates = st.tuples(st.dates(date(1000, 1, 1)), st.dates(date(1000, 1, 1))).map(sorted)


@given(_number, _number, st.sampled_from("FVE"), _dates, st.none() | st.tuples(_number, _number))
def test_every_name_made_by_the_rule_is_read_by_it(company, number, letter, period, tenancy):
    first, last = period
    parts = [company, number, letter, f"{first:%Y%m%d}", f"{last:%Y%m%d}", *(tenancy or ())]
    unit, tenant = tenancy or ("", "")
    types = {"F": "75020", "V": "73035", "E": "73095"}
    expected = Document(company, number, unit, tenant, types[letter], first, last)
    assert document_of("-".join(parts) + ".pdf", BrunataSettings.sheet.statements()) == expected
