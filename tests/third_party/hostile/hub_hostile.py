"""Vendor plug-ins that misbehave, each in its own way, when a file's name tells them to; and one that never does."""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import re
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import count
from typing import Any

from pydantic import Field

import hub.plugin
from hub.plugin import (
    Description,
    Document,
    FileKind,
    FileView,
    HubError,
    Kept,
    Malformed,
    Mine,
    NotMine,
    NumberLength,
    Payment,
    Record,
    Remark,
    Settings,
    Vendor,
    hookimpl,
)

DAY = date(2026, 1, 5)


class Position(Settings):
    start: int = Field(ge=1)
    length: int = Field(ge=1)


class FineSettings(Settings):
    sign: str = Field("-", max_length=1, json_schema_extra={"item": "12.05"})
    amount: Position = Field(Position(start=20, length=10), json_schema_extra={"item": "12.06"})
    since: date | None = None
    endpoint_token: str = "a token by default"


class Fine(Vendor):
    """One payment a line, whose customer is the line; ``bad`` is malformed."""

    name = "fine"
    settings_model = FineSettings
    kinds: Mapping[str, FileKind] = {
        "lines": FileKind("Lines"),
        "pdf": FileKind("A document", identity="name+content", document=True),
    }

    @hookimpl
    def describe(self) -> Description:
        return Description(f"The plug-in {self.name}", (f"{self.name} files",))

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        if file.head.startswith(b"%PDF"):
            return Mine("pdf")
        return NotMine("it is empty") if file.size == 0 else Mine("lines")

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        with file.open() as stream:
            for number, line in enumerate(stream, 1):
                if line.strip() == b"bad":
                    raise Malformed(line=number, positions=(1, 3), field="customer", found=b"bad", expected="good")
                yield self.record(number, line.strip().decode("latin-1"))

    def record(self, number: int, customer: str) -> Record:
        link = f"fine|{customer}"
        return Payment(number, "01234567", "", customer, 15000, "DKK", DAY, DAY, None, "", link, f"{link}|", "paid")

    @hookimpl
    def whose(self, file: FileView) -> Document:
        first, last = map(date.fromisoformat, file.options["period"].split(".."))
        return Document("1", "12", "", "", file.name.partition(".")[0], first, last)

    @hookimpl
    def make(self, records: Iterable[Record], head: Mapping[str, str]) -> Iterator[bytes | Remark]:
        yield head["title"].encode() + b"\n"
        for record in records:
            assert isinstance(record, Payment)
            yield f"{record.customer};{record.amount}\n".encode("latin-1")
            if head.get("remark"):
                yield Remark(f"{head['remark']} {record.customer}")


class DescribedSettings(Settings):
    telltales: tuple[str, ...] = ()
    unit_length: int = Field(20, json_schema_extra={"item": "12.06"})
    tenant: Position = Position(start=1, length=20)


class Described(Fine):
    """Says of itself what its settings say."""

    name = "described"
    settings_model = DescribedSettings
    settings: DescribedSettings

    @hookimpl
    def describe(self) -> Description:
        lengths = (
            NumberLength("unit", self.settings.unit_length, "unit_length"),
            NumberLength("tenant", self.settings.tenant.length, "tenant.length"),
        )
        return Description("As it is set", self.settings.telltales, lengths)


class Raises(Fine):
    """Raises where the file's name says so: ``identify``, ``read`` (after 1,000 records), ``whose``, ``make``."""

    name = "raises"

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        if "identify" in file.name:
            raise KeyError("no such key")
        return Mine("unheard_of") if "unheard" in file.name else Mine("lines")

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        for number in range(1, 1001):
            yield Kept(number, "0000", "")
        if "read" in file.name:
            raise ZeroDivisionError("division by\nzero")

    @hookimpl
    def whose(self) -> Document:
        raise Malformed("the name has 4 parts", found="1-1-1-1", expected="5 or 7")

    @hookimpl
    def make(self, kind: str, records: Iterable[Record]) -> Iterator[bytes]:
        for number, _ in enumerate(records, start=1):
            yield b"begun\n"
            if kind == "picky":
                raise HubError("found 'Å', expected ASCII", where=f"record {number}", why="they say so", do="leave it")
            if kind == "malformed":
                raise Malformed("no file is read here")
            raise RuntimeError("cannot make it")


class Hangs(Fine):
    """Loops in a regex, which neither a thread nor a Python signal handler can interrupt."""

    name = "hangs"

    def _hang(self) -> None:
        re.match(r"(a+)+$", "a" * 64 + "b")

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        if "identify" in file.name:
            self._hang()
        return Mine("lines")

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        yield Kept(1, "0000", "")
        self._hang()


class Leaks(Fine):
    name = "leaks"

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        kept = []
        while True:
            kept.append(bytearray(1024 * 1024))
            yield Kept(len(kept), "0000", "")


class Segfaults(Fine):
    name = "segfaults"

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        yield Kept(1, "0000", "")
        ctypes.string_at(0)


class Exits(Fine):
    """Ends its process, ``rudely`` or through SystemExit."""

    name = "exits"

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        if "rudely" in file.name:
            os._exit(3)
        if "politely" in file.name:
            sys.exit("goodbye")
        return Mine("lines")


class Prints(Fine):
    name = "prints"

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        print("printed by a plug-in", flush=True)
        os.write(1, b"written by a plug-in\n")
        return Mine("lines")


class Curious(Fine):
    """Looks for what it must not see."""

    name = "curious"

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        descriptors = sorted(int(number) for number in os.listdir("/proc/self/fd"))
        return NotMine(f"{' '.join(sorted(os.environ))};{os.getcwd()};{len(descriptors)};{sys.stdin.read()}")


class Greedy(Fine):
    name = "greedy"

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        with file.open() as stream:
            stream.read()
        return Mine("lines")


class Endless(Fine):
    name = "endless"

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        for number in count(1):
            yield Kept(number, "0000", "")


class Slow(Fine):
    """Slow, but it makes progress."""

    name = "slow"

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        for number in range(1, 13):
            time.sleep(0.1)
            yield Kept(number, "0000", "")


class Drips(Fine):
    """Always makes progress, and never comes to an end that anybody can wait for."""

    name = "drips"

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        line = socket.socket(fileno=os.dup(int(sys.argv[1])))
        for byte in b"A" + (50).to_bytes(4, "little") + b"{" * 50:
            line.sendall(bytes([byte]))
            time.sleep(0.4)
        return Mine("lines")

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        for number in count(1):
            yield Kept(number, "0000", "")
            time.sleep(0.4)


class Chatters(Fine):
    """Prints more than anybody wants to read, and more than a pipe holds."""

    name = "chatters"

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        print("a\x1b[2Jb")
        print("x" * 1_000_000, file=sys.stderr)
        for number in range(100_000):
            print(f"line {number}")
        return Mine("lines")


class Wordy(Fine):
    """Says why at a length, in characters, that nobody can print."""

    name = "wordy"
    words = "forged\nline \x1b[2J \ud800" + "x" * 5_000_000

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        return NotMine(self.words)

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        raise Malformed(self.words, do=self.words, field=self.words)


class Forks(Fine):
    """Leaves a process behind that holds all that it was given; then ends, hangs or goes on."""

    name = "forks"

    @hookimpl
    def identify(self, file: FileView) -> Mine | NotMine:
        offspring = os.fork()
        if offspring == 0:
            time.sleep(60)
            os._exit(0)
        file.path.with_name("offspring").write_text(str(offspring))
        if file.name == "ends":
            os._exit(3)
        if file.name == "hangs":
            time.sleep(60)
        return Mine("lines")


class Untyped(Fine):
    """Gives what the file's name says: an amount that is a float, what is no record, a line that is no number."""

    name = "untyped"

    @hookimpl
    def read(self, file: FileView) -> Iterator[Any]:
        good = self.record(1, "7")
        yield good
        if file.name == "line":
            raise Malformed("odd", line="the third")  # type: ignore[arg-type]
        yield {"float": good._replace(amount=150.0), "dict": good._asdict()}[file.name]


class Unbounded(Fine):
    """The third of 900 payments is as the file's name says: a class, and a JSON object of values that differ."""

    name = "unbounded"

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        for number in range(1, 901):
            payment = self.record(number, str(number))
            yield self._odd(payment, *file.name.split(" ", 1)) if number == 3 else payment

    def _odd(self, payment: Record, class_name: str, changes: str) -> Record:
        odd = getattr(hub.plugin, class_name)
        values = {name: value for name, value in payment._asdict().items() if name in odd._fields}
        for name, value in json.loads(changes).items():
            values[name] = date.fromisoformat(value) if name.endswith("_date") else value
        return odd(**values)

    @hookimpl
    def whose(self, file: FileView) -> Document:
        return Document("1", "12", "", "", file.name, DAY, DAY)


class _Opens:
    """Unpickled, it would leave a mark in the file system of whoever unpickles it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self._path, "w")


class Nonsense(Fine):
    """Speaks on the hub's own line: an object that would run code, a frame too long, unknown, unreadable or cut."""

    name = "nonsense"

    @hookimpl
    def read(self, file: FileView) -> Iterator[Record]:
        yield Kept(1, "0000", "")
        line = socket.socket(fileno=os.dup(int(sys.argv[1])))
        attack = pickle.dumps(_Opens(str(file.path.with_name("pwned"))))
        line.sendall(
            {
                "pickle": b"B" + len(attack).to_bytes(4, "little") + attack,
                "long": b"B" + b"\xff\xff\xff\xff",
                "tag": b"?" + b"\0\0\0\0",
                "json": b"F" + (5).to_bytes(4, "little") + b"[[[[[",
                "half": b"B" + (50).to_bytes(4, "little") + b"only this",
            }[file.name]
        )
        time.sleep(60)


class Misspelt(Fine):
    name = "misspelt"

    @hookimpl
    def idenfity(self, file: FileView) -> Mine | NotMine:
        return Mine("lines")


class OtherApi(Fine):
    """Made for a hub that does not exist yet; its making would fail here."""

    name = "other_api"
    api = (2, 0)

    def __init__(self, settings: Settings) -> None:
        raise AssertionError("made in spite of its version")


class OtherName(Fine):
    name = "another_name"
