"""Casi Technology's answers to the hub's questions: those of any meter company, at the sheet's places."""

from __future__ import annotations

from typing import ClassVar

from hub.plugin import API_VERSION, Settings
from hub.plugin.meters import MeterVendor
from hub_casi.settings import CasiSettings


class Plugin(MeterVendor):
    name = "casi"
    title = "Casi Technology"
    api = API_VERSION
    settings_model: ClassVar[type[Settings]] = CasiSettings
