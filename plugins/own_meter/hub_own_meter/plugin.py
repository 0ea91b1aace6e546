"""A self-configured vendor's answers to the hub's questions: those of any meter company, at the sheet's places."""

from __future__ import annotations

from typing import ClassVar

from hub.plugin import API_VERSION, Settings
from hub.plugin.meters import MeterVendor
from hub_own_meter.settings import OwnMeterSettings


class Plugin(MeterVendor):
    name = "own_meter"
    title = "Self-configured vendor"
    api = API_VERSION
    settings_model: ClassVar[type[Settings]] = OwnMeterSettings

    settings: OwnMeterSettings

    def __init__(self, settings: OwnMeterSettings) -> None:
        super().__init__(settings)
        self.title = settings.title or type(self).title
