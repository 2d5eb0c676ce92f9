"""Names of handlers and classes, and their places in the source."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any


def handler_name(endpoint: Callable[..., Any]) -> str:
    """Return a handler's own name as an identifier, without its path or class."""
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    name = getattr(endpoint, "__name__", type(endpoint).__name__)
    return re.sub(r"\W+", "_", name).strip("_")


def place_of_handler(endpoint: Callable[..., Any]) -> str:
    """Return `file:line` of a handler, without the wrappers of its decorators."""
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    function = inspect.unwrap(endpoint)
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(type(function).__call__, "__code__", None)
    if code is None:
        return f"module {getattr(function, '__module__', 'unknown')}"
    return f"{code.co_filename}:{code.co_firstlineno}"


def place_of_class(dotted: str) -> str:
    """Return `dotted (file:line)` for a class of an imported module.

    A class defined in a function cannot be found by name, so only `dotted` is returned.
    """
    parts = dotted.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        found: Any = sys.modules.get(".".join(parts[:cut]))
        if found is None:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        try:
            file = inspect.getsourcefile(found)
            line = inspect.getsourcelines(found)[1]
        except (TypeError, OSError):
            break
        return f"{dotted} ({file}:{line})"
    return dotted
