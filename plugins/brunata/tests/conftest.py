from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.plugin import FileView
from hub_brunata import Plugin
from hub_brunata.settings import BrunataSettings

#: What the sheet leaves open and an admin must ask the vendor for (R25).
ASKED = {"implied_decimals": 2, "sign_tenant_pays": "+", "sign_tenant_receives": "-", "charge_type": "75040"}


@pytest.fixture
def asked() -> dict[str, Any]:
    return dict(ASKED)


@pytest.fixture
def view(tmp_path: Path) -> Callable[[bytes, str], FileView]:
    def make(content: bytes, name: str) -> FileView:
        path = tmp_path / "stored"
        path.write_bytes(content)
        return FileView(name, len(content), path)

    return make


@pytest.fixture
def plugin() -> Callable[..., Plugin]:
    """An instance of these tables; ``result`` is added to what must be asked."""

    def make(
        result: Mapping[str, Any] | None = None,
        statements: Mapping[str, Any] | None = None,
        export: Mapping[str, Any] | None = None,
    ) -> Plugin:
        settings: dict[str, Any] = {} if result is None else {"result": ASKED | dict(result)}
        settings |= {} if statements is None else {"statements": statements}
        settings |= {} if export is None else {"export": {"implied_decimals": 2} | dict(export)}
        return Plugin(BrunataSettings.model_validate(settings))

    return make
