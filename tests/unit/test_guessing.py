"""``hub layout guess``: positions proposed by where the portfolio's numbers, names and days stand in a file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consumption.guessing import Finding, Guess, guess, snippet
from hub.errors import HubError
from hub.store.consumption.known import KnownTenancy

TODAY = date(2025, 11, 1)
NAMES = ("Æble Sørensen", "Per Hansen", "Åse Øst", "Jens Jensen", "Karl Ulrik Mikkelsen", "Søren Ægir", "Lone Lund")
_SPELLED = {"DDMMYY": "%d%m%y", "DDMMYYYY": "%d%m%Y", "YYMMDD": "%y%m%d", "YYYYMMDD": "%Y%m%d"}
#: The portfolio proves none of these.
_UNPROVEN = ("amount", "sign")


def tenancies(count: int = 30, property_: str = "12") -> list[KnownTenancy]:
    return [
        KnownTenancy(
            company="1",
            property=property_,
            unit=str(101 + number),
            tenant=str(1 + number % 3),
            name=f"{NAMES[number % len(NAMES)]} {number}",
            second_name="",
            move_in=date(2019, 1, 15) + timedelta(days=67 * number),
            move_out=None,
        )
        for number in range(count)
    ]


def line_of(tenancy: KnownTenancy, amount: int = 125050, sign: str = "+", **after: str) -> str:
    """As Brunata sends it: company 1-4, property 5-10, unit 11-16, tenant 17-19, gap, amount 21-30, sign 31."""
    numbers = f"{tenancy.company:0>4}{tenancy.property:0>6}{tenancy.unit:0>6}{tenancy.tenant:0>3}"
    return f"{numbers} {amount:010}{sign}{''.join(after.values())}"


def file_of(lines: Iterable[str], encoding: str = "iso8859-1") -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode(encoding)


def found(guessed: Guess) -> dict[str, Finding]:
    return {finding.field: finding for finding in guessed.findings}


def places(guessed: Guess) -> dict[str, tuple[int, ...]]:
    return {field: tuple(finding.place) for field, finding in found(guessed).items()}


@pytest.fixture
def known() -> list[KnownTenancy]:
    return [*tenancies(20), *tenancies(20, property_="14")]


def results(known: Sequence[KnownTenancy]) -> list[str]:
    return [line_of(each, 10_000 + 377 * at, "+-"[at % 3 == 0]) for at, each in enumerate(known)]


def test_the_sheets_own_positions_are_found(known: list[KnownTenancy]) -> None:
    guessed = guess(file_of(results(known)), known, TODAY)
    assert places(guessed) == {
        **{"company": (1, 4), "property": (5, 10), "unit": (11, 16), "tenant": (17, 19)},
        **{"amount": (21, 30), "sign": (31, 31)},
    }
    verdicts = {field: finding.verdict for field, finding in found(guessed).items()}
    assert verdicts == {
        # One company on all lines proves little, and nothing in a portfolio proves an amount.
        **{"company": "likely", "property": "sure", "unit": "sure", "tenant": "sure"},
        **{"amount": "likely", "sign": "likely"},
    }


def test_the_evidence_names_the_lines_that_contradict(known: list[KnownTenancy]) -> None:
    lines = results(tenancies(40))
    lines[6] = lines[6][:10] + "999999" + lines[6][16:]
    lines[32] = lines[32][:10] + "000017" + lines[32][16:]
    unit = found(guess(file_of(lines), [*tenancies(40), *known], TODAY))["unit"]
    assert unit.evidence == "38 of 40 lines hold a unit of property 1-12"
    assert unit.contradicted_by == (7, 33)
    assert unit.verdict == "sure"


def test_the_snippet_is_ready_to_paste(known: list[KnownTenancy]) -> None:
    period = "01062024" + "31052025"
    lines = [line_of(each, 100 + at, "+-"[at % 2], period=period) for at, each in enumerate(known)]
    text = snippet(guess(file_of(lines), known, TODAY), "HEAT.txt")
    assert tomllib.loads(text)["settings"]["result"] == {
        **{"company_start": 1, "company_length": 4, "property_start": 5, "property_length": 6},
        **{"unit_start": 11, "unit_length": 6, "tenant_start": 17, "tenant_length": 3},
        **{"amount_start": 21, "amount_length": 10, "sign_start": 31},
        **{"period_from_start": 32, "period_to_start": 40, "date_format": "DDMMYYYY", "encoding": "iso8859-1"},
    }
    assert "# unit 11-16: sure: 40 of 40 lines hold a unit of their property" in text
    # What no file says is asked for, not guessed (R25).
    assert "# implied_decimals = ?" in text
    assert "# sign_tenant_pays" in text


def test_what_is_ambiguous_stands_in_the_snippet_as_a_comment_alone(known: list[KnownTenancy]) -> None:
    lines = [f"{line} {each.unit:0>6}" for line, each in zip(results(known), known, strict=True)]
    guessed = guess(file_of(lines), known, TODAY)
    unit = found(guessed)["unit"]
    assert unit.verdict == "ambiguous"
    assert {tuple(unit.place), *map(tuple, unit.others)} >= {(11, 16), (36, 38)}
    text = snippet(guessed, "HEAT.txt")
    assert "unit_start" not in tomllib.loads(text)["settings"]["result"]
    assert "# unit_start = 11" in text


@pytest.mark.parametrize("spelling", _SPELLED)
def test_move_in_days_are_found_however_they_are_written(known: list[KnownTenancy], spelling: str) -> None:
    lines = [line_of(each, day=(each.move_in or TODAY).strftime(_SPELLED[spelling])) for each in known]
    move_in = found(guess(file_of(lines), known, TODAY))["move_in"]
    assert (tuple(move_in.place), move_in.written) == ((32, 31 + len(spelling)), spelling)
    assert move_in.verdict == "sure"


@pytest.mark.parametrize("spelling", _SPELLED)
def test_the_period_is_found_however_it_is_written(known: list[KnownTenancy], spelling: str) -> None:
    first, last = (day.strftime(_SPELLED[spelling]) for day in (date(2024, 6, 1), date(2025, 5, 31)))
    seen = found(guess(file_of(line_of(each, period=first + last) for each in known), known, TODAY))
    length = len(spelling)
    assert tuple(seen["period_from"].place) == (32, 31 + length)
    assert tuple(seen["period_to"].place) == (32 + length, 31 + 2 * length)
    assert seen["period_from"].written == spelling
    assert "hold the same of their property, as 2024-06-01..2025-05-31, whole months" in seen["period_from"].evidence


def test_an_encoding_that_a_person_gives_is_taken_and_told_where_the_names_are_in_another(
    known: list[KnownTenancy],
) -> None:
    lines = [line_of(each, name=f"{each.name:<25}") for each in known]
    guessed = guess(file_of(lines, "cp865"), known, TODAY, "cp1252")
    assert 'encoding = "cp1252"    # as you say; but the names of' in snippet(guessed, "x")
    assert guessed.letters.endswith(" are written in cp865, cp850")
    guessed = guess(file_of(lines, "cp865"), known, TODAY, "cp850")
    assert guessed.letters.startswith("explains the names of")
    assert guessed.letters.endswith(", as cp865 would")


@pytest.mark.parametrize(("encoding", "named"), [("iso8859-1", "iso8859-1"), ("cp865", "cp865"), ("utf-8", "utf-8")])
def test_names_tell_the_encoding_and_how_far_their_field_reaches(
    known: list[KnownTenancy], encoding: str, named: str
) -> None:
    lines = [line_of(each, name=f"{each.name[:25]:25}Vej 1") for each in known]
    guessed = guess(file_of(lines, encoding), known, TODAY)
    assert guessed.encoding == named
    if encoding != "utf-8":
        assert places(guessed)["name"] == (32, 56)
        assert f'encoding = "{named}"' in snippet(guessed, "x")
    else:
        assert "# The names are in UTF-8" in snippet(guessed, "x")


def test_names_in_capitals_cut_and_decomposed_in_the_portfolio(known: list[KnownTenancy]) -> None:
    import unicodedata

    lines = [line_of(each, name=f"{each.name.upper()[:12]:12}*") for each in known]
    apart = [each._replace(name=unicodedata.normalize("NFD", each.name)) for each in known]
    assert places(guess(file_of(lines), apart, TODAY))["name"] == (32, 43)


def test_units_with_letters_stand_to_the_left_of_their_field_numbers_to_the_right() -> None:
    known = [each._replace(unit=f"{each.unit}A" if at % 3 else each.unit) for at, each in enumerate(tenancies())]
    lines = [line_of(each) for each in known]
    lines = [
        line[:10] + (each.unit.ljust(6) if "A" in each.unit else each.unit.zfill(6)) + line[16:]
        for line, each in zip(lines, known, strict=True)
    ]
    unit = found(guess(file_of(lines), known, TODAY))["unit"]
    assert tuple(unit.place) == (11, 16)


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
def test_columns_of_a_delimited_file(known: list[KnownTenancy], separator: str) -> None:
    amounts = [str(10050 + at) if separator == "," else f"{100 + at},50" for at in range(len(known))]
    rows = [
        ("K", each.unit.zfill(4), each.tenant, amount, f'"{each.name}"', each.property, each.company)
        for amount, each in zip(amounts, known, strict=True)
    ]
    content = file_of(["Type,Lejemål,Lejer,Beløb".replace(",", separator), *map(separator.join, rows)], "cp865")
    guessed = guess(content, known, TODAY)
    assert guessed.separator == separator
    assert places(guessed) == {
        **{"unit": (2, 2), "tenant": (3, 3), "amount": (4, 4)},
        **{"name": (5, 5), "property": (6, 6), "company": (7, 7)},
    }
    said = tomllib.loads(snippet(guessed, "x"))["settings"]["result"]
    assert (said["delimiter"], said["unit_column"], said["heading_lines"]) == (separator, 2, 1)
    assert said.get("decimal_mark") == (None if separator == "," else ",")
    assert said["encoding"] == "cp865"
    assert "# sign: nowhere seen" in snippet(guessed, "x")


@pytest.mark.parametrize(
    ("signs", "is_sign"), [("+-", True), ("DK", True), (" -", True), ("++", True), ("KK", False), ("  ", False)]
)
def test_a_sign_is_told_from_a_letter_that_never_changes(known: list[KnownTenancy], signs: str, is_sign: bool) -> None:
    lines = [line_of(each, sign=signs[at % 2]) for at, each in enumerate(known)]
    assert ("sign" in found(guess(file_of(lines), known, TODAY))) is is_sign


def test_separators_within_fixed_positions_are_no_columns(known: list[KnownTenancy]) -> None:
    lines = [f"{each.company:0>4}{each.property:0>6}{each.unit:0>6}{each.tenant:0>3};x;y" for each in known]
    guessed = guess(file_of(lines), known, TODAY)
    assert guessed.separator == ""
    assert places(guessed)["unit"] == (11, 16)


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b"some text\nand more\n" * 20, b"0" * 400 + b"\n"])
def test_a_file_about_nobody_known_gives_nothing(known: list[KnownTenancy], content: bytes) -> None:
    guessed = guess(content, known, TODAY)
    assert set(guessed.missing) == {"company", "property", "unit", "tenant"}
    assert guessed.known_lines == 0
    assert tomllib.loads(snippet(guessed, "x"))["settings"]["result"].keys() <= {"encoding"}


@pytest.fixture(scope="module")
def dense() -> list[KnownTenancy]:
    """Any two digits are somebody's unit."""
    random = Random(1)
    places = [(str(company), str(property_)) for company in range(1, 9) for property_ in range(1, 30)]
    return [
        KnownTenancy(*place, str(unit), str(random.randint(1, 5)), "", "", None, None)
        for place in places
        for unit in range(1, 101)
    ]


def test_the_best_is_found_among_more_places_than_can_be_looked_at_and_nothing_is_sure(
    dense: list[KnownTenancy],
) -> None:
    random = Random(2)
    lines = [f"{line_of(each)} {random.randint(0, 10**48):048}" for each in dense[2_000:2_400]]
    seen = found(guess(file_of(lines), dense, TODAY))
    assert {field: tuple(seen[field].place) for field in ("company", "property", "unit", "tenant")} == {
        **{"company": (1, 4), "property": (5, 10), "unit": (11, 16), "tenant": (17, 19)},
    }
    assert {seen[field].verdict for field in ("company", "property")} <= {"likely", "ambiguous"}


def test_digits_without_end_are_given_up_within_limits_and_nothing_is_sure(dense: list[KnownTenancy]) -> None:
    random = Random(3)
    lines = ["".join(random.choice("0123456789") for _ in range(300)) for _ in range(400)]
    guessed = guess(file_of(lines), dense, TODAY)
    assert not any(finding.verdict == "sure" for finding in guessed.findings)
    assert "guess by fewer properties" in guessed.findings[0].evidence


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"PK\x03\x04rest", "0001".encode("utf-16")])
def test_what_is_no_file_of_lines_is_refused(known: list[KnownTenancy], content: bytes) -> None:
    with pytest.raises(HubError, match="no file of lines"):
        guess(content, known, TODAY)


@given(st.binary(max_size=2_000))
@settings(max_examples=60)
def test_any_bytes_are_survived(content: bytes) -> None:
    with suppress(HubError):
        guess(content, tenancies(), TODAY)


# --- Random layouts over random portfolios --------------------------------------------------------------------------


class Made(NamedTuple):
    """A file of a layout that nobody agreed on."""

    known: list[KnownTenancy]
    places: dict[str, tuple[int, int]]
    content: bytes


def _portfolio(random: Random) -> list[KnownTenancy]:
    companies, properties = random.choice([1, 1, 2]), random.choice([1, 2, 4])
    offset, step = random.choice([0, 9]), random.choice([1, 7])
    unit: Callable[[], str] = random.choice(
        [
            lambda: str(random.randint(1, 40)),
            lambda: str(random.randint(1, 999)),
            lambda: f"{random.randint(1, 300)}{random.choice(['', 'A', 'Å'])}",
        ]
    )
    made: dict[tuple[str, ...], KnownTenancy] = {}
    while len(made) < 30:
        numbers = (str(random.randint(1, companies) + offset), str(random.randint(1, properties) * step))
        key = (*numbers, unit(), str(random.randint(1, 4)))
        moved_in = date(2015, 1, 1) + timedelta(random.randint(0, 3600))
        name = f"{random.choice(NAMES)} {random.choice(NAMES)}"
        made[key] = KnownTenancy(*key, name, "", moved_in, None)
    return list(made.values())


def _made(random: Random) -> Made:
    known = _portfolio(random)
    zeros, to_the_left = random.random() < 0.5, random.random() < 0.5

    def number(text: str, size: int) -> str:
        if zeros and text.isdigit():
            return text.zfill(size)
        return text.ljust(size) if to_the_left or not text.isdigit() else text.rjust(size)

    spelled = _SPELLED[random.choice(list(_SPELLED))]
    columns: dict[str, list[str]] = {}
    for part in ("company", "property", "unit", "tenant"):
        size = max(len(getattr(each, part)) for each in known) + random.randint(0, 4)
        columns[part] = [number(getattr(each, part), size) for each in known]
    digits = random.randint(7, 10)
    columns["amount"] = [str(random.randint(0, 900_000)).zfill(digits) for _ in known]
    columns["sign"] = [random.choice("+-") for _ in known]
    if random.random() < 0.5:
        columns["move_in"] = [(each.move_in or TODAY).strftime(spelled) for each in known]
    if random.random() < 0.4:
        columns["period_from"] = [date(2024, 6, 1).strftime(spelled)] * len(known)
        columns["period_to"] = [date(2025, 5, 31).strftime(spelled)] * len(known)
    if random.random() < 0.5:
        columns["name"] = [f"{each.name[:25]:25}" for each in known]
    if random.random() < 0.3:
        columns["noise"] = [f"{random.randint(0, 999_999):06}" for _ in known]
    order = list(columns)
    if random.random() < 0.5:
        random.shuffle(order)
    return _written(random, known, columns, order)


def _written(
    random: Random, known: list[KnownTenancy], columns: Mapping[str, Sequence[str]], order: Sequence[str]
) -> Made:
    lines = [""] * len(known)
    stands: dict[str, tuple[int, int]] = {}
    for field in order:
        gap = " " * random.choice([0, 0, 0, 1, 3])
        lines = [line + gap + text for line, text in zip(lines, columns[field], strict=True)]
        stands[field] = (len(lines[0]) - len(columns[field][0]) + 1, len(lines[0]))
    width = len(lines[0])
    for _ in range(random.choice([0, 0, 1, 2])):
        strange = random.choice(["HEAD 2025 01", "X" * width, "0" * width, "SUM 000099999"])
        lines.insert(random.choice([0, len(lines)]), strange)
    stands.pop("noise", None)
    return Made(known, stands, file_of(lines, random.choice(["iso8859-1", "cp865"])))


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_random_layout_is_found_or_said_to_be_ambiguous_and_never_surely_wrong(seed: int) -> None:
    made = _made(Random(seed))
    seen = found(guess(made.content, made.known, TODAY))
    for field, (first, last) in made.places.items():
        assert field in seen, f"{field} at {first}-{last} is not seen at all"
        finding = seen[field]
        holds = finding.place.first <= first and last <= finding.place.last
        if field in _UNPROVEN:
            assert finding.verdict != "sure"
        else:
            assert holds or finding.verdict == "ambiguous", f"{field} at {first}-{last}: {finding}"
