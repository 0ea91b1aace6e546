"""Messages on collections: judged and wrapped when they are said, so that what is kept fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from hub.acts.act import Acting, judged_text
from hub.collecting.texts import LINE_CHARACTERS_MAX, MESSAGE_LINES_MAX, wrapped
from hub.errors import HubError
from hub.store.collecting.collectables import company_facts
from hub.store.collecting.messages import PLACES, Scope, messages_of, set_message
from hub.store.portfolio import plain_key, plain_number, property_by_numbers
from hub.store.tables import property_, tenancy

_ENCODING = "iso8859-1"


class MessageError(HubError):
    """A message that a collection has no room or no character for."""


def say_on_collections(
    acting: Acting,
    company: str | None,
    property_key: str | None,
    tenancy_key: str | None,
    texts: Mapping[str, str | None],
    *,
    on_slips: bool,
) -> dict[str, Any]:
    """``texts`` by place; None = as it was, "" = nothing any more. Raises MessageError, HubError."""
    where, scope = _scope(acting, company, property_key, tenancy_key)
    said: dict[str, Any] = {"where": where, "on_slips": on_slips}
    for place in PLACES:
        text = texts[place]
        if text is not None:
            lines = _lines(text, where)
            set_message(acting.conn, scope, place, on_slips, lines, now=acting.now, actor=acting.actor)
            said[place] = lines
    return said


def messages_said(conn: Connection, company: str) -> list[dict[str, Any]]:
    """Those in force; raises MessageError where there is no such company."""
    facts = company_facts(conn, plain_number(company))
    if facts is None:
        raise MessageError(f"company {company} is not in the portfolio")
    found = messages_of(conn, facts.id)
    return [
        {
            "where": _named(conn, facts.number, one.scope),
            "place": one.place,
            "on_slips": one.on_slips,
            "lines": list(one.lines),
            "at": one.at.isoformat(),
            "actor": one.actor,
        }
        for one in found
    ]


def _scope(acting: Acting, company: str | None, property_key: str | None, tenancy_key: str | None) -> tuple[str, Scope]:
    """What it is said on, from the one that is given."""
    if tenancy_key is not None:
        ref = acting.tenancy(tenancy_key)
        return ref.key, Scope(ref.company_id, tenancy_id=ref.id)
    if property_key is not None:
        number, _, rest = plain_key(property_key).partition("-")
        found = property_by_numbers(acting.conn, number, rest)
        if found is None:
            raise MessageError(f"property {property_key} is not in the portfolio", do="write it as 1-12")
        return f"{number}-{found.number}", Scope(found.company_id, property_id=found.id)
    number = plain_number(company or "")
    facts = company_facts(acting.conn, number)
    if facts is None:
        raise MessageError(f"company {number} is not in the portfolio")
    return number, Scope(facts.id)


def _lines(text: str, where: str) -> list[str]:
    if not text.strip():
        return []
    judged_text(text.replace("\n", " "), "a message")
    lines = wrapped(text)
    if len(lines) > MESSAGE_LINES_MAX:
        raise MessageError(
            f"the message has {len(lines)} lines of {LINE_CHARACTERS_MAX} characters, {MESSAGE_LINES_MAX} are allowed",
            where=where,
            do="shorten it: the vendor bills every line",
        )
    try:
        text.encode(_ENCODING)
    except UnicodeEncodeError as error:
        wrong = text[error.start : error.end]
        raise MessageError(f"{wrong!r} is no character that a delivery can hold", where=where) from None
    return lines


def _named(conn: Connection, company: str, scope: Scope) -> str:
    if scope.tenancy_id is not None:
        return str(conn.execute(select(tenancy.c.key).where(tenancy.c.id == scope.tenancy_id)).scalar_one())
    if scope.property_id is not None:
        number = conn.execute(select(property_.c.number).where(property_.c.id == scope.property_id)).scalar_one()
        return f"{company}-{number}"
    return company
