"""What a process took at its peak."""

from __future__ import annotations

from pathlib import Path


def peak_mb(process: str) -> float:
    """A process's own peak; what getrusage tells outlives exec, so that a child would answer with its parent's."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
