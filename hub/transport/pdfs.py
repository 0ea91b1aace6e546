"""Whether a file that is called a PDF is a whole one."""

from __future__ import annotations

import os
from pathlib import Path

_TAIL_BYTES = 4_096


def is_called_pdf(name: str) -> bool:
    return name.lower().endswith(".pdf")


def why_no_whole_pdf(path: Path) -> str:
    """What is wrong with it; "" = nothing that can be seen from its ends."""
    with path.open("rb") as stream:
        head = stream.read(5)
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _TAIL_BYTES))
        tail = stream.read()
    if not size:
        return "the file is empty"
    if head != b"%PDF-":
        return f"it is no PDF: it begins with {head!r}"
    if b"%%EOF" not in tail:
        return "it was cut on its way: the end of a PDF is not there"
    return ""
