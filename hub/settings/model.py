"""What every configuration file is made of: strict models, secrets kept elsewhere, problems told one by one."""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from hub.errors import HubError
from hub.money import parse_amount

_SECRET_KEY = re.compile(r"passw|passphrase|secret|token|credential|private_?key", re.IGNORECASE)
#: Stands for a value that is not shown.
HIDDEN = "(hidden)"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in the configuration: file, key, the value given, what is allowed."""

    file: str
    key: str
    given: str
    allowed: str

    def __str__(self) -> str:
        given = f", given {self.given}" if self.given else ""
        return f"{self.file}: {self.key}{given}: {self.allowed}"


class ConfigError(HubError):
    """The configuration cannot be used; ``problems`` holds all that is wrong, not the first of it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)), do="mend the files named, then run: hub check")
        self.problems = problems


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def limit_ore(value: object) -> int:
    """Øre of an amount written with a point, ``"1.00"``. Raises ValueError for any other text, and below zero."""
    try:
        ore = parse_amount(str(value))
    except HubError as error:
        raise ValueError(str(error)) from error
    if ore < 0:
        raise ValueError("may not be negative")
    return ore


def filled(text: str, parts: Mapping[str, str]) -> str:
    """``text`` with each ``{part}`` filled in. Raises ValueError where braces hold anything but one of these names."""
    if any(
        name is not None and (name not in parts or form or conversion)
        for _, name, form, conversion in Formatter().parse(text)
    ):
        raise ValueError(f"write {', '.join('{' + part + '}' for part in parts)} alone in braces")
    return text.format(**parts)


class Secret(Model):
    """A value kept outside the configuration: ``{ env = "NAME" }`` or ``{ file = "PATH" }``."""

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError('say where the secret is kept: { env = "NAME" } or { file = "PATH" }, one of them')
        return self

    def reveal(self, root: Path) -> str:
        """The value itself; never logged, never shown. Raises HubError when it is not where it should be."""
        if self.file is None:
            if not os.environ.get(self.env or ""):
                raise HubError(f"environment variable {self.env} is not set", do="set it before starting the hub")
            return _as_text(os.environb[os.fsencode(self.env or "")], f"in environment variable {self.env}")
        try:
            kept = (root / self.file).read_bytes()
        except OSError as error:
            raise HubError(f"the secret in {self.file} cannot be read: {error}") from error
        if not (value := _as_text(kept, f"in {self.file}").strip()):
            # Shown to a server, it would be one wrong password more: some lock an account after a few.
            raise HubError(f"the secret in {self.file} is empty", do="put it there")
        return value


def _as_text(secret: bytes, where: str) -> str:
    with suppress(UnicodeDecodeError):
        return secret.decode("utf-8")
    # Not beside Python's own error, which says a byte of the secret, and holds all of them.
    raise HubError(f"the secret {where} is no UTF-8", do="save it as UTF-8")


def problems_of(error: ValidationError, file: str, model: type[BaseModel], prefix: str = "") -> list[Problem]:
    """One problem a pydantic finding on ``model``; a secret's value is never repeated."""
    found = []
    for finding in error.errors(include_url=False):
        key = ".".join(str(part) for part in (prefix, *finding["loc"]) if part != "")
        allowed = finding["msg"]
        if finding["type"] == "extra_forbidden" and (known := _known_keys(model, finding["loc"][:-1])):
            allowed = f"no such key; there are: {', '.join(known)}"
        given = "" if finding["type"] == "missing" else shown(key, finding["input"])
        found.append(Problem(file, key, given, allowed))
    return found


def shown(key: str, value: object) -> str:
    """A given value as a problem tells it: short, and nothing of what its key calls a secret."""
    if isinstance(value, Mapping | list | tuple):
        return ""
    return HIDDEN if is_secret(key) else reprlib.repr(value)


def is_secret(key: str) -> bool:
    """Whether the name of a key, or of a table above it, says that its value is for nobody's eyes."""
    return _SECRET_KEY.search(key) is not None


def _known_keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys that a table at ``path`` of ``model`` may hold; none where the path leaves plain models."""
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type) or not issubclass(field.annotation, BaseModel):
            return []
        model = field.annotation
    return [field.alias or name for name, field in model.model_fields.items()]
