"""Which elements are read, and under which names: the one table of paths, of all versions at once.

Versions differ by wrappers alone: a status is a text until 001.06 and ``Sts/Cd`` since; a party has its name itself, or
below ``Pty`` since 001.07; a bank is ``BIC`` or ``BICFI``. No two versions mean different things by one path, so the
paths of all are read of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from lxml.etree import _Element as Element

from hub.plugin import Malformed


class Leaf(Enum):
    """What an element's content becomes."""

    #: A text; twice is an error.
    ONE = 1
    #: A text, or in other versions an element that has the text.
    CHOICE = 2
    #: A list of texts.
    MANY = 3
    #: A :class:`Money`; twice is an error.
    MONEY = 4
    #: A list of :class:`Money`.
    MONIES = 5


class Money(NamedTuple):
    """An amount as it stands."""

    text: str
    currency: str


class Place(NamedTuple):
    """One element that is read."""

    name: str
    #: None = itself it is not read.
    leaf: Leaf | None
    #: What is read below it, by tag.
    below: Mapping[str, Place]


_ONE, _CHOICE, _MANY, _MONEY, _MONIES = Leaf.ONE, Leaf.CHOICE, Leaf.MANY, Leaf.MONEY, Leaf.MONIES
Paths = Mapping[str, tuple[str, Leaf]]

#: Of the message, before its statements.
MESSAGE: Paths = {
    "GrpHdr/MsgPgntn/LastPgInd": ("last_page", _ONE),
    "GrpHdr/MsgPgntn/PgNb": ("page", _ONE),
}
#: Of a statement or notification, before its entries.
HEAD: Paths = {
    "Id": ("identification", _ONE),
    "StmtPgntn/LastPgInd": ("last_page", _ONE),
    "StmtPgntn/PgNb": ("page", _ONE),
    "NtfctnPgntn/LastPgInd": ("last_page", _ONE),
    "NtfctnPgntn/PgNb": ("page", _ONE),
    "ElctrncSeqNb": ("sequence", _ONE),
    "LglSeqNb": ("legal_sequence", _ONE),
    "CreDtTm": ("created", _ONE),
    "FrToDt/FrDtTm": ("first", _ONE),
    "FrToDt/ToDtTm": ("last", _ONE),
    "Acct/Id/IBAN": ("account", _ONE),
    "Acct/Id/Othr/Id": ("account", _ONE),
    "Acct/Ccy": ("currency", _ONE),
    "TxsSummry/TtlNtries/NbOfNtries": ("count", _ONE),
    "TxsSummry/TtlNtries/Sum": ("sum", _ONE),
    "TxsSummry/TtlNtries/TtlNetNtryAmt": ("net", _ONE),
    "TxsSummry/TtlNtries/CdtDbtInd": ("net_sign", _ONE),
    "TxsSummry/TtlNtries/TtlNetNtry/Amt": ("net", _ONE),
    "TxsSummry/TtlNtries/TtlNetNtry/CdtDbtInd": ("net_sign", _ONE),
    "TxsSummry/TtlCdtNtries/NbOfNtries": ("credit_count", _ONE),
    "TxsSummry/TtlCdtNtries/Sum": ("credit_sum", _ONE),
    "TxsSummry/TtlDbtNtries/NbOfNtries": ("debit_count", _ONE),
    "TxsSummry/TtlDbtNtries/Sum": ("debit_sum", _ONE),
}
#: Of each ``Bal`` of a statement.
BALANCE: Paths = {
    "Tp/CdOrPrtry/Cd": ("code", _ONE),
    "Amt": ("amount", _MONEY),
    "CdtDbtInd": ("sign", _ONE),
    "Dt/Dt": ("day", _ONE),
    "Dt/DtTm": ("day", _ONE),
}
#: Of each ``Ntry``.
ENTRY: Paths = {
    "Amt": ("amount", _MONEY),
    "CdtDbtInd": ("sign", _ONE),
    "RvslInd": ("reversal", _ONE),
    "Sts": ("status", _CHOICE),
    "Sts/Cd": ("status", _ONE),
    "Sts/Prtry": ("own_status", _ONE),
    "BookgDt/Dt": ("booked", _ONE),
    "BookgDt/DtTm": ("booked", _ONE),
    "ValDt/Dt": ("valued", _ONE),
    "ValDt/DtTm": ("valued", _ONE),
    "AcctSvcrRef": ("servicer_reference", _ONE),
    "BkTxCd/Domn/Cd": ("domain", _ONE),
    "BkTxCd/Domn/Fmly/Cd": ("family", _ONE),
    "BkTxCd/Domn/Fmly/SubFmlyCd": ("sub_family", _ONE),
    "BkTxCd/Prtry/Cd": ("own_code", _ONE),
    "NtryDtls/Btch/NbOfTxs": ("batch_counts", _MANY),
    "NtryDtls/TxDtls": ("transactions", _MANY),
    "AddtlNtryInf": ("more", _ONE),
}
#: Of each ``TxDtls`` of an entry.
TRANSACTION: Paths = {
    "Refs/AcctSvcrRef": ("servicer_reference", _ONE),
    "Refs/EndToEndId": ("end_to_end", _ONE),
    "Refs/TxId": ("transaction", _ONE),
    "Amt": ("amount", _MONEY),
    "CdtDbtInd": ("sign", _ONE),
    "AmtDtls/InstdAmt/Amt": ("instructed_amount", _MONEY),
    "AmtDtls/TxAmt/Amt": ("booked_amount", _MONEY),
    "BkTxCd/Domn/Cd": ("domain", _ONE),
    "BkTxCd/Domn/Fmly/Cd": ("family", _ONE),
    "BkTxCd/Domn/Fmly/SubFmlyCd": ("sub_family", _ONE),
    "BkTxCd/Prtry/Cd": ("own_code", _ONE),
    "RltdPties/Dbtr/Nm": ("debtor", _ONE),
    "RltdPties/Dbtr/Pty/Nm": ("debtor", _ONE),
    "RltdPties/Dbtr/PstlAdr/AdrLine": ("debtor_lines", _MANY),
    "RltdPties/Dbtr/Pty/PstlAdr/AdrLine": ("debtor_lines", _MANY),
    "RltdPties/DbtrAcct/Id/IBAN": ("debtor_account", _ONE),
    "RltdPties/DbtrAcct/Id/Othr/Id": ("debtor_account", _ONE),
    "RltdPties/Cdtr/Nm": ("creditor", _ONE),
    "RltdPties/Cdtr/Pty/Nm": ("creditor", _ONE),
    "RltdPties/Cdtr/PstlAdr/AdrLine": ("creditor_lines", _MANY),
    "RltdPties/Cdtr/Pty/PstlAdr/AdrLine": ("creditor_lines", _MANY),
    "RltdPties/CdtrAcct/Id/IBAN": ("creditor_account", _ONE),
    "RltdPties/CdtrAcct/Id/Othr/Id": ("creditor_account", _ONE),
    "RmtInf/Ustrd": ("remittance", _MANY),
    "RmtInf/Strd/RfrdDocInf/Nb": ("documents", _MANY),
    "RmtInf/Strd/RfrdDocAmt/RmtdAmt": ("remitted", _MONIES),
    "RmtInf/Strd/CdtrRefInf/Ref": ("references", _MANY),
    "RmtInf/Strd/AddtlRmtInf": ("remittance", _MANY),
    "RtrInf": ("returned", _MANY),
    "RtrInf/Rsn/Cd": ("return_reason", _ONE),
    "RtrInf/Rsn/Prtry": ("return_reason", _ONE),
    "RtrInf/AddtlInf": ("remittance", _MANY),
    "AddtlTxInf": ("more", _ONE),
}

#: What has been read of an element, by the names of the table: texts, lists of texts, Money, lists of Money.
Values = dict[str, Any]


class Places(NamedTuple):
    """The table of one namespace, by full tags."""

    message: Mapping[str, Place]
    head: Mapping[str, Place]
    balance: Mapping[str, Place]
    entry: Mapping[str, Place]
    transaction: Mapping[str, Place]


@cache
def places(namespace: str) -> Places:
    """The table for the tags of this namespace."""
    return Places(*(_compiled(paths, namespace) for paths in (MESSAGE, HEAD, BALANCE, ENTRY, TRANSACTION)))


def gather(element: Element, below: Mapping[str, Place], into: Values) -> Values:
    """What stands in an element's children, as far as it is read; blanks around texts are left out.

    Raises Malformed for what may stand once and stands twice.
    """
    place_of = below.get
    for child in element:
        place = place_of(child.tag)
        if place is None:
            continue
        name, leaf, further = place
        if leaf is _ONE:
            if name in into:
                raise _twice(child)
            into[name] = (child.text or "").strip()
        elif leaf is _MONEY:
            if name in into:
                raise _twice(child)
            into[name] = Money((child.text or "").strip(), child.get("Ccy") or "")
        elif leaf is not None:
            _take(child, name, leaf, into)
        if further:
            gather(child, further, into)
    return into


def _take(child: Element, name: str, leaf: Leaf, into: Values) -> None:
    text = (child.text or "").strip()
    if leaf is _MANY:
        into.setdefault(name, []).append(text)
    elif leaf is _CHOICE:
        if text:
            into[name] = text
    else:
        into.setdefault(name, []).append(Money(text, child.get("Ccy") or ""))


def _twice(element: Element) -> Malformed:
    found = (element.text or "").strip()[:60]
    return Malformed("stands twice where it may stand once", field=_local(element), found=found, expected="one")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _compiled(paths: Paths, namespace: str) -> dict[str, Place]:
    """The tree of places that a table of paths says."""
    tree: dict[str, Place] = {}
    for path, (name, leaf) in paths.items():
        level: Any = tree
        *parents, last = (f"{{{namespace}}}{part}" for part in path.split("/"))
        for parent in parents:
            level = level.setdefault(parent, Place("", None, {})).below
        held = level.get(last)
        level[last] = Place(name, leaf, held.below if held else {})
    return tree
