"""Names of a module that are imported when first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_attributes(
    package: str, places: Mapping[str, str], *, module: str | None = None
) -> Callable[[str], Any]:
    """Return a module's `__getattr__` that finds each name in the place given for it.

    Args:
        package: what the places are relative to.
        places: name to module, `{"Order": ".order"}`.
        module: the module that keeps what was found; the package when left out.
    """
    owner = module or package

    def __getattr__(name: str) -> Any:
        place = places.get(name)
        if place is None:
            raise AttributeError(f"module {owner!r} has no attribute {name!r}")
        value = getattr(import_module(place, package), name)
        setattr(sys.modules[owner], name, value)
        return value

    return __getattr__
