"""Files as banks make them, asked of an instance with settings of a test's own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from hub.plugin import BankLine, FileView
from hub.plugin.limits import breach_of_reading
from hub_iso20022 import Plugin

View = Callable[[bytes], FileView]


@pytest.fixture(scope="session")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """A stored file."""
    folder, numbers = tmp_path_factory.mktemp("stored"), count()

    def make(content: bytes) -> FileView:
        path = folder / str(next(numbers))
        path.write_bytes(content)
        return FileView("kontoudtog.xml", len(content), path)

    return make


@pytest.fixture(scope="session")
def plugin() -> Callable[..., Plugin]:
    def make(**settings: Any) -> Plugin:
        return Plugin(Plugin.settings_model.model_validate(settings))

    return make


@pytest.fixture(scope="session")
def read(plugin: Callable[..., Plugin], view: View) -> Callable[..., list[Any]]:
    """What an instance reads of a file; every record within the limits of records."""

    def go(content: bytes, **settings: Any) -> list[Any]:
        instance, file = plugin(**settings), view(content)
        records = list(instance.read(file, instance.identify(file).kind))
        assert breach_of_reading(records) == ""
        return records

    return go


@pytest.fixture(scope="session")
def read_lines(read: Callable[..., list[Any]]) -> Callable[..., list[BankLine]]:
    """The lines alone of what an instance reads of a file."""

    def go(content: bytes, **settings: Any) -> list[BankLine]:
        return [record for record in read(content, **settings) if isinstance(record, BankLine)]

    return go
