"""Where the fields of an unknown file stand, seen by what the portfolio knows: a suggestion with its evidence."""

from hub.consumption.guessing.grid import HEAD_BYTES_MAX
from hub.consumption.guessing.guess import Finding, Guess, guess
from hub.consumption.guessing.snippet import snippet

__all__ = ["HEAD_BYTES_MAX", "Finding", "Guess", "guess", "snippet"]
