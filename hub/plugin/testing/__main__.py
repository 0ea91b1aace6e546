"""``python -m hub.plugin.testing generate|test MODULE:CLASS FOLDER``: writes, or checks, the golden files of a folder.

Look at what ``generate`` has written before you keep it: from then on it is what is right.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from pydantic import ValidationError

from hub.errors import HubError
from hub.plugin.testing import golden
from hub.plugin.testing.subject import BrokenError
from hub.plugin.vendor import Vendor


def main(arguments: list[str] | None = None) -> int:
    """0 = written, or all as it was; 1 = something is otherwise; 2 = it could not be asked."""
    parser = argparse.ArgumentParser(prog="python -m hub.plugin.testing", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("doing", choices=("generate", "test"))
    parser.add_argument("plugin", metavar="MODULE:CLASS")
    parser.add_argument("folder", type=Path, help="with settings.toml and the sample files")
    given = parser.parse_args(arguments)
    try:
        plugin = _plugin(given.plugin)
        told = golden.generate if given.doing == "generate" else golden.differences
        said = list(told(plugin, given.folder))
    except (HubError, BrokenError, ValidationError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for line in said:
        sys.stdout.write(f"{'written: ' if given.doing == 'generate' else ''}{line}\n")
    if given.doing == "generate":
        return 0
    sys.stdout.write(f"{len(said)} differences\n")
    return 1 if said else 0


def _plugin(named: str) -> type[Vendor]:
    module, _, name = named.partition(":")
    sys.path.insert(0, "")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise HubError(f"{named!r} cannot be imported: {error}", do="give MODULE:CLASS, as hub_acme:Plugin") from error
    if not (isinstance(found, type) and issubclass(found, Vendor)):
        raise HubError(f"{named} is no subclass of hub.plugin.Vendor")
    return found


if __name__ == "__main__":
    sys.exit(main())
