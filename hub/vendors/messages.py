"""What a plug-in's process answers, as JSON that the hub validates: never trusted to have the right shape."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue

from hub.plugin import Description, Document, FileKind, Malformed
from hub.settings import Problem


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SettingValue(_Message):
    """A plug-in's setting in effect. ``item`` is the number in the set-up sheet, "" where there is none."""

    key: str
    item: str
    value: JsonValue


class Loaded(_Message):
    """The plug-in is loaded and its settings are right."""

    kinds: dict[str, FileKind]
    description: Description
    settings: list[SettingValue]


class Refused(_Message):
    """The configuration is not: all that is wrong with it."""

    problems: list[Problem]


class Identified(_Message):
    """Mine, and the kind; or not mine, and why."""

    mine: bool
    text: str


class Filed(_Message):
    """Whose document a file is."""

    document: Document


class MalformedFile(_Message):
    """A :class:`hub.plugin.Malformed` on its way."""

    what: str
    do: str
    line: int | None
    positions: tuple[int, int] | None
    field: str

    @classmethod
    def of(cls, error: Malformed) -> MalformedFile:
        return cls(what=error.what, do=error.do, line=error.line, positions=error.positions, field=error.field)

    def error(self) -> Malformed:
        return Malformed(self.what, do=self.do, line=self.line, positions=self.positions, field=self.field)


class Failed(_Message):
    """The plug-in failed: the exception on one line, and its traceback."""

    error: str
    trace: str
    out_of_memory: bool = False
