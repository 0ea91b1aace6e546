"""What the ledger and the journal say, read only: one noun a module. Amounts are øre."""

from __future__ import annotations

from hub.store.portfolio import tenancy_of
from hub.store.views.ageing import Aged, Total, ageing, totals
from hub.store.views.arrears import Arrears, arrears
from hub.store.views.balances import Balance, balance, has_movements, open_by_charge
from hub.store.views.charges import Charge, ChargeDetail, ChargeQuery, charge_detail, charges
from hub.store.views.documents import Filed, documents
from hub.store.views.files import FileDetail, ListedFile, file_detail, files, files_held_back
from hub.store.views.holdings import Holding
from hub.store.views.movements import Movement, Paid, movements, paid_by_entry
from hub.store.views.next_charges import Upcoming, next_charge, next_due
from hub.store.views.scope import Scope, company_of, property_of, scope_of
from hub.store.views.searching import Asked, Found, FoundEntry, search
from hub.store.views.sources import Source
from hub.store.views.standing import TakenBack
from hub.store.views.transactions import Transaction, TransactionQuery, transactions
from hub.store.views.unmatched import Unmatched, unmatched

__all__ = [
    "Aged",
    "Arrears",
    "Asked",
    "Balance",
    "Charge",
    "ChargeDetail",
    "ChargeQuery",
    "FileDetail",
    "Filed",
    "Found",
    "FoundEntry",
    "Holding",
    "ListedFile",
    "Movement",
    "Paid",
    "Scope",
    "Source",
    "TakenBack",
    "Total",
    "Transaction",
    "TransactionQuery",
    "Unmatched",
    "Upcoming",
    "ageing",
    "arrears",
    "balance",
    "charge_detail",
    "charges",
    "company_of",
    "documents",
    "file_detail",
    "files",
    "files_held_back",
    "has_movements",
    "movements",
    "next_charge",
    "next_due",
    "open_by_charge",
    "paid_by_entry",
    "property_of",
    "scope_of",
    "search",
    "tenancy_of",
    "totals",
    "transactions",
    "unmatched",
]
