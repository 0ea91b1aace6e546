"""``hub deliveries``, and receipts and our own files in an inbox, as a person meets them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.collecting_site import A, B, CollectingSite


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> CollectingSite:
    made = CollectingSite(tmp_path / "site", database_url)
    made.rent(A, B)
    return made


def test_a_delivery_from_the_outbox_to_its_refusal(site: CollectingSite, tmp_path: Path) -> None:
    run = site.collect()
    path = Path(run["path"])
    made = path.read_bytes()

    (listed,) = site.ask("deliveries", "list", "--state", "made")["deliveries"]
    id_, name = listed["id"], listed["name"]
    assert (listed["items"], listed["amount"], listed["number"]) == (2, "10000.00", "0000000001")
    shown = site.ask("deliveries", "show", id_)
    assert (shown["outbox"], shown["bytes_as_made"], shown["to_hand_over"]) == (str(path), True, True)
    assert [(one["tenancy"], one["amount"]) for one in shown["collections"]] == [(A, "5000.00"), (B, "5000.00")]

    path.unlink()
    assert site.ask("deliveries", "write", id_)["path"] == str(path)
    assert path.read_bytes() == made
    assert site.ask("deliveries", "sent", id_, "--key", "k")["state"] == "sent"
    assert not path.exists()
    assert site.ask("deliveries", "sent", id_, "--key", "k")["repeated"]
    assert "handed over twice collects 2 demands twice" in site.hub("deliveries", "write", id_, status=1).err
    assert "cannot become withdrawn" in site.hub("deliveries", "withdraw", id_, "--note", "no", status=1).err

    # Our own file comes back (R3): known by its bytes, whatever it is called.
    (tmp_path / "0602.txt").write_bytes(made)
    own = site.hub("ingest", tmp_path / "0602.txt", "--json", status=2).json["files"][0]
    assert (own["vendor"], own["state"]) == (None, "quarantined")
    assert own["reasons"][0].startswith(f"our own delivery {id_} ({name}), made for bs")

    (tmp_path / f"{name}.ERROR").write_bytes(b"validation error\r\n")
    refused = site.hub("ingest", tmp_path / f"{name}.ERROR", "--json")
    assert refused.json["files"][0]["reasons"][0].startswith(f"attention: delivery {id_} ({name}) was refused")
    assert f"delivery {id_} ({name}) was refused: Gateway ERROR: validation error" in refused.err
    events = site.ask("deliveries", "show", id_)["events"]
    assert [one["what"] for one in events] == ["made", "sent", "refused"]
    assert "stays so" in site.hub("deliveries", "settle", id_, "accepted", "--note", "no", status=1).err
    assert site.hub("verify").status == 0
    # What was refused is asked for anew, under the next number.
    again = site.collect()
    assert (again["delivery"]["number"], again["amount"]) == ("0000000002", "10000.00")
    assert "refused" in site.hub("deliveries", "list").out


def test_a_verdict_on_nothing_of_ours_waits_for_a_person(site: CollectingSite, tmp_path: Path) -> None:
    run = site.collect()
    id_ = run["delivery"]["id"]
    (tmp_path / "other.txt.REJECTED").write_bytes(b"")

    refused = site.hub("ingest", tmp_path / "other.txt.REJECTED", "--json")

    file = refused.json["files"][0]["id"]
    assert f"hub deliveries settle ID refused --receipt {file}" in refused.err
    (open_,) = site.ask("deliveries", "list")["receipts"]
    assert (open_["file"], open_["verdict"], open_["about"]) == (file, "refused", "other.txt")
    assert "verdicts that name none of them" in site.hub("deliveries", "list", "--vendor", "bs").out
    settled = site.ask("deliveries", "settle", id_, "refused", "--note", "renamed by the bank", "--receipt", file)
    assert settled["state"] == "refused"
    assert site.ask("deliveries", "list")["receipts"] == []
    assert not Path(run["path"]).exists()
    shown = site.hub("deliveries", "show", id_).out
    assert "renamed by the bank" in shown


def test_what_lies_in_the_outbox_after_its_deadline_is_told(site: CollectingSite) -> None:
    site.hub("charges", "add", A, "--due", "2025-12-01", "--line", "10010=100.00")
    site.collect(due="2025-12-01", now=datetime(2025, 11, 10, 9, tzinfo=UTC))
    (listed,) = site.ask("deliveries", "list")["deliveries"]
    assert (listed["late"], listed["deliver_before"]) == (True, "2025-11-21T11:00:00+01:00")
    told = site.hub("deliveries", "list").out
    assert "delivery 1 is late: it had to be with bs before 2025-11-21T11:00:00+01:00" in told
    site.hub("deliveries", "sent", 1)
    (listed,) = site.ask("deliveries", "list")["deliveries"]
    assert (listed["late"], listed["deliver_before"]) == (False, None)
