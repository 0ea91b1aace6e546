"""Receipts: what is said of which file, and what is no receipt (name + content)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.plugin import DeliveryReceipt, Kept, Malformed, Mine, NotMine
from hub_nets_bs import Plugin
from hub_nets_bs import making_receipts as made
from hub_nets_bs.making_receipts import NoteSection, Transmission

SAMPLES = Path(__file__).resolve().parents[4] / "shared/samples/betalingsservice"
NOT_SAID = {"records": -1, "sections": -1, "items": -1, "texts_counted": -1, "amount": -1}
AT = datetime(2026, 1, 2, 12, 54, 4)  # noqa: DTZ001  # a receipt says no zone
OURS = Transmission(" 26010201  000511", AT)
ACCEPTED = {"vendor_number": "2506025001", "records": 2604, "sections": 1, "texts": 1300, "items": 325}
TRANSMITTED = made.transmitted(OURS)
VALIDATED = made.validated(OURS, **ACCEPTED, amount=4_875_000)
NOTE = made.note(
    [NoteSection("01234567", "00001", "0211", 1300, 123_456_700), NoteSection("01234567", "00001", "0215", 5, 75_000)]
)


@pytest.fixture
def receive(plugin, view):
    """The records of a receipt by its name and text, read as the kind that it is identified as."""

    def go(name, text, **said):
        file = view(text.encode("latin-1") if isinstance(text, str) else text, name)
        reader = plugin(**said)
        answer = reader.identify(file)
        assert isinstance(answer, Mine)
        return list(reader.read(file, answer.kind))

    return go


def test_a_transmission_that_was_received(receive):
    assert receive("T1234567", TRANSMITTED) == [
        DeliveryReceipt(
            record=1,
            verdict="transmitted",
            file="",
            delivery_type="",
            delivery="511",
            vendor_number="",
            at="2026-01-02T12:54:04",
            **NOT_SAID,
            key="nets|receipt|T|BS1|26010201  000511|2026-01-02T12:54:04|PN00",
            text="Kvittering T: PN00 DATA ACCEPTERET (transmission 26010201  000511, 2026-01-02T12:54:04)",
        )
    ]
    (gateway,) = receive("T1234567", made.transmitted(Transmission("93F108A4AD2", AT)))
    assert gateway.delivery == ""


def test_a_delivery_that_was_accepted_has_number_and_totals(receive):
    (receipt,) = receive("V1234567", VALIDATED)
    assert receipt.verdict == "accepted"
    assert (receipt.delivery, receipt.vendor_number, receipt.at) == ("511", "2506025001", "2026-01-02T12:54:04")
    assert (receipt.records, receipt.sections, receipt.items, receipt.texts_counted) == (2604, 1, 325, 1300)
    assert receipt.amount == 4_875_000


@pytest.mark.parametrize(
    ("name", "text"),
    [("T1", made.transmitted(OURS, "PN17")), ("V1", made.validated(OURS, "BS12", **ACCEPTED, amount=1))],
)
def test_a_code_that_refuses_is_a_setting_and_any_other_is_not_guessed(receive, name, text):
    code = "PN17" if name == "T1" else "BS12"
    with pytest.raises(Malformed, match=f"a result code that is not known: found {code},") as unknown:
        receive(name, text, refused_codes=["BS13"])
    assert (unknown.value.field, unknown.value.line) == ("code", 1)
    (receipt,) = receive(name, text, refused_codes=["PN17", "BS12"])
    assert receipt.verdict == "refused"
    assert ("PN17" if name == "T1" else "BS12") in receipt.text
    assert receipt.key.endswith("|PN17" if name == "T1" else "|BS12")


def test_a_refused_delivery_may_say_less(receive):
    said = made.validated(OURS, "BS12", **ACCEPTED, amount=1).partition("\r\n")[0]
    (receipt,) = receive("V1", said, refused_codes=["BS12"])
    assert (receipt.verdict, receipt.vendor_number, receipt.amount) == ("refused", "", -1)


def test_a_note_announces_the_data_file_of_its_name(receive):
    *kept, receipt = receive("F7654321.BS1", NOTE)
    assert kept == [
        Kept(4, "0211", "Section 0211 of creditor 01234567, group 00001: 1300 records, 1234567.00"),
        Kept(5, "0215", "Section 0215 of creditor 01234567, group 00001: 5 records, 750.00"),
    ]
    assert receipt == DeliveryReceipt(
        record=7,
        verdict="note",
        file="D7654321.BS1",
        delivery_type="0602",
        delivery="",
        vendor_number="",
        at="",
        records=-1,
        sections=2,
        items=1305,
        texts_counted=-1,
        amount=123_531_700,
        key="nets|receipt|F|BS1|0602|F7654321.BS1",
        text="Følgeseddel 0602 for D7654321.BS1: 2 sektioner, 1305 records, 1235317.00",
    )


def test_a_note_in_small_letters_is_on_a_file_in_small_letters(receive):
    *_, receipt = receive("f7654321.bs1", NOTE)
    assert receipt.file == "d7654321.bs1"


@pytest.mark.parametrize(
    ("name", "verdict", "text"),
    [
        ("0601-000511.txt.OK", "transmitted", "Gateway OK"),
        ("0601-000511.txt.ERROR", "refused", "Gateway ERROR: GT returned a non zero return code"),
        ("0601-000511.txt.rejected", "refused", "Gateway REJECTED"),
    ],
)
def test_the_gateway_names_our_file_by_its_own_name(receive, name, verdict, text):
    said = "GT returned a non zero\r\n return code\r\n \r\n" if name.endswith("ERROR") else ""
    (receipt,) = receive(name, said)
    assert (receipt.verdict, receipt.file, receipt.text) == (verdict, "0601-000511.txt", text)
    assert receipt.key == f"nets|receipt|{name.rpartition('.')[2].upper()}|{name}"


@pytest.mark.parametrize(
    "said", ["Ændret".encode(), "Ændret".encode("cp1252"), b"\xc6ndret\x9f\x1b", b"\xc6ndret" + b"!" * 2_000]
)
def test_a_refusal_is_one_whatever_its_text_is(receive, said):
    (receipt,) = receive("0601-000511.txt.ERROR", said)
    assert (receipt.verdict, receipt.text[:21]) == ("refused", "Gateway ERROR: Ændret")


def test_kinds_whose_content_names_no_file_are_known_by_name_and_content():
    identities = {kind: about.identity for kind, about in Plugin.kinds.items()}
    assert {kind for kind, identity in identities.items() if identity == "name+content"} == {
        "note F",
        "gateway receipt",
    }


def test_what_only_looks_like_a_gateways_note_by_its_name_is_none(plugin, view, bs):
    delivery = "\r\n".join(bs.lines()).encode()
    assert plugin().identify(view(delivery, "D1.OK")) == Mine("0602")
    for content in (b"x" * 5000, b"PK\x03\x04\0\0"):
        assert isinstance(plugin().identify(view(content, "archive.ERROR")), NotMine)


def test_an_instance_may_leave_receipts_to_another(plugin, view):
    for name, text in (("T1", TRANSMITTED), ("V1", VALIDATED), ("F1", NOTE), ("D1.OK", "")):
        answer = plugin(receipts=False).identify(view(text.encode("latin-1"), name))
        assert isinstance(answer, NotMine)
        assert "receipts = false" in answer.why


@pytest.mark.parametrize(
    ("name", "text", "line", "said"),
    [
        ("T1", made.transmitted(OURS, "PN0A"), 1, "no result code: found PN0A"),
        ("T1", TRANSMITTED.replace("260102", "261302"), 1, "found '261302', expected a date YYMMDD"),
        ("T1", TRANSMITTED.replace("125404", "256404"), 1, "no time of day: found 256404"),
        ("T1", TRANSMITTED.replace("+", "-"), 1, "found '-', expected '+'"),
        ("T1", TRANSMITTED + TRANSMITTED, 2, "a receipt T of more than one line"),
        ("V1", VALIDATED.replace("*  BS00:", "*  BS17:"), 6, "two results: found BS17, expected BS00"),
        ("V1", VALIDATED.partition("*")[0], 1, "an accepted delivery without vendor_number, records, sections"),
        ("V1", VALIDATED.replace("2506025001", "12345"), 9, "an accepted delivery without vendor_number"),
        ("V1", VALIDATED.replace("002604", "2.60"), 5, "no number: found 2.60"),
        ("V1", VALIDATED.replace("1.300", "1.30"), 8, "no number: found 1.30"),
        ("V1", VALIDATED.replace("48.750,00", "48.75,00"), 8, "no amount: found 48.75,00"),
        ("F1", NOTE.replace("2     REC", "3     REC"), 7, "wrong count in the note: found 3, expected 2"),
        ("F1", NOTE.replace("1.305", "1.306"), 7, "wrong count in the note: found 1.306, expected 1305"),
        ("F1", NOTE.replace("235.317,00", "235.317,01"), 7, "wrong total in the note: found 1.235.317,01"),
        ("F1", NOTE.partition("         ANTAL")[0], 7, "the note is cut"),
        ("F1", NOTE + "more\r\n", 8, "more after the totals"),
        ("F1", NOTE.replace("602 - ", "602 / "), 2, "not as a note has it"),
        ("F" * 101, NOTE, None, "a receipt that names its file by its own name"),
    ],
)
def test_a_receipt_that_cannot_be_is_refused_with_its_place(receive, name, text, line, said):
    with pytest.raises(Malformed) as refused:
        receive(name, text)
    assert said in str(refused.value)
    assert refused.value.line == line


def test_a_note_of_another_creditor_is_refused(receive):
    with pytest.raises(Malformed, match=r"line 4, .*a section of a foreign creditor: found 01234567"):
        receive("F1", NOTE, creditors=["09999999"])


_LIKE_RECEIPTS = st.sampled_from([TRANSMITTED, VALIDATED, NOTE, "", OURS.name]).map(lambda text: text.encode("latin-1"))


@given(_LIKE_RECEIPTS, st.binary(max_size=200), st.integers(0, 900), st.integers(0, 60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_any_bytes_are_a_receipt_or_malformed(plugin, view, like, noise, at, length):
    content = like[:at] + noise + like[at + length :]
    reader = plugin()
    for name, kind in (("T1", "receipt T"), ("V1", "receipt V"), ("F1", "note F"), ("D1.OK", "gateway receipt")):
        file = view(content, name)
        assert isinstance(reader.identify(file), Mine | NotMine)
        try:
            *_, receipt = reader.read(file, kind)
        except Malformed:
            continue
        assert isinstance(receipt, DeliveryReceipt)
        assert len(receipt.text) <= 500
        assert len(receipt.key) <= 500


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample deliveries are not beside this checkout")
@pytest.mark.parametrize(
    ("sample", "name", "verdict", "facts"),
    [
        ("receipt_T_transmission-accepted.txt", "T0000001", "transmitted", {}),
        (
            "receipt_V_validation-accepted_bs.txt",
            "V0000001",
            "accepted",
            {"vendor_number": "2506025001", "records": 2604, "items": 325, "texts_counted": 1300, "amount": 4_875_000},
        ),
        (
            "receipt_F_delivery-note_0602.txt",
            "F0000001-602.BS1",
            "note",
            {"file": "D0000001-602.BS1", "delivery_type": "0602", "sections": 1, "items": 5, "amount": 75_000},
        ),
        ("receipt_ERROR_gateway-validation.txt", "D0000001.ERROR", "refused", {"file": "D0000001"}),
    ],
)
def test_real_receipts(receive, sample, name, verdict, facts):
    *_, receipt = receive(name, (SAMPLES / sample).read_bytes())
    assert receipt.verdict == verdict
    assert {fact: getattr(receipt, fact) for fact in facts} == facts
