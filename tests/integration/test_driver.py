"""The ledger under a random driver, on both databases: its invariants hold after every act."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.store.database import Database
from tests.desk import Desk
from tests.driver import Driver

#: Seeds that once found something, and a few that have not yet.
SEEDS = (1, 2, 3)
#: HUB_DRIVER_STEPS=5000 for a long run.
STEPS = int(os.environ.get("HUB_DRIVER_STEPS", "120"))
#: The acts are the same on both, and what is wrong stays so until the next proof. One asks some hundred questions, and
#: of a server at a third of the speed.
PROVE_EVERY = {"sqlite": 1, "postgresql": 10}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_act_leaves_books_that_prove_themselves(database: Database, tmp_path: Path, seed: int) -> None:
    driver = Driver(Desk(database, tmp_path), seed, prove_every=PROVE_EVERY[database.dialect])
    for _ in range(STEPS):
        driver.step()
    driver.prove("in the end")
    assert driver.done, "nothing was done at all"
