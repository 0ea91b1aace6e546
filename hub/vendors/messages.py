"""What a plug-in's process answers, as JSON that the hub validates: never trusted to have the right shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from hub.plugin import Description, Document, FieldPlace, FileKind, HubError, Malformed
from hub.settings import Problem
from hub.vendors.fault import Unmakeable
from hub.vendors.frames import MALFORMED, REFUSED
from hub.vendors.texts import sentence


def _told(value: Any) -> Any:
    return sentence(value) if isinstance(value, str) else value


#: What a person reads: where it is sent, so that it can be sent, and where it arrives, whoever sent it.
_Told = Annotated[str, BeforeValidator(_told)]
#: As far as JSON can count.
_Position = Annotated[int, Field(ge=0, lt=2**53)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SettingValue(_Message):
    """A plug-in's setting in effect. ``item`` is the number in the set-up sheet, "" where there is none."""

    key: str
    item: str
    value: JsonValue
    #: Whether the default of this setting is the sheet's own value.
    of_sheet: bool = False


class Loaded(_Message):
    """The plug-in is loaded and its settings are right."""

    kinds: dict[str, FileKind]
    description: Description
    settings: list[SettingValue]


class Refused(_Message):
    """The configuration is not: all that is wrong with it."""

    problems: list[Problem]
    #: Where its fields would stand.
    places: tuple[FieldPlace, ...] = ()

    @classmethod
    def of(cls, problems: Sequence[Problem], places: tuple[FieldPlace, ...] = ()) -> Refused:
        return cls(problems=[_readable(problem) for problem in problems], places=places)

    def readable(self) -> list[Problem]:
        return [_readable(problem) for problem in self.problems]


def _readable(problem: Problem) -> Problem:
    return Problem(**{each.name: sentence(getattr(problem, each.name)) for each in fields(Problem)})


class Identified(_Message):
    """Mine, and the kind; or not mine, and why."""

    mine: bool
    text: _Told


class Filed(_Message):
    """Whose document a file is."""

    document: Document


class MalformedFile(_Message):
    """A :class:`hub.plugin.Malformed` on its way."""

    what: _Told
    do: _Told
    line: _Position | None
    positions: tuple[_Position, _Position] | None
    field: _Told

    @classmethod
    def of(cls, error: Malformed) -> MalformedFile:
        return cls(what=error.what, do=error.do, line=error.line, positions=error.positions, field=error.field)

    def error(self) -> Malformed:
        return Malformed(self.what, do=self.do, line=self.line, positions=self.positions, field=self.field)


class Unmade(_Message):
    """A refusal of the plug-in's own to make a file, on its way: its :class:`hub.plugin.HubError`."""

    what: _Told
    where: _Told
    why: _Told
    do: _Told

    @classmethod
    def of(cls, error: HubError) -> Unmade:
        return cls(what=error.what, where=error.where, why=error.why, do=error.do)

    def error(self) -> Unmakeable:
        return Unmakeable(self.what, where=self.where, why=self.why, do=self.do)


#: Refusals that are no fault of the plug-in's, by the question and the tag of the answer.
REFUSALS: Mapping[tuple[str, bytes], type[MalformedFile | Unmade]] = {
    ("read", MALFORMED): MalformedFile,
    ("whose", MALFORMED): MalformedFile,
    ("make", REFUSED): Unmade,
}


class Failed(_Message):
    """The plug-in failed: the exception on one line, and its traceback."""

    error: _Told
    trace: str
    out_of_memory: bool = False
