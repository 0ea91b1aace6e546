"""What kind of file system a path lies on: not all can be trusted with a database."""

from __future__ import annotations

import os
import re
from pathlib import Path

#: File systems whose locks and shared memory cannot be trusted with SQLite's write-ahead log.
_NETWORK_FILE_SYSTEMS = re.compile(
    r"nfs\d?|cifs|smb\w*|afs|ncpfs|ceph|glusterfs|lustre|gpfs|davfs|fuse\.(sshfs|glusterfs|rclone|s3fs|davfs\w*|smb\w*)"
)


def network_file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """The type of the network file system that ``path`` lies on; None when local or where the system cannot say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except OSError:
        return None
    target = Path(os.path.realpath(path))
    nearest, found = -1, ""
    for line in lines:
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        mounted_at = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), parts[1]))
        depth = len(mounted_at.parts)
        if depth >= nearest and target.is_relative_to(mounted_at):
            nearest, found = depth, parts[2]
    return found if _NETWORK_FILE_SYSTEMS.fullmatch(found) else None
