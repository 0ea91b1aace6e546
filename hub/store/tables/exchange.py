"""What goes to and comes from vendors' servers: dispatches of deliveries, files fetched, rounds, notices."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from hub.store.tables.base import Id, UtcDateTime, metadata, where

dispatch = Table(
    "dispatch",
    metadata,
    # The outbox: one delivery on its way to one target. Stored with its bytes before the first of them leaves.
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("delivery.id"), nullable=False),
    Column("vendor", String(60), nullable=False),
    # sftp, mail or folder
    Column("channel", String(6), nullable=False),
    # For people: sftp://user@host:port/folder, mailto:address,address, a folder.
    Column("target", Text, nullable=False),
    # What leaves, packed (zip, PGP) where that is the setting: the same name and bytes at every try.
    Column("name", Text, nullable=False),
    Column("sha256", String(64), ForeignKey("blob.sha256"), nullable=False),
    Column("size", BigInteger, nullable=False),
    # Of a mail: the same at every try; "" for others.
    Column("message_id", Text, nullable=False),
    # hub.store.exchange.states: waiting, sending, sent, uncertain, stopped, cancelled
    Column("state", String(10), nullable=False),
    # Of one that is sending: "" = nothing that the far side could keep; final = it may have it from now on.
    Column("step", String(6), nullable=False),
    # Who sends it, and until when nobody else may; NULL = nobody does.
    Column("owner", Text),
    Column("lease_until", UtcDateTime()),
    Column("attempts", Integer, nullable=False),
    # Not tried before; NULL = at once.
    Column("due_at", UtcDateTime()),
    Column("made_at", UtcDateTime(), nullable=False),
    Index("uq_dispatch_delivery_id", "delivery_id", "channel", unique=True),
    Index("ix_dispatch_open", "vendor", "state", **where("state IN ('waiting', 'sending')")),
)

dispatch_event = Table(
    "dispatch_event",
    metadata,
    # Append-only: each change of state, each try that failed, what the far side answered.
    Column("id", Id, primary_key=True),
    Column("dispatch_id", Id, ForeignKey("dispatch.id"), nullable=False),
    # A state; note; again, anyway = what a person allows for the next try.
    Column("what", String(10), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("actor", Text, nullable=False),
    Index("ix_dispatch_event_dispatch_id", "dispatch_id"),
)

fetched = Table(
    "fetched",
    metadata,
    # A file that was fetched from a vendor's server: not fetched again while it lies there unchanged.
    Column("id", Id, primary_key=True),
    Column("vendor", String(60), nullable=False),
    Column("folder", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Bytes, and the server's own time in seconds: what says that it is the same file.
    Column("size", BigInteger, nullable=False),
    Column("mtime", BigInteger, nullable=False),
    # The claim that takes it in; NULL = it was refused (too big, a bad name), and `refusal` says why.
    Column("arrival_id", Id, ForeignKey("arrival.id")),
    Column("refusal", Text),
    Column("at", UtcDateTime(), nullable=False),
    # When it was deleted or moved there; NULL = not yet, or never.
    Column("cleared_at", UtcDateTime()),
    # When it was seen to be gone: what then has its name is another file.
    Column("gone_at", UtcDateTime()),
    Index("uq_fetched_there", "vendor", "folder", "name", "size", "mtime", unique=True, **where("gone_at IS NULL")),
    Index("ix_fetched_arrival_id", "arrival_id", **where("arrival_id IS NOT NULL")),
)

exchange_round = Table(
    "exchange_round",
    metadata,
    # One look at a vendor's server, or one go at what waits for it.
    Column("id", Id, primary_key=True),
    Column("vendor", String(60), nullable=False),
    # pull, push; tell (notices, of nobody: vendor "")
    Column("what", String(4), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    # NULL = it is at it, or was killed.
    Column("ended_at", UtcDateTime()),
    # done; failed = a passing fault; stopped = a lasting one, a person is needed. NULL as above.
    Column("result", String(8)),
    Column("text", Text, nullable=False),
    # Of a pull: files seen there, fetched, refused. Of a push: tried, sent, not sent.
    Column("seen", Integer, nullable=False),
    Column("moved", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    # Of the settings that it was made with: after a lasting fault nothing is tried until they change.
    Column("settings_hash", String(64), nullable=False),
    Index("ix_exchange_round_vendor", "vendor", "what", "id"),
)

notice = Table(
    "notice",
    metadata,
    # What a person was, or is to be, told of.
    Column("id", Id, primary_key=True),
    # What it is about, once: "file:12:quarantined", "dispatch:3:uncertain", "missing:NAME:2026-11-23T12:00".
    Column("about", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    # "" = nobody's.
    Column("vendor", String(60), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    # NULL = not told yet.
    Column("told_at", UtcDateTime()),
    Index("uq_notice_about", "about", unique=True),
    Index("ix_notice_untold", "id", **where("told_at IS NULL")),
)
