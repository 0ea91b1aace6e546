"""The test kit finds what it is for: each fault of a plug-in fails the test that is about it, and no fault none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field

from hub.plugin import (
    ConsumptionResult,
    Description,
    FileKind,
    FileView,
    Kept,
    Malformed,
    Mine,
    NotMine,
    Payment,
    Record,
    Settings,
    ShownField,
    Vendor,
    hookimpl,
)
from hub.plugin.limits import breach_of, breach_of_reading
from hub.plugin.setting_keys import keys_of
from hub.plugin.testing import PluginTests, TooSlowError
from hub.plugin.testing.__main__ import main
from hub.plugin.testing.texts import as_data, as_record

DAY = date(2026, 7, 1)
PAYMENT = Payment(1, "09999999", "", "42", 100, "DKK", DAY, DAY, None, "", "tiny|42", "tiny|42|1", "paid")


class TinySettings(Settings):
    creditor: str = "09999999"


class Tiny(Vendor):
    """Files of one line, ``TINY 42``: a payment of customer 42."""

    name = "tiny"
    settings_model = TinySettings
    kinds: ClassVar = {"payments": FileKind("Tiny payments")}
    telltales: ClassVar[tuple[str, ...]] = ("tiny",)

    @hookimpl
    def describe(self) -> Description:
        return Description("Tiny payments", self.telltales)

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        return Mine("payments") if file.head.startswith(b"TINY") else NotMine("it does not begin with TINY")

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        customer = file.head[5:].decode("ascii", "replace").strip()
        if not customer.isdecimal() or len(customer) > 9:
            raise Malformed(line=1, found=customer, expected="a customer number")
        yield self.payment(customer)

    @hookimpl
    def show(self, file: FileView) -> Iterator[ShownField]:
        yield ShownField(1, "line", "all", 1, max(file.size, 1), ascii(file.head[:100])[2:-1], "", "")

    def payment(self, customer: str) -> Record:
        return PAYMENT._replace(customer=customer)


class WithoutTelltales(Tiny):
    telltales = ()


class TakesAll(Tiny):
    @hookimpl
    def identify(self, file: FileView) -> Mine:
        return Mine("payments")


class Forgetful(Tiny):
    numbers: ClassVar = count()

    def payment(self, customer: str) -> Record:
        return PAYMENT._replace(customer=customer, amount=next(self.numbers) + 1)


class Floating(Tiny):
    def payment(self, customer: str) -> Record:
        return PAYMENT._replace(amount=1.5)  # type: ignore[arg-type]  # what the kit must find


class Fragile(Tiny):
    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        yield self.payment(str(int(file.head[5:])))


class Slow(Tiny):
    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        time.sleep(0 if file.head == SAMPLE else 60)
        return Mine("payments")


class Endless(Tiny):
    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        yield from map(PAYMENT._replace, ())
        yield from (Kept(number, "", "") for number in count(1))


class Blind(Tiny):
    @hookimpl
    def show(self, file: FileView) -> Iterator[ShownField]:
        return iter(())


class AnotherKind(Tiny):
    kinds: ClassVar = {**Tiny.kinds, "mandates": FileKind("Tiny mandates")}


class MoreSettings(TinySettings):
    colour: str = "red"


class Undocumented(Tiny):
    settings_model = MoreSettings


SAMPLE = b"TINY 42\n"


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A sample with its answer, and a document."""
    (tmp_path / "sample.txt").write_bytes(SAMPLE)
    assert main(["generate", f"{__name__}:Tiny", str(tmp_path)]) == 0
    return tmp_path


def _kit(plugin_class: type[Vendor], folder: Path) -> Any:
    document = folder.parent / f"{folder.name}.md"
    document.write_text("`creditor`: whose it is\n")

    class Kit(PluginTests):
        plugin = plugin_class
        golden = folder
        docs = (document,)
        seconds_max = 0.5
        examples = 30

    return Kit()


ASKED: dict[str, Callable[[Any], None]] = {
    "describe": lambda kit: kit.test_it_says_who_it_is(),
    "kinds": lambda kit: kit.test_every_kind_has_a_golden_file(),
    "own": lambda kit: kit.test_its_own_it_confirms("sample.txt"),
    "strangers": lambda kit: kit.test_strangers_it_refuses(),
    "answers": lambda kit: kit.test_it_answers_as_in_the_golden_file("sample.txt"),
    "twice": lambda kit: kit.test_it_answers_the_same_twice("sample.txt"),
    "refused": lambda kit: kit.test_what_cannot_be_made_is_refused(),
    "shown": lambda kit: kit.test_it_shows_every_line("sample.txt"),
    "bytes": lambda kit: kit.test_it_survives_any_bytes(),
    "broken": lambda kit: kit.test_it_survives_broken_files(),
    "settings": lambda kit: kit.test_every_setting_is_documented(),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_good_plugin_passes(asked: str, golden: Path) -> None:
    ASKED[asked](_kit(Tiny, golden))


@pytest.mark.parametrize(
    ("plugin", "asked", "said"),
    [
        (WithoutTelltales, "describe", "no telltales"),
        (AnotherKind, "kinds", "no golden file of kind mandates"),
        (TakesAll, "strangers", "letter.pdf"),
        (Forgetful, "answers", "assert .* == "),
        (Forgetful, "twice", "otherwise when asked again"),
        (Floating, "answers", "Payment.amount 1.5 of record 1: a float cannot stand here"),
        (Fragile, "broken", "invalid literal for int"),
        (Slow, "bytes", "no answer within 0.5 seconds"),
        (Endless, "answers", "more records than its 8 bytes can hold"),
        (Blind, "shown", r"shows lines \[\] of 1"),
        (Undocumented, "settings", "not in the documents: colour"),
    ],
)
def test_a_fault_is_found(plugin: type[Vendor], asked: str, said: str, golden: Path) -> None:
    with pytest.raises((AssertionError, ValueError, TooSlowError), match=said):
        ASKED[asked](_kit(plugin, golden))


def test_the_command_tells_what_is_otherwise(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", f"{__name__}:Tiny", str(golden)]) == 0
    (golden / "sample.txt").write_bytes(b"TINY 43\n")
    (golden / "new.txt").write_bytes(SAMPLE)
    assert main(["test", f"{__name__}:Tiny", str(golden)]) == 1
    said = capsys.readouterr().out
    assert "new.txt.golden.json is missing: make it with generate, and look at it" in said
    assert """sample.txt.golden.json is otherwise: line 9 was '      "customer": "42",', is""" in said
    assert "2 differences" in said
    assert main(["test", "nowhere:Plugin", str(golden)]) == 2
    assert "'nowhere:Plugin' cannot be imported" in capsys.readouterr().err


RESULT = ConsumptionResult(2, "1", "12", "304", "2", -5, "balance", None, "75040", None, DAY)


@pytest.mark.parametrize("record", [PAYMENT, RESULT, Kept(1, "022", "text")])
def test_records_go_to_a_file_and_back(record: Record) -> None:
    assert as_record(as_data(record)) == record


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (PAYMENT, ""),
        (PAYMENT._replace(amount=0), r"Payment.amount 0 of record 1: it must be between"),
        (PAYMENT._replace(customer="4\n2"), r"Payment.customer '4\n2' of record 1: it must have at most 100"),
        (PAYMENT._replace(customer="\ud800"), "a str cannot stand here"),
        (PAYMENT._replace(link="other"), "it must not be empty, and the key"),
        (RESULT._replace(period_to=date(1899, 1, 1)), "ConsumptionResult.period_to 1899-01-01"),
        (RESULT._replace(measure="guess"), "it must be one of balance, cost"),
    ],
)
def test_a_breach_is_told(record: Record, said: str) -> None:
    assert said in breach_of(record)
    assert bool(breach_of(record)) is bool(said)


def test_a_reading_is_judged_as_a_whole() -> None:
    second = PAYMENT._replace(record=2)
    assert breach_of_reading([PAYMENT, second]) == ""
    assert breach_of_reading([second, PAYMENT]) == "record 1 after record 2: they must ascend from 1, each once"
    assert "come to more than" in breach_of_reading([PAYMENT._replace(amount=10**15), second])


class Below(BaseModel):
    #: How warm: in degrees.
    warm: int = Field(20, ge=0, le=40)


class Above(BaseModel):
    #: What stands below. More is told here.
    below: Below = Below()
    names: tuple[str, ...] = ()
    either: Below | str | None = None


def test_the_keys_of_settings_are_told() -> None:
    told = [(key.key, key.type, key.default, key.comment) for key in keys_of(Above, "settings.")]
    assert told == [
        ("settings.below.warm", "integer, 0 to 40", "20", "How warm"),
        ("settings.names", "list", "[]", ""),
        ("settings.either.warm", "integer, 0 to 40", "20", "How warm"),
    ]
    assert [key.key for key in keys_of(Above, values=(Below,))] == ["below", "names", "either"]


def test_every_plugin_of_ours_runs_the_kit() -> None:
    ours = [
        folder for folder in (Path(__file__).parents[2] / "plugins").iterdir() if (folder / "pyproject.toml").exists()
    ]
    assert len(ours) >= 8
    assert [folder.name for folder in ours if not list(folder.glob("tests/test_*_kit.py"))] == []
