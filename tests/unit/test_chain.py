"""What an entry's hash is made over."""

from __future__ import annotations

import pytest

from hub.ledger import chain


def test_a_key_with_the_separator_could_be_another_entrys_bytes_and_has_no_leaf() -> None:
    postings = [("receivable:1-1-1-1", -1_00, "2026-11-02"), ("clearing:bs", 1_00, "2026-11-02")]
    given = chain.input_hash("x")
    with pytest.raises(chain.UnprintableKeyError, match=r"key 'a\\x1fb' holds a control character"):
        chain.leaf("payment", "a\x1fb", "2026-11-02", "2026-11-02", 1, "", given, "", postings)
    assert len(chain.leaf("payment", "a b", "2026-11-02", "2026-11-02", 1, "", given, "", postings)) == 32
