"""The class that a plug-in's entry point names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from hub.plugin.hookspecs import FieldPlace, FileKind

#: Version of the API described in this package: a plug-in with another major number is refused.
API_VERSION = (1, 0)


class Settings(BaseModel):
    """Base of a plug-in's settings model: an unknown key is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def tables_of(cls, field: str) -> tuple[type[BaseModel], ...]:
        """The models of a table whose annotation does not say them all: where its own subclass judges it."""
        return ()

    @classmethod
    def places_of(cls, given: Mapping[str, Any]) -> tuple[FieldPlace, ...]:
        """Where fields would stand by a ``[settings]`` table that is refused, as far as it tells; never raises.

        So that ``hub layout show`` can show what overlaps. Right settings say it in :class:`Description`.
        """
        return ()


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
