"""Texts that a slip of the finger makes of one another: one character more, less or another, or two swapped."""

from __future__ import annotations

import string

#: What references and customer numbers are written with.
ALPHABET = f"{string.digits}{string.ascii_letters}æøåäöÆØÅÄÖ-/. "
#: A longer text is compared as it is: every slip of it would be looked for.
CHARACTERS_MAX = 40


def one_slip_from(text: str, alphabet: str = ALPHABET) -> set[str]:
    """All texts that are one slip away, some twice the alphabet for each character; not the text itself."""
    if not 0 < len(text) <= CHARACTERS_MAX:
        return set()
    cuts = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    slips = {head + tail[1:] for head, tail in cuts if tail}
    slips.update(head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1)
    slips.update(head + letter + tail[1:] for head, tail in cuts if tail for letter in alphabet)
    slips.update(head + letter + tail for head, tail in cuts for letter in alphabet)
    return slips - {text, ""}
