"""Bank rules that a person may want: what he has said of the same kind of line again and again, never otherwise.

Nothing is made: each suggestion comes with the lines that it is drawn from and the text to paste into the bank's
settings. It is proved before it is told: read back as settings it fits every line that it came from, and of all lines
of the bank that anybody has explained, none that went elsewhere or was taken back.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from hub.ledger import kinds
from hub.reports.explained_lines import ExplainedLine, explained_lines
from hub.settings import BankRule, Site
from hub.store.clearing.rule_uses import rule_uses
from hub.store.lookup import among
from hub.store.tables import account, bank_line, posting

#: So often a person must have said the same before a rule is suggested.
TIMES_MIN = 3
#: A text must say something, or it would fit anything.
_LETTERS_MIN = 4
#: Of a name that is made here: shorter than it may be, for a number behind it.
_NAME_CHARACTERS_MAX = 32

#: Kinds of accounts that a rule can book to.
_TARGETS = (kinds.NAMED, kinds.RECEIVABLE)
_DIGITS = re.compile(r"[0-9]+")
_SPECIAL = re.compile(r"[*?\[]")
_NO_NAME = re.compile(r"[^a-z0-9]+")
_LATIN = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "é": "e", "ü": "u"})


class RuleSuggestion(NamedTuple):
    """A rule for the settings of one instance, and what it is drawn from, the latest first."""

    vendor: str
    rule: BankRule
    #: For config/vendors/NAME.toml, to paste at its end.
    toml: str
    evidence: tuple[ExplainedLine, ...]


class _Mark(NamedTuple):
    """What lines of one kind have in common; texts with their digits blanked."""

    vendor: str
    came_in: bool
    payer_account: str
    code: str
    text: str


def rule_suggestions(conn: Connection, site: Site) -> list[RuleSuggestion]:
    """By instance, the one with the most evidence first. Of an instance that is not in use, none."""
    lines = [line for line in explained_lines(conn) if line.said.vendor in site.vendors]
    by_vendor: defaultdict[str, list[ExplainedLine]] = defaultdict(list)
    for line in lines:
        by_vendor[line.said.vendor].append(line)
    taken = {(one.vendor, one.rule) for one in rule_uses(conn)}
    found: list[RuleSuggestion] = []
    for vendor, ours in sorted(by_vendor.items()):
        names = {rule for whose, rule in taken if whose == vendor} | {one.name for one in site.vendors[vendor].rules}
        found += _of_vendor(conn, vendor, ours, site.vendors[vendor].rules, names)
    return found


def _of_vendor(
    conn: Connection, vendor: str, lines: Sequence[ExplainedLine], known: Sequence[BankRule], names: set[str]
) -> Iterator[RuleSuggestion]:
    told: set[int] = set()
    for mark, its in sorted(_alike(lines), key=lambda one: (not one[0].payer_account, -len(one[1]), one[0])):
        evidence = [line for line in its if line.said.entry not in told]
        if len(evidence) < TIMES_MIN or any(_fits(rule, line) for rule in known for line in its):
            continue
        made = _made(mark, its[0], names)
        if made is None or not _proved(conn, made[0], its, lines):
            continue
        told.update(line.said.entry for line in its)
        names.add(made[0].name)
        yield RuleSuggestion(vendor, *made, tuple(its))


def _alike(lines: Iterable[ExplainedLine]) -> list[tuple[_Mark, list[ExplainedLine]]]:
    """Lines that a person has explained, by each mark and target that they share."""
    found: defaultdict[tuple[_Mark, str], list[ExplainedLine]] = defaultdict(list)
    for line in lines:
        if line.by_person and line.target is not None and line.target.split(":")[0] in _TARGETS:
            for mark in _marks(line):
                found[mark, line.target].append(line)
    return [(mark, its) for (mark, _), its in found.items()]


def _marks(line: ExplainedLine) -> Iterator[_Mark]:
    said = line.said
    if said.payer_account.strip():
        yield _Mark(said.vendor, said.amount > 0, "".join(said.payer_account.split()), "", "")
    if sum(map(str.isalpha, said.text)) >= _LETTERS_MIN:
        yield _Mark(said.vendor, said.amount > 0, "", said.code, _DIGITS.sub("0", said.text))


def _made(mark: _Mark, line: ExplainedLine, names: set[str]) -> tuple[BankRule, str] | None:
    """The rule, as its own text reads."""
    kind, _, rest = (line.target or "").partition(":")
    where = "tenancy" if kind == kinds.RECEIVABLE else "account"
    told = {
        "name": _free_name(line, rest, names),
        "code": pattern_of(mark.code),
        "text": "[0-9]*".join(map(pattern_of, mark.text.split("0"))) if mark.text else "",
        "payer_account": pattern_of(mark.payer_account),
        "amount": "0.01.." if mark.came_in else "..-0.01",
        where: rest,
    }
    toml = "[[rules]]\n" + "".join(f"{key} = {quoted(value)}\n" for key, value in told.items() if value)
    return BankRule.model_validate(tomllib.loads(toml)["rules"][0]), toml


def _proved(conn: Connection, rule: BankRule, its: Sequence[ExplainedLine], lines: Sequence[ExplainedLine]) -> bool:
    """Whether it fits all that it came from, and nothing that went elsewhere or was taken back from there."""
    target = its[0].target
    return (
        all(_fits(rule, line) for line in its)
        and all(line.target == target for line in lines if _fits(rule, line))
        and not (rule.tenancy and rule.payer_account and _pays_for_others(conn, its, target))
    )


def _pays_for_others(conn: Connection, its: Sequence[ExplainedLine], target: str | None) -> bool:
    """Whether money from this account, told apart by its reference, was booked on another tenancy at once."""
    accounts = {line.said.payer_account for line in its}
    query = (
        select(bank_line.c.entry_id)
        .join(posting, (posting.c.entry_id == bank_line.c.entry_id) & (posting.c.seq == 0))
        .join(account, account.c.id == posting.c.account_id)
        .where(
            among(conn, bank_line.c.payer_account, accounts),
            account.c.kind == kinds.RECEIVABLE,
            account.c.code != target,
        )
    )
    return conn.execute(query.limit(1)).first() is not None


def _fits(rule: BankRule, line: ExplainedLine) -> bool:
    said = line.said
    return rule.fits(code=said.code, text=said.text, payer_account=said.payer_account, amount=said.amount)


def pattern_of(text: str) -> str:
    """That fits this text alone."""
    return _SPECIAL.sub(lambda found: f"[{found[0]}]", text)


def _free_name(line: ExplainedLine, rest: str, names: set[str]) -> str:
    """Of the account or the payer, with a number where another rule has it; never one that was used before."""
    said = line.said
    about = rest if line.target and line.target.startswith(kinds.NAMED) else said.payer or said.text
    plain = _NO_NAME.sub("-", about.lower().translate(_LATIN)).strip("-") or "rule"
    base = (plain if plain[0].isalpha() else f"from-{plain}")[:_NAME_CHARACTERS_MAX].strip("-")
    number = 1
    while (name := base if number == 1 else f"{base}-{number}") in names:
        number += 1
    return name


def quoted(text: str) -> str:
    """A basic string of TOML; what a terminal would not show as it is, by its number."""
    return '"' + "".join(map(_letter, text)) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08X}"
