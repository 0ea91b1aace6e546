"""How long to wait after a fault: longer each time, never at the same moment as everybody else."""

from __future__ import annotations

from datetime import timedelta

from tenacity import RetryCallState, Retrying, wait_exponential_jitter

#: Beyond it the pause is at its longest anyway.
_DOUBLINGS_MAX = 20


def pause_after(failures: int, *, first_seconds: float, longest_seconds: float) -> timedelta:
    """Before the next try, ``failures`` being 1 or more: doubles from the first, up to half of the first is added."""
    wait = wait_exponential_jitter(multiplier=first_seconds, max=longest_seconds, jitter=first_seconds / 2)
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = min(failures, _DOUBLINGS_MAX)
    return timedelta(seconds=wait(state))
