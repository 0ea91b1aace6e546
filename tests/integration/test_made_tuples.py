"""Tuples that are made past their class, for speed: nothing else would say that one lacks a field added later."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import hub_nets_bs.records as nets
from hub.intake.matching import Matched
from hub.plugin import Payment
from hub.store.database import Database
from hub.store.entries import Movement
from hub.store.portfolio import TenancyRef
from hub.store.views.ageing import Aged, ageing
from hub.store.views.scope import Scope
from tests.desk import NOW, Desk, paid

_MAKERS: dict[str, Any] = {
    "hub.intake.money._new_movement": Movement,
    "hub.intake.matching._new_place": Matched,
    "hub.store.portfolio._new_ref": TenancyRef,
    "hub.store.views.ageing._new_aged": Aged,
    "hub_nets_bs.records._new_payment": Payment,
}


@pytest.mark.parametrize("maker", _MAKERS)
def test_every_field_is_there(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, maker: str) -> None:
    counts: list[int] = []
    path, _, name = maker.rpartition(".")
    module = import_module(path)
    plain = getattr(module, name)

    def counted(values: Sequence[Any]) -> Any:
        one = plain(values)
        counts.append(len(one))
        return one

    monkeypatch.setattr(module, name, counted)
    desk = Desk(database, tmp_path)
    assert desk.book(paid("101", 100_00)).counts.booked == 1
    with database.read() as conn:
        ageing(conn, Scope(), NOW.date())
    nets.payment("02345678", "00001", "101", 100_00, NOW.date(), NOW.date())
    assert counts
    assert set(counts) == {len(_MAKERS[maker]._fields)}
