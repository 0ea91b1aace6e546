"""Result files: sheet items 12.01-12.14, R1, R3, R25, R30, R34."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.plugin import ConsumptionResult, HubError, Malformed, Mine, NotMine, Remark
from hub.plugin.meters import results
from hub_brunata import Plugin
from hub_brunata.settings import BrunataSettings

# company 1-4, property 5-10, unit 11-16, tenant 17-19, gap 20, amount 21-30, sign 31
PAYS = "0001000012000304002 0000125050+"
RECEIVES = "0001000012000305001 0000000099-"


@pytest.fixture
def read(plugin, view):
    def go(content: bytes | list[str], **result):
        raw = content if isinstance(content, bytes) else "\r\n".join([*content, ""]).encode("latin-1")
        return list(plugin(result).read(view(raw, "resultat.txt")))

    return go


def _refusal(read, content, **result) -> str:
    with pytest.raises(Malformed) as refused:
        read(content, **result)
    return str(refused.value)


def _result(record: int, unit: str, tenant: str, amount: int, **changes) -> ConsumptionResult:
    return ConsumptionResult(record, "1", "12", unit, tenant, amount, "balance", None, "75040", None, None)._replace(
        **changes
    )


def test_a_file_with_the_positions_of_the_sheet(read):
    assert read([PAYS, RECEIVES]) == [_result(1, "304", "2", 125050), _result(2, "305", "1", -99)]


@pytest.mark.parametrize(("decimals", "amount"), [(0, 12505000), (1, 1250500), (2, 125050), (3, 12505)])
def test_decimals_are_those_that_the_vendor_named(read, decimals, amount):
    assert read([PAYS], implied_decimals=decimals)[0].amount == amount


def test_amounts_in_less_than_an_oere_are_refused_not_rounded(read):
    reason = _refusal(read, ["0001000012000304002 0000125051+"], implied_decimals=3)
    assert "line 1, positions 21-30, field 'amount': found '0000125051', expected an amount in whole øre" in reason


@pytest.mark.parametrize(("pays", "receives"), [("+", "-"), (" ", "-"), ("D", "K"), ("-", "+")])
def test_the_sign_characters_are_those_of_the_config(read, pays, receives):
    lines = [PAYS[:-1] + pays, RECEIVES[:-1] + receives]
    found = read([line.rstrip(" ") for line in lines], sign_tenant_pays=pays, sign_tenant_receives=receives)
    assert [result.amount for result in found] == [125050, -99]


def test_another_sign_is_refused(read):
    reason = _refusal(read, [PAYS, RECEIVES[:-1] + "K"])
    assert reason == "line 2, position 31, field 'sign': found 'K', expected one of '+', '-'"


def test_our_own_export_is_refused_as_a_result(read, plugin, view):
    """R3: an export has the move-in date where a result has the sign (item 11.12)."""
    export = "0001000012000304002 0000125050" + "01062024" + " " * 8 + "Æblegård"
    file = view(export.encode("latin-1"), "export.txt")
    assert plugin({}).identify(file) == Mine("result")
    with pytest.raises(Malformed):
        list(plugin({}).read(file))
    assert "position 31, field 'sign': found '0'" in _refusal(read, [export], record_length=108)


def test_periods_in_the_file(read):
    line = PAYS + "01062024" + "31052025"
    (result,) = read([line], period_from_start=32, period_to_start=40)
    assert (result.period_from, result.period_to) == (date(2024, 6, 1), date(2025, 5, 31))
    short = PAYS + "240601" + "250531"
    (result,) = read([short], period_from_start=32, period_to_start=38, date_format="ÅÅMMDD")
    assert (result.period_from, result.period_to) == (date(2024, 6, 1), date(2025, 5, 31))


def test_a_period_that_ends_before_it_starts(read):
    reason = _refusal(read, [PAYS + "01062025" + "31052025"], period_from_start=32, period_to_start=40)
    assert reason == (
        "line 1, positions 40-47, field 'period_to': the period ends before it starts: "
        "found 2025-05-31, expected 2025-06-01 or later"
    )


def test_an_impossible_date(read):
    reason = _refusal(read, [PAYS + "31062024" + "31052025"], period_from_start=32, period_to_start=40)
    assert reason == "line 1, positions 32-39, field 'period_from': found '31062024', expected a date DDMMYYYY"


def test_content_in_a_gap_is_remarked_once(read):
    *found, remark = read([PAYS, RECEIVES[:19] + "x" + RECEIVES[20:], PAYS[:19] + "9" + PAYS[20:]])
    assert len(found) == 3
    assert remark == Remark("2 lines have content between the fields (R34), first line 2, positions 20-20: 'x'")


def test_control_characters_in_a_gap_are_refused_by_the_files_own_encoding(read):
    """0x9b is a control character in ISO 8859-1 and the letter ø in cp865."""
    line = (PAYS[:19] + "\x9b" + PAYS[20:]).encode("latin-1")
    reason = _refusal(read, line)
    assert reason.startswith("line 1, position 20, field 'gap': content between the fields (R34): found '\\x9b'")
    *_, remark = read(line, encoding="cp865")
    assert remark.text.endswith("first line 1, positions 20-20: 'ø'")


def test_content_behind_the_fields_is_a_gap_where_the_record_length_says_so(read):
    line = PAYS + "Æblegård"
    found = "found 39 bytes with 'Æ' beyond the record, expected 31 bytes"
    assert _refusal(read, [line]) == f"line 1, position 32: wrong record length: {found}"
    *found, remark = read([line], record_length=40)
    assert found == [_result(1, "304", "2", 125050)]
    assert remark.text == "1 line has content between the fields (R34), first line 1, positions 32-40: 'Æblegård '"


def test_numbers_of_letters_and_filled_with_blanks(read):
    found = read(["   1    12   12A  2 0000000000+"])
    assert found == [_result(1, "12A", "2", 0)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf" + PAYS.encode(), "line 1, positions 1-3: found a UTF-8 byte order mark, expected a record"),
        ([PAYS, "", PAYS], "line 2: wrong record length: found 0 bytes, expected 31 bytes"),
        ([PAYS[:25]], "line 1, positions 21-30, field 'amount': found '00001     ', expected 10 digits"),
        (["0001000012      002 0000125050+"], "line 1, positions 11-16, field 'unit'"),
        (["000100001200\x07304002 0000125050+"], "line 1, positions 11-16, field 'unit'"),
        ([PAYS, RECEIVES + "1"], "line 2, position 32: wrong record length: found 32 bytes with '1' beyond"),
    ],
)
def test_what_is_no_result_file(read, content, said):
    assert _refusal(read, content).startswith(said)


@pytest.mark.parametrize("amount", [" 000125050", "+000125050", "-000125050", "00012_5050", "0001250,50"])
def test_an_amount_is_digits_and_nothing_else(read, amount):
    reason = _refusal(read, [PAYS, PAYS[:20] + amount + "+"])
    assert reason == f"line 2, positions 21-30, field 'amount': found {amount!r}, expected 10 digits"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"BS00287654321BS106021234567890", "positions 1-4 of its first line hold no company number"),
        (b"PBCNET30BS1 25123001", "positions 1-4 of its first line hold no company number"),
        (b"company;property\n1;12\n", "positions 1-4 of its first line hold no company number"),
        (b"2024-06-01 12:00 log line", "positions 5-10 of its first line hold no property number"),
        (b"0001\r\n", "positions 5-10 of its first line hold no property number"),
        (PAYS.encode("utf-16"), "it begins with a UTF-16 byte order mark"),
        (b"%PDF-1.7\n", "positions 1-4 of its first line hold no company number"),
        (b"\0" * 64, "positions 1-4 of its first line hold no company number"),
    ],
)
def test_what_is_plainly_something_else_is_left_to_others(plugin, view, content, why):
    assert plugin({}).identify(view(content, "resultat.txt")) == NotMine(why)


def test_a_result_is_claimed_by_its_look(plugin, view):
    assert plugin({}).identify(view(PAYS.encode(), "whatever")) == Mine("result")
    # Wrong in a way that reading shall name, byte order mark included.
    assert plugin({}).identify(view(b"\xef\xbb\xbf" + PAYS.encode(), "x.txt")) == Mine("result")
    assert plugin({}).identify(view(PAYS.replace("125", "a,b").encode(), "x.txt")) == Mine("result")


# --- What the plug-in makes, it reads back -------------------------------------------------------------------------

_numbers = {size: st.integers(0, 10**size - 1).map(str) for size in (3, 4, 6)}
_units = _numbers[6] | st.text("ABCÆØÅ019", min_size=1, max_size=5).map(lambda text: text[:5] + "A")
_made_results = st.builds(
    ConsumptionResult,
    record=st.just(0),
    company=_numbers[4],
    property=_numbers[6],
    unit=_units,
    tenant=_numbers[3],
    measure=st.just("balance"),
    on_account=st.none(),
    amount=st.integers(-(10**10) + 1, 10**10 - 1),
    charge_type=st.just("75040"),
    period_from=st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    period_to=st.dates(date(2100, 1, 1), date(2200, 1, 1)),
    last_day=st.none(),
)


@given(st.lists(_made_results, min_size=1, max_size=5), st.booleans())
def test_a_result_file_reads_back_as_it_was_made(made, with_period):
    settings = BrunataSettings.sheet.result.fixed(
        implied_decimals=2,
        sign_tenant_pays=" ",
        sign_tenant_receives="-",
        charge_type="75040",
        period_from_start=32 if with_period else 0,
        period_to_start=40 if with_period else 0,
    )
    if not with_period:
        made = [result._replace(period_from=None, period_to=None) for result in made]
    content = b"".join(Plugin(BrunataSettings(result=settings)).make("result", made))
    found = list(results.read(io.BytesIO(content), settings))
    assert found == [result._replace(record=line) for line, result in enumerate(made, 1)]


def test_what_a_result_file_cannot_carry(plugin):
    instance = plugin({})
    with pytest.raises(HubError, match="of type 75040, balance, cannot carry"):
        list(instance.make("result", [_result(1, "304", "2", 100, charge_type="73039")]))
    with pytest.raises(HubError, match="positions 11-16, field 'unit'"):
        list(instance.make("result", [_result(1, "1234567", "2", 100)]))
    with pytest.raises(HubError, match="makes no file of kind 'statement'"):
        instance.make("statement", [])
