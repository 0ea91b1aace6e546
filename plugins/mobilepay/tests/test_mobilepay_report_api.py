"""What a page of the Report API says, and what of it is refused where (R6)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Chargeback, Fee, FileView, Kept, Malformed, Payment, Payout, Record, Remark
from hub.plugin.limits import breach_of_reading
from hub_mobilepay import report_api
from hub_mobilepay.settings import MobilePaySettings

SAMPLES = Path(__file__).resolve().parents[4] / "shared/samples/mobilepay/json"
EXAMPLE = SAMPLES / "report-api_funds-dates_example.json.txt"
needs_samples = pytest.mark.skipif(not EXAMPLE.is_file(), reason="the sample files are not beside this checkout")
PAYOUT_TEXT = "02000906010010601260"


def entries(*kinds: tuple[str, int], before: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """One entry each, of a ledger whose balance was ``before``."""
    made = []
    for number, (kind, amount) in enumerate(kinds, start=1):
        entry = {
            "pspReference": f"psp-{number}",
            "time": f"2026-01-05T12:00:{number:02}.123456Z",
            "ledgerDate": "2026-01-05",
            "entryType": kind,
            "reference": f"100{number}",
            "currency": "DKK",
            "amount": amount,
            "recipientHandle": "DK:90601",
            "balanceBefore": before,
            "balanceAfter": before + amount,
        }
        if kind in ("payout-scheduled", "scheduled-for-payout", "payout-aborted"):
            entry |= {"pspReference": "302321-2000810", "reference": PAYOUT_TEXT, "recipientHandle": None}
        made.append(entry | fields)
        before += amount
    return made


def page(items: object, **envelope: object) -> dict[str, Any]:
    return {"items": items, "hasMore": False, "tryLater": False} | envelope


DAY = entries(("capture", 100_000), ("capture", 25_000), ("refund", -10_000), ("fees-retained", -1_250))
WHOLE_DAY = [*DAY, *entries(("payout-scheduled", -113_750), before=113_750)]

#: The same examples in every run.
STEADY = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Read = Callable[..., list[Record]]


@pytest.fixture
def view(tmp_path: Path) -> Callable[..., FileView]:
    def view(content: object, name: str = "page.json") -> FileView:
        raw = content if isinstance(content, bytes) else json.dumps(content, indent=2).encode()
        path = tmp_path / "page.json"
        path.write_bytes(raw)
        return FileView(name, len(raw), path)

    return view


@pytest.fixture
def read(view: Callable[..., FileView]) -> Read:
    def read(content: object, name: str = "page.json", **given: object) -> list[Record]:
        return list(report_api.read(view(content, name), MobilePaySettings.model_validate(given)))

    return read


@needs_samples
def test_the_published_example_is_no_json_and_its_comma_is_named(read: Read) -> None:
    with pytest.raises(Malformed, match=r"line 28, position 4: no JSON: a comma with nothing behind it but \}"):
        read(EXAMPLE.read_bytes())


@needs_samples
def test_the_published_refund_with_the_wrong_sign_is_refused(read: Read) -> None:
    mended = EXAMPLE.read_bytes().replace(b"],\n}", b"]\n}")
    with pytest.raises(Malformed, match=r"line 23, field 'amount': a refund .* found 200.00, expected a negative"):
        read(mended)


@needs_samples
def test_a_list_of_ledgers_is_no_page(view: Callable[..., FileView]) -> None:
    ledgers = (SAMPLES / "report-api_get-ledgers_response.json").read_bytes()
    assert "entryType" in report_api.identify(view(ledgers))


def test_a_day_of_the_funds_ends_at_zero(read: Read) -> None:
    records = read(page(WHOLE_DAY))
    assert [type(record) for record in records] == [Payment, Payment, Payment, Fee, Payout]
    payment, _, refund, fee, payout = records
    assert payment == Payment(
        record=3,
        creditor="90601",
        group="",
        customer="1001",
        amount=100_000,
        currency="DKK",
        value_date=date(2026, 1, 5),
        booking_date=date(2026, 1, 5),
        due_date=None,
        reference="1001",
        link="mobilepay|90601|psp-1",
        key="mobilepay|90601|psp-1|capture",
        text=payment.text,
    )
    assert (refund.amount, refund.customer) == (-10_000, "1003")
    assert (fee.amount, fee.creditor) == (1_250, "90601")
    assert (payout.amount, payout.creditor, payout.bank_text, payout.reference) == (
        113_750,
        "90601",
        PAYOUT_TEXT,
        "2000810",
    )


@pytest.mark.parametrize(
    ("kind", "amount", "expected", "booked"),
    [
        ("retained-disputed-capture", -500, Chargeback, 500),
        ("returned-disputed-capture", 500, Payment, 500),
        ("correction", -500, Payment, -500),
        ("correction", 500, Payment, 500),
        ("top-up", 500, Payout, -500),
        ("credit-note", 500, Fee, -500),
        ("payout-aborted", 500, Payout, -500),
        ("scheduled-for-payout", -500, Payout, 500),
        ("loyalty-bonus", 500, Payment, 500),
        ("loyalty-bonus", -500, Payment, -500),
    ],
)
def test_every_other_type_moves_its_money(read: Read, kind: str, amount: int, expected: type, booked: int) -> None:
    (record,) = read(page(entries((kind, amount), before=1_000)), "funds.json", report={"recipient": "DK:90601"})
    assert isinstance(record, expected)
    assert record.amount == booked
    assert record.creditor == "90601"


def test_what_is_nobodys_goes_to_suspense_with_its_type(read: Read) -> None:
    correction, unknown = read(page(entries(("correction", 500), ("loyalty-bonus", 20))), "funds.json")
    assert (correction.customer, correction.reference) == ("", "")
    assert (unknown.customer, unknown.reference) == ("", "")
    assert "loyalty-bonus" in unknown.text


def test_a_dispute_and_its_return_name_the_capture_and_may_come_again(read: Read) -> None:
    twice = entries(
        ("capture", 900),
        ("retained-disputed-capture", -900),
        ("returned-disputed-capture", 900),
        ("retained-disputed-capture", -900),
        pspReference="psp-1",
    )
    records = read(page(twice))
    assert {record.link for record in records} == {"mobilepay|90601|psp-1"}
    assert len({record.key for record in records}) == 4


def test_an_entry_of_nothing_is_counted(read: Read) -> None:
    (kept,) = read(page(entries(("capture", 0))))
    assert isinstance(kept, Kept)


def test_the_fees_are_verified_and_listed_and_booked_by_the_funds_alone(read: Read) -> None:
    fees = entries(("capture-fee", -1_000), ("capture-fee", -250), ("fees-retained", 1_250), ("credit-note", 5))
    records = read(page(fees))
    assert [(type(record), record.code) for record in records] == [
        (Kept, "capture-fee"),
        (Kept, "capture-fee"),
        (Kept, "fees-retained"),
        (Kept, "credit-note"),
    ]
    assert "-10,00 DKK" in records[0].text
    fees[1]["balanceAfter"] -= 1
    with pytest.raises(Malformed, match="field 'balanceAfter'"):
        read(page(fees))


def test_which_ledger_a_page_is_of_is_never_guessed(read: Read) -> None:
    either = page(entries(("correction", 500)))
    with pytest.raises(Malformed, match=r"funds or fees.*set settings\.report\.topic"):
        read(either)
    assert isinstance(read(either, "302321-funds-2026-01-05.json")[0], Payment)
    assert isinstance(read(either, "302321-fees-2026-01-05.json")[0], Kept)
    assert isinstance(read(either, report={"topic": "fees"})[0], Kept)
    with pytest.raises(Malformed, match="found capture, an entry of funds, expected entries of fees, as its name says"):
        read(page(DAY), "fees.json")
    with pytest.raises(Malformed, match="entries of both ledgers in one page: capture-fee of line 15 and capture of"):
        read(page(entries(("capture", 500), ("capture-fee", -5))))


def test_the_day_is_the_ledgers_and_else_that_of_the_moment_here(read: Read) -> None:
    late = entries(("capture", 500), time="2026-01-05T23:30:00Z", ledgerDate="2026-01-05")
    payment = read(page(late))[0]
    assert (payment.value_date, payment.booking_date) == (date(2026, 1, 6), date(2026, 1, 5))
    del late[0]["ledgerDate"]
    assert read(page(late))[0].booking_date == date(2026, 1, 6)
    assert read(page(late), timezone="UTC")[0].booking_date == date(2026, 1, 5)


def test_a_payout_of_a_ledger_of_several_recipients_needs_to_be_told_whose_it_is(read: Read) -> None:
    two = [dict(entry) for entry in WHOLE_DAY]
    two[1]["recipientHandle"] = "api:123455"
    with pytest.raises(Malformed, match=r"among entries of several.*set settings\.report\.recipient"):
        read(page(two))
    records = read(page(two), report={"recipient": "DK:90601"})
    assert [record.creditor for record in records] == ["90601", "123455", "90601", "90601", "90601"]


def test_a_payout_without_a_reference_takes_its_bank_text_as_set(read: Read) -> None:
    (payout,) = read(
        page(entries(("payout-scheduled", -500), before=500, reference="", recipientHandle="NO:117703")),
        payout_text="Utb. {payout} Vippsnr {recipient}",
    )
    assert payout.bank_text == "Utb. 2000810 Vippsnr 117703"


def test_what_a_payer_writes_refuses_no_file_and_may_be_our_reference(read: Read) -> None:
    written = entries(("capture", 500), reference="", message="1-12-304-2\n\ud83d")
    assert read(page(written), own_reference=["message"])[0].customer == "1-12-304-2"


def test_a_day_that_is_not_closed_is_refused(read: Read) -> None:
    with pytest.raises(Malformed, match=r"field 'tryLater': the vendor has not closed this day yet"):
        read(page([], tryLater=True))


def test_more_pages_and_none_are_told(read: Read) -> None:
    *_, remark = read(page(DAY, hasMore=True, cursor="Mw=="))
    assert isinstance(remark, Remark)
    assert "fetch the next page" in remark.text
    (remark,) = read(page([]))
    assert "no entries" in remark.text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("amount", 100.5, "whole øre"),
        ("amount", "100000", "whole øre"),
        ("amount", True, "whole øre"),
        ("amount", 10**16, "whole øre"),
        ("amount", None, "an entry without it"),
        ("amount", -100_000, "a capture that cannot be: found -1000.00, expected a positive amount"),
        ("balanceBefore", 5, "expected 0.00, what the entry before it left|balanceAfter"),
        ("balanceAfter", 99_999, "found 999.99, expected 1000.00, which is balanceBefore and amount"),
        ("pspReference", "", "1 to 100 characters"),
        ("pspReference", "a\u0000b", "no control characters"),
        ("reference", "\udc00", "a text without lone surrogates"),
        ("reference", 7, "a text in quotes"),
        ("time", "2026-01-05T12:00:00", "a moment with its offset"),
        ("time", "2026-13-05T12:00:00Z", "a moment with its offset"),
        ("ledgerDate", "05-01-2026", "a day as 2026-01-02"),
        ("currency", "kr.", "three capital letters"),
        ("entryType", "x" * 61, "1 to 60 characters"),
        ("recipientHandle", "DK:" + "9" * 21, "1 to 20 characters"),
    ],
)
def test_a_field_that_cannot_be_is_named_with_its_line(read: Read, field: str, value: object, told: str) -> None:
    wrong = [DAY[0] | {field: value}, *DAY[1:]]
    content = page(wrong)
    with pytest.raises(Malformed, match=told) as refused:
        read(content)
    line = json.dumps(content, indent=2).split("\n")[(refused.value.line or 0) - 1]
    assert f'"{refused.value.field}"' in line


def test_a_balance_that_does_not_follow_from_the_entry_before_is_refused(read: Read) -> None:
    gap = [DAY[0], *DAY[2:]]
    with pytest.raises(Malformed, match=r"found 1250.00, expected 1000.00, what the entry before it left"):
        read(page(gap))


def test_a_ledger_has_one_currency(read: Read) -> None:
    with pytest.raises(Malformed, match="found EUR, expected DKK"):
        read(page([*DAY[:3], DAY[3] | {"currency": "EUR"}]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "line 1, position 1.*found the end of the file, expected {"),
        (b'{"items": [', "the end of the file"),
        (b'{"items": []', "the end of the file, expected a comma or }"),
        (b'{"items": [],}', "position 13: no JSON: a comma"),
        (b'{"items": [{"a": 1,}]}', "position 19: no JSON: a comma"),
        (b'{"items": [{},]}', "no JSON: a comma"),
        (b'{"items": []} x', "something behind the end"),
        (b'{"items": [{"a": 1, "a": 2}]}', "line 1, position 21: the name 'a' twice in one object"),
        (b'{"items": [], "items": []}', "the name 'items' twice"),
        (b'{"x": {"a": 1, "a": 2}, "items": []}', "a name twice in one object"),
        (b'{"items": [{"amount": NaN}]}', "NaN is no number"),
        (b'{"items": [{"amount": 1e5000000}, {"a": 1' + b"0" * 5_000 + b"}]}", "more than 18 digits"),
        (b'{"x": ' + b"[" * 100_000, "too deep|no JSON"),
        (b'{"x": ' + b'{"a":' * 100_000, "too deep|no JSON"),
        (b'{"items": {}}', "expected \\[, which begins a list"),
        (b'{"items": [5]}', "expected {, which begins an object"),
        (b'{"hasMore": false}', "a page without items"),
        (b'{"items": [], "hasMore": 0}', "field 'hasMore'.*true or false"),
        (b"{'items': []}", "expected a name in quotes"),
        ('{"items": []}'.encode("utf-16"), "no UTF-8.*UTF-16"),
        ('{"items": []}'.encode("utf-16-le"), "no UTF-8.*UTF-16"),
        ('{\n"å": []}'.encode("latin-1"), "line 2, position 2: a byte that is no UTF-8"),
    ],
)
def test_what_is_no_page_is_refused_at_its_place(read: Read, content: bytes, told: str) -> None:
    with pytest.raises(Malformed, match=told):
        read(content)


def test_a_page_too_large_is_refused_unread(read: Read) -> None:
    with pytest.raises(Malformed, match=r"at most 1024 are read.*settings\.report\.page_bytes_max"):
        read(page(WHOLE_DAY), report={"page_bytes_max": 1024})


def test_a_page_in_one_line_gives_the_same_records(read: Read) -> None:
    records = read(json.dumps(page(WHOLE_DAY)).encode())
    assert [record.record for record in records] == [1, 2, 3, 4, 5]
    assert [record._replace(record=0) for record in records] == [
        record._replace(record=0) for record in read(page(WHOLE_DAY))
    ]


def test_every_line_is_shown_and_the_fault_marked_at_its_field(view: Callable[..., FileView]) -> None:
    wrong = page([DAY[0], DAY[1] | {"balanceAfter": 1}])
    shown = list(report_api.show(view(wrong), MobilePaySettings()))
    assert {field.record for field in shown} == set(range(1, json.dumps(wrong, indent=2).count("\n") + 2))
    (marked,) = [field for field in shown if field.problem]
    assert (marked.field, marked.raw) == ("balanceAfter", "1")
    assert "1250.00" in marked.problem


signed = st.one_of(
    st.tuples(st.just("capture"), st.integers(1, 10**9)),
    st.tuples(st.just("refund"), st.integers(-(10**9), -1)),
    st.tuples(st.just("fees-retained"), st.integers(-(10**6), -1)),
    st.tuples(st.just("correction"), st.integers(-(10**6), 10**6).filter(bool)),
    st.tuples(st.text("abc-", min_size=1, max_size=9), st.integers(-(10**6), 10**6).filter(bool)),
)


@settings(STEADY, max_examples=60)
@given(kinds=st.lists(signed, min_size=1, max_size=8), before=st.integers(-(10**9), 10**9))
def test_what_is_built_reads_back(read: Read, kinds: list[tuple[str, int]], before: int) -> None:
    records = read(page(entries(*kinds, before=before)), "funds.json")
    effects = [-record.amount if isinstance(record, Fee) else record.amount for record in records]
    assert effects == [amount for _, amount in kinds]


@settings(STEADY, max_examples=150)
@given(
    content=st.one_of(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["items", "hasMore", "amount", "time"]), inner, max_size=3)
            ),
        ).map(lambda value: json.dumps(value).encode()),
        st.binary(max_size=200),
        st.text('{}[]",:\\ \n0eitmsu', max_size=60).map(str.encode),
    )
)
def test_any_bytes_give_records_or_malformed(view: Callable[..., FileView], content: bytes) -> None:
    file = view(content)
    with suppress(Malformed):
        assert not breach_of_reading(list(report_api.read(file, MobilePaySettings())))
    assert list(report_api.show(file, MobilePaySettings())) or not content
