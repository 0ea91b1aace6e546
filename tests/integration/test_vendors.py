"""The five questions, asked of a plug-in in its own process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from hub.plugin import Description, Document, FileKind, Mine, NotMine, Payment
from hub.settings import ConfigError, Door, HubConfig, IntakeSection, PluginSection, Site, VendorConfig
from hub.vendors import Installed, Instance, VendorFault, Vendors
from hub.vendors.discovery import NotUsableError, find
from hub.vendors.process import environment

pytestmark = pytest.mark.usefixtures("hostile")


@pytest.fixture(scope="module")
def fine(hostile: Path) -> Iterator[Instance]:
    """One for the module: each test also shows that the one before left it well."""
    with Instance("mine", VendorConfig(plugin="fine", period="2025-06-01..2026-05-31"), HubConfig()) as instance:
        yield instance


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(b"".join(b"%d\n" % number for number in range(1, 5001)))
    return path


def payment(number: int) -> Payment:
    day = date(2026, 1, 5)
    text = str(number)
    return Payment(
        number, "01234567", "", text, 15000, "DKK", day, day, None, "", f"fine|{text}", f"fine|{text}|", "paid"
    )


def test_who_are_you(fine: Instance) -> None:
    assert fine.description == Description("The plug-in fine", ("fine files",))
    assert (fine.distribution, fine.plugin_version) == ("third-party-hostile", "6.6.6")
    assert fine.kinds["lines"] == FileKind("Lines")
    assert fine.kinds["pdf"] == FileKind("A document", identity="name+content", document=True)


def test_is_this_mine(fine: Instance, file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert fine.identify(file, "a.txt") == Mine("lines")
    assert fine.identify(tmp_path / "empty", "a.txt") == NotMine("it is empty")


def test_read_it_in_file_order_and_twice(fine: Instance, file: Path) -> None:
    for _ in range(2):
        batches = list(fine.read(file, "a.txt", "lines"))
        assert list(chain.from_iterable(batches)) == [payment(number) for number in range(1, 5001)]
        assert max(map(len, batches)) <= 2000


def test_whose_document_is_this_gets_the_name_and_the_period(fine: Instance, file: Path) -> None:
    first, last = date(2025, 6, 1), date(2026, 5, 31)
    assert fine.whose(file, "V.pdf", "pdf") == Document("1", "12", "", "", "V", first, last)
    other = fine.whose(file, "V.pdf", "pdf", options={"period": "2024-01-01..2024-12-31"})
    assert (other.period_from, other.period_to) == (date(2024, 1, 1), date(2024, 12, 31))


def test_a_file_name_reaches_the_plugin_in_nfc(fine: Instance, file: Path) -> None:
    assert fine.whose(file, "Gr\u0061\u030a.pdf", "pdf").charge_type == "Gr\u00e5"


def test_make_it_from_more_records_than_a_batch(fine: Instance) -> None:
    made = b"".join(fine.make("lines", map(payment, range(5001)), {"title": "Æ"}))
    assert made == "Æ\n".encode() + b"".join(b"%d;15000\n" % number for number in range(5001))


def test_what_is_made_has_a_limit() -> None:
    hub = HubConfig(intake=IntakeSection(file_bytes_max=20))
    with Instance("mine", VendorConfig(plugin="fine"), hub) as fine:
        assert list(fine.make("lines", [payment(1)], {"title": "x"})) == [b"x\n", b"1;15000\n"]
        with pytest.raises(VendorFault, match="makes more than 20 bytes"):
            list(fine.make("lines", map(payment, range(5001)), {"title": "x"}))


def test_what_a_plugin_remarks_on_what_it_makes_is_told_apart_from_the_bytes(fine: Instance) -> None:
    remarks: list[str] = []
    made = b"".join(fine.make("lines", [payment(7)], {"title": "x", "remark": "cut:"}, remarks))
    assert (made, remarks) == (b"x\n7;15000\n", ["cut: 7"])
    with pytest.raises(VendorFault, match="remarks more than 100 times on one file"):
        list(fine.make("lines", map(payment, range(101)), {"title": "x", "remark": "cut:"}))
    with pytest.raises(VendorFault, match=r"says Remark.text .* no control characters"):
        list(fine.make("lines", [payment(7)], {"title": "x", "remark": "a\tb"}, remarks))


def test_records_that_fail_to_come_do_not_leave_the_plugin_waiting(fine: Instance) -> None:
    def records() -> Iterator[Payment]:
        yield from map(payment, range(3000))
        raise LookupError("the database is away")

    with pytest.raises(LookupError, match="the database is away"):
        list(fine.make("lines", records(), {"title": "x"}))
    assert b"".join(fine.make("lines", [payment(1)], {"title": "x"})) == b"x\n1;15000\n"


def test_a_read_that_is_left_does_not_spoil_the_next(fine: Instance, file: Path) -> None:
    with closing(fine.read(file, "a.txt", "lines")) as batches:
        assert next(batches) == [payment(1)]
    assert sum(map(len, fine.read(file, "a.txt", "lines"))) == 5000


def test_asking_in_the_middle_of_an_answer_is_refused_not_waited_for(fine: Instance, file: Path) -> None:
    with closing(fine.read(file, "a.txt", "lines")) as batches:
        next(batches)
        assert set(fine.kinds) == {"lines", "pdf"}, "what is known already can be had at any time"
        with pytest.raises(RuntimeError, match="still answering"):
            fine.identify(file, "a.txt")


def test_threads_take_turns(fine: Instance, file: Path) -> None:
    totals: list[int] = []
    threads = [
        threading.Thread(target=lambda: totals.append(sum(map(len, fine.read(file, "a.txt", "lines")))))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert totals == [5000, 5000, 5000]


def test_a_plugin_outlives_the_thread_that_started_it(fine: Instance, file: Path) -> None:
    fine.close()
    thread = threading.Thread(target=fine.start)
    thread.start()
    thread.join()
    assert fine.identify(file, "a.txt") == Mine("lines")
    assert fine.fault is None


def test_a_plugin_sees_no_secrets_no_input_and_none_of_our_files(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_PASSWORD", "x")
    monkeypatch.setenv("LC_TIME", "da_DK")
    with (tmp_path / "database").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        with Instance("curious", VendorConfig(plugin="curious"), HubConfig()) as curious:
            answer = curious.identify(file, "a.txt")
    assert isinstance(answer, NotMine)
    environment, folder, descriptors, standard_input = answer.why.split(";")
    allowed = {"PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONUTF8", "PYTHONPATH"}
    others = {name for name in environment.split() if not name.startswith("LC_")} - allowed - {"LD_LIBRARY_PATH"}
    assert others == set()
    assert "LC_TIME" in environment
    assert folder == "/"
    assert int(descriptors) == 6, "three standard streams, the line, the trace, and the listing itself"
    assert standard_input == ""


def test_a_path_for_imports_stays_right_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert environment({"PYTHONPATH": f"here{os.pathsep}/there", "HUB_SITE": "x"}) == {
        "PYTHONPATH": f"{tmp_path / 'here'}{os.pathsep}/there"
    }


def test_instances_of_one_plugin_have_settings_of_their_own(tmp_path: Path) -> None:
    site = Site(
        tmp_path,
        vendors={
            "heat": VendorConfig(plugin="fine", settings={"sign": "+"}),
            "water": VendorConfig(plugin="fine", settings={"since": date(2025, 6, 1)}),
        },
    )
    with Vendors(site) as vendors:
        vendors.launch()
        settings = {name: {each.key: each.value for each in one.settings} for name, one in vendors.instances.items()}
    assert (settings["heat"]["sign"], settings["heat"]["since"]) == ("+", None)
    assert (settings["water"]["sign"], settings["water"]["since"]) == ("-", "2025-06-01")


def test_installed_lists_metadata_and_imports_nothing(
    tmp_path: Path, install: Callable[[str, str, dict[str, str]], None]
) -> None:
    install("another-house", "1.0", {"twin": "nowhere:Plugin"})
    plugins = {(plugin.name, plugin.distribution): plugin for plugin in Vendors(Site(tmp_path)).installed()}
    broken = plugins["fails_to_import", "third-party-hostile"]
    assert broken == Installed("fails_to_import", "third-party-hostile", "6.6.6", "")
    told = "another-house 1.0 and third-party-hostile 6.6.6 all have a plug-in of this name: uninstall all but one"
    assert plugins["twin", "another-house"].problem == plugins["twin", "third-party-hostile"].problem == told
    assert ("nets_bs", "bolighub-nets-bs") in plugins
    assert "hub_hostile" not in sys.modules


def test_a_plugin_that_is_not_there_or_there_twice_is_not_used(
    install: Callable[[str, str, dict[str, str]], None],
) -> None:
    install("another-house", "1.0", {"twin": "nowhere:Plugin"})
    with pytest.raises(NotUsableError, match=r"no plug-in of this name is installed; there are: .*nets_bs"):
        find("nets_bbs")
    with pytest.raises(NotUsableError, match=r"third-party-hostile 6\.6\.6 all have a plug-in of this name: uninstall"):
        find("twin")
    _, found = find("nets_bs")
    assert (found.name, found.distribution, found.problem) == ("nets_bs", "bolighub-nets-bs", "")


def test_a_refused_configuration_is_told_once_and_then_a_fault(file: Path) -> None:
    config = VendorConfig(plugin="fine", settings={"sign": "too long"}, door=Door(pattern=""))
    with Instance("mine", config, HubConfig()) as instance:
        with pytest.raises(ConfigError, match=r"settings\.sign"):
            instance.start()
        with pytest.raises(VendorFault, match=r"settings\.sign"):
            instance.identify(file, "a.txt")


HUB = """
import json, os, signal, sys
from pathlib import Path
from hub.settings import HubConfig, PluginSection, VendorConfig
from hub.vendors import Instance

plugin, file, what = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
hub = HubConfig(plugins=PluginSection(no_progress_seconds=float(sys.argv[4])))
instance = Instance("mine", VendorConfig(plugin=plugin), hub)
batches = instance.read(file, "a.txt", "lines")
read = len(next(batches))
children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
print(json.dumps(children), flush=True)
if what == "signal":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
        os.killpg(0, number)
    print(read + sum(map(len, batches)), flush=True)
    instance.close()
else:
    signal.pause()
"""


@pytest.mark.parametrize("plugin", ["fine", "hangs"])
def test_a_hub_that_is_killed_leaves_no_plugin_behind(plugin: str, file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HUB, plugin, str(file), "wait", "0.5"], stdout=subprocess.PIPE, text=True
    ) as hub:
        assert hub.stdout is not None
        (child,) = json.loads(hub.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        hub.send_signal(signal.SIGKILL)
    gives_up = time.monotonic() + 10
    while _runs(child) and time.monotonic() < gives_up:
        time.sleep(0.02)
    assert not _runs(child)


def test_a_stop_of_the_whole_group_lets_a_file_be_read_to_its_end(file: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", HUB, "fine", str(file), "signal", "30"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        check=True,
    )
    assert said.stdout.split()[-1] == "5000"


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_time_we_take_to_book_a_batch_is_not_the_plugins(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"".join(b"%0100d\n" % number for number in range(20_000)))
    hub = HubConfig(plugins=PluginSection(no_progress_seconds=0.5))
    with Instance("mine", VendorConfig(plugin="fine"), hub) as fine:
        batches = fine.read(big, "a.txt", "lines")
        read = len(next(batches))
        time.sleep(1.5)
        assert read + sum(map(len, batches)) == 20_000
