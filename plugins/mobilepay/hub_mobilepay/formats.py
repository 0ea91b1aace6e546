"""What every format of MobilePay's answers, whatever its shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from hub.plugin import FileView, Record, ShownField
from hub_mobilepay.settings import MobilePaySettings


class Format(Protocol):
    """A module, or an object where it takes settings to know the format's files."""

    @property
    def KIND(self) -> str:
        """The kind of its files, as the hub stores it."""

    @property
    def TITLE(self) -> str:
        """What people call it."""

    @property
    def telltale(self) -> str:
        """By what its files are known from others' at the same door."""

    def identify(self, file: FileView) -> str:
        """ "" = this file is of this format, a broken one too; else why not, in a few words."""

    def read(self, file: FileView, settings: MobilePaySettings) -> Iterator[Record]:
        """The records in file order. Raises Malformed."""

    def show(self, file: FileView, settings: MobilePaySettings) -> Iterator[ShownField]:
        """Every field to the end, what is wrong marked; never raises."""
