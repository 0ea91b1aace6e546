"""From the name of a plug-in to hooks that can be called; in the plug-in's own process only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any, NamedTuple

import pluggy
from pydantic import ValidationError

from hub.plugin import API_VERSION, FieldPlace, Settings, Vendor, VendorHooks
from hub.plugin.asking import has_hook, hooks_of
from hub.settings import Problem, problems_of
from hub.vendors.discovery import NotUsableError, find
from hub.vendors.keys import flatten
from hub.vendors.messages import Loaded

_HOOKS = ", ".join(name for name in vars(VendorHooks) if not name.startswith("_"))
_NEEDED_HOOKS = ("describe", "identify")


class RefusedError(Exception):
    """The configuration of the instance, or the make of the plug-in, is wrong; ``problems`` is all of it."""

    def __init__(self, problems: list[Problem], places: tuple[FieldPlace, ...] = ()) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
        #: Where its fields would stand, for whoever mends it.
        self.places = places


class Plugin(NamedTuple):
    """A plug-in at work: ``hooks.read(...)`` asks it, ``loaded`` says who it is."""

    hooks: Any
    loaded: Loaded


def load(name: str, settings: Mapping[str, Any], file: str) -> Plugin:
    """The plug-in ``name`` with the settings that config file ``file`` gives it.

    Raises RefusedError, and whatever else code of a plug-in may raise.
    """
    try:
        point, _ = find(name)
    except NotUsableError as error:
        raise RefusedError([Problem(file, "plugin", name, str(error))]) from error
    vendor_class = _checked(point.load(), point, file)
    vendor = vendor_class(_settings(vendor_class.settings_model, settings, file))
    hooks = _hooks(vendor, name, file)
    loaded = Loaded(kinds=dict(vendor_class.kinds), description=hooks.describe(), settings=flatten(vendor.settings))
    return Plugin(hooks, loaded)


def _checked(vendor_class: Any, point: EntryPoint, file: str) -> type[Vendor]:
    """The class that the entry point names, if this hub can talk to it; the version first, for it decides the rest."""
    major, minor = API_VERSION
    api = getattr(vendor_class, "api", None)
    if not isinstance(api, tuple) or api[:1] != (major,):
        wrong = f"is written for version {api!r} of the plug-in API, this hub has {major}.{minor}"
    elif not isinstance(vendor_class, type) or not issubclass(vendor_class, Vendor):
        wrong = f"names {vendor_class!r}: a subclass of hub.plugin.Vendor is needed"
    elif getattr(vendor_class, "name", None) != point.name:
        wrong = f"names a class whose own name is {getattr(vendor_class, 'name', None)!r}: the two must be equal"
    else:
        return vendor_class
    raise RefusedError([Problem(file, "plugin", point.name, f"entry point {point.value!r} {wrong}")])


def _settings(model: type[Settings], settings: Mapping[str, Any], file: str) -> Settings:
    """Judged as JSON, since they come from a text: a list may be a tuple and a date may be written as text."""
    try:
        return model.model_validate_json(json.dumps(settings))
    except ValidationError as error:
        problems = problems_of(error, file, model, prefix="settings")
        raise RefusedError(problems, model.places_of(settings)) from error


def _hooks(vendor: Vendor, name: str, file: str) -> Any:
    try:
        hooks = hooks_of(vendor, name)
    except pluggy.PluginValidationError as error:
        text = " ".join(str(error).split())
        raise RefusedError([Problem(file, "plugin", name, f"{text}; hooks are: {_HOOKS}")]) from error
    missing = [hook for hook in _NEEDED_HOOKS if not has_hook(hooks, hook)]
    if missing:
        raise RefusedError([Problem(file, "plugin", name, f"has no hook {' and no hook '.join(missing)}")])
    return hooks
