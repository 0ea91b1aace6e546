"""A bank's answers to the hub's questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from hub.plugin import (
    API_VERSION,
    Description,
    FileKind,
    FileView,
    Mine,
    NotMine,
    Record,
    Settings,
    ShownField,
    Vendor,
    hookimpl,
)
from hub_iso20022 import identifying, reading, showing
from hub_iso20022.settings import NOTIFICATION, STATEMENT, Iso20022Settings


class Plugin(Vendor):
    """What banks tell of our accounts: statements (camt.053) and notifications (camt.054)."""

    name = "iso20022"
    api = API_VERSION
    settings_model: ClassVar[type[Settings]] = Iso20022Settings
    kinds: ClassVar[Mapping[str, FileKind]] = {
        STATEMENT: FileKind("Statement of an account (camt.053)", counted=True),
        NOTIFICATION: FileKind("Notification of credits and debits (camt.054)", counted=True),
    }
    settings: Iso20022Settings

    @hookimpl
    def describe(self) -> Description:
        accounts = self.settings.accounts
        whose = f"account {', '.join(accounts)}" if accounts else "any account"
        telltales = [f"{kind}/{account}" for kind in self.kinds for account in accounts] or list(self.kinds)
        return Description(f"Bank statements in ISO 20022, {whose}", tuple(telltales))

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        return identifying.identify(file, self.settings)

    @hookimpl
    def read(self, file: FileView, kind: str) -> Iterator[Record]:
        return reading.read(file, kind, self.settings)

    @hookimpl
    def show(self, file: FileView) -> Iterator[ShownField]:
        return showing.show(file, self.settings)
