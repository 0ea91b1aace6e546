"""A delivery 0601 read back: every byte is kept, every count held against what is there, any model survives."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.plugin import Collection, FileView, Malformed, Remark
from hub_nets_bs import Plugin, makers
from hub_nets_bs.collection_delivery import CollectionDelivery
from hub_nets_bs.own_delivery import rebuilt
from hub_nets_bs.settings import BetalingsserviceSettings

SAMPLES = Path(__file__).resolve().parents[4] / "shared/samples/betalingsservice"
HEAD = {"data_supplier": "87654321", "subsystem": "BS1", "delivery": "0000000414", "created": "2026-07-01"}
RENT = Collection(
    record=1,
    creditor="01234567",
    group="00001",
    channel="total",
    heading="Ejendommen Ærø",
    customer="42",
    mandate="000000007",
    due_date=date(2026, 8, 3),
    amount=812_550,
    reference="000010641",
    payment_id="",
    address=("Ane Prøve", "Testvej 3, st. tv."),
    postal_code="3000",
    country="DK",
    texts=("Husleje august 2026", "", "  heraf vand 250,00"),
)
SLIP = RENT._replace(record=2, channel="slip", customer="K43ÆØÅ", mandate="", payment_id="026840149965328")
#: 1 PBCNET00, 2 BS002, 3 BS012, 4-6 BS022, 7 BS042, 8-10 BS052, 11 BS092, 12 BS012, 13-15 BS022, 16 BS042,
#: 17-19 BS052, 20 BS092, 21 BS992, 22 PBCNET90.
SETTINGS = BetalingsserviceSettings(pad_records=True, envelope=True)


def _made(collections: list[Collection], settings: BetalingsserviceSettings = SETTINGS) -> bytes:
    return b"".join(makers.make("0601", collections, HEAD, settings))


def _back(content: bytes) -> list[Collection]:
    return list(CollectionDelivery(io.BytesIO(content), "iso8859-1").collections())


def _rebuilt(content: bytes) -> bytes:
    return b"".join(rebuilt(CollectionDelivery(io.BytesIO(content), "iso8859-1").records()))


DELIVERY = _made([RENT, SLIP])
LINES = DELIVERY.split(b"\r\n")[:-1]


def _altered(line: int, first: int, raw: bytes) -> bytes:
    """DELIVERY with other bytes from a 1-based line and position."""
    lines = list(LINES)
    lines[line - 1] = lines[line - 1][: first - 1] + raw + lines[line - 1][first - 1 + len(raw) :]
    return b"\r\n".join(lines) + b"\r\n"


def _refusal(content: bytes) -> Malformed:
    with pytest.raises(Malformed) as refused:
        _back(content)
    return refused.value


# --- Whole deliveries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["0601_section0112*", "0601_section0117*"])
def test_a_real_delivery_is_rebuilt_to_the_same_bytes(pattern):
    found = list(SAMPLES.glob(pattern))
    if not found:
        pytest.skip("the sample deliveries are not beside this checkout")
    real = found[0].read_bytes()
    lines = [line.rstrip(b" ") for line in real.removesuffix(b"\r\n").split(b"\r\n")]
    assert [line.rstrip(b" ") for line in _rebuilt(real).removesuffix(b"\r\n").split(b"\r\n")] == lines
    assert len(_back(real)) == sum(line.startswith(b"BS042") for line in lines)


def test_a_delivery_made_reads_back_through_the_plugin(tmp_path):
    stored = tmp_path / "stored"
    stored.write_bytes(DELIVERY)
    assert list(Plugin(SETTINGS).read(FileView("D0000414.BS1", len(DELIVERY), stored), "0601")) == [RENT, SLIP]


def test_older_forms_are_kept_and_counted(tmp_path):
    """Bank account in BS012, optional functions, a separate text, content in a gap: read, and rebuilt as they were."""
    lines = list(LINES)
    lines[2] = lines[2][:54] + b"90010001234500" + lines[2][68:]
    lines[5] = lines[5][:100] + b"gap" + lines[5][103:]
    optional = b"BS02201234567024000010" + LINES[5][22:42] + b" " * 40 + b"0012345678J" + b" " * 35
    lines[6:6] = [optional]
    lines[8:8] = [(b"BS06201234567" + b"in a form nobody knows").ljust(128)]
    lines[12] = lines[12][:57] + b"00000000004" + lines[12][68:83] + b"00000000004" + lines[12][94:]
    lines[-2] = lines[-2][:57] + b"00000000007" + lines[-2][68:83] + b"00000000007" + lines[-2][94:]
    lines[-1] = lines[-1][:28] + b"000022" + lines[-1][34:]
    content = b"\r\n".join(lines) + b"\r\n"
    assert _rebuilt(content) == content
    assert _back(content) == [RENT, SLIP]
    stored = tmp_path / "stored"
    stored.write_bytes(content)
    *_, remark = Plugin(SETTINGS).read(FileView("x", len(content), stored), "0601")
    assert isinstance(remark, Remark)
    assert "line 6, positions 74-128" in remark.text


# --- Any model ------------------------------------------------------------------------------------------------------

_PRINTABLE = "".join(chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100)) if chr(code) != "Ã")
_CUSTOMERS = st.integers(1, 10**15 - 1).map(str) | st.text("ABYZÆØÅ0123456789", max_size=14).map("K".__add__)


def _text(size: int) -> st.SearchStrategy[str]:
    return st.text(_PRINTABLE, max_size=size).map(lambda text: text.rstrip(" "))


def _digits(size: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=size, max_size=size)


def _lines(size: int, *, at_least: int, at_most: int, blank: bool) -> st.SearchStrategy[tuple[str, ...]]:
    line = _text(size)
    return st.lists(line if blank else line.filter(str.strip), min_size=at_least, max_size=at_most).map(tuple)


@st.composite
def _collections(draw: st.DrawFn, section: tuple[str, str, str, str]) -> Collection:
    creditor, group, channel, heading = section
    is_slip = channel == "slip"
    country = draw(st.sampled_from(("DK", "DK", "SE")))
    return RENT._replace(
        creditor=creditor,
        group=group,
        channel=channel,
        heading=heading,
        customer=draw(_CUSTOMERS),
        mandate="" if is_slip else draw(_digits(9).filter(lambda mandate: mandate.strip("0")) | st.just("")),
        due_date=draw(st.dates(date(1900, 1, 1), date(2199, 12, 31))),
        amount=draw(st.integers(0, 10**13 - 1)),
        reference=draw(_text(30)),
        payment_id=draw(st.sampled_from(("", "026840149965328", "000000000001230"))) if is_slip else "",
        address=draw(_lines(35, at_least=2 if country == "DK" else 3, at_most=5, blank=False)),
        postal_code=draw(_digits(4).filter(lambda code: code != "0000")) if country == "DK" else "",
        country=country,
        texts=draw(_lines(60, at_least=0, at_most=4, blank=True)),
    )


@st.composite
def _deliveries(draw: st.DrawFn) -> list[Collection]:
    made: list[Collection] = []
    sections = st.tuples(_digits(8), _digits(5), st.sampled_from(("total", "slip")), _text(60))
    for section in draw(st.lists(sections, max_size=2)):
        some = draw(st.lists(_collections(section), max_size=3))
        if len(some) > 1 and some[1].mandate and some[1].amount <= some[0].amount:
            some[1] = some[1]._replace(amount=-some[1].amount)
        made += some
    assume(len({(one.creditor, one.group, one.customer, one.due_date) for one in made}) == len(made))
    return [collection._replace(record=number) for number, collection in enumerate(made, start=1)]


@settings(max_examples=50)
@given(_deliveries(), st.booleans(), st.booleans())
def test_any_delivery_reads_back_as_it_was_made(collections, pad, envelope):
    content = _made(collections, BetalingsserviceSettings(pad_records=pad, envelope=envelope))
    assert _back(content) == collections
    assert _made(_back(content), BetalingsserviceSettings(pad_records=pad, envelope=envelope)) == content


def _bare(content: bytes) -> list[bytes]:
    """The lines without their ends and the blanks before them."""
    return [line.rstrip(b" \r") for line in content.split(b"\n")]


@given(st.integers(0, len(DELIVERY) - 1), st.integers(0, 255))
def test_any_one_byte_is_refused_or_kept(place, byte):
    content = DELIVERY[:place] + bytes([byte]) + DELIVERY[place + 1 :]
    with suppress(Malformed):
        assert _bare(_rebuilt(content)) == _bare(content)


# --- Refusals -------------------------------------------------------------------------------------------------------


def _counted_places() -> list[tuple[int, int]]:
    """(line, position) of every digit of a count or sum in a trailer."""
    fields = {
        11: ((32, 42), (43, 57), (58, 68), (84, 94)),
        20: ((32, 42), (43, 57), (58, 68), (84, 94)),
        21: ((21, 31), (32, 42), (43, 57), (58, 68), (84, 94)),
        22: ((29, 34),),
    }
    return [(line, at) for line, places in fields.items() for first, last in places for at in range(first, last + 1)]


@given(st.sampled_from(_counted_places()), st.integers(1, 9))
def test_any_other_digit_in_a_count_or_a_sum_is_refused_at_its_place(place, shift):
    line, at = place
    digit = (LINES[line - 1][at - 1] - ord("0") + shift) % 10
    refused = _refusal(_altered(line, at, b"%d" % digit))
    assert refused.line == line
    first, last = refused.positions
    assert first <= at <= last


@given(st.sampled_from((7, 16)), st.integers(61, 73), st.integers(1, 9))
def test_any_other_digit_in_an_amount_is_refused_at_the_total(line, at, shift):
    digit = (LINES[line - 1][at - 1] - ord("0") + shift) % 10
    refused = _refusal(_altered(line, at, b"%d" % digit))
    assert (refused.line, refused.positions, refused.field) == (11 if line == 7 else 20, (43, 57), "net_amount")


@given(st.integers(3, 20), st.integers(1, 17), st.sampled_from(b"0123456789X\xc6 "))
def test_any_other_record_type_creditor_or_code_is_refused_at_its_line(line, at, byte):
    assume(LINES[line - 1][at - 1] != byte)
    # The start of the other kind of section: told at the first record that is none of it.
    assume((line, at, byte) != (3, 17, ord("7")))
    content = _altered(line, at, bytes([byte]))
    # The last text (BS052) as the separate text behind it (BS062) is as good.
    assume(not content.split(b"\r\n")[line - 1].startswith(b"BS062"))
    # A section with another creditor in its start is told at its next record.
    assert _refusal(content).line in (line, line + 1)


@given(st.integers(4, 10), st.integers(1, 51))
def test_a_byte_lost_before_the_text_of_a_record_is_refused_at_its_line(line, at):
    lines = list(LINES)
    lines[line - 1] = lines[line - 1][: at - 1] + lines[line - 1][at:]
    assert _refusal(b"\r\n".join(lines)).line == line


@pytest.mark.parametrize(
    ("line", "first", "raw", "said"),
    [
        (3, 14, b"0118", "line 3, positions 14-17, field 'section': found '0118', expected one of '0112', '0117'"),
        (3, 23, b"00002", "line 4, positions 23-27, field 'group': not of its section: found 00001, expected 00002"),
        (4, 22, b"2", "line 4, positions 18-22, field 'number': a line of the address out of its order: found 2"),
        (5, 22, b"3", "line 5, positions 18-22, field 'number': a line of the address out of its order: found 3"),
        (5, 42, b"3", "line 5, positions 28-42, field 'customer': not of its collection: found 000000000000043"),
        (6, 67, b"30 0", "line 6, positions 67-70, field 'postal_code': found '30 0', expected 4 digits"),
        (7, 14, b"0285", "line 7, positions 14-17, field 'code': found '0285', expected '0280'"),
        (7, 52, b"03082O26", "line 7, positions 52-59, field 'due': found '03082O26', expected a date DDMMYYYY"),
        (7, 60, b"3", "line 7, position 60, field 'sign': found '3', expected one of '0', '1', '2'"),
        (7, 60, b"0", "line 7, positions 61-73, field 'amount': sign code 0 (no amount) with an amount"),
        (7, 60, b"2", "line 11, positions 43-57, field 'net_amount': more is paid out than collected"),
        (8, 18, b"00002", "line 8, positions 18-22, field 'number': a text out of its order: found 2, expected 1"),
        (8, 43, b"000000008", "line 8, positions 43-51, field 'mandate': not of its collection: found 000000008"),
        (11, 14, b"0117", "line 11, positions 14-17, field 'section': the trailer is another section's: found 0117"),
        (11, 42, b"2", "wrong count in the trailer BS092: found 2, expected 1"),
        (11, 57, b"1", "wrong total in the trailer BS092: found 8125.51, expected 8125.50"),
        (21, 13, b"2", "line 21, positions 6-13, field 'data_supplier': the trailer is another delivery's"),
        (21, 31, b"1", "line 21, positions 21-31, field 'sections': wrong count in the trailer BS992: found 1"),
        (22, 12, b"9", "line 22, positions 9-28, field 'transmission': another transmission's end"),
        (22, 34, b"1", "line 22, positions 29-34, field 'records': wrong count in the envelope PBCNET90: found 21"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(line, first, raw, said):
    assert said in str(_refusal(_altered(line, first, raw)))


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ([2], "line 2, positions 1-5, field 'record_type': unexpected record: found 'BS012', expected BS002"),
        ([3], "line 3, positions 1-5, field 'record_type': unexpected record: found 'BS022', expected BS012 or BS992"),
        ([4], "line 4, positions 18-22, field 'number': a line of the address out of its order: found 2, expected 1"),
        ([4, 5], "found 'BS022', expected one of section 0112: address"),
        ([6], "found 'BS042', expected one of section 0112: address, postal"),
        ([7], "found 'BS052', expected one of section 0112: optional, payment"),
        ([7, 8, 9, 10], "found 'BS092', expected the rest of the collection, BS042 at least"),
        ([11], "found 'BS012', expected one of section 0112: address, text, separate text, or BS092"),
        ([20, 21, 22], "the delivery is cut after line 19"),
        ([21, 22], "the delivery is cut after line 20"),
        ([22], "the delivery is cut after line 21"),
        ([1], "found 'PBCNET90', expected nothing more after the end of the delivery"),
        (range(2, 23), "the delivery is cut after line 1"),
    ],
)
def test_records_missing_or_out_of_order(left_out, said):
    content = b"\r\n".join(line for number, line in enumerate(LINES, start=1) if number not in left_out)
    assert said in str(_refusal(content))


def test_more_lines_than_an_address_may_have():
    extra = [LINES[3][:17] + b"%05d" % number + LINES[3][22:] for number in range(3, 7)]
    content = b"\r\n".join([*LINES[:5], *extra, *LINES[5:]])
    assert "line 9, positions 18-22, field 'number': too many lines" in str(_refusal(content))


def test_a_payers_number_is_not_repeated_by_a_refusal():
    optional = b"BS02201234567024000010" + LINES[5][22:42] + b" " * 40 + b"01017012 4" + b" " * 36
    refused = str(_refusal(b"\r\n".join([*LINES[:6], optional, *LINES[6:]])))
    assert "line 7, positions 83-92, field 'payer_id': found a payer's number, not shown, expected 10 digits" in refused
    assert "010170" not in refused
