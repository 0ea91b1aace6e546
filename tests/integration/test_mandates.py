"""Mandates: what a vendor, a portfolio and a person say of them, and which one covers a day (R15, R16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from hub.collecting.mandates import MandateRefusedError, adopt, assign_to
from hub.imports.portfolio import import_portfolio
from hub.plugin import MandateChange
from hub.store.collecting import mandates
from hub.store.collecting.mandate_lists import FullLists
from hub.store.database import Database
from hub.store.results import Result
from hub.store.tables import file, mandate, mandate_event
from hub.store.verify import verify
from hub.store.verify_mandates import wrong_mandates
from tests.desk import NOW, ref
from tests.hand import Hand

CREDITOR = "02345678"
SØREN, ÅSE, BJØRN = "1-1-1-1", "1-1-2-1", "1-2-1-1"
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
DUE = date(2026, 12, 1)


@pytest.fixture
def hand(database: Database, tmp_path: Path) -> Hand:
    return Hand(database, tmp_path)


def change(
    customer: str,
    what: str = "registered",
    start: date | None = None,
    end: date | None = None,
    *,
    number: str = "000000007",
    group: str = "00001",
    agreement: str = "automatic",
    line: int = 3,
) -> MandateChange:
    key = f"nets|{CREDITOR}|{group}|0212|{customer}|{number}|{what}|{start}|{end}|{agreement}"
    return MandateChange(line, CREDITOR, group, customer, number, what, agreement, start, end, key, f"BS {what}")


def covers(hand: Hand, tenancy: str, day: date = DUE) -> str | None:
    with hand.db.read() as conn:
        id_ = ref(conn, tenancy).id
        return mandates.mandates_on(conn, [id_], day).get(id_)


def told(hand: Hand, tenancy: str) -> list[str]:
    """What was said of the tenancy's mandates, in order."""
    with hand.db.read() as conn:
        found = mandates.mandates(conn, tenancy_id=ref(conn, tenancy).id)
        return [one.what for one in mandates.history(conn, [one.mandate.id for one in found])]


def is_proved(hand: Hand) -> bool:
    with hand.db.read() as conn:
        return verify(conn).ok


def portfolio(hand: Hand, tmp_path: Path, *rows: str) -> None:
    path = tmp_path / "mandates.csv"
    path.write_text("company,property,unit,tenant,name,bs_customer,bs_mandate\n" + "\n".join(rows) + "\n")
    assert not import_portfolio(hand.db, path, now=NOW, actor="test", currency_of=lambda _: "DKK").bad


# --- What the vendor says ------------------------------------------------------------------------------------------


#: What was said of one customer's mandate in turn, and on which days it covers what falls due.
HISTORIES: Sequence[tuple[Sequence[tuple[str, date | None, date | None]], Mapping[date, bool]]] = (
    ([("registered", FEBRUARY, None)], {JANUARY: False, FEBRUARY: True, DUE: True}),
    ([("registered", JANUARY, None), ("cancelled", None, FEBRUARY)], {JANUARY: True, FEBRUARY: True, MARCH: False}),
    # The cancellation came first: it is not undone by the news of how it had begun.
    ([("cancelled", None, FEBRUARY), ("registered", JANUARY, None)], {JANUARY: True, FEBRUARY: True, MARCH: False}),
    ([("registered", JANUARY, None), ("cancelled", None, JANUARY), ("registered", MARCH, None)], {MARCH: True}),
    # Given up before it began.
    ([("registered", MARCH, None), ("cancelled", None, JANUARY)], {JANUARY: False, MARCH: False}),
    ([("registered", MARCH, None), ("registered", JANUARY, None)], {FEBRUARY: False, MARCH: True}),
    ([("cancelled", None, FEBRUARY)], {JANUARY: True, MARCH: False}),
)


def test_a_mandate_is_what_all_that_was_said_comes_to_whatever_came_first(hand: Hand) -> None:
    for key, (said, covered) in zip(hand.let(len(HISTORIES)), HISTORIES, strict=True):
        for what, start, end in said:
            assert hand.desk.book(change(key.split("-")[2], what, start, end)).state == "booked"
        assert {day: covers(hand, key, day) is not None for day in covered} == covered, said
    assert is_proved(hand)


def test_a_change_is_kept_once_however_often_files_say_it(hand: Hand) -> None:
    first = hand.desk.book(change("101", start=JANUARY), change("101", start=JANUARY, line=4))
    again = hand.desk.book(change("101", start=JANUARY))
    assert (first.state, first.counts.kept, again.state, again.counts.kept) == ("booked", 2, "booked", 1)
    assert told(hand, SØREN) == ["registered"]


def test_an_agreement_on_electronic_slips_collects_nothing(hand: Hand) -> None:
    hand.desk.book(change("101", start=JANUARY, agreement="electronic_slip", number="999999999"))
    assert covers(hand, SØREN) is None
    assert told(hand, SØREN) == ["registered"]


def test_the_newest_of_two_mandates_counts(hand: Hand) -> None:
    hand.desk.book(change("101", start=FEBRUARY, number="8"), change("101", start=JANUARY, number="9", line=4))
    assert (covers(hand, SØREN), covers(hand, SØREN, JANUARY)) == ("8", "9")


def test_another_debtor_group_is_another_agreement(hand: Hand) -> None:
    """The vendor keeps a mandate under creditor, group and customer: Bjørn's property has group 2."""
    result = hand.desk.book(change("201", start=JANUARY))
    assert covers(hand, BJØRN) is None
    assert "mandates of customers that nobody here is: 1, first customer 201 in record 3" in result.reasons[0]
    hand.desk.book(change("201", start=JANUARY, group="00002"))
    assert covers(hand, BJØRN) == "000000007"


def test_a_moved_out_tenants_number_stays_his_and_is_shown(hand: Hand, tmp_path: Path) -> None:
    """R15: who lives there now has a number of her own."""
    path = tmp_path / "moved.csv"
    path.write_text("company,property,unit,tenant,name,move_out\n1,1,1,1,Søren,2026-01-31\n", encoding="utf-8")
    import_portfolio(hand.db, path, now=NOW, actor="test", currency_of=lambda _: "DKK")
    (reason,) = hand.desk.book(change("101", start=MARCH)).reasons
    assert "customer 101 is 1-1-1-1, who moved out on 2026-01-31" in reason
    assert covers(hand, SØREN) == "000000007"


def test_nobodys_creditor_holds_the_file(hand: Hand) -> None:
    unknown = change("101", start=JANUARY)._replace(creditor="01111111", key="elsewhere")
    result = hand.desk.book(unknown, change("102", start=JANUARY, line=4))
    assert (result.state, result.counts.held, result.counts.kept) == ("partly_booked", 1, 1)
    assert (covers(hand, SØREN), covers(hand, ÅSE)) == (None, "000000007")


def test_a_reversed_files_mandates_are_taken_back_and_may_be_said_anew(hand: Hand) -> None:
    hand.desk.book(change("101", start=JANUARY))
    hand.desk.book(change("101", "cancelled", end=FEBRUARY), change("102", start=JANUARY, number="8", line=4))
    assert (covers(hand, SØREN), covers(hand, ÅSE)) == (None, "8")

    assert hand.reverse_file(2)["mandates"] == 2
    assert (covers(hand, SØREN), covers(hand, ÅSE)) == ("000000007", None)
    assert told(hand, SØREN) == ["registered", "cancelled", "taken_back"]
    assert is_proved(hand)

    hand.desk.book(change("101", "cancelled", end=FEBRUARY), change("102", start=JANUARY, number="8", line=4))
    assert (covers(hand, SØREN), covers(hand, ÅSE)) == (None, "8")
    assert is_proved(hand)


# --- Full lists ----------------------------------------------------------------------------------------------------


def listed(customer: str, start: date | None = JANUARY, *, number: str = "000000007", line: int = 3) -> MandateChange:
    return change(customer, "active", start, number=number, line=line)


def book_a_list(hand: Hand) -> tuple[Result, list[MandateChange]]:
    """101 as here, 102 missing here, 900 nobody's; ours of 103 is not in it, ours of 104 ended, 105 began otherwise."""
    keys = hand.let(3)
    numbers = [key.split("-")[2] for key in keys]
    hand.desk.book(
        change("101", start=JANUARY),
        *(change(number, start=JANUARY, line=4 + at) for at, number in enumerate(numbers)),
        change(numbers[1], "cancelled", end=FEBRUARY, line=20),
    )
    records = [
        listed("101"),
        listed("102", line=4),
        listed("900", line=5),
        listed(numbers[1], line=6),
        listed(numbers[2], MARCH, line=7),
    ]
    return hand.desk.book(*records), records


def test_a_full_list_is_held_against_ours_and_changes_nothing(hand: Hand) -> None:
    result, _ = book_a_list(hand)
    (reason,) = result.reasons
    assert result.state == "booked"
    assert reason.startswith("a full list of 5 agreements: ")
    for difference in (
        "2 in the vendor's list, and unknown here",
        "1 in force here, and not",
        "1 begins on another day",
    ):
        assert difference in reason
    assert (covers(hand, "1-1-500-1"), covers(hand, ÅSE)) == ("000000007", None)


def test_adopting_a_list_registers_what_is_missing_alone(hand: Hand) -> None:
    _, records = book_a_list(hand)
    with hand.db.read() as conn:
        lists = FullLists(conn, DUE)
        found = [one for one in lists.compare(ref(conn, SØREN).company_id, records) if one is not None]
        found += lists.unlisted()
    file_id = 2
    done = hand.do("mandates adopt", lambda acting: adopt(acting, file_id, found)).result
    assert [(one["customer"], one["tenancy"], one["line"]) for one in done["adopted"]] == [
        ("102", ÅSE, 4),
        ("900", None, 5),
    ]
    assert done["left"] == 3
    assert (covers(hand, ÅSE), covers(hand, ÅSE, date(2025, 12, 31)), covers(hand, "1-1-501-1")) == (
        *("000000007", None, None),
    )
    assert is_proved(hand)
    again = hand.do("mandates adopt", lambda acting: adopt(acting, file_id, found)).result
    assert again["adopted"] == []
    with hand.db.write() as conn:
        conn.execute(update(file).where(file.c.id == file_id).values(state="reversed"))
    with pytest.raises(MandateRefusedError, match="file 2 is reversed"):
        hand.do("mandates adopt", lambda acting: adopt(acting, file_id, found))


# --- Unknown customers ---------------------------------------------------------------------------------------------


def unassigned(hand: Hand) -> list[int]:
    with hand.db.read() as conn:
        return [one.mandate.id for one in mandates.mandates(conn, unassigned=True)]


def assigned(hand: Hand, mandate_id: int, tenancy: str) -> Mapping[str, Any]:
    return hand.do("mandates assign", lambda acting: assign_to(acting, mandate_id, tenancy)).result


def test_an_unknown_customers_mandate_is_given_with_its_number_to_who_has_none(hand: Hand, tmp_path: Path) -> None:
    portfolio(hand, tmp_path, "1,1,9,1,Lis,,")
    hand.desk.book(
        change("0777", start=JANUARY), change("777", start=JANUARY, agreement="electronic_slip", number="9", line=4)
    )
    first, second = unassigned(hand)
    with pytest.raises(MandateRefusedError, match=r"1-1-1-1 is customer 101.*the payer has no such mandate"):
        assigned(hand, first, SØREN)
    with pytest.raises(MandateRefusedError, match="another company"):
        assigned(hand, first, "2-1-1-1")

    done = assigned(hand, first, "1-1-9-1")
    assert (done["mandates"], done["serves"]) == ([first, second], True)
    assert covers(hand, "1-1-9-1") == "000000007"
    assert told(hand, "1-1-9-1") == ["registered", "registered", "assigned", "assigned"]
    hand.desk.book(change("777", "cancelled", end=FEBRUARY))
    assert covers(hand, "1-1-9-1") is None
    assert is_proved(hand)
    with pytest.raises(MandateRefusedError, match="already"):
        assigned(hand, first, SØREN)


def test_a_customer_who_is_imported_later_has_the_mandate_that_waited(hand: Hand, tmp_path: Path) -> None:
    hand.desk.book(change("777", start=JANUARY))
    portfolio(hand, tmp_path, "1,1,9,1,Lis,777,000000099")
    assert unassigned(hand) == []
    assert covers(hand, "1-1-9-1") == "000000007"
    assert told(hand, "1-1-9-1") == ["registered", "assigned"]
    assert is_proved(hand)


def test_a_mandate_under_an_old_number_collects_nothing(hand: Hand, tmp_path: Path) -> None:
    """The vendor keeps it under that number; it stays its tenancy's, and is shown (R15)."""
    hand.desk.book(change("101", start=JANUARY))
    portfolio(hand, tmp_path, "1,1,1,1,Søren,1010,")
    assert covers(hand, SØREN) is None
    hand.desk.book(change("101", "cancelled", end=FEBRUARY))
    assert told(hand, SØREN) == ["registered", "cancelled"]
    assert is_proved(hand)


# --- The portfolio -------------------------------------------------------------------------------------------------


def test_the_portfolios_mandate_is_in_force_until_the_portfolio_says_otherwise(hand: Hand, tmp_path: Path) -> None:
    for _ in range(2):
        portfolio(hand, tmp_path, "1,1,1,1,Søren,101,000000070")
    assert (covers(hand, SØREN), told(hand, SØREN)) == ("000000070", ["imported"])
    portfolio(hand, tmp_path, "1,1,1,1,Søren,101,000000071")
    assert (covers(hand, SØREN), told(hand, SØREN)) == ("000000071", ["imported", "imported", "imported"])
    portfolio(hand, tmp_path, "1,1,1,1,Søren,101,")
    assert covers(hand, SØREN) is None
    portfolio(hand, tmp_path, "1,1,1,1,Søren,101,000000070")
    assert covers(hand, SØREN) == "000000070"
    assert is_proved(hand)


def test_the_vendors_word_wins_over_the_portfolios(hand: Hand, tmp_path: Path) -> None:
    portfolio(hand, tmp_path, "1,1,1,1,Søren,101,000000007")
    hand.desk.book(change("101", "cancelled", end=FEBRUARY))
    assert covers(hand, SØREN) is None
    for number in ("000000007", "000000071"):
        portfolio(hand, tmp_path, f"1,1,1,1,Søren,101,{number}")
        assert covers(hand, SØREN) is None
    hand.desk.book(change("101", start=MARCH, number="000000072"))
    portfolio(hand, tmp_path, "1,1,1,1,Søren,101,")
    assert covers(hand, SØREN) == "000000072"


def test_a_number_without_a_customer_number_is_no_mandate(hand: Hand, tmp_path: Path) -> None:
    portfolio(hand, tmp_path, "1,1,9,1,Lis,,000000070")
    assert hand.desk.all(mandate.select()) == []
    portfolio(hand, tmp_path, "1,1,9,1,Lis,777,000000070")
    assert covers(hand, "1-1-9-1") == "000000070"


# --- Proof ---------------------------------------------------------------------------------------------------------


def test_a_mandate_that_was_changed_outside_the_hub_is_found(hand: Hand) -> None:
    hand.desk.book(change("101", start=JANUARY), change("101", "cancelled", end=FEBRUARY, line=4))
    assert is_proved(hand)
    with hand.db.write() as conn:
        for changed, problem in (
            (mandate.update().values(last_day=None), "what was said of it comes to 2026-01-01 to 2026-02-01"),
            (mandate.update().values(tenancy_id=2), "its customer number 101 is 1-1-1-1's (R15)"),
            (mandate.update().values(customer_key="102"), "is of customer '101', and known as '102'"),
            (mandate_event.update().values(reading_id=99), "comes from reading 99, which there is not"),
            (mandate_event.delete(), "nobody has said anything"),
        ):
            with conn.begin_nested() as undone:
                conn.execute(changed)
                assert [found for found in wrong_mandates(conn) if problem in found]
                undone.rollback()
