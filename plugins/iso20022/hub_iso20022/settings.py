"""What a config file may say of a bank's instance."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from hub.plugin import Settings

STATEMENT: Final = "camt.053"
NOTIFICATION: Final = "camt.054"

#: An IBAN, or registration and account number, without blanks.
Account = Annotated[str, Field(pattern=r"^[A-Z0-9]{5,34}$")]
SubFamily = Annotated[str, Field(pattern=r"^[A-Z0-9]{4}$")]

#: Sub-families of the ISO list that say that an earlier payment is undone. Of credit transfers RRTN (both banks' Danish
#: catalogs) and RPCR, of direct debits UPDD (Danske Bank), RCDD and PRDD, of Swish AREV and ARET (Danske Bank).
RETURNS = ("RRTN", "RPCR", "UPDD", "RCDD", "PRDD", "AREV", "ARET")


class Iso20022Settings(Settings):
    """``[settings]`` of an instance of ``iso20022``."""

    #: Our accounts whose files are this instance's, as the bank writes them without blanks; empty = any.
    accounts: tuple[Account, ...] = ()
    #: Which of the two kinds tells of slips that are booked (R17): the other only confirms.
    books: Literal["camt.053", "camt.054"] = STATEMENT
    #: What becomes of a statement whose entries do not lead from its opening to its closing balance: it is refused, or
    #: read and told.
    balances: Literal["refuse", "tell"] = "refuse"
    #: Sub-families of bank transaction codes that say that an earlier payment is sent back.
    return_codes: tuple[SubFamily, ...] = RETURNS
