"""Looking into files: every field, and what is wrong at its place, whatever the file is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import Malformed, Mine, Record, ShownField
from hub_nets_bs import making_receipts
from hub_nets_bs.making_receipts import Transmission

SAMPLES = Path(__file__).resolve().parents[4] / "shared/samples/betalingsservice"
REAL_FILES = sorted(SAMPLES.glob("*.txt")) if SAMPLES.is_dir() else []


@pytest.fixture
def show(view, plugin):
    def go(content, name="D0000001.BS1"):
        raw = content if isinstance(content, bytes) else "".join(f"{line}\r\n" for line in content).encode("latin-1")
        return list(plugin().show(view(raw, name)))

    return go


@pytest.fixture
def lines(bs) -> list[str]:
    """1 BS002, 2 BS012, 3-4 BS042, 5 BS092, 6 BS012, 7 BS042, 8 BS022, 9 BS092, 10 BS992."""
    return bs.lines(
        ("0211", [bs.automatic(), bs.automatic("0237")]),
        ("0215", [bs.slip(), bs.text("022", "Bo Bach")]),
    )


def _problems(shown: list[ShownField]) -> list[tuple[int, str, str]]:
    return [(field.record, field.field, field.problem) for field in shown if field.problem]


def _refusal(records: Iterator[Record]) -> Malformed | None:
    try:
        deque(records, maxlen=0)
    except Malformed as refused:
        return refused
    return None


def _altered(line: str, first: int, text: str) -> str:
    return line[: first - 1] + text + line[first - 1 + len(text) :]


def test_every_field_with_place_bytes_and_meaning(show, lines):
    shown = show([line.rstrip() for line in lines])
    assert _problems(shown) == []
    paid = {field.field: field for field in shown if field.record == 3}
    assert paid["paid"] == ShownField(3, "BS042 0236 paid", "paid", 116, 128, "0000000015000", "150.00", "")
    assert paid["due"].value == "2026-01-02"
    assert list(paid) == [
        *("record_type", "creditor", "code", "zeros", "group", "customer", "mandate", "due", "sign", "amount_due"),
        *("reference", "paid_on", "booked_on", "paid"),
    ]
    slip = {field.field: field.value for field in shown if field.record == 7}
    assert (slip["payment_id"], slip["fee"]) == ("0000000000000000042", "0.00")


@pytest.mark.parametrize(
    ("line", "first", "text", "problem"),
    [
        (3, 50, "310226", (3, "due", "found '310226', expected a date DDMMYY or zeros")),
        (3, 14, "0240", (3, "code", "found '0240', expected one of '0236', '0237', '0238', '0239'")),
        (
            3,
            6,
            "9",
            (3, "creditor", "not of its section: found 91234567, expected 01234567, as the section's BS012 says"),
        ),
        (3, 70, "A\x07", (3, "reference", "found 'A\\x07SLEJE 2026-01               ', expected text in iso8859-1")),
        (5, 42, "3", (5, "payments", "wrong count in the trailer BS092: found 3, expected 2")),
        (10, 57, "1", (10, "net_amount", "wrong total in the trailer BS992: found 300.01, expected 300.00")),
        (9, 94, "0", (9, "addresses", "wrong count in the trailer BS092: found 0, expected 1")),
    ],
)
def test_what_is_wrong_is_marked_at_its_field(show, read, lines, line, first, text, problem):
    lines[line - 1] = _altered(lines[line - 1], first, text)
    ((record, field, said),) = _problems(show(lines))
    assert (record, field) == problem[:2]
    assert said.startswith(problem[2])
    with pytest.raises(Malformed) as refused:
        read(lines)
    assert (refused.value.line, refused.value.field) == problem[:2]


def test_what_is_wrong_behind_the_first_refusal_is_marked_too(show, lines):
    lines[2] = _altered(lines[2], 50, "310226")
    lines[4] = _altered(lines[4], 42, "9")
    lines[6] = _altered(lines[6], 60, "X")
    lines[9] = _altered(lines[9], 31, "7")
    assert [(record, field) for record, field, _ in _problems(show(lines))] == [
        (3, "due"),
        (5, "payments"),
        (7, "amount_due"),
        (10, "sections"),
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda lines: lines.insert(4, lines[1]), (5, "record_type", "unexpected record")),
        (lambda lines: lines.insert(4, "XX042"), (5, "line", "unexpected record: expected a record of the section")),
        (lambda lines: lines.append(lines[2]), (11, "record_type", "unexpected record")),
        (lambda lines: lines.pop(), (10, "record", "the delivery is cut after line 9")),
        (lambda lines: lines.__setitem__(2, lines[2] + "0"), (3, "beyond", "wrong record length: found 129 bytes")),
    ],
)
def test_what_is_wrong_with_a_record_is_marked(show, lines, change, problem):
    change(lines)
    record, field, said = _problems(show(lines))[0]
    assert (record, field) == problem[:2]
    assert said.startswith(problem[2])


def test_a_file_of_any_creditor_can_be_looked_into(plugin, view, lines):
    content = "\r\n".join(lines).encode("latin-1")
    shown = plugin(creditors=["09999999"], receipts=False).show(view(content))
    assert not any(field.problem for field in shown)


def test_a_receipt_is_shown_line_by_line(show):
    sent = Transmission("93F108A4AD2", datetime(2026, 1, 2, 12, 54, 4))  # noqa: DTZ001  # a receipt says no zone
    totals = {"vendor_number": "2506025001", "records": 9, "sections": 1, "texts": 2, "items": 2, "amount": 100}
    text = making_receipts.validated(sent, **totals)
    shown = show(text.encode("latin-1"), "V1")
    assert _problems(shown) == []
    assert {field.field: field.value for field in shown if field.record == 1}["code"] == "BS00"
    ((record, _, problem),) = _problems(show(text.replace("2506025001", "250").encode("latin-1"), "V1"))
    assert (record, problem.partition(":")[0]) == (9, "an accepted delivery without vendor_number")


def test_what_is_no_file_of_betalingsservice_is_shown_and_said(show):
    shown = show(b"%PDF-1.7\n\x00\x9f end", "x.pdf")
    assert _problems(shown)[0][2].startswith("not read here: it does not begin with BS002")
    assert shown[-1].raw == r"\x00\x9f end"
    assert _problems(show(b""))[0][2] == "not read here: the file is empty"


def test_a_gateways_note_under_another_name_is_shown_and_told_how_it_is_known(show):
    note = b"GT returned a non zero\r\n return code\r\n"
    shown = show(note, "D1.txt")
    assert [field.value for field in shown] == ["GT returned a non zero", "return code"]
    ((_, _, problem),) = _problems(shown)
    assert problem.endswith("; a gateway note is known by its name: NAME.ERROR")
    assert _problems(show(note, "D1.ERROR")) == []
    for other in (b"BS01 cut", b"OS1", b"\xe6\x00", b" \r\n", b"x" * 5_000):
        assert "gateway" not in _problems(show(other, "D1.txt"))[0][2]


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_showing_never_fails_and_always_agrees_with_reading(plugin, view, bs, data):
    """Of any bytes: fields in order and printable, something marked exactly where reading refuses."""
    lines = bs.lines(("0211", [bs.automatic(), bs.automatic("0238")]), ("0215", [bs.slip("0299"), bs.text("052", "x")]))
    content = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
    at = data.draw(st.integers(0, len(content)))
    content = content[:at] + data.draw(st.binary(max_size=20)) + content[at + data.draw(st.integers(0, 150)) :]
    file = view(content)
    shown = list(plugin().show(file))
    assert [field.record for field in shown] == sorted(field.record for field in shown)
    assert all((field.raw + field.value + field.problem).isprintable() for field in shown)
    marked = {field.record for field in shown if field.problem}
    if not isinstance(plugin().identify(file), Mine):
        assert marked
    elif refused := _refusal(plugin().read(file, "0602")):
        assert (refused.line or 1) in marked
    else:
        assert not marked


@given(st.sampled_from(["0602", "0603", "0621", "0601", "0605", "9999"]), st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_after_a_start_are_shown_and_read_or_malformed(plugin, view, number, noise):
    file = view(f"BS00287654321BS1{number}1234567890{'':19}301225\r\nBS012".encode() + noise)
    assert list(plugin().show(file))
    if number not in plugin().kinds:
        return
    with pytest.raises(Malformed):
        list(plugin().read(file, number))


@pytest.mark.skipif(not REAL_FILES, reason="the sample deliveries are not beside this checkout")
@pytest.mark.parametrize("path", REAL_FILES, ids=lambda path: path.stem)
def test_every_real_file_is_shown_and_recognised(show, plugin, view, path):
    names = {"receipt_ERROR": "D1.ERROR", "receipt_F": "F1.BS1", "receipt_T": "T1", "receipt_V": "V1"}
    name = next((name for start, name in names.items() if path.name.startswith(start)), path.name)
    content = path.read_bytes()
    answer = plugin().identify(view(content, name))
    problems = _problems(show(content, name))
    if path.name.startswith("OS_"):
        assert answer.why == "a file of Overførselsservice (OS1), which is not Betalingsservice"
        assert [problem for *_, problem in problems] == [f"not read here: {answer.why}"]
    elif path.name.startswith("0601"):
        assert answer.why == "Betalingsservice delivery 0601, which goes to Betalingsservice and never comes back"
        assert problems == []
    else:
        assert isinstance(answer, Mine)
        assert problems == []


@pytest.mark.skipif(not REAL_FILES, reason="the sample deliveries are not beside this checkout")
@pytest.mark.parametrize(
    ("sample", "count"),
    [
        ("0603_section0210_active-mandates_with-PBCNET.txt", 172),
        ("0603_section0212_cancelled-by-bank.txt", 2),
        ("0603_section0217_slip-information.txt", 15),
    ],
)
def test_real_deliveries_of_mandates_are_read_whole(read, sample, count):
    records = read((SAMPLES / sample).read_bytes(), "0603")
    assert len(records) == len({record.key for record in records}) == count
