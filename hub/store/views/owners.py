"""Whose an entry is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_

from hub.store.tables import account, entry, posting, tenancy

_OWN = posting.alias("own_posting")
_OWN_ACCOUNT = account.alias("own_account")
#: The tenancy on whose balance or holding an entry stands, NULL where it is nobody's.
OWNER = tenancy.alias("owner")


def with_owner(query: Select[Any]) -> Select[Any]:
    """``query`` over entries, with :data:`OWNER` beside each."""
    whose = or_(OWNER.c.account_id == _OWN_ACCOUNT.c.id, OWNER.c.id == _OWN_ACCOUNT.c.tenancy_id)
    return (
        query.join(_OWN, (_OWN.c.entry_id == entry.c.id) & (_OWN.c.seq == 0))
        .join(_OWN_ACCOUNT, _OWN_ACCOUNT.c.id == _OWN.c.account_id)
        .join(OWNER, whose, isouter=True)
    )
