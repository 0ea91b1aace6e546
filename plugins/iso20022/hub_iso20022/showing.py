"""Every element with a text, and every attribute, of a file, for a person who looks into it; of broken files above all.

Records are numbered as reading numbers them. What is wrong is found twice: an amount, day or reference that cannot be
stands out by itself, also behind the first refusal; and reading the file as the hub would gives that refusal with its
reason, at the record where it lies. Where the XML breaks, what follows is shown line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from math import inf
from typing import Any, BinaryIO
from xml.parsers import expat

from hub.plugin import FileView, Malformed, Remark, ShownField
from hub_iso20022 import amounts, prolog, slips
from hub_iso20022.reading import NAMES, read
from hub_iso20022.settings import Iso20022Settings

_CHUNK_BYTES = 65_536
_LINE_BYTES_MAX = 4_096
_SHOWN_CHARACTERS_MAX = 400
_PATH_CHARACTERS_MAX = 100
#: As many levels as reading allows.
_DEPTH_MAX = 256
_CUT = "…"
_SECTIONS = frozenset(section for _, section in NAMES.values())
#: Elements that name what the elements below them belong to.
_LAYOUTS = frozenset({"GrpHdr", "Ntry", "TxDtls", *_SECTIONS})


def show(file: FileView, settings: Iso20022Settings) -> Iterator[ShownField]:
    """In file order, what is wrong in ``problem``; never raises Malformed. Whose account it is does not matter."""
    with file.open() as stream, closing(_Refusal(file, settings)) as refusal:
        try:
            judged = prolog.judge(file.head)
        except Malformed as refused:
            yield from _lines(stream, 1, "utf-8", str(refused))
            return
        shown, number = _Shown(judged), 1
        broken = False
        try:
            for field in shown.fields(stream):
                if field.record > number:
                    yield from refusal.up_to(number, number)
                    number = field.record
                yield field
        except _Broken:
            broken = True
        yield from refusal.up_to(inf, number)
        if broken:
            stream.seek(0)
            yield from _lines(stream, number, judged.encoding, "", shown.lines)


class _Broken(Exception):
    """Here the XML ends to be any."""


class _Refusal:
    """Why the hub would refuse the file, found as far as the file has been shown."""

    def __init__(self, file: FileView, settings: Iso20022Settings) -> None:
        self._records = self._numbers(file, settings)
        self._reached: float = 0

    def up_to(self, number: float, shown_at: int) -> Iterator[ShownField]:
        """The refusal, where it lies in one of the records up to this one, as a field of the record ``shown_at``."""
        while self._reached < number:
            try:
                self._reached = next(self._records, inf)
            except Malformed as refused:
                self._reached = inf
                first, last = refused.positions or (1, 1)
                field = _plain(refused.field)[-_PATH_CHARACTERS_MAX:] or "file"
                yield ShownField(shown_at, "refused", field, first, last, "", "", _plain(str(refused)))

    def close(self) -> None:
        self._records.close()

    @staticmethod
    def _numbers(file: FileView, settings: Iso20022Settings) -> Generator[float]:
        kind = prolog.judge(file.head).kind
        for record in read(file, kind, settings):
            if not isinstance(record, Remark):
                yield record.record


class _Shown:
    def __init__(self, judged: prolog.Prolog) -> None:
        self.number = 1
        #: Whole lines that have been read.
        self.lines = 0
        self._parser = expat.ParserCreate(judged.encoding)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        #: Names of the open elements, and where the first character of each tag stands: line and column.
        self._open: list[tuple[str, int, int]] = []
        self._characters = ""
        self._has_children = False
        self._statements = 0
        self._transactions = 0
        self._found: list[ShownField] = []

    def fields(self, stream: BinaryIO) -> Iterator[ShownField]:
        """Raises _Broken at the first byte that is no XML, when all before it has been given."""
        is_broken = False
        while not is_broken:
            chunk = stream.read(_CHUNK_BYTES)
            try:
                self._parser.Parse(chunk, not chunk)
            except (expat.ExpatError, _Broken):
                is_broken = True
            found, self._found = self._found, []
            yield from found
            if not chunk:
                break
        if is_broken:
            self.lines = self._parser.CurrentLineNumber - 1
            raise _Broken

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local in _SECTIONS:
            self._statements += 1
            self.number += self._statements > 1
        elif local == "Ntry":
            self.number += 1
            self._transactions = 0
        elif local == "TxDtls":
            self._transactions += 1
            self.number += self._transactions > 1
        if len(self._open) >= _DEPTH_MAX:
            raise _Broken
        self._open.append((local, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1))
        self._characters, self._has_children = "", False
        for attribute, value in attributes.items():
            if not attribute.startswith("xmlns"):
                self._add(f"@{attribute}", value)

    def _text(self, characters: str) -> None:
        if len(self._characters) <= _SHOWN_CHARACTERS_MAX:
            self._characters += characters[: _SHOWN_CHARACTERS_MAX + 1]

    def _end(self, _name: str) -> None:
        if not self._has_children:
            self._add("", self._characters)
        self._open.pop()
        self._characters, self._has_children = "", True

    def _add(self, attribute: str, text: str) -> None:
        names = [name for name, _, _ in self._open]
        at = max((place for place, name in enumerate(names) if name in _LAYOUTS), default=0)
        layout, path = names[at], [*names[at + 1 :], *([attribute] if attribute else [])]
        _, line, first = self._open[-1]
        is_one_line = line == self._parser.CurrentLineNumber
        last = max(self._parser.CurrentColumnNumber, first) if is_one_line and not attribute else first
        value, problem = _judged(attribute or names[-1], text.strip())
        field = "/".join(path)[-_PATH_CHARACTERS_MAX:] or layout[-_PATH_CHARACTERS_MAX:]
        self._found.append(
            ShownField(
                self.number,
                _plain(layout)[:_PATH_CHARACTERS_MAX],
                _plain(field),
                first,
                last,
                _plain(text),
                value,
                problem,
            )
        )

    @staticmethod
    def _refuse_doctype(*_: Any) -> None:
        raise _Broken


def _judged(name: str, text: str) -> tuple[str, str]:
    """(as it is understood, what is wrong with it)."""
    if name == "Ref" and (slip := slips.slip(text, "0" * 8)) is not None:
        return _plain(slip.payment_id), _plain(slip.fault)
    judge = _JUDGES.get(name)
    try:
        return _plain(text if judge is None else str(judge(text))), ""
    except Malformed as refused:
        return "", _plain(refused.what)


def _amount(text: str) -> str:
    amounts.ore(text, "")
    return text


def _sign(text: str) -> str:
    return "in" if amounts.sign(text, "") > 0 else "out"


_JUDGES: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(("Amt", "TxAmt", "RmtdAmt", "Sum", "TtlNetNtryAmt"), _amount),
    **dict.fromkeys(("Dt", "DtTm", "CreDtTm", "FrDtTm", "ToDtTm"), lambda text: amounts.Days().of(text, "")),
    **dict.fromkeys(("NbOfTxs", "NbOfNtries"), lambda text: amounts.count(text, "")),
    "CdtDbtInd": _sign,
}


def _lines(stream: BinaryIO, number: int, encoding: str, problem: str, passed: int = 0) -> Iterator[ShownField]:
    """What is no XML, a line each from the one behind ``passed``, the first with what is wrong; long ones are cut."""
    line, begins = 0, True
    while piece := stream.readline(_LINE_BYTES_MAX):
        if begins:
            line += 1
            if line > passed:
                text = _plain(piece.decode(encoding, "backslashreplace").rstrip("\r\n"))
                yield ShownField(number, "no XML", f"line {line}", 1, len(piece), text, "", _plain(problem))
                number, problem = number + 1, ""
        begins = piece.endswith(b"\n")
    if problem:
        yield ShownField(number, "no XML", "file", 1, 1, "", "", _plain(problem))


def _plain(text: str) -> str:
    r"""A line of limited length in which what cannot be seen stands as ``\x9f``."""
    plain = text[: _SHOWN_CHARACTERS_MAX + 1]
    if not plain.isprintable():
        plain = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in plain)
    return plain if len(plain) <= _SHOWN_CHARACTERS_MAX else plain[: _SHOWN_CHARACTERS_MAX - 1] + _CUT
