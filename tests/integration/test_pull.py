"""Files fetched from a real SFTP server: each once, booked once, and removed there only when it is dealt with here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.exchange.pulling import TooSoonError, pull
from hub.exchange.schedule import pull_due_at
from hub.intake import pipeline
from tests.fetching_site import Between, FetchingSite, Template, template
from tests.hostile_zips import zipped
from tests.integration.cli_runner import hub as command
from tests.sshd import Sshd
from tests.tiny_site import delivery

FOLDERS = 'folders = ["out", "receipts"]'
DELETE = 'after = "delete"'


@pytest.fixture(scope="module")
def like(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with template(tmp_path_factory.mktemp("template") / "site") as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, sshd: Sshd, like: Template) -> FetchingSite:
    return FetchingSite(tmp_path / "site", sshd, like=like)


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (DELETE, []),
        ('after = "move"\nmove_to = "done"', ["done/D1.txt", "done/D2.txt", "done/D3.txt"]),
        ('after = "leave"', ["out/D1.txt", "out/D2.txt", "receipts/D3.txt"]),
    ],
    ids=["delete", "move", "leave"],
)
def test_the_daemon_fetches_books_and_then_clears(
    tmp_path: Path, sshd: Sshd, database_url: str, after: str, left: list[str]
) -> None:
    site = FetchingSite(tmp_path / "site", sshd, database_url)
    site.set_up(FOLDERS, after)
    (sshd.root / "done").mkdir()
    for number, folder in ((1, "out"), (2, "out"), (3, "receipts")):
        site.put(f"D{number}.txt", delivery(("101", 10_000 * number), number=number), folder)
    lying = site.there()
    with site.hub() as hub:
        looked = site.pull(hub)
        assert (looked.result, looked.seen, looked.moved, looked.refused) == ("done", 3, 3, 0)
        # Not booked, so not cleared.
        assert site.there() == lying
        assert site.balance(hub) == 0
        site.take_in(hub)
        assert site.states(hub) == {"D1.txt": ["booked"], "D2.txt": ["booked"], "D3.txt": ["booked"]}
        assert site.balance(hub) == -60_000
        assert site.there() == lying
        again = site.pull(hub)
        assert (again.result, again.moved) == ("done", 0)
        assert site.there() == left
        site.take_in(hub)
        assert site.pull(hub).moved == 0
        assert site.balance(hub) == -60_000
        assert site.count(hub, "file") == 3
    archived = [path.name for path in (site.root / "archive/bs").rglob("*.txt")]
    assert sorted(name.partition("-")[2] for name in archived) == ["D1.txt", "D2.txt", "D3.txt"]
    assert command("verify", site=site.root).status == 0


def test_by_hand_all_is_done_in_one_look(site: FetchingSite) -> None:
    site.set_up(DELETE)
    site.put("D1.txt", delivery(("101", 10_000)))
    with site.hub() as hub:
        looked = site.pull(hub, by_hand=True)
        assert (looked.result, looked.moved) == ("done", 1)
        assert site.balance(hub) == -10_000
    assert site.there() == []


def test_a_file_tells_where_it_came_from_and_what_became_of_it_there(site: FetchingSite) -> None:
    site.set_up('folders = ["out"]', DELETE)
    site.put("D1.txt", delivery(("101", 10_000)), "out")
    with site.hub() as hub:
        site.pull(hub)
        site.take_in(hub)
    assert (
        "fetched   sftp://bs/out as D1.txt, 2026-07-06 09:01 UTC: lies there still"
        in command("files", "show", 1, site=site.root).out
    )
    with site.hub() as hub:
        site.pull(hub)
    shown = command("files", "show", 1, site=site.root)
    assert "sftp://bs/out as D1.txt, 2026-07-06 09:01 UTC: removed there by us, 2026-07-06 10:02 UTC" in shown.out
    (told,) = command("files", "show", 1, "--json", site=site.root).json["fetched"]
    assert (told["from"], told["folder"], told["name"]) == ("sftp://bs/out", "out", "D1.txt")
    assert told["cleared_at"] == told["gone_at"] == "2026-07-06T10:02:00.000000+00:00"


def test_only_what_the_patterns_name_is_fetched(site: FetchingSite) -> None:
    site.set_up('names = ["D*", "T*"]', DELETE)
    content = delivery(("101", 10_000))
    for name in ("D1", "d2", "X3", ".D4", "D5.part", "D6.TMP", "D7.done", "D8~"):
        site.put(name, content)
    (site.sshd.root / "D9").mkdir()
    (site.sshd.root / "D10").symlink_to(site.sshd.root / "X3")
    with site.hub() as hub:
        looked = site.pull(hub, by_hand=True)
        assert (looked.seen, looked.moved) == (1, 1)
        # A vendor's new kind of name is told; what is never taken is nobody's news.
        assert "2 left out, as no pattern in sftp.pull.names fits: X3" in looked.text
        assert list(site.states(hub)) == ["D1"]
    assert "D1" not in site.there()
    assert len(site.there()) == 8


def test_only_the_vendors_own_instance_is_asked(site: FetchingSite) -> None:
    # The other instance takes every PDF from the common inbox.
    site.set_up()
    site.put("1-1-F-20250601-20260531-1-1.pdf", b"%PDF-1.4\n")
    with site.hub() as hub:
        site.pull(hub, by_hand=True)
        assert site.states(hub) == {"1-1-F-20250601-20260531-1-1.pdf": ["quarantined"]}
    shown = command("files", "show", 1, site=site.root).out
    assert "bs: not mine" in shown
    assert "heat" not in shown


def test_what_still_grows_is_left_for_the_next_look(site: FetchingSite) -> None:
    site.set_up("settle_seconds = 5")
    whole = delivery(("101", 10_000))
    growing = site.put("D1.txt", whole[:100])
    site.put("D2.txt", delivery(("101", 500), number=2))

    def grow() -> None:
        growing.write_bytes(whole[:200])

    with site.hub() as hub:
        looked = site.pull(hub, stop=Between(grow))
        assert (looked.seen, looked.moved) == (2, 1)
        assert "1 still being written" in looked.text
        growing.write_bytes(whole)
        assert site.pull(hub, stop=Between(lambda: None)).moved == 1
        site.take_in(hub)
        assert site.states(hub) == {"D1.txt": ["booked"], "D2.txt": ["booked"]}


def test_a_file_behind_an_older_time_is_fetched(site: FetchingSite) -> None:
    site.set_up()
    with site.hub() as hub:
        site.put("new.txt", delivery(("101", 100)), mtime=1_780_000_000)
        site.pull(hub, by_hand=True)
        site.put("old.txt", delivery(("101", 200), number=2), mtime=900_000_000)
        assert site.pull(hub, by_hand=True).moved == 1
        assert site.balance(hub) == -300


def test_a_name_that_is_used_again_is_another_file(site: FetchingSite) -> None:
    site.set_up()
    with site.hub() as hub:
        first = site.put("D.txt", delivery(("101", 100)), mtime=1_780_000_000)
        site.pull(hub, by_hand=True)
        # Over the first one, never seen to be gone.
        site.put("D.txt", delivery(("101", 200), number=2), mtime=1_780_000_000 + 1)
        assert site.pull(hub, by_hand=True).moved == 1
        assert site.balance(hub) == -300
        # Gone, and back as it was: only its content can say that it is the same.
        first.unlink()
        assert site.pull(hub, by_hand=True).moved == 0
        site.put("D.txt", delivery(("101", 200), number=2), mtime=1_780_000_000 + 1)
        assert site.pull(hub, by_hand=True).moved == 1
        assert site.states(hub) == {"D.txt": ["booked", "booked", "duplicate"]}
        assert site.balance(hub) == -300
        assert site.pull(hub, by_hand=True).moved == 0


def test_what_took_the_name_of_a_booked_file_is_not_removed_for_it(site: FetchingSite) -> None:
    site.set_up(DELETE, "settle_seconds = 5")
    first, second = delivery(("101", 100)), delivery(("101", 200), number=2)
    site.put("D.txt", first, mtime=1_780_000_000)
    with site.hub() as hub:
        site.pull(hub, stop=Between(lambda: None))
        site.take_in(hub)
        # It comes while we look: the first listing has seen the first file still.
        site.put("D1.txt", delivery(("101", 300), number=3))
        looked = site.pull(hub, stop=Between(lambda: site.put("D.txt", second, mtime=1_780_000_001)))
        assert (looked.result, looked.moved) == ("done", 1)
        assert "D.txt" in site.there()
        assert site.pull(hub, by_hand=True, stop=Between(lambda: None)).moved == 1
        assert site.balance(hub) == -600
    assert site.there() == []


def test_too_big_and_badly_named_files_are_refused_once_and_left_there(
    site: FetchingSite, capsys: pytest.CaptureFixture[str]
) -> None:
    site.set_up(DELETE, intake="file_bytes_max = 2000")
    site.put("big.txt", b"x" * 2001)
    site.put("back\\slash.txt", b"x")
    (Path(str(site.sshd.root)) / "plain.txt").write_bytes(delivery(("101", 100)))
    with site.hub() as hub:
        capsys.readouterr()
        looked = site.pull(hub, by_hand=True)
        assert (looked.result, looked.seen, looked.moved, looked.refused) == ("done", 3, 1, 2)
        assert "refused big.txt: too big: 2001 bytes, intake.file_bytes_max allows 2000" in looked.text
        assert "bad name" in looked.text
        assert "big.txt" in capsys.readouterr().out
        again = site.pull(hub, by_hand=True)
        assert (again.moved, again.refused) == (0, 2)
        assert site.there() == ["back\\slash.txt", "big.txt"]
    config = site.root / "config/hub.toml"
    config.write_text(config.read_text().replace("file_bytes_max = 2000", "file_bytes_max = 3000"))
    with site.hub() as hub:
        looked = site.pull(hub, by_hand=True)
        assert (looked.moved, looked.refused) == (1, 1)
        assert site.states(hub)["big.txt"] == ["quarantined"]


def test_what_is_in_quarantine_stays_there_until_it_is_booked(site: FetchingSite) -> None:
    site.set_up(DELETE)
    # Its plug-in is another one when its settings are.
    site.vendors = None
    bs = site.root / "config/vendors/bs.toml"
    right = bs.read_text()
    bs.write_text(right.replace('creditors = ["09999999"]', 'creditors = ["01111111"]'))
    site.put("D1.txt", delivery(("101", 10_000)))
    with site.hub() as hub:
        for _ in range(2):
            site.pull(hub, by_hand=True)
        assert site.states(hub) == {"D1.txt": ["quarantined"]}
        assert site.there() == ["D1.txt"]
    bs.write_text(right)
    with site.hub() as hub:
        assert pipeline.retry(hub, 1, actor="Anna").result.state == "booked"
        assert site.pull(hub).moved == 0
        assert site.there() == []
        assert site.balance(hub) == -10_000


def test_what_a_person_ignores_is_removed_there(site: FetchingSite) -> None:
    site.set_up(DELETE)
    site.put("nobodys.txt", b"hello")
    with site.hub() as hub:
        site.pull(hub, by_hand=True)
        assert site.there() == ["nobodys.txt"]
        pipeline.ignore(hub, 1, reason="an advertisement", actor="Anna")
        site.pull(hub)
    assert site.there() == []


def test_a_zip_counts_when_its_members_do(site: FetchingSite) -> None:
    site.set_up(DELETE)
    site.put("july.zip", zipped({"D1.txt": delivery(("101", 100)), "D2.txt": delivery(("101", 200), number=2)}))
    site.put("bad.zip", zipped({"nobodys.txt": b"hello"}))
    with site.hub() as hub:
        site.pull(hub, by_hand=True)
        assert site.states(hub)["july.zip"] == ["booked"]
        assert site.states(hub)["bad.zip"] == ["quarantined"]
        assert site.balance(hub) == -300
    assert site.there() == ["bad.zip"]


@pytest.mark.parametrize("how", [DELETE, 'after = "move"\nmove_to = "done"'], ids=["delete", "move"])
def test_a_server_that_forbids_removal_is_told_of_and_nothing_comes_twice(
    tmp_path: Path, like: Template, how: str
) -> None:
    with Sshd(tmp_path / "sshd", refused="rename,posix-rename,remove") as sshd:
        site = FetchingSite(tmp_path / "site", sshd, like=like)
        site.set_up(how)
        (sshd.root / "done").mkdir()
        site.put("D1.txt", delivery(("101", 100)))
        site.put("D2.txt", delivery(("101", 200), number=2))
        with site.hub() as hub:
            looked = site.pull(hub, by_hand=True)
            assert looked.result == "done"
            assert "2 cannot be " in looked.text
            assert 'sftp.pull.after = "leave"' in looked.text
            again = site.pull(hub, by_hand=True)
            assert (again.result, again.moved) == ("done", 0)
            assert site.balance(hub) == -300
        assert site.there() == ["D1.txt", "D2.txt"]
        shown = command("files", "show", 1, site=site.root).out
        assert "lies there still: " in shown


def test_a_moved_file_never_covers_another(site: FetchingSite) -> None:
    site.set_up('after = "move"\nmove_to = "done"')
    site.put("D1.txt", b"of last month", "done")
    site.put("D1.txt", delivery(("101", 100)))
    with site.hub() as hub:
        looked = site.pull(hub, by_hand=True)
        assert (looked.result, looked.moved) == ("done", 1)
        assert "1 cannot be moved: " in looked.text
    assert site.there() == ["D1.txt", "done/D1.txt"]
    assert (site.sshd.root / "done/D1.txt").read_bytes() == b"of last month"


def test_nobody_looks_more_often_than_the_vendor_allows(site: FetchingSite) -> None:
    site.set_up("every_minutes = 60")
    site.put("D1.txt", delivery(("101", 100)))
    with site.hub() as hub:
        looked = site.pull(hub)
        for by_hand in (False, True):
            with pytest.raises(TooSoonError, match=r"not looked at before 2026-07-06 12:01"):
                pull(hub, "bs", actor="Anna", stop=site.stop, by_hand=by_hand)
        with hub.db.read() as conn:
            due = pull_due_at(conn, hub.site, "bs", site.clock.now)
        assert due is not None
        assert (due - looked.started_at).total_seconds() == 3_600


def test_outside_the_hours_only_a_person_looks(site: FetchingSite) -> None:
    # 11:01 on a Monday, in Copenhagen.
    site.set_up('hours = "12:00-13:00"')
    with site.hub() as hub:
        with pytest.raises(TooSoonError, match="2026-07-06 12:00"):
            site.pull(hub)
        assert pull(hub, "bs", actor="Anna", stop=site.stop, by_hand=True).result == "done"


def test_a_server_that_is_not_the_one_we_know_is_left_alone_until_a_person_has_looked(site: FetchingSite) -> None:
    site.set_up(host_key="ssh-ed25519 SHA256:" + "A" * 43)
    site.put("D1.txt", delivery(("101", 100)))
    with site.hub() as hub:
        assert site.pull(hub).result == "stopped"
        with hub.db.read() as conn:
            assert pull_due_at(conn, hub.site, "bs", site.clock.now) is None
        with pytest.raises(TooSoonError, match="until its settings differ"):
            site.pull(hub)
        assert site.pull(hub, by_hand=True).result == "stopped"
    site.set_up()
    with site.hub() as hub:
        assert site.pull(hub).moved == 1


def test_a_folder_that_is_not_there_stops_it_and_names_it(site: FetchingSite) -> None:
    site.set_up('folders = ["nowhere"]')
    with site.hub() as hub:
        looked = site.pull(hub)
        assert looked.result == "stopped"
        assert "nowhere" in looked.text


def test_told_to_stop_it_keeps_what_is_whole(site: FetchingSite) -> None:
    site.set_up("settle_seconds = 60")
    site.put("D1.txt", delivery(("101", 100)))
    stop = threading.Event()
    stop.set()
    with site.hub() as hub:
        looked = site.pull(hub, stop=stop)
        assert (looked.result, looked.moved) == ("done", 0)
        assert "told to stop" in looked.text
        assert site.pull(hub, stop=Between(lambda: None)).moved == 1


def test_what_is_not_set_up_is_named(site: FetchingSite) -> None:
    with site.hub() as hub:
        with pytest.raises(Exception, match="nothing is fetched from bs"):
            site.pull(hub)
        with pytest.raises(Exception, match="no vendor instance is called 'nobody'"):
            pull(hub, "nobody", actor="Anna", stop=site.stop)
        with hub.db.read() as conn:
            assert pull_due_at(conn, hub.site, "bs", site.clock.now) is None
