"""Golden files: samples, and beside each what the plug-in said of it when somebody looked at it and found it right.

``FILE`` has its answer in ``FILE.golden.json``. What is to be made stands in ``FILE.make.json`` (kind, head, records),
and what was made of it in ``FILE``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.plugin.testing.subject import SETTINGS_FILE, Subject
from hub.plugin.testing.texts import as_record, as_text
from hub.plugin.vendor import Vendor

_ANSWER, _MAKE = ".golden.json", ".make.json"


def samples(folder: Path) -> dict[str, bytes]:
    """The sample files of a folder by name: not answers, made files, nor what an operating system hides there."""
    others = {SETTINGS_FILE, *map(_name, orders(folder))}
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file()
        and path.name not in others
        and not path.name.startswith(".")
        and not path.name.endswith((_ANSWER, _MAKE))
    }


def orders(folder: Path) -> list[Path]:
    """The files that say what is to be made."""
    return sorted(folder.glob(f"*{_MAKE}"))


def order_kind(order: Path) -> str:
    return str(_data(order)["kind"])


def generate(plugin: type[Vendor], folder: Path) -> Iterator[str]:
    """Writes every answer and every made file anew; the names of those that changed."""
    subject = Subject(plugin, folder)
    for path, content in _wanted(subject, folder):
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            yield path.name


def differences(plugin: type[Vendor], folder: Path) -> Iterator[str]:
    """What the plug-in says otherwise than its golden files; a sentence each."""
    subject = Subject(plugin, folder)
    for path, content in _wanted(subject, folder):
        if not path.exists():
            yield f"{path.name} is missing: make it with generate, and look at it"
        elif path.read_bytes() != content:
            yield f"{path.name} is otherwise: {first_difference(path.read_bytes(), content)}"


def answer_of(sample: str, folder: Path) -> Any:
    """The golden answer; None = there is none."""
    path = folder / f"{sample}{_ANSWER}"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def make(subject: Subject, order: Path) -> bytes:
    """What the plug-in makes of an order."""
    data = _data(order)
    return subject.make(data["kind"], map(as_record, data["records"]), data.get("head", {}))


def made_of(order: Path) -> Path:
    """The file that an order makes."""
    return order.with_name(_name(order))


def first_difference(golden: bytes, now: bytes) -> str:
    """The first line that differs, as it is in the golden file and now."""
    ours, its = golden.split(b"\n"), now.split(b"\n")
    number = next((at for at, (a, b) in enumerate(zip(ours, its, strict=False)) if a != b), min(len(ours), len(its)))
    said = [ascii(lines[number].decode("latin-1")) if number < len(lines) else "no such line" for lines in (ours, its)]
    return f"line {number + 1} was {said[0]}, is {said[1]}"


def _wanted(subject: Subject, folder: Path) -> Iterator[tuple[Path, bytes]]:
    for order in orders(folder):
        yield made_of(order), make(subject, order)
    for name, content in samples(folder).items():
        yield folder / f"{name}{_ANSWER}", as_text(subject.answer(name, content)).encode()


def _data(order: Path) -> Any:
    return json.loads(order.read_text(encoding="utf-8"))


def _name(order: Path) -> str:
    return order.name.removesuffix(_MAKE)
