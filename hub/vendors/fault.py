"""The plug-in's fault, not the file's and not ours."""

from __future__ import annotations

from hub.errors import HubError


class VendorFault(HubError):
    """A plug-in failed, hung, took too much memory or cannot be loaded. ``detail`` is its traceback, for the log."""

    def __init__(self, what: str, *, where: str = "", why: str = "", do: str = "", detail: str = "") -> None:
        super().__init__(what, where=where, why=why, do=do)
        self.detail = detail


class Unmakeable(HubError):
    """The plug-in refuses to make a file of these records, in its own words: what it got has to change."""
