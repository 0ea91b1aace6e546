"""Whose a file is, by the message that its first bytes name, and by the account where the instance says which."""

from __future__ import annotations

import re

from hub.plugin import FileView, Mine, NotMine
from hub_iso20022 import prolog
from hub_iso20022.settings import Iso20022Settings

#: The first account of a statement: an IBAN, or a number of the bank's own.
_ACCOUNT = re.compile(
    r"<(?:[\w.-]+:)?Acct>\s*<(?:[\w.-]+:)?Id>\s*(?:<(?:[\w.-]+:)?Othr>\s*<(?:[\w.-]+:)?Id>|<(?:[\w.-]+:)?IBAN>)([^<]{1,60})<"
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def identify(file: FileView, settings: Iso20022Settings) -> Mine | NotMine:
    """Mine of either kind, in whatever version or state: reading it tells what is wrong with it. Looks at the head."""
    if not file.size:
        return NotMine("the file is empty")
    if not prolog.is_markup(file.head):
        return NotMine("it is no XML")
    kind = prolog.kind_named(file.head)
    if not kind:
        other = prolog.other_message(file.head)
        return NotMine(
            f"{other} of ISO 20022, not camt.053 or camt.054" if other else "it names no message of ISO 20022"
        )
    if settings.accounts and (account := _first_account(file.head)) and account not in settings.accounts:
        return NotMine(f"a statement of account {account}")
    return Mine(kind)


def _first_account(head: bytes) -> str:
    """Without blanks; "" = the head does not tell."""
    found = _ACCOUNT.search(_COMMENT.sub("", prolog.loosely(head)))
    return "".join(found[1].split()) if found else ""
