"""Errors that a person can act on: what is wrong, where, why it matters and what to do."""

from __future__ import annotations


class HubError(Exception):
    """Something a person can mend. ``str()`` gives the whole message on one line."""

    def __init__(self, what: str, *, where: str = "", why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.do = do

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return ". ".join(part.rstrip(".") for part in (head, self.why, self.do) if part)


class NotFoundError(HubError):
    """What a person has named by its number or key is not there."""
