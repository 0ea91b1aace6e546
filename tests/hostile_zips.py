"""Zips that nobody well-meaning makes, byte by byte where Python's own writer would not."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Mapping


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as writer:
        for name, content in members.items():
            writer.writestr(zipfile.ZipInfo(name), content, method)
    return made.getvalue()


def twice(name: str, *contents: bytes) -> bytes:
    """Members of one name."""
    names = [f"{at}".ljust(len(name), "_") for at in range(len(contents))]
    made = zipped(dict(zip(names, contents, strict=True)), zipfile.ZIP_STORED)
    for placeholder in names:
        made = made.replace(placeholder.encode(), name.encode())
    return made


def named(raw: bytes, content: bytes = b"x") -> bytes:
    """A member whose name is these bytes, whatever they mean, without the mark of UTF-8."""
    placeholder = "p" * len(raw)
    return zipped({placeholder: content}, zipfile.ZIP_STORED).replace(placeholder.encode(), raw)


def symlink(name: str, target: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as writer:
        info = zipfile.ZipInfo(name)
        info.create_system = 3
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        writer.writestr(info, target)
    return made.getvalue()


def encrypted(name: str) -> bytes:
    """Only said to be so: that is all that is looked at."""
    return _changed(zipped({name: b"secret"}), local_at=6, central_at=8, packed=struct.pack("<H", 1))


def lying(name: str, content: bytes, said_bytes: int) -> bytes:
    """A member that unpacks to more, or less, than both of its headers say."""
    return _changed(zipped({name: content}), local_at=22, central_at=24, packed=struct.pack("<I", said_bytes))


def crowded(count: int) -> bytes:
    return zipped({f"{at}.txt": b"x" for at in range(count)}, zipfile.ZIP_STORED)


def endless_list(list_bytes: int) -> bytes:
    """Says that its list of members takes so many bytes, and has them."""
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, list_bytes, 4, 0)
    return b"PK\x03\x04" + bytes(list_bytes) + end


def _changed(made: bytes, *, local_at: int, central_at: int, packed: bytes) -> bytes:
    changed = bytearray(made)
    central = made.index(b"PK\x01\x02")
    changed[local_at : local_at + len(packed)] = packed
    changed[central + central_at : central + central_at + len(packed)] = packed
    return bytes(changed)
