"""A file as hub records, in its order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml.etree import _Element as Element

from hub.plugin import BankStatement, FileView, HubError, Kept, Malformed, Record, Remark
from hub_iso20022 import prolog, records
from hub_iso20022.amounts import Days
from hub_iso20022.entries import TRANSACTIONS_MAX, Entries
from hub_iso20022.paths import Values, gather, places
from hub_iso20022.settings import NOTIFICATION, STATEMENT, Iso20022Settings
from hub_iso20022.statements import Statement, is_page, open_statement
from hub_iso20022.stream import elements, forget_before, line_of

#: The message's element, and those below it that are statements.
NAMES = {STATEMENT: ("BkToCstmrStmt", "Stmt"), NOTIFICATION: ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}


def read(file: FileView, kind: str, settings: Iso20022Settings) -> Iterator[Record]:
    """The records of a statement or notification. Raises Malformed."""
    judged = prolog.judge(file.head)
    if judged.kind != kind:
        raise HubError(f"{file.name} is {judged.kind}, not {kind}")
    yield from _Reading(file, judged, settings).records()


class _Reading:
    """Records are numbered in document order: each statement, each entry, and each transaction of an entry but one.

    An entry has the number of its first transaction. So a number does not hang on what the entry is booked as.
    """

    def __init__(self, file: FileView, judged: prolog.Prolog, settings: Iso20022Settings) -> None:
        self._file = file
        self._judged = judged
        self._tells_balances = settings.balances == "tell"
        message, statement = NAMES[judged.kind]
        self._document, self._message, self._section, self._entry, self._transaction, self._balance = (
            f"{{{judged.namespace}}}{name}" for name in ("Document", message, statement, "Ntry", "TxDtls", "Bal")
        )
        self._places = places(judged.namespace)
        self._days = Days()
        self._entries = Entries(judged.kind, settings)
        self._number = 0
        #: The whole message is one page of several.
        self._is_page = False
        #: Is a statement being read? Then this is it, with its element.
        self._is_open = False
        self._statement: Statement
        self._element: Element
        self._has_entries = False
        #: Of the entry that is being read.
        self._transactions: list[Values] = []

    def records(self) -> Iterator[Record]:
        tags = (self._entry, self._transaction, self._section)
        for element in elements(self._file, tags, self._judged.encoding):
            try:
                yield from self._of(element)
            except Malformed as refused:
                raise self._placed(refused, element) from None
        if not self._number:
            name = self._section.rpartition("}")[2]
            raise Malformed(f"there is no {name} in the file, so it states nothing", field=name)

    def _of(self, element: Element) -> Iterator[Record]:
        tag = element.tag
        if tag == self._transaction:
            if not self._is_open:
                yield self._open(element.getparent().getparent().getparent())
            if len(self._transactions) >= TRANSACTIONS_MAX:
                raise Malformed(
                    f"an entry with more than {TRANSACTIONS_MAX} transactions", do="ask the bank to split it"
                )
            self._transactions.append(gather(element, self._places.transaction, {}))
        elif tag == self._entry:
            if not self._is_open:
                yield self._open(element.getparent())
            yield from self._of_entry(element)
        else:
            if not self._is_open:
                yield self._open(element)
            yield from self._close(element)

    def _open(self, section: Element | None) -> BankStatement | Kept:
        """Before the first entry, when all of a statement's head has been read."""
        message = None if section is None else section.getparent()
        document = None if message is None else message.getparent()
        above = None if document is None else document.getparent()
        found = [None if each is None else each.tag for each in (above, document, message, section)]
        if found != [None, self._document, self._message, self._section]:
            raise Malformed("an entry or statement stands where none may")
        if not self._number:
            self._is_page = is_page(gather(message, self._places.message, {}))
        self._statement = opened = open_statement(section, self._places, self._days)
        self._element, self._is_open, self._has_entries = section, True, False
        self._number += 1
        named = f"{opened.identification} of account {opened.account}, {opened.first_day} to {opened.last_day}"
        if self._judged.kind == NOTIFICATION:
            return Kept(self._number, NOTIFICATION, f"Notification {named}")
        if not opened.currency:
            raise Malformed("no currency of the account", field="Acct/Ccy", found="nothing", expected="three letters")
        return BankStatement(
            self._number,
            opened.account,
            opened.currency,
            opened.identification,
            opened.sequence,
            opened.first_day,
            opened.last_day,
            opened.opening,
            opened.closing,
            records.statement_key(
                opened.account, opened.identification, opened.first_day, opened.last_day, opened.sequence
            ),
            f"Statement {named}",
        )

    def _of_entry(self, element: Element) -> Iterator[Record]:
        if element.getparent() is not self._element:
            raise Malformed("an entry stands where none may")
        before = forget_before(element)
        if self._has_entries:
            self._refuse_head(before)
        self._has_entries = True
        values = gather(element, self._places.entry, {})
        transactions, self._transactions = self._transactions, []
        if len(values.get("transactions", ())) != len(transactions):
            raise Malformed("a transaction stands where none may", field="TxDtls")
        first = self._number + 1
        self._number += max(len(transactions), 1)
        return self._entries.records(first, self._statement, values, transactions, line_of(element))

    def _close(self, element: Element) -> Iterator[Record]:
        statement, self._is_open = self._statement, False
        if element is not self._element:
            raise Malformed("a statement stands where none may")
        if self._transactions:
            raise Malformed("a transaction stands where none may", field="TxDtls")
        if self._has_entries:
            self._refuse_head([child.tag for child in element])
        forget_before(element)
        named = f"statement {statement.identification} of account {statement.account}"
        if self._is_page or statement.is_page:
            yield Remark(f"{named} is one page of several: its balances, counts and sums cannot be verified")
            return
        statement.verify_totals()
        if fault := statement.balance_fault():
            what = f"{named}: {fault}"
            if not self._tells_balances:
                raise Malformed(what, line=statement.line, do='ask the bank; balances = "tell" reads it all the same')
            yield Remark(f'{what} (read all the same: balances = "tell")')

    def _refuse_head(self, tags: Iterable[str]) -> None:
        """What says how entries add up must stand before them: behind them nobody would have looked at it."""
        for tag in tags:
            if tag == self._balance or tag in self._places.head:
                name = tag.rpartition("}")[2]
                raise Malformed("stands after an entry, where only entries may follow", field=name)

    def _placed(self, refused: Malformed, element: Element) -> Malformed:
        """With the line and the number of the record that it is about."""
        line = refused.line or line_of(element)
        is_whole = element.tag == self._section
        what = refused.what if is_whole else f"{refused.what} (record {max(self._number, 1)})"
        return Malformed(what, line=line, positions=refused.positions, field=refused.field, do=refused.do)
