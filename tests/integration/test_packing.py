"""What leaves: a delivery in a zip, in a PGP message, in both or in nothing; and what hub check says of the keyring."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.cli.outbox import placed
from hub.outbox import dispatching
from hub.outbox.keyring import problems_of_keyring
from hub.outbox.packing import InTheClearError, packed
from hub.settings import Site, load_site
from hub.store.collecting.deliveries import Delivery, find
from hub.store.database import Database
from hub.transport.content import blob_path, keep
from hub.transport.pgp import PgpError
from tests.pgp_keys import PASSPHRASE, Keys
from tests.sending import SendingDesk

CONTENT = "BS0129999999\r\nBetaling for Søren Ærø\r\n".encode("latin-1") * 100
NAME = "D1234.txt"
VENDOR = 'plugin = "nets_bs"\n'


@pytest.fixture
def site_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Site]:
    """A site with this ``[packing]`` of its vendor, and this ``[pgp]``."""
    monkeypatch.setenv("HUB_TEST_PGP", PASSPHRASE)

    def made(packing: str, pgp: str = "") -> Site:
        (tmp_path / "config/vendors").mkdir(parents=True, exist_ok=True)
        (tmp_path / "config/hub.toml").write_text(pgp)
        (tmp_path / "config/vendors/bs.toml").write_text(f"{VENDOR}[packing]\n{packing}\n")
        return load_site(tmp_path)

    return made


def delivery_of(site: Site, content: bytes, name: str = NAME) -> Delivery:
    stored = keep([content], site.content, part="made")
    return Delivery(
        id=7,
        vendor="bs",
        kind="0601",
        data_supplier="00000001",
        subsystem="BS1",
        number=1,
        name=name,
        sha256=stored.sha256,
        created_on=date(2026, 7, 6),
        plugin_version="1",
        state="made",
        sections=1,
        items=1,
        amount=0,
        texts=0,
        records=2,
        vendor_number=None,
        made_at=datetime(2026, 7, 6, 8, 0, tzinfo=UTC),
        actor="test",
    )


def leaving(site: Site, content: bytes = CONTENT, name: str = NAME) -> tuple[str, bytes]:
    """Name and bytes of what leaves, which is what is kept."""
    out = packed(site, "bs", delivery_of(site, content, name))
    kept = blob_path(site.content, out.sha256).read_bytes()
    assert (hashlib.sha256(kept).hexdigest(), len(kept)) == (out.sha256, out.size)
    return out.name, kept


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        return {info.filename: opened.read(info) for info in opened.infolist()}


def files_in(site: Site) -> set[str]:
    return {path.name for path in site.content.rglob("*") if path.is_file()}


def test_without_packing_the_delivery_leaves_as_it_is(site_with: Callable[..., Site]) -> None:
    site = site_with("")
    assert leaving(site) == (NAME, CONTENT)
    assert len(files_in(site)) == 1


def test_a_zip_holds_the_delivery_alone_and_is_the_same_each_time(site_with: Callable[..., Site]) -> None:
    site = site_with("zip = true")
    name, first = leaving(site)
    assert (name, unzipped(first)) == (f"{NAME}.zip", {NAME: CONTENT})
    assert len(first) < len(CONTENT)
    assert leaving(site)[1] == first
    with zipfile.ZipFile(io.BytesIO(first)) as opened:
        assert opened.infolist()[0].date_time == (2026, 7, 6, 0, 0, 0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=5_000), name=st.from_regex(r"[A-Za-zæøå0-9][A-Za-zæøå0-9 ._-]{0,80}", fullmatch=True))
def test_whatever_is_delivered_comes_out_of_its_zip(site_with: Callable[..., Site], content: bytes, name: str) -> None:
    out, made = leaving(site_with("zip = true"), content, name)
    assert (out, unzipped(made)) == (f"{name}.zip", {name: content})


def test_the_vendor_reads_what_was_encrypted_for_him(site_with: Callable[..., Site], pgp_keys: Keys) -> None:
    site = site_with(f'pgp_for = "{pgp_keys.vendors}"', pgp_keys.settings())
    name, message = leaving(site)
    assert name == f"{NAME}.pgp"
    assert CONTENT[:40] not in message
    assert pgp_keys.read_by_vendor(message) == CONTENT


def test_a_zip_lies_within_the_message_and_the_message_is_signed(
    site_with: Callable[..., Site], pgp_keys: Keys
) -> None:
    packing = f'zip = true\npgp_for = "{pgp_keys.vendors}"\npgp_sign = true'
    name, message = leaving(site_with(packing, pgp_keys.settings()))
    assert name == f"{NAME}.zip.pgp"
    assert unzipped(pgp_keys.read_by_vendor(message)) == {NAME: CONTENT}
    said = pgp_keys.vendor.run("--status-fd", "1", "--output", "/dev/null", "--decrypt", given=message)
    assert f"VALIDSIG {pgp_keys.ours}" in said.decode()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100_000))
def test_whatever_is_delivered_comes_out_of_its_message(
    site_with: Callable[..., Site], pgp_keys: Keys, content: bytes
) -> None:
    site = site_with(f'pgp_for = "{pgp_keys.vendors}"', pgp_keys.settings())
    assert pgp_keys.read_by_vendor(leaving(site, content)[1]) == content


def test_who_does_not_sign_needs_no_passphrase(
    site_with: Callable[..., Site], pgp_keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_with(f'pgp_for = "{pgp_keys.vendors}"', pgp_keys.settings())
    monkeypatch.delenv("HUB_TEST_PGP")
    assert pgp_keys.read_by_vendor(leaving(site)[1]) == CONTENT


def test_what_cannot_be_encrypted_is_not_packed_at_all(site_with: Callable[..., Site], pgp_keys: Keys) -> None:
    for fingerprint, pgp, why in (
        (pgp_keys.vendors, "", "this site has no keyring"),
        (pgp_keys.expired, pgp_keys.settings(), "it has expired"),
        (pgp_keys.revoked, pgp_keys.settings(), "it was revoked"),
        (pgp_keys.strangers, pgp_keys.settings(), "it is not in the keyring"),
    ):
        site = site_with(f'pgp_for = "{fingerprint}"', pgp)
        made = delivery_of(site, CONTENT)
        with pytest.raises(PgpError) as refused:
            packed(site, "bs", made)
        assert why in str(refused.value)
        assert files_in(site) == {made.sha256}


def test_a_passphrase_that_does_not_open_our_key_signs_nothing(
    site_with: Callable[..., Site], pgp_keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_TEST_PGP", "not this one")
    site = site_with(f'pgp_for = "{pgp_keys.vendors}"\npgp_sign = true', pgp_keys.settings())
    with pytest.raises(PgpError, match=r"the passphrase of our key [0-9A-F]{40} is wrong"):
        leaving(site)


@pytest.fixture
def desk(database: Database, tmp_path: Path, pgp_keys: Keys) -> SendingDesk:
    """Its vendor takes zipped and encrypted files from the folder ``there``."""
    (tmp_path / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    pgp = {"home": pgp_keys.hub.folder, "key": pgp_keys.ours, "passphrase": {"file": "passphrase"}}
    packing = {"zip": True, "pgp_for": pgp_keys.vendors, "pgp_sign": True}
    return SendingDesk(database, tmp_path, {"folder": {"path": "there"}, "packing": packing}, {"pgp": pgp})


def test_what_was_packed_once_leaves_the_same_at_a_later_try(desk: SendingDesk, pgp_keys: Keys) -> None:
    ours = desk.export(CONTENT, NAME)
    made = desk.kept(desk.of(ours))
    desk.send()
    assert desk.of(ours).state != "sent"
    there = desk.site.root / "there"
    there.mkdir()
    desk.retry(desk.of(ours))
    desk.send(later=timedelta(hours=1))
    assert desk.states(ours) == ("sent", "sent")
    [arrived] = there.iterdir()
    assert (arrived.name, arrived.read_bytes()) == (f"{NAME}.zip.pgp", made)
    assert unzipped(pgp_keys.read_by_vendor(made)) == {NAME: CONTENT}


def test_a_delivery_that_cannot_be_encrypted_is_not_made(desk: SendingDesk, pgp_keys: Keys) -> None:
    desk.goes(folder={"path": "there"}, packing={"pgp_for": pgp_keys.expired})
    with pytest.raises(PgpError, match="it has expired"):
        desk.export(CONTENT, NAME)
    with desk.db.read() as conn:
        assert find(conn, "bs", name=NAME) == []
    assert not desk.site.outbox.exists() or desk.in_outbox() == []


def test_in_the_outbox_lies_what_would_have_left(desk: SendingDesk, pgp_keys: Keys) -> None:
    ours = desk.export(CONTENT, NAME)
    made = desk.kept(desk.of(ours))
    desk.act(dispatching.cancel, desk.of(ours).id, "uploaded by hand")
    lying = desk.site.outbox / "bs" / f"{NAME}.zip.pgp"
    assert put_right(desk, ours) == str(lying)
    assert desk.in_outbox() == [lying.name]
    assert lying.read_bytes() == made
    desk.retry(desk.of(ours))
    assert put_right(desk, ours) is None
    assert desk.in_outbox() == [], "a machine sends it now, and nobody beside it"


def test_what_is_to_be_encrypted_never_lies_in_the_outbox_in_the_clear(desk: SendingDesk, pgp_keys: Keys) -> None:
    desk.goes()
    before = desk.export(CONTENT, "before.txt")
    desk.goes(packing={"pgp_for": pgp_keys.vendors})
    with pytest.raises(InTheClearError, match="to be encrypted"):
        desk.export(CONTENT, NAME)
    with pytest.raises(InTheClearError, match=r"before\.txt would lie in the outbox in the clear"):
        put_right(desk, before)
    with desk.db.read() as conn:
        assert find(conn, "bs", name=NAME) == []
    assert not desk.site.outbox.exists() or desk.in_outbox() == []


def put_right(desk: SendingDesk, ours: Delivery) -> object:
    """As after each command about it: where it lies for a person, None = nowhere."""
    with desk.db.read() as conn:
        return placed(conn, desk.site, ours.id)["path"]


def told(site: Site) -> list[tuple[str, str]]:
    """Key and what is said of it."""
    return [(problem.key, problem.allowed) for problem in problems_of_keyring(site)]


def test_a_keyring_that_works_has_no_problem(site_with: Callable[..., Site], pgp_keys: Keys) -> None:
    assert told(site_with(f'pgp_for = "{pgp_keys.vendors}"\npgp_sign = true', pgp_keys.settings())) == []
    assert told(site_with("")) == []


@pytest.mark.parametrize(
    ("key", "why"), [("expired", "it has expired"), ("revoked", "it was revoked"), ("strangers", "not in the keyring")]
)
def test_a_vendors_key_that_nobody_should_use_is_a_problem(
    site_with: Callable[..., Site], pgp_keys: Keys, key: str, why: str
) -> None:
    [(at, said)] = told(site_with(f'pgp_for = "{getattr(pgp_keys, key)}"', pgp_keys.settings()))
    assert at == "packing.pgp_for"
    assert why in said


def test_what_is_wrong_with_our_own_key_is_a_problem(
    site_with: Callable[..., Site], pgp_keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [(at, said)] = told(site_with("", pgp_keys.settings().replace(pgp_keys.ours, pgp_keys.strangers)))
    assert (at, said) == ("pgp.key", "it is not in the keyring")
    [(at, said)] = told(site_with("", pgp_keys.settings().replace(pgp_keys.ours, pgp_keys.vendors)))
    assert at == "pgp.key"
    assert "it has no secret part" in said
    [(at, said)] = told(site_with("", pgp_keys.settings().replace(str(pgp_keys.hub.folder), "nowhere")))
    assert at == "pgp.home"
    assert "there is no PGP keyring at" in said
    monkeypatch.setenv("HUB_TEST_PGP", "not this one")
    [(at, said)] = told(site_with("", pgp_keys.settings()))
    assert at == "pgp"
    assert "the passphrase of our key" in said
    assert "not this one" not in said
    monkeypatch.setenv("PATH", str(tmp_path))
    [(at, said)] = told(site_with("", pgp_keys.settings()))
    assert at == "pgp.home"
    assert "gpg is not installed" in said
