"""Several PDFs as one: a tenant's statements of all consumption types (item 13.01, R37)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from pypdf import PdfWriter
from pypdf.errors import PyPdfError

from hub.errors import HubError


def combine(parts: Sequence[tuple[str, Path]], target: BinaryIO) -> None:
    """Writes the pages of all, in their order, each with its name as a bookmark.

    Raises HubError naming the one that cannot be read: none is left out silently.
    """
    with PdfWriter() as writer:
        for name, path in parts:
            try:
                writer.append(path, outline_item=name, import_outline=False)
            except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise HubError(
                    f"cannot be joined with the others: {error}", where=name, do="have a look at it by itself"
                ) from error
        writer.write(target)
