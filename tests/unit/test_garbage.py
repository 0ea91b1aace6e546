"""How Python looks for cycles while several files are booked at once."""

from __future__ import annotations

import gc

from hub.intake.garbage import RareCollections, collect_batch


def test_bookings_that_overlap_leave_things_as_they_were() -> None:
    usual = gc.get_threshold()
    rarely = RareCollections()
    rarely.__enter__()
    assert gc.get_threshold()[0] > usual[0]
    rarely.__enter__()
    rarely.__exit__(None, None, None)
    assert gc.get_threshold()[0] > usual[0], "the other is still booking"
    rarely.__exit__(None, None, None)
    assert gc.get_threshold() == usual


def test_what_a_batch_leaves_in_cycles_is_gone_after_it() -> None:
    class Statement:
        """Refers to itself, as those of SQLAlchemy do."""

        alive = 0

        def __init__(self) -> None:
            self.comparator = self
            Statement.alive += 1

        def __del__(self) -> None:
            Statement.alive -= 1

    with RareCollections():
        Statement()
        assert Statement.alive == 1
        collect_batch()
        assert Statement.alive == 0
