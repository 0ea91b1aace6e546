"""A whole site in one file, and a site out of it: on either database, whatever it came from.

How such a file looks: docs/operating.md; why so: docs/decisions/0013.
"""

from hub.backup.archive import ArchiveError
from hub.backup.making import BackupError, Made, make_backup
from hub.backup.restoring import Restored, restore
from hub.backup.rows import RestoreError

__all__ = ["ArchiveError", "BackupError", "Made", "RestoreError", "Restored", "make_backup", "restore"]
