"""What the documents say that the code says already: hooks, records, settings. ``python docs/generate.py [--check]``.

Writes what stands between ``<!-- generated: NAME -->`` and ``<!-- end -->`` anew; with ``--check`` it tells only what
is stale. A comment ``#:`` above a field, and the docstring of a hook or a record, are the text.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

from hub.plugin import Document, Record, Settings, ShownField, VendorHooks
from hub.plugin.setting_keys import SettingKey, comments_of, keys_of
from hub.settings import CompanyConfig, HubConfig, Secret, VendorConfig

DOCS = Path(__file__).parent
_SECTION = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
#: Vendors whose settings are like no other's.
_OWN = ("arge", "iso20022", "mobilepay", "nets_bs")
#: The vendor of which all settings are told; of its kin only what is otherwise.
_METERS, _LIKE_METERS = "own_meter", ("brunata", "ista", "techem", "casi", "sinergi")
_TYPES: Mapping[Any, str] = {
    str: "text",
    int: "integer",
    int | None: "integer or None",
    date: "day",
    date | None: "day or None",
    tuple[str, ...]: "texts",
}


def main(arguments: list[str]) -> int:
    """0 = nothing was stale, or all is written; 1 = stale."""
    stale = {path: text for path, text in fresh().items() if path.read_text(encoding="utf-8") != text}
    for path, text in stale.items():
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{'stale' if '--check' in arguments else 'written'}: docs/{path.name}\n")
    return 1 if stale and "--check" in arguments else 0


def fresh() -> dict[Path, str]:
    """The documents with generated sections, as they should be."""
    return {
        path: refreshed(text)
        for path in sorted(DOCS.glob("*.md"))
        if _SECTION.search(text := path.read_text(encoding="utf-8"))
    }


def refreshed(text: str) -> str:
    """A document with its generated sections made anew. Raises KeyError for one that is unknown."""
    return _SECTION.sub(lambda found: f"{found[1]}\n{SECTIONS[found[2]]()}\n{found[3]}", text)


def _hooks() -> str:
    hooks = {name: hook for name, hook in vars(VendorHooks).items() if not name.startswith("_")}
    lines = [f"def {name}{_signature(hook)}: ...\n    # {inspect.getdoc(hook)}" for name, hook in hooks.items()]
    return "\n".join(("```text", *lines, "```", ""))


def _signature(hook: Any) -> str:
    return str(inspect.signature(hook)).replace("'", "")


def _records() -> str:
    return "\n".join(f"{_record(of)}\n" for of in (*get_args(Record), Document, ShownField))


def _record(of: Any) -> str:
    said, comments = " ".join((inspect.getdoc(of) or "").split()), comments_of(of)
    rows = ((name, _TYPES[hint], comments.get(name, "")) for name, hint in get_type_hints(of).items())
    return f"**{of.__name__}**: {_marked(said)}\n\n" + _table(("field", "type", "meaning"), rows)


def _hub() -> str:
    return _settings(keys_of(HubConfig, values=(Secret,)))


def _company() -> str:
    return _settings(keys_of(CompanyConfig))


def _vendor() -> str:
    return _settings(keys_of(VendorConfig))


def _plugins() -> str:
    meters = list(keys_of(_model(_METERS), "settings."))
    told = [
        *((name, "", _settings(keys_of(_model(name), "settings."))) for name in _OWN),
        (_METERS, "A meter company of any name; see [meters.md](meters.md).\n\n", _settings(meters)),
    ]
    for name in _LIKE_METERS:
        otherwise = [key for key in keys_of(_model(name), "settings.") if key not in meters]
        told.append((name, f"As `{_METERS}`, but for these.\n\n", _settings(otherwise)))
    return "\n".join(f"## Plug-in {name}\n\n{intro}{table}\n" for name, intro, table in told)


def _model(plugin: str) -> type[Settings]:
    model: type[Settings] = import_module(f"hub_{plugin}").Plugin.settings_model
    return model


def _settings(keys: Iterable[SettingKey]) -> str:
    rows = ((key.key, key.type, _code(key.default), key.item, key.comment) for key in keys)
    return _table(("key", "type", "default", "item", "meaning"), rows)


def _code(default: str) -> str:
    return default if default in ("required", "none") else f"`{default}`"


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(_lines(titles, rows))


def _lines(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * len(titles)
    for first, *cells in rows:
        yield f"| `{first}` | {' | '.join(_marked(cell).replace('|', chr(92) + '|') for cell in cells)} |"


def _marked(text: str) -> str:
    """reStructuredText as Markdown."""
    return re.sub(r":\w+:`([^`]+)`", r"`\1`", text).replace("``", "`")


SECTIONS: Mapping[str, Callable[[], str]] = {
    "hooks": _hooks,
    "records": _records,
    "hub": _hub,
    "company": _company,
    "vendor": _vendor,
    "plugins": _plugins,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
