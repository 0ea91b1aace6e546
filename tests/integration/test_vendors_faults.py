"""A plug-in of a third party may do what it likes: it is reported, and harms nobody else (promise 3)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import chain
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hub.plugin import Kept, Malformed, Mine, NotMine, Payment
from hub.settings import HubConfig, PluginSection, Site, VendorConfig
from hub.vendors import Instance, Unmakeable, VendorFault, Vendors

NO_PROGRESS_SECONDS = 1.0
LABEL = "plug-in {} 6.6.6"

pytestmark = pytest.mark.usefixtures("hostile")


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[Callable[..., Vendors]]:
    """Live instances, one a plug-in, named like it."""
    opened: list[Vendors] = []

    def vendors(*plugins: str) -> Vendors:
        limits = PluginSection(no_progress_seconds=NO_PROGRESS_SECONDS, memory_megabytes=64, read_budget_bytes=65_536)
        site = Site(
            tmp_path,
            HubConfig(plugins=limits),
            vendors={plugin: VendorConfig(plugin=plugin) for plugin in plugins},
        )
        opened.append(Vendors(site))
        return opened[-1]

    yield vendors
    for each in opened:
        each.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(b"1\n2\n3\n")
    return path


def test_an_exception_in_identify_is_named_and_the_next_file_is_asked_again(
    vendors: Callable[..., Vendors], file: Path
) -> None:
    raises = vendors("raises").instances["raises"]
    with pytest.raises(VendorFault) as caught:
        raises.identify(file, "identify.txt")
    assert str(caught.value) == "vendor raises: plug-in raises 6.6.6 failed in identify: KeyError: 'no such key'"
    assert "hub_hostile.py" in caught.value.detail
    assert "in identify" in caught.value.detail
    assert raises.fault is None
    assert raises.identify(file, "other.txt") == Mine("lines")


def test_an_exception_in_the_middle_of_reading_comes_after_the_records_before_it(
    vendors: Callable[..., Vendors], file: Path
) -> None:
    raises = vendors("raises").instances["raises"]
    seen: list[object] = []
    with pytest.raises(VendorFault) as caught:
        seen.extend(chain.from_iterable(raises.read(file, "read.txt", "lines")))
    assert caught.value.what.endswith("failed in read: ZeroDivisionError: division by zero")
    assert seen == [Kept(number, "0000", "") for number in range(1, len(seen) + 1)]
    assert len(seen) > 500
    assert sum(map(len, raises.read(file, "other.txt", "lines"))) == 1000


def test_a_malformed_file_is_the_files_fault(vendors: Callable[..., Vendors], file: Path) -> None:
    file.write_bytes(b"1\nbad\n")
    fine = vendors("fine").instances["fine"]
    with pytest.raises(Malformed) as caught:
        list(fine.read(file, "a.txt", "lines"))
    assert str(caught.value) == "line 2, positions 1-3, field 'customer': found 'bad', expected good"
    assert (caught.value.line, caught.value.positions, caught.value.field) == (2, (1, 3), "customer")
    with pytest.raises(Malformed, match="the name has 4 parts: found 1-1-1-1, expected 5 or 7"):
        vendors("raises").instances["raises"].whose(file, "a.pdf", "pdf")


def test_a_failure_in_make_is_named(vendors: Callable[..., Vendors]) -> None:
    raises = vendors("raises").instances["raises"]
    with pytest.raises(VendorFault, match="failed in make: RuntimeError: cannot make it"):
        list(raises.make("lines", [Kept(1, "", "")], {}))
    with pytest.raises(VendorFault, match="failed in make: Malformed: no file is read here"):
        list(raises.make("malformed", [Kept(1, "", "")], {}))
    assert raises.fault is None


def test_a_refusal_to_make_is_no_failure(vendors: Callable[..., Vendors]) -> None:
    raises = vendors("raises").instances["raises"]
    raises.start()
    with capture_logs() as logged, pytest.raises(Unmakeable) as refused:
        list(raises.make("picky", [Kept(1, "", "")], {}))
    assert str(refused.value) == "record 1: found 'Å', expected ASCII. they say so. leave it"
    assert (logged, raises.fault) == ([], None)
    assert sum(map(len, raises.read(Path(__file__), "other.txt", "lines"))) == 1000


def test_a_kind_that_was_not_declared_is_a_fault(vendors: Callable[..., Vendors], file: Path) -> None:
    with pytest.raises(VendorFault, match="kind 'unheard_of', which it does not declare"):
        vendors("raises").instances["raises"].identify(file, "unheard.txt")


@pytest.mark.parametrize("doing", ["identify", "read"])
def test_a_regex_that_never_ends_is_killed_in_time_and_the_vendor_shut_out(
    vendors: Callable[..., Vendors], file: Path, doing: str
) -> None:
    both = vendors("hangs", "fine")
    hangs = both.instances["hangs"]
    hangs.start()
    began = time.monotonic()
    with pytest.raises(VendorFault) as caught:
        _ = hangs.identify(file, "identify.txt") if doing == "identify" else list(hangs.read(file, "a.txt", "lines"))
    assert time.monotonic() - began < NO_PROGRESS_SECONDS + 2
    assert f"made no progress for 1 seconds (hub.plugins.no_progress_seconds) in {doing}" in str(caught.value)
    assert "start the hub again" in str(caught.value)
    assert "in _hang" in caught.value.detail, "the log says where it hung"

    began = time.monotonic()
    with pytest.raises(VendorFault, match="made no progress"):
        hangs.identify(file, "other.txt")
    assert time.monotonic() - began < 0.1
    assert hangs.fault is not None
    assert list(both.instances["fine"].read(file, "a.txt", "lines"))


def test_a_hang_while_we_are_busy_is_told_as_one(vendors: Callable[..., Vendors], file: Path) -> None:
    hangs = vendors("hangs").instances["hangs"]
    batches = hangs.read(file, "a.txt", "lines")
    assert next(batches) == [Kept(1, "0000", "")]
    time.sleep(3 * NO_PROGRESS_SECONDS + 0.5)
    with pytest.raises(VendorFault, match="made no progress for 1 seconds"):
        next(batches)


def test_slow_is_not_hung(vendors: Callable[..., Vendors], file: Path) -> None:
    slow = vendors("slow").instances["slow"]
    assert sum(map(len, slow.read(file, "a.txt", "lines"))) == 12


@pytest.mark.parametrize("doing", ["identify", "read"])
def test_a_plugin_that_drips_is_ended_when_the_whole_question_has_had_its_time(
    vendors: Callable[..., Vendors], file: Path, doing: str
) -> None:
    drips = vendors("drips").instances["drips"]
    drips.start()
    began = time.monotonic()
    with pytest.raises(VendorFault) as caught:
        _ = drips.identify(file, "a.txt") if doing == "identify" else list(drips.read(file, "a.txt", "lines"))
    assert 2 * NO_PROGRESS_SECONDS <= time.monotonic() - began < 2 * NO_PROGRESS_SECONDS + 2
    assert f"took more than 2 seconds in {doing}: at most twice 1 seconds (hub.plugins.no_progress_seconds)" in str(
        caught.value
    )
    # It is ended between two drops as well as in one: then it was handing a drop over.
    assert "in send" in caught.value.detail or "hub_hostile.py" in caught.value.detail, "the log says where it was"
    assert drips.fault is not None


def test_a_bigger_file_may_take_longer_and_our_own_time_is_not_counted(
    vendors: Callable[..., Vendors], tmp_path: Path
) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * 1024 * 1024)
    drips = vendors("drips").instances["drips"]
    batches = drips.read(big, "a.txt", "lines")
    next(batches)
    began = time.monotonic()
    time.sleep(1.5)
    with pytest.raises(VendorFault, match="took more than 3 seconds in read"):
        list(batches)
    assert 1.5 + 3 - 0.5 < time.monotonic() - began < 1.5 + 3 + 2


def test_a_leak_of_memory_meets_the_limit(vendors: Callable[..., Vendors], tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * 100_000)
    leaks = vendors("leaks").instances["leaks"]
    read: list[object] = []
    with pytest.raises(VendorFault, match=r"needs more than 64 MB of memory \(hub.plugins.memory_megabytes\) in read"):
        read.extend(chain.from_iterable(leaks.read(big, "a.txt", "lines")))
    assert len(read) > 20, "the limit grants what it says"
    assert leaks.fault is not None


def test_a_crash_of_the_interpreter_is_told_with_its_place(vendors: Callable[..., Vendors], file: Path) -> None:
    segfaults = vendors("segfaults").instances["segfaults"]
    with pytest.raises(VendorFault, match="crashed in read: Segmentation fault") as caught:
        list(segfaults.read(file, "a.txt", "lines"))
    assert "string_at" in caught.value.detail
    assert segfaults.fault is not None


def test_a_process_that_ends_itself_is_started_again_but_not_for_ever(
    vendors: Callable[..., Vendors], file: Path
) -> None:
    exits = vendors("exits").instances["exits"]
    for _ in range(3):
        with pytest.raises(VendorFault, match="ended its process in identify, with exit status 3"):
            exits.identify(file, "rudely.txt")
        assert exits.fault is None
        assert exits.identify(file, "other.txt") == Mine("lines")
    with pytest.raises(VendorFault):
        exits.identify(file, "rudely.txt")
    assert exits.fault is not None


def test_sys_exit_is_an_exception_like_others(vendors: Callable[..., Vendors], file: Path) -> None:
    exits = vendors("exits").instances["exits"]
    for _ in range(5):
        with pytest.raises(VendorFault, match="failed in identify: SystemExit: goodbye"):
            exits.identify(file, "politely.txt")
    assert exits.identify(file, "other.txt") == Mine("lines")


def test_a_plugin_that_cannot_be_imported_is_shut_out_and_the_others_work(
    vendors: Callable[..., Vendors], file: Path
) -> None:
    both = vendors("fails_to_import", "fine")
    both.launch()
    broken = both.instances["fails_to_import"]
    with pytest.raises(VendorFault, match="cannot be loaded: ImportError: no module named 'a_library") as caught:
        broken.identify(file, "a.txt")
    assert "hub_hostile_import.py" in caught.value.detail
    assert broken.fault is not None
    assert both.instances["fine"].identify(file, "a.txt") == Mine("lines")


def test_what_a_plugin_prints_goes_to_the_log_alone(
    vendors: Callable[..., Vendors], file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    prints = vendors("prints").instances["prints"]
    with capture_logs() as logs:
        assert prints.identify(file, "a.txt") == Mine("lines")
        prints.close()
    assert [(line["vendor"], line["line"]) for line in logs] == [
        ("prints", "printed by a plug-in"),
        ("prints", "written by a plug-in"),
    ]
    assert capfd.readouterr() == ("", "")


def test_a_plugin_that_prints_without_end_fills_neither_log_nor_pipe(
    vendors: Callable[..., Vendors], file: Path
) -> None:
    chatters = vendors("chatters").instances["chatters"]
    with capture_logs() as logs:
        assert chatters.identify(file, "a.txt") == Mine("lines")
        chatters.close()
    lines = [line["line"] for line in logs[:-1]]
    assert lines[0] == r"a\x1b[2Jb"
    assert lines[1] == 999 * "x" + "…"
    assert lines[2:] == [f"line {number}" for number in range(198)]
    assert logs[-1]["event"] == "a plug-in printed more than 200 lines: the rest is dropped"


def test_a_fault_is_logged_once_with_its_traceback(vendors: Callable[..., Vendors], file: Path) -> None:
    both = vendors("raises", "fails_to_import").instances
    with capture_logs() as logs:
        for instance in both.values():
            with pytest.raises(VendorFault):
                instance.identify(file, "identify.txt")
        with pytest.raises(VendorFault):
            both["fails_to_import"].identify(file, "again.txt")
    told = [(line["log_level"], line["vendor"], line["plugin"], line["doing"]) for line in logs]
    assert told == [("error", "raises", "raises", "identify"), ("error", "fails_to_import", "fails_to_import", "load")]
    assert "KeyError" in logs[0]["fault"]
    assert "in identify" in logs[0]["detail"]
    assert "hub_hostile_import.py" in logs[1]["detail"]


def test_what_a_plugin_says_of_a_file_is_one_line_that_can_be_printed(
    vendors: Callable[..., Vendors], file: Path
) -> None:
    wordy = vendors("wordy").instances["wordy"]
    answer = wordy.identify(file, "a.txt")
    assert isinstance(answer, NotMine)
    with pytest.raises(Malformed) as caught:
        list(wordy.read(file, "a.txt", "lines"))
    for said in (answer.why, caught.value.what, caught.value.do, caught.value.field):
        assert said.startswith(r"forged\nline \x1b[2J \ud800xxx")
        assert said.endswith("x…")
        assert len(said) == 1_000
    assert wordy.fault is None


@pytest.mark.parametrize(
    ("name", "told"),
    [("ends", "ended its process in identify, with exit status 3"), ("hangs", "made no progress"), ("goes on", "")],
)
def test_what_a_plugin_forks_does_not_outlive_it(
    vendors: Callable[..., Vendors], file: Path, name: str, told: str
) -> None:
    forks = vendors("forks").instances["forks"]
    with pytest.raises(VendorFault, match=told) if told else nullcontext():
        forks.identify(file, name)
    offspring = int(file.with_name("offspring").read_text())
    forks.close()
    gives_up = time.monotonic() + 5
    while _runs(offspring) and time.monotonic() < gives_up:
        time.sleep(0.02)
    assert not _runs(offspring)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_identify_may_not_read_more_than_its_budget(vendors: Callable[..., Vendors], tmp_path: Path) -> None:
    small, big = tmp_path / "small", tmp_path / "big"
    small.write_bytes(b"x" * 65_535)
    big.write_bytes(b"x" * 65_537)
    greedy = vendors("greedy").instances["greedy"]
    assert greedy.identify(small, "a.txt") == Mine("lines")
    with pytest.raises(VendorFault, match=r"hub\.plugins\.read_budget_bytes"):
        greedy.identify(big, "a.txt")
    assert greedy.fault is None


def test_a_read_without_end_is_found_out(vendors: Callable[..., Vendors], file: Path) -> None:
    with pytest.raises(VendorFault, match="yields more records than the file's 6 bytes can hold"):
        for _ in vendors("endless").instances["endless"].read(file, "a.txt", "lines"):
            pass


@pytest.mark.parametrize(
    ("yields", "told"),
    [
        ("float", r"ColumnError: Payment\.amount: .*float"),
        ("dict", "ColumnError: dict is no record: yield the classes of hub.plugin"),
        ("line", "ValidationError: .* line Input should be a valid integer"),
    ],
)
def test_a_record_of_wrong_types_never_leaves_the_plugins_process(
    vendors: Callable[..., Vendors], file: Path, yields: str, told: str
) -> None:
    with pytest.raises(VendorFault, match=told):
        list(vendors("untyped").instances["untyped"].read(file, yields, "lines"))


@pytest.fixture(scope="module")
def unbounded(hostile: Path) -> Iterator[Instance]:
    """One for all breaches: each also shows that the one before harmed no later file."""
    with Instance("unbounded", VendorConfig(plugin="unbounded"), HubConfig()) as instance:
        yield instance


@pytest.mark.parametrize(
    ("record_class", "changes", "told"),
    [
        ("Payment", {"amount": 2**63 - 1}, "Payment.amount 9223372036854775807 of record 3: it must be between -10"),
        ("Payment", {"amount": -(10**15) - 1}, "Payment.amount -1000000000000001 of record 3"),
        ("Payment", {"amount": 10**15}, "amounts that come to more than 10000000000000.00 in one file"),
        ("Payment", {"amount": 0}, "Payment.amount 0 of record 3: it must be between .* and not 0"),
        ("Chargeback", {"amount": 0}, "Chargeback.amount 0 of record 3: it must be between 1 and 1000000000000000 øre"),
        ("Chargeback", {"amount": -15000}, "Chargeback.amount -15000 of record 3"),
        ("Chargeback", {"link": ""}, "Chargeback.link '' of record 3: it must have 1 to 500 characters"),
        ("PaymentFailed", {"due_date": "2026-01-05", "key": ""}, "PaymentFailed.key '' of record 3"),
        ("Payment", {"key": ""}, "Payment.key '' of record 3: it must have 1 to 500 characters"),
        ("Payment", {"key": "fine|33|"}, "'fine|3' of record 3: .* key, 'fine|33|', must begin with it and |"),
        ("Payment", {"link": "", "key": "|3"}, "Payment.link '' of record 3: it must not be empty"),
        ("Payment", {"key": "fine|3|" + 500 * "x"}, "Payment.key 'fine|3|x*... of record 3: it must have 1 to 500"),
        ("Payment", {"key": "fine|3|\n"}, r"Payment.key 'fine|3|\\n' of record 3: .* no control characters"),
        ("Payment", {"text": "\x1b[2J"}, r"Payment.text '\\x1b\[2J' of record 3"),
        ("Payment", {"reference": "\x85"}, r"Payment.reference '\\x85' of record 3"),
        ("Payment", {"group": 21 * "1"}, "Payment.group '1{21}' of record 3: it must have at most 20 characters"),
        ("Payment", {"currency": "kr."}, "Payment.currency 'kr.' of record 3"),
        ("Payment", {"value_date": "0001-01-01"}, "Payment.value_date 0001-01-01 of record 3: .* 1900-01-01 and 2199"),
        ("Payment", {"due_date": "2200-01-01"}, "Payment.due_date 2200-01-01 of record 3"),
        ("Payment", {"record": 2}, "record 2 after record 2: they must ascend"),
        ("Kept", {"record": 1, "code": ""}, "record 1 after record 2: they must ascend"),
        ("Kept", {"record": 0, "code": ""}, "record 0 after record 2: they must ascend"),
        ("Remark", {"text": 501 * "x"}, "Remark.text 'x*...: it must have at most 500 characters"),
        ("Payment", {"text": "a\0b"}, "ColumnError: Payment.text: holds a NUL character"),
        ("Payment", {"text": "\ud800"}, "ColumnError: Payment.text: .* surrogates not allowed"),
    ],
)
def test_a_record_beyond_the_limits_costs_its_file_and_no_other(
    unbounded: Instance, file: Path, record_class: str, changes: dict[str, object], told: str
) -> None:
    with pytest.raises(VendorFault, match=told.replace("|", r"\|")) as caught:
        list(unbounded.read(file, f"{record_class} {json.dumps(changes)}", "lines"))
    assert str(caught.value).startswith("vendor unbounded: plug-in unbounded 6.6.6 ")
    assert unbounded.fault is None
    assert sum(map(len, unbounded.read(file, "Payment {}", "lines"))) == 900


def test_a_document_beyond_the_limits_costs_its_file_and_no_other(unbounded: Instance, file: Path) -> None:
    with pytest.raises(VendorFault, match=r"says Document.charge_type 'x{21}': it must have at most 20 characters"):
        unbounded.whose(file, 21 * "x", "pdf")
    assert unbounded.whose(file, "75040", "pdf").charge_type == "75040"


@pytest.mark.parametrize(
    ("trick", "told"),
    [
        ("pickle", "sent what cannot be read as records"),
        ("long", "at most 16777216 are taken"),
        ("tag", r"answered b'\?' to read"),
        ("json", "sent what cannot be understood in read"),
        ("half", "made no progress for 1 seconds"),
    ],
)
def test_nothing_that_a_plugin_says_on_the_line_runs_or_stops_the_hub(
    vendors: Callable[..., Vendors], file: Path, trick: str, told: str
) -> None:
    nonsense = vendors("nonsense").instances["nonsense"]
    with pytest.raises(VendorFault, match=told):
        list(nonsense.read(file, trick, "lines"))
    assert nonsense.fault is not None
    assert not file.with_name("pwned").exists()


def test_a_file_that_is_gone_is_not_the_plugins_fault(vendors: Callable[..., Vendors], tmp_path: Path) -> None:
    fine = vendors("fine").instances["fine"]
    with pytest.raises(FileNotFoundError):
        fine.identify(tmp_path / "gone", "gone.txt")
    assert fine.fault is None


def test_others_are_read_while_one_hangs(vendors: Callable[..., Vendors], file: Path) -> None:
    all_of_them = vendors("hangs", "fails_to_import", "leaks", "raises", "fine")
    all_of_them.launch()
    booked: list[object] = []
    faults: list[str] = []
    for name, instance in all_of_them.instances.items():
        try:
            booked.extend(chain.from_iterable(instance.read(file, "read.txt", "lines")))
        except VendorFault:
            faults.append(name)
    assert faults == ["hangs", "fails_to_import", "leaks", "raises"]
    assert [record.customer for record in booked if isinstance(record, Payment)] == ["1", "2", "3"]
