"""One ``Ntry`` with its transactions, as hub records: which of them count, what they must add up to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.plugin import BankLine, Chargeback, Kept, Malformed, Payment, PaymentSeen, format_amount
from hub_iso20022 import amounts
from hub_iso20022.paths import Money, Values
from hub_iso20022.records import line_of_text
from hub_iso20022.settings import NOTIFICATION, Iso20022Settings
from hub_iso20022.statements import Statement
from hub_iso20022.transactions import Booked, Lines, is_good_slip, payment, seen

BOOKED = "BOOK"
#: Of one entry: beyond these its transactions would not fit into memory.
TRANSACTIONS_MAX = 100_000
_NOTHING: Values = {}
#: Keeps the statement's line from being booked on a tenancy; it waits in suspense for the payment that it settles.
_BOOKED_ELSEWHERE = 'camt.054 books it (books = "camt.054"), where it waits to be found (R17)'

Entry = BankLine | PaymentSeen | Payment | Chargeback | Kept


class Entries:
    """Makes records of the entries of one file, in its order. Raises Malformed."""

    def __init__(self, kind: str, settings: Iso20022Settings) -> None:
        self._kind = kind
        self._books_slips_over_clearing = settings.books == NOTIFICATION
        self._days = amounts.Days()
        self._lines = Lines(settings)
        #: Øre of all lines so far, their signs left out.
        self._moved = 0

    def records(
        self, first: int, statement: Statement, values: Values, transactions: Sequence[Values], line: int | None
    ) -> Iterator[Entry]:
        """Of one entry. ``first`` is the number of its first record, each transaction has the next one."""
        money: Money | None = values.get("amount")
        if money is None:
            raise Malformed("an entry without an amount", line=line, field="Ntry/Amt")
        currency = statement.currency_of(money)
        amount = amounts.sign(values.get("sign", ""), "Ntry/CdtDbtInd") * amounts.ore(money.text, "Ntry/Amt")
        count = self._count(values, transactions, line)
        status = values.get("status", "") or values.get("own_status", "")
        if not status:
            raise Malformed("an entry that does not say whether it is booked", line=line, field="Ntry/Sts")
        statement.count(amount, is_booked=status == BOOKED)
        if status != BOOKED:
            yield Kept(
                first, line_of_text(status)[:100], f"{format_amount(amount)} {currency}: not booked by the bank yet"
            )
            return
        booked = self._booked(statement, values, len(transactions) > 1, line)
        parts = self._amounts(values, transactions, amount, currency, line)
        if parts is None:
            note = f"samlepost på {count} betalinger" if count > 1 else ""
            said = transactions[0] if len(transactions) == 1 else _NOTHING
            yield self._record(self._lines.of(first, booked, said, amount, note))
            return
        for record, (said, part) in enumerate(zip(transactions, parts, strict=True), first):
            yield self._record(self._lines.of(record, booked, said, part))

    def _record(self, line: BankLine) -> Entry:
        """Which record it is: exactly one of the two kinds of file books a slip (R17)."""
        if line.amount == 0:
            return Kept(line.record, BOOKED, "0.00: an entry or transaction of nothing")
        self._moved += abs(line.amount)
        if self._moved > amounts.ORE_MAX:
            raise Malformed(f"amounts that come to more than {format_amount(amounts.ORE_MAX)} in one file")
        is_over_clearing = self._books_slips_over_clearing and is_good_slip(line)
        if self._kind == NOTIFICATION:
            return payment(line) if is_over_clearing else seen(line)
        return line._replace(slip_fault=_BOOKED_ELSEWHERE) if is_over_clearing else line

    def _booked(self, statement: Statement, values: Values, is_batch: bool, line: int | None) -> Booked:
        if "booked" not in values:
            raise Malformed("a booked entry without a booking date", line=line, field="Ntry/BookgDt")
        booked = self._days.of(values["booked"], "Ntry/BookgDt")
        valued = self._days.of(values["valued"], "Ntry/ValDt") if "valued" in values else booked
        is_reversal = "reversal" in values and amounts.truth(values["reversal"], "Ntry/RvslInd")
        return Booked(statement.account, statement.currency, valued, booked, values, is_batch, is_reversal)

    @staticmethod
    def _count(values: Values, transactions: Sequence[Values], line: int | None) -> int:
        """How many transactions it says it has; raises Malformed where it gives others."""
        told = values.get("batch_counts")
        if told is None:
            return len(transactions)
        count = sum(amounts.count(each, "NtryDtls/Btch/NbOfTxs") for each in told)
        if transactions and count != len(transactions):
            raise Malformed(
                "a batch with another number of transactions than it says",
                line=line,
                field="NtryDtls/Btch/NbOfTxs",
                found=str(count),
                expected=f"{len(transactions)}, as there are",
            )
        return count

    @staticmethod
    def _amounts(
        values: Values, transactions: Sequence[Values], amount: int, currency: str, line: int | None
    ) -> list[int] | None:
        """Øre of each transaction, in the account's currency; None = the entry's own amount counts.

        So it does where there is one transaction, and where one of several does not say what of it was booked. Raises
        Malformed where they are not the entry's amount together.
        """
        if len(transactions) < 2:
            return None
        parts = []
        for said in transactions:
            part = _booked_part(said, currency)
            if part is None:
                return None
            direction = said.get("sign") or values["sign"]
            parts.append(part * amounts.sign(direction, "TxDtls/CdtDbtInd"))
        if sum(parts) != amount:
            raise Malformed(
                f"an entry that is not the sum of its {len(parts)} transactions",
                line=line,
                field="Ntry/Amt",
                found=format_amount(amount),
                expected=f"{format_amount(sum(parts))}, which they come to",
            )
        return parts


def _booked_part(said: Values, currency: str) -> int | None:
    """Øre that were booked of a transaction, without a sign; None = not told in this currency."""
    for name in ("booked_amount", "amount"):
        told: Money | None = said.get(name)
        if told is not None and told.currency == currency:
            return amounts.money(told, "TxDtls/Amt")
    remitted: list[Money] = said.get("remitted", [])
    if remitted and all(each.currency == currency for each in remitted):
        return sum(amounts.money(each, "RfrdDocAmt/RmtdAmt") for each in remitted)
    return None
