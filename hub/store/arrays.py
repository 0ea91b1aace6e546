"""PostgreSQL's arrays as text: what the driver makes of a list of thousands takes six times as long."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy.types import UserDefinedType


class Array(UserDefinedType[str]):
    """A parameter that :func:`int_array` or :func:`text_array` has written."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, of: str) -> None:
        self.of = of

    def get_col_spec(self, **_: object) -> str:
        return f"{self.of}[]"


BIGINTS, TEXTS = Array("BIGINT"), Array("TEXT")


def int_array(numbers: Iterable[int]) -> str:
    """Raises TypeError on what is no integer."""
    return f"{{{','.join(map(int.__repr__, numbers))}}}"


def text_array(texts: Collection[str]) -> str:
    """Each in quotation marks, so that none is taken for NULL, a number of elements or nothing.

    Raises TypeError on what is no text.
    """
    if not texts:
        return "{}"
    whole = '","'.join(texts)
    if "\\" in whole or whole.count('"') != 2 * (len(texts) - 1):
        whole = '","'.join([text.replace("\\", "\\\\").replace('"', '\\"') for text in texts])
    return f'{{"{whole}"}}'
