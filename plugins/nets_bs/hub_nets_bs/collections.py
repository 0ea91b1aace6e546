"""Makes a delivery 0601 of collections: what tenants are asked to pay, automatically or by the provider's slip.

Nothing is cut, wrapped or put right on the way: what does not fit is refused, naming the collection, the field and what
is allowed, for a tenant would otherwise be asked for another amount, or under another name, than the ledger says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

from hub.plugin import Collection, HubError, Record, format_amount
from hub.plugin.layout import UnfitError
from hub_nets_bs.collection_delivery import CHANNELS, DENMARK, FOREIGN_POSTAL_CODE
from hub_nets_bs.counted import Counted
from hub_nets_bs.customer_number import written_customer
from hub_nets_bs.layouts_0601 import ADDRESS_LINES_MAX, COLLECTIONS, Section, collection_layouts
from hub_nets_bs.records import NO_MANDATE, canonical_customer
from hub_nets_bs.sending import Head, check_creditor, checked_head, sent
from hub_nets_bs.settings import BetalingsserviceSettings

#: Lines of name and address that a collection needs: a foreign one has its town among them.
_ADDRESS_LINES_MIN_DANISH, _ADDRESS_LINES_MIN_FOREIGN = 2, 3
#: By the 2025 guide; 999 in older material.
_TEXT_LINES_MAX = 5_000
_PAYMENT_ID_DIGITS = 15
_COUNTRY = re.compile(r"[A-Z]{2}")
#: Of one delivery: so that what is held of each fits the memory of a plug-in.
_COLLECTIONS_MAX = 1_000_000
_SECTIONS = {channel: section for section, channel in CHANNELS.items()}


def make(records: Iterable[Record], head: Mapping[str, str], settings: BetalingsserviceSettings) -> Iterator[bytes]:
    """The file in chunks, in the order of ``records``; neighbours of one creditor, group, channel and heading share a
    section.

    ``records`` may be any number: of each, only who is asked for which day is held, to refuse a second demand on one
    customer for one day. Raises HubError, also in the middle: a file is whole only at its end.
    """
    checked = checked_head(COLLECTIONS, head)
    return sent(_Maker(checked, settings).records(records), checked, settings)


class _Maker:
    def __init__(self, head: Head, settings: BetalingsserviceSettings) -> None:
        self._head = head
        self._settings = settings
        self._layouts = collection_layouts(settings.encoding)
        self._address = self._layouts.address.writer()
        self._postal = self._layouts.postal.writer()
        self._text = self._layouts.text.writer()
        self._payment = {section: layout.writer() for section, layout in self._layouts.payment.items()}
        #: Creditor, group, customer and day of every collection so far.
        self._demanded: set[str] = set()

    def records(self, collections: Iterable[Record]) -> Iterator[bytes]:
        """Every record of 128 bytes from BS002 through BS992."""
        head, layouts, total = self._head, self._layouts, Counted()
        yield layouts.delivery_start.build(**head.sender, delivery=head.delivery, created=head.created)
        for (creditor, group, channel, heading), members in groupby(map(_collection, collections), _section):
            counted = Counted()
            section = _SECTIONS[channel]
            for number, collection in enumerate(members):
                try:
                    if number == 0:
                        check_creditor(creditor, self._settings, _name(collection))
                        yield self._section_start(creditor, section, group, heading)
                    written = self._written(collection, section, counted)
                except UnfitError as unfit:
                    raise HubError(unfit.what, where=f"{_name(collection)}, {unfit.where}") from None
                yield from written
            self._refuse_negative(counted, f"the section of creditor {creditor}, group {group}")
            yield layouts.section_end.build(creditor=creditor, section=section, group=group, **_trailer(counted))
            total.add(counted)
        yield layouts.delivery_end.build(**head.sender, sections=total.sections, **_trailer(total))

    def _section_start(self, creditor: str, section: Section, group: str, heading: str) -> bytes:
        """Without the bank account, which older deliveries name: today the debtor group stands for it."""
        return self._layouts.section_start.build(
            creditor=creditor,
            section=section,
            group=group,
            user_id=self._head.user_id,
            date=self._head.created,
            bank_registration="",
            bank_account="",
            heading=heading,
        )

    def _written(self, collection: Collection, section: Section, counted: Counted) -> list[bytes]:
        """The collection's records; what they add to the trailers goes to ``counted``."""
        self._check(collection)
        creditor, group, amount = collection.creditor, collection.group, collection.amount
        customer = written_customer(collection.customer, self._settings.customer_fill, _name(collection))
        mandate = collection.mandate or NO_MANDATE
        postal_code = collection.postal_code if collection.country == DENMARK else FOREIGN_POSTAL_CODE
        written = _numbered(
            collection.address, lambda number, line: self._address(creditor, number, group, customer, NO_MANDATE, line)
        )
        written.append(self._postal(creditor, group, customer, NO_MANDATE, postal_code, collection.country))
        counted.addresses += len(written)
        sign = (amount > 0) - (amount < 0)
        payment_id = collection.payment_id and collection.payment_id.zfill(_PAYMENT_ID_DIGITS)
        due, reference = collection.due_date, collection.reference
        pay = self._payment[section]
        written.append(pay(creditor, group, customer, mandate, due, sign, abs(amount), reference, payment_id, ""))
        counted.payments += 1
        counted.net_amount += amount
        written += _numbered(
            collection.texts, lambda number, text: self._text(creditor, number, group, customer, mandate, "", text)
        )
        counted.texts += len(collection.texts)
        return written

    def _check(self, collection: Collection) -> None:
        """Raises HubError for what no layout can know."""
        _check_address(collection)
        _check_amount(collection)
        _check_payment_id(collection)
        if len(collection.texts) > _TEXT_LINES_MAX:
            raise _refused(collection, "texts", f"{len(collection.texts)} lines", f"at most {_TEXT_LINES_MAX} lines")
        if len(self._demanded) == _COLLECTIONS_MAX:
            raise HubError(
                f"more than {_COLLECTIONS_MAX} collections in one delivery",
                where=_name(collection),
                do="send the others in another delivery",
            )
        whose = f"{collection.creditor}{collection.group}{canonical_customer(collection.customer):0>15}"
        demand = f"{whose}{collection.due_date}"
        if demand in self._demanded:
            raise HubError(
                f"a second collection for one customer on {collection.due_date}",
                where=_name(collection),
                why="the provider refuses two demands on one customer for one day",
                do="merge the two, or move one to another banking day",
            )
        self._demanded.add(demand)

    @staticmethod
    def _refuse_negative(counted: Counted, where: str) -> None:
        if counted.net_amount < 0:
            raise HubError(
                f"more is paid out than collected: the net amount is {format_amount(counted.net_amount)}",
                where=where,
                why="how the trailer BS092 writes a negative net amount is not known",
                do="pay out by the bank, or together with more collections",
            )


def _numbered(lines: Iterable[str], write: Callable[[int, str], bytes]) -> list[bytes]:
    """A record for every line, numbered from 1; a refusal says which line."""
    written = []
    for number, line in enumerate(lines, start=1):
        try:
            written.append(write(number, line))
        except UnfitError as unfit:
            raise UnfitError(unfit.what, where=f"{unfit.where}, line {number}") from None
    return written


def _trailer(counted: Counted) -> dict[str, int]:
    return {
        "payments": counted.payments,
        "net_amount": counted.net_amount,
        "texts": counted.texts,
        "addresses": counted.addresses,
    }


def _collection(record: Record) -> Collection:
    if not isinstance(record, Collection):
        raise HubError(f"a delivery {COLLECTIONS} cannot carry {record!r}")
    if record.channel not in _SECTIONS:
        raise _refused(record, "channel", repr(record.channel), f"one of {', '.join(CHANNELS.values())}")
    return record


def _section(collection: Collection) -> tuple[str, str, str, str]:
    return collection.creditor, collection.group, collection.channel, collection.heading


def _name(collection: Collection) -> str:
    return f"collection {collection.record} (customer {collection.customer})"


def _refused(collection: Collection, field: str, found: str, expected: str, why: str = "") -> HubError:
    return HubError(f"found {found}, expected {expected}", where=f"{_name(collection)}, field {field!r}", why=why)


def _check_address(collection: Collection) -> None:
    lines, country = collection.address, collection.country
    if not _COUNTRY.fullmatch(country):
        raise _refused(collection, "country", repr(country), "two capital letters")
    is_danish = country == DENMARK
    at_least = _ADDRESS_LINES_MIN_DANISH if is_danish else _ADDRESS_LINES_MIN_FOREIGN
    if not at_least <= len(lines) <= ADDRESS_LINES_MAX:
        found, expected = f"{len(lines)} lines", f"{at_least} to {ADDRESS_LINES_MAX} lines of name and address"
        raise _refused(collection, "address", found, expected, "" if is_danish else f"the country is {country}")
    if not all(line.strip() for line in lines):
        raise _refused(collection, "address", "a blank line", "a name and an address without blank lines")
    code = collection.postal_code
    if is_danish and not (len(code) == 4 and code.isascii() and code.isdigit() and code != FOREIGN_POSTAL_CODE):
        raise _refused(collection, "postal_code", repr(code), "four digits of a Danish postal code")
    if not is_danish and code:
        why = "there is room for Danish postal codes only"
        raise _refused(collection, "postal_code", repr(code), "none: with the town in a line of the address", why)


def _check_amount(collection: Collection) -> None:
    if collection.amount >= 0:
        return
    found, expected = format_amount(collection.amount), "an amount from 0.00"
    if collection.channel == "slip":
        raise _refused(collection, "amount", found, expected, "nothing can be paid out by a slip")
    if not collection.mandate:
        why = "without a mandate the provider makes a slip, by which nothing can be paid out"
        raise _refused(collection, "amount", found, expected, why)


def _check_payment_id(collection: Collection) -> None:
    if collection.channel == "slip" and collection.mandate:
        raise _refused(collection, "mandate", collection.mandate, "none: a slip has no mandate")
    payment_id = collection.payment_id
    if not payment_id:
        return
    if collection.channel != "slip":
        raise _refused(collection, "payment_id", payment_id, "none: the provider makes the slips of section 0112")
    is_number = len(payment_id) <= _PAYMENT_ID_DIGITS and payment_id.isascii() and payment_id.isdigit()
    if not is_number or not int(payment_id) or not _is_checked(payment_id):
        expected = f"at most {_PAYMENT_ID_DIGITS} digits, the last one their check digit by modulus 10"
        raise _refused(collection, "payment_id", repr(payment_id), expected)


def _is_checked(payment_id: str) -> bool:
    """Modulus 10 over all digits, the check digit last; leading zeros change nothing."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(payment_id)))
    return sum(product // 10 + product % 10 for product in doubled) % 10 == 0
