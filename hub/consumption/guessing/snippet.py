"""The guess as a piece of an instance's config file, with its evidence as comments."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hub.consumption.guessing.guess import Finding, Guess

#: Fields of a result, in the sheet's order, and whether a length is set for them.
_RESULT_FIELDS = {
    "company": True,
    "property": True,
    "unit": True,
    "tenant": True,
    "amount": True,
    "sign": False,
    "period_from": False,
    "period_to": False,
}
_NEEDED = ("company", "property", "unit", "tenant", "amount", "sign")
#: As many as a delimited layout may have.
_HEADING_LINES_MAX = 10
#: What no file says: a person asks the vendor, or knows.
_TO_BE_SAID = (
    "implied_decimals = ?          # decimals of the amounts: ask the vendor (R25)",
    'sign_tenant_pays = "?"        # ask the vendor (R25)',
    'sign_tenant_receives = "?"    # ask the vendor (R25)',
    'charge_type = "?"             # 75040 heat, 73039 water, 73099 electricity (R26)',
)


def snippet(guess: Guess, file: str) -> str:
    """``[settings.result]`` for a config file. What is ambiguous stands there as a comment: a person chooses."""
    return "\n".join(_lines(guess, file)) + "\n"


def _lines(guess: Guess, file: str) -> Iterator[str]:
    found = {finding.field: finding for finding in guess.findings}
    known = f"{guess.known_lines} of {guess.lines} lines of {json.dumps(file)}"
    yield f"# Suggested by what the portfolio knows of {known}."
    yield "# Look at it with hub layout show before you use it."
    yield "[settings.result]"
    if guess.separator:
        yield f"delimiter = {json.dumps(guess.separator)}"
    for field, has_length in _RESULT_FIELDS.items():
        if field in found:
            yield from _placed(found[field], has_length=has_length, in_columns=bool(guess.separator))
        elif field in _NEEDED:
            yield f"# {field}: nowhere seen"
    yield from _written(guess, found)
    yield "# Fill in what no file says:"
    yield from (f"# {line}" for line in _TO_BE_SAID)
    for finding in guess.findings:
        if finding.field not in _RESULT_FIELDS:
            said = f"{finding.field} {finding.place}, {_evidence(finding)}"
            yield f"# Seen too, though a result has no such field: {said}"


def _placed(finding: Finding, *, has_length: bool, in_columns: bool) -> Iterator[str]:
    yield f"# {finding.field} {finding.place}: {_evidence(finding)}"
    unsaid = "# " if finding.verdict == "ambiguous" else ""
    if in_columns:
        yield f"{unsaid}{finding.field}_column = {finding.place.first}"
        return
    yield f"{unsaid}{finding.field}_start = {finding.place.first}"
    if has_length:
        yield f"{unsaid}{finding.field}_length = {finding.place.last - finding.place.first + 1}"


def _written(guess: Guess, found: dict[str, Finding]) -> Iterator[str]:
    """Settings of the record as a whole."""
    if "period_from" in found:
        unsaid = "# " if found["period_from"].verdict == "ambiguous" else ""
        yield f"{unsaid}date_format = {json.dumps(found['period_from'].written)}"
    if guess.separator and "amount" in found and found["amount"].written:
        yield f"decimal_mark = {json.dumps(found['amount'].written)}"
    if guess.separator and 0 < guess.heading_lines <= _HEADING_LINES_MAX:
        yield f"heading_lines = {guess.heading_lines}"
    if not guess.separator and guess.width > max((finding.place.last for finding in found.values()), default=0):
        yield f"record_length = {guess.width}"
    if guess.encoding == "utf-8":
        yield "# The names are in UTF-8, in which letters have no fixed place: ask the vendor for another encoding."
    else:
        yield f"encoding = {json.dumps(guess.encoding)}    # {guess.letters}"


def _evidence(finding: Finding) -> str:
    said = f"{finding.verdict}: {finding.evidence}"
    if finding.others:
        said += f"; or {', '.join(map(str, finding.others[:5]))}"
    if finding.contradicted_by:
        lines = finding.contradicted_by
        more = f" and {len(lines) - 10} more" if len(lines) > 10 else ""
        said += f"; contradicts: line {', '.join(map(str, lines[:10]))}{more}"
    return said
