"""Files that are nobody's, or some other program's: made here, a few bytes each."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping
from typing import Final


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("inside.txt"), b"a text\n")
    return packed.getvalue()


#: Content by file name. ``.pdf`` alone may be enough for who files documents by their names (R1): see ``claimed``.
STRANGERS: Final[Mapping[str, bytes]] = {
    "empty.txt": b"",
    "random.bin": random.Random(1).randbytes(2_000),
    "blank.txt": b" " * 300 + b"\r\n",
    "letter.pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n",
    "picture.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00",
    "packed.zip": _zip(),
    "utf-16.txt": "Kære lejer\r\nHermed årets regnskab\r\n".encode("utf-16"),
    "page.html": b"<!DOCTYPE html>\n<html><head><title>404</title></head><body>Not found</body></html>\n",
    "data.json": b'{"status": "ok", "items": [1, 2, 3]}\n',
    "table.csv": "Navn;Beløb;Dato\r\nÆblegård;1.250,00;01-02-2026\r\n".encode("cp1252"),
}
