"""Where deliveries lie for whoever hands them over: the outbox, or a folder that a person names.

In the outbox lies what would have left by machine: packed, where a delivery has dispatches. A copy is as it was made.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hub.errors import HubError
from hub.outbox.packing import refuse_in_the_clear
from hub.settings import Site
from hub.store.collecting.deliveries import Delivery
from hub.store.exchange.dispatches import Dispatch
from hub.transport.content import blob_path, hash_of, placing


class ChangedBytesError(HubError):
    """What is kept of a delivery is no longer what was made."""


class TakenError(HubError):
    """A folder has another file under the name of a delivery."""


def place(site: Site, made: Delivery, ways: Sequence[Dispatch]) -> Path:
    """Puts a delivery into its vendor's outbox, where a person fetches it; again, the same bytes.

    ``ways`` are all its dispatches: where there are any, what lies there are the bytes that they were to send. Raises
    ChangedBytesError, InTheClearError.
    """
    name, sha256 = _as_it_leaves(made, ways)
    refuse_in_the_clear(site, made, name)
    return _written(site, made, sha256, outbox_path(site, made, ways))


def copy_to(site: Site, made: Delivery, folder: Path) -> Path:
    """The bytes of a delivery under its name in a folder of the caller's, which is made where there is none.

    Raises ChangedBytesError, and TakenError where a file with other bytes has the name there.
    """
    target = folder / made.name
    if target.exists():
        with target.open("rb") as lying:
            if hash_of(lying) != made.sha256:
                raise TakenError(
                    f"{target} is there with other bytes",
                    why="it may be what a vendor was told before; nothing is overwritten",
                    do=f"name another folder; delivery {made.id} itself is made, and kept",
                )
        return target
    return _written(site, made, made.sha256, target)


def _written(site: Site, made: Delivery, sha256: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with placing(target) as writer, blob_path(site.content, sha256).open("rb") as kept:
        # An enrolment holds the payer's CPR number: at no moment is it for everybody's eyes.
        os.fchmod(writer.fileno(), 0o640)
        if hash_of(kept, copied_to=writer) != sha256:
            # The writer's file is given up with the exception.
            raise ChangedBytesError(
                f"the bytes of delivery {made.id} ({target.name}) are not those that were made",
                where=str(blob_path(site.content, sha256)),
                why="the vendor would get something that nobody decided",
                do="restore the content store from a backup; see: hub verify",
            )
    target.chmod(0o440)
    return target


def outbox_path(site: Site, made: Delivery, ways: Sequence[Dispatch]) -> Path:
    """Where it lies while it is to be handed over; ``ways`` as of :func:`place`."""
    return site.outbox / made.vendor / _as_it_leaves(made, ways)[0]


def _as_it_leaves(made: Delivery, ways: Sequence[Dispatch]) -> tuple[str, str]:
    """Name and SHA-256: all dispatches of a delivery have the same."""
    return (ways[0].name, ways[0].sha256) if ways else (made.name, made.sha256)


def is_as_made(site: Site, made: Delivery) -> bool:
    """Whether its bytes are kept, and are those that were made."""
    try:
        with blob_path(site.content, made.sha256).open("rb") as kept:
            return hash_of(kept) == made.sha256
    except FileNotFoundError:
        return False
