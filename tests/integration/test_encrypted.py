"""Encrypted files at a door: decrypted before anybody is asked, then read as if they had come in the clear."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hub.imports.portfolio import import_portfolio
from hub.intake import pipeline
from hub.intake.hub import Hub
from hub.intake.outcome import FileOutcome
from hub.settings import load_site
from hub.store import database, views
from hub.store.database import Database
from hub.store.tables import entry, event, file
from hub.store.verify import verify
from hub.transport.folders import look_at
from hub.vendors import Vendors
from tests import tiny_site
from tests.hostile_zips import zipped
from tests.integration.cli_runner import hub as run
from tests.pgp_keys import LONG_AGO, PASSPHRASE, Keys
from tests.tiny_site import PDF, STATEMENT, results

MADS = "1-2-F-20250601-20260531-1-1.pdf"
UNKNOWN = "1-1-F-20250601-20260531-3-1.pdf"
RESULTS = results((1, 1, 1, 12_345), (2, 1, 1, -500))
#: Bytes that a message begins with whose first packet is a session key, and nothing of what follows.
HEAD = bytes.fromhex("845e03") + bytes(8) + b"\x12" + bytes(4)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "site"
    tiny_site.write_site(root)
    return root


@pytest.fixture(scope="module")
def vendors(template: Path) -> Iterator[Vendors]:
    with Vendors(load_site(template)) as started:
        yield started


@pytest.fixture
def hub(template: Path, vendors: Vendors, pgp_keys: Keys, tmp_path: Path) -> Iterator[Hub]:
    root = tmp_path / "site"
    shutil.copytree(template, root)
    yield from opened(root, vendors, pgp_keys)


@pytest.fixture
def either_hub(vendors: Vendors, database_url: str, pgp_keys: Keys, tmp_path: Path) -> Iterator[Hub]:
    root = tmp_path / "site"
    tiny_site.write_site(root, database_url)
    yield from opened(root, vendors, pgp_keys)


def opened(root: Path, vendors: Vendors, keys: Keys) -> Iterator[Hub]:
    (root / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    config = (root / "config/hub.toml").read_text()
    (root / "config/hub.toml").write_text(config + keys.settings('{ file = "passphrase" }'))
    db = database.connect(load_site(root).database_url)
    yield as_configured(root, db, vendors)
    db.close()


def as_configured(root: Path, db: Database, vendors: Vendors) -> Hub:
    return Hub.of(load_site(root), db, vendors, lambda: tiny_site.NOW)


def changed(hub: Hub, change: Callable[[str], str]) -> Hub:
    """After a person has changed hub.toml."""
    path = hub.site.root / "config/hub.toml"
    path.write_text(change(path.read_text()))
    return as_configured(hub.site.root, hub.db, hub.vendors)


def drop(hub: Hub, name: str, content: bytes, inbox: str = "heat") -> FileOutcome:
    path = hub.site.inbox / inbox / name
    path.write_bytes(content)
    outcome = pipeline.take_in(hub, look_at(path), actor="test")
    assert outcome is not None
    assert not path.exists()
    return outcome


def retried(hub: Hub, outcome: FileOutcome) -> FileOutcome:
    assert outcome.id is not None
    return pipeline.retry(hub, outcome.id, actor="test")


def quarantined(outcome: FileOutcome) -> str:
    assert outcome.result.state == "quarantined"
    [reason] = outcome.result.reasons
    assert PASSPHRASE not in reason
    return reason


def states(hub: Hub) -> dict[str, str | None]:
    """The last file of each name."""
    with hub.db.read() as conn:
        return {one.name: one.state for one in views.files(conn)}


def documents(hub: Hub, key: str) -> list[str]:
    with hub.db.read() as conn:
        return [one.name for one in views.documents(conn, key)]


def booked(hub: Hub) -> int:
    with hub.db.read() as conn:
        return len(conn.execute(select(entry.c.id)).all())


def in_order(hub: Hub) -> list[str]:
    with hub.db.read() as conn:
        return verify(conn, "", hub.site.content).problems


def kept(hub: Hub) -> list[bytes]:
    return [path.read_bytes() for path in hub.site.content.rglob("*") if path.is_file()]


def test_an_encrypted_file_is_read_as_what_is_in_it_and_is_kept(either_hub: Hub, pgp_keys: Keys) -> None:
    message = pgp_keys.encrypted(RESULTS, "--sign", "--local-user", pgp_keys.vendors)
    outcome = drop(either_hub, "results.txt.pgp", message)
    assert (outcome.vendor, outcome.kind, outcome.result.state) == (None, "pgp", "booked")
    assert outcome.result.reasons == ["1 in the encrypted file: 1 booked"]
    assert booked(either_hub) == 2
    assert sorted(kept(either_hub)) == sorted([message, RESULTS])
    with either_hub.db.read() as conn:
        rows = conn.execute(select(file.c.name, file.c.parent_id, file.c.vendor, file.c.filed_at)).all()
        [told] = conn.scalars(select(event.c.detail).where(event.c.what == "unpacked"))
    assert {(name, parent, vendor) for name, parent, vendor, _ in rows} == {
        ("results.txt.pgp", None, None),
        ("results.txt", outcome.id, "heat"),
    }
    for name, _, vendor, filed_at in rows:
        assert Path(filed_at).parts[:2] == ("archive", vendor or "encrypted")
        assert Path(filed_at).name.endswith(name)
    assert told["signed_by"] == f"{pgp_keys.vendors} vendor <vendor@example.org>"
    assert in_order(either_hub) == []


def test_the_common_inbox_asks_by_the_name_of_what_is_inside(hub: Hub, pgp_keys: Keys) -> None:
    assert drop(hub, f"{STATEMENT}.GPG", pgp_keys.encrypted(PDF, "--armor"), inbox="").result.state == "booked"
    assert documents(hub, "1-1-1-1") == [STATEMENT]


def test_copies_are_known_by_what_is_inside_however_it_comes(either_hub: Hub, pgp_keys: Keys) -> None:
    drop(either_hub, "a.txt.pgp", pgp_keys.encrypted(RESULTS))
    anew = pgp_keys.encrypted(RESULTS)
    for name, content in (("b.txt.pgp", anew), ("b.txt.pgp", anew), ("c.txt.pgp", anew), ("plain.txt", RESULTS)):
        assert drop(either_hub, name, content).result.state == "duplicate", name
    assert booked(either_hub) == 2
    assert in_order(either_hub) == []


def test_what_came_in_the_clear_is_a_copy_when_it_comes_encrypted(hub: Hub, pgp_keys: Keys) -> None:
    drop(hub, "results.txt", RESULTS)
    assert drop(hub, "results.txt.pgp", pgp_keys.encrypted(RESULTS)).result.state == "duplicate"
    assert drop(hub, "july.zip", zipped({"r.pgp": pgp_keys.encrypted(RESULTS)})).result.state == "duplicate"
    assert booked(hub) == 2


def test_the_same_message_under_another_name_is_another_tenants_letter(hub: Hub, pgp_keys: Keys) -> None:
    message = pgp_keys.encrypted(PDF)
    for name in (STATEMENT, MADS):
        assert drop(hub, f"{name}.pgp", message).result.state == "booked"
    assert (documents(hub, "1-1-1-1"), documents(hub, "1-2")) == ([STATEMENT], [MADS])


def test_a_zip_in_a_message_and_a_message_in_a_zip_are_taken_apart(hub: Hub, pgp_keys: Keys) -> None:
    packed = pgp_keys.encrypted(zipped({STATEMENT: PDF, "results.txt": RESULTS}))
    assert drop(hub, "july.zip.pgp", packed).result.state == "booked"
    assert drop(hub, "august.zip", zipped({f"{MADS}.asc": pgp_keys.encrypted(PDF, "--armor")})).result.state == "booked"
    assert (documents(hub, "1-1-1-1"), documents(hub, "1-2")) == ([STATEMENT], [MADS])
    assert states(hub).keys() == {
        *("july.zip.pgp", "july.zip", STATEMENT, "results.txt"),
        *("august.zip", f"{MADS}.asc", MADS),
    }
    assert in_order(hub) == []


def test_messages_count_as_zips_do_for_how_deep_one_may_lie(hub: Hub, pgp_keys: Keys) -> None:
    twice = pgp_keys.encrypted(pgp_keys.encrypted(pgp_keys.encrypted(PDF)))
    assert drop(hub, f"{STATEMENT}.pgp.pgp.pgp", twice).result.state == "quarantined"
    assert states(hub).keys() == {f"{STATEMENT}.pgp.pgp.pgp", f"{STATEMENT}.pgp.pgp", f"{STATEMENT}.pgp"}
    with hub.db.read() as conn:
        [why] = [one.reasons for one in views.files(conn) if one.name == f"{STATEMENT}.pgp"]
    assert "intake.zip_depth_max allows 1" in why[0]


def test_what_becomes_of_it_later_the_message_says_too(either_hub: Hub, pgp_keys: Keys) -> None:
    assert drop(either_hub, f"{UNKNOWN}.pgp", pgp_keys.encrypted(PDF)).result.state == "quarantined"
    more = either_hub.site.root / "more.csv"
    more.write_text("company,property,unit,tenant,name\n1,1,3,1,Nanna\n", encoding="utf-8")
    import_portfolio(either_hub.db, more, now=tiny_site.NOW, actor="test", currency_of=lambda _: "DKK")
    with either_hub.db.read() as conn:
        [inside] = [one.id for one in views.files(conn, "quarantined") if one.name == UNKNOWN]
    pipeline.retry(either_hub, inside, actor="test")
    assert states(either_hub) == {f"{UNKNOWN}.pgp": "booked", UNKNOWN: "booked"}
    assert not list(either_hub.site.quarantine.iterdir())
    assert in_order(either_hub) == []


def test_the_same_message_again_files_what_was_dropped_of_it(hub: Hub, pgp_keys: Keys) -> None:
    alone = pgp_keys.encrypted(PDF)
    in_zip = pgp_keys.encrypted(zipped({STATEMENT: PDF}))
    drop(hub, f"{STATEMENT}.pgp", alone)
    with hub.db.read() as conn:
        [letter] = [one.id for one in views.files(conn) if one.name == STATEMENT]
    assert drop(hub, "july.zip.pgp", in_zip).result.state == "duplicate"
    for name, content in ((f"{STATEMENT}.pgp", alone), ("july.zip.pgp", in_zip)):
        assert run("documents", "drop", letter, "--reason", "wrong year", site=hub.site.root).status == 0
        assert documents(hub, "1-1-1-1") == []
        drop(hub, name, content)
        assert documents(hub, "1-1-1-1") == [STATEMENT]
    assert in_order(hub) == []


def test_without_a_keyring_it_waits_until_there_is_one(hub: Hub, pgp_keys: Keys) -> None:
    config = (hub.site.root / "config/hub.toml").read_text()
    bare = changed(hub, lambda text: text[: text.index("[pgp]")])
    outcome = drop(bare, "results.txt.pgp", pgp_keys.encrypted(RESULTS))
    why = quarantined(outcome)
    assert why.startswith("encrypted file: this site has no PGP keyring")
    assert "hub files retry" in why
    again = retried(changed(bare, lambda _: config), outcome)
    assert (again.result.state, booked(hub)) == ("booked", 2)
    assert in_order(hub) == []


def test_a_passphrase_that_is_missing_or_wrong_is_told_and_mended(hub: Hub, pgp_keys: Keys) -> None:
    passphrase = hub.site.root / "passphrase"
    passphrase.write_text("not this one")
    outcome = drop(hub, "results.txt.pgp", pgp_keys.encrypted(RESULTS))
    assert f"the passphrase of our key {pgp_keys.ours} is wrong" in quarantined(outcome)
    passphrase.unlink()
    assert "the passphrase of our key is missing: the secret in passphrase" in quarantined(retried(hub, outcome))
    passphrase.write_text(PASSPHRASE, encoding="utf-8")
    assert retried(hub, outcome).result.state == "booked"


def test_what_cannot_be_read_says_what_to_do(hub: Hub, pgp_keys: Keys) -> None:
    message = pgp_keys.encrypted(RESULTS)
    then = (*LONG_AGO, "--sign", "--local-user", pgp_keys.expired)
    for name, content, why in (
        ("other", pgp_keys.encrypted(RESULTS, recipient=pgp_keys.vendors), "give the sender our public key"),
        ("cut", message[:-20], "damaged, or cut on its way"),
        ("changed", message[:-20] + bytes([message[-20] ^ 1]) + message[-19:], "damaged, or cut on its way"),
        ("signed", pgp_keys.encrypted(RESULTS, *then), "its signature was made by a key that has expired"),
    ):
        assert why in quarantined(drop(hub, f"{name}.pgp", content)), name
        reason = next(hub.site.quarantine.glob(f"*-{name}.pgp.reason.txt")).read_text(encoding="utf-8")
        assert why in reason
    assert len(kept(hub)) == 4
    assert booked(hub) == 0
    assert in_order(hub) == []


def test_a_message_made_to_fill_the_disk_is_refused(hub: Hub, pgp_keys: Keys) -> None:
    bomb = pgp_keys.encrypted(bytes(16 << 20))
    why = quarantined(drop(hub, "bomb.pgp", bomb))
    assert why.startswith(f"encrypted file: there are more than {200 * len(bomb)} bytes in it. intake.zip_ratio_max")
    assert kept(hub) == [bomb]


def test_the_limits_of_a_zip_hold_for_what_is_encrypted_in_it(hub: Hub, pgp_keys: Keys) -> None:
    tight = changed(hub, lambda text: text.replace("[intake]", "[intake]\nzip_members_max = 1"))
    drop(tight, "july.zip", zipped({f"{STATEMENT}.pgp": pgp_keys.encrypted(PDF)}))
    with hub.db.read() as conn:
        [why] = [one.reasons for one in views.files(conn) if one.name == f"{STATEMENT}.pgp"]
    assert "intake.zip_members_max" in why[0]
    assert states(hub).keys() == {"july.zip", f"{STATEMENT}.pgp"}


def test_a_rehearsal_says_what_would_become_of_it_and_leaves_nothing(hub: Hub, pgp_keys: Keys) -> None:
    path = hub.site.root / "results.txt.pgp"
    path.write_bytes(pgp_keys.encrypted(RESULTS))
    outcome = pipeline.ingest(hub, path, actor="test", vendor="heat", dry_run=True)
    assert (outcome.result.state, outcome.result.reasons) == ("booked", ["1 in the encrypted file: 1 booked"])
    assert (states(hub), kept(hub), booked(hub)) == ({}, [], 0)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
@example(b"")
def test_any_bytes_that_begin_as_a_message_end_in_a_named_state(hub: Hub, pgp_keys: Keys, tail: bytes) -> None:
    for name, content in (("hostile.pgp", HEAD + tail), ("hostile.asc", b"-----BEGIN PGP MESSAGE-----\n" + tail)):
        assert "damaged, or cut on its way" in quarantined(drop(hub, name, content))
    assert not list((hub.site.content / "tmp").iterdir())
