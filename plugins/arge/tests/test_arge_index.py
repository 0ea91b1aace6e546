"""E898 records (DTE898): which document is whose (R35); and documents that no index has named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.plugin import DocumentNamed, HubError, Kept, Malformed, Mine, NotMine, Remark

YEAR = "2025-01-01..2025-12-31"
SAMPLE = Path(__file__).resolve().parents[4] / "shared/samples/meters/arge305_E898_from-tests.txt"


def _named(record: int, name: str, **changes) -> DocumentNamed:
    period = (date(2025, 1, 1), date(2025, 12, 31))
    return DocumentNamed(record, name, "1", "12", "304", "2", "75020", *period)._replace(**changes)


def _refusal(read, *records, **settings) -> str:
    with pytest.raises(Malformed) as refused:
        read("DTE898", *records, **settings)
    return str(refused.value)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("test.pdf", "test.pdf"),
        ("bilag\\2025\\test.pdf", "test.pdf"),
        ("/bilag/2025/Æblegård 3.PDF", "Æblegård 3.PDF"),
        ("..\\..\\test.pdf", "test.pdf"),
        ("C:\\test.pdf", "test.pdf"),
        ("x" * 56, "x" * 56),
    ],
)
def test_a_document_is_named_without_its_folders(read, hand, path, name):
    assert read("DTE898", hand.document(path), period=YEAR) == [_named(1, name)]


@pytest.mark.parametrize("path", ["bilag\\", "..", "bilag/..", ".", "C:test.pdf", "a.pdf:b"])
def test_a_path_that_names_no_file_is_refused(read, hand, path):
    assert _refusal(read, hand.document(path)).startswith("line 1, positions 53-108, field 'path': found")


def test_the_kinds_of_config_are_filed_kept_or_refused(read, hand):
    bills, water = {"HKA": "75020", "BKA": "73035"}, hand.document("v.pdf", kind="BKA")
    found = read(
        *("DTE898", hand.document("h.pdf"), water, hand.document("a.pdf", kind="VDA")),
        period=YEAR,
        index={"charge_types": bills, "kept": ["VDA"]},
    )
    assert found == [
        _named(1, "h.pdf"),
        _named(2, "v.pdf", charge_type="73035"),
        Kept(3, "VDA", "1-12-304-2: a.pdf, kept by config"),
    ]
    said = _refusal(read, hand.document(kind=""), index={"charge_types": bills})
    assert said == (
        "line 1, positions 118-120, field 'document': "
        "found blank, expected a kind that settings.index files (BKA, HKA) or keeps (none)"
    )
    assert _refusal(read, hand.document(kind="HKB")).startswith("line 1, positions 118-120, field 'document'")


def test_the_period_is_given_or_asked_for(read, hand):
    found, remark = read("DTE898", hand.document())
    assert found == _named(1, "test.pdf", period_from=None, period_to=None)
    assert isinstance(remark, Remark)
    said = _refusal(read, hand.document(last_day="010126"), period=YEAR)
    assert said.startswith("line 1, positions 112-117, field 'last_day': found 2026-01-01, expected a day")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"charge_types": {"HKX": "75020"}}, "an index has no document kind HKX"),
        ({"charge_types": {"HKA": "75020"}, "kept": ["HKA"]}, "both filed and kept"),
        ({"charge_types": {}}, "at least 1 item"),
    ],
)
def test_settings_that_cannot_be(read, hand, settings, said):
    with pytest.raises(ValidationError, match=said):
        read("DTE898", hand.document(), index=settings)


def test_a_document_waits_for_the_index_that_names_it(plugin, view):
    file = view(b"%PDF-1.7", "0000471.PDF")
    assert plugin().identify(file) == Mine("statement")
    assert plugin().kinds["statement"].indexed
    assert plugin(index=None).identify(file) == NotMine("PDFs are off: no [settings.index]")
    with pytest.raises(HubError, match="documents are off"):
        list(plugin(index=None).read(file, "index"))


@pytest.mark.skipif(not SAMPLE.is_file(), reason="the samples are not beside this checkout")
def test_the_sample_lines_are_read_and_their_key_refused(plugin, view):
    """Their client's key is ``ID``: each field can be read, and whose they are cannot."""
    file = view(SAMPLE.read_bytes(), "DTE898")
    instance = plugin(provider="")
    with pytest.raises(Malformed, match="line 1, positions 32-51, field 'client_key': found ID"):
        list(instance.read(file, "index"))
    shown = list(instance.show(file))
    assert [field.problem for field in shown if field.problem] == [
        "found ID, expected 4 numbers with '-' between them: company, property, unit, tenant"
    ]
    assert {(field.field, field.value) for field in shown if field.record == 4} >= {
        ("path", "test.pdf"),
        ("page", "001"),
        ("last_day", "2015-12-31"),
        ("document", "HKA heating bill"),
    }
    assert [field.value for field in shown if field.field == "provider"] == ["", "30 Techem, Eschborn", "", "", ""]
    assert [field.value for field in shown if field.field == "billing"] == ["", "", "1", "", ""]
