"""The class that a plug-in's entry point names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from hub.plugin.hookspecs import FileKind

#: Version of the API described in this package: a plug-in with another major number is refused.
API_VERSION = (1, 0)


class Settings(BaseModel):
    """Base of a plug-in's settings model: an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Vendor:
    """Base of a plug-in: class attributes say who it is, hook implementations answer the questions.

    One instance is made per config file, with the settings of that file.
    """

    #: The name under which config files choose the plug-in; equal to its entry point's name.
    name: ClassVar[str]
    api: ClassVar[tuple[int, int]] = API_VERSION
    settings_model: ClassVar[type[Settings]] = Settings
    kinds: ClassVar[Mapping[str, FileKind]]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
