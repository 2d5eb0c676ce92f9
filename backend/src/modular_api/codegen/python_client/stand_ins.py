"""Import a library without the libraries it imports and, used as we do, never needs.

openapi-python-client imports an HTTP client and a YAML parser to fetch documents with.
We hand it parsed ones. A process made for one changed operation spends most of its time
on imports, and those two, with all they import in turn, are many of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def standing_in_for(*names: str) -> Iterator[None]:
    """Keep modules from being imported meanwhile, unless they are already.

    What is imported in this block gets a stand-in that refuses to be used; whoever
    imports them later gets the real ones.
    """
    stand_ins = {name: _StandIn(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


class _StandIn(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the import system asks for
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return type(name, (_Unavailable,), {"module": self.__name__})


class _Unavailable(Exception):
    """A name of a module that was not imported; an exception, as some are caught."""

    module: str

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise ImportError(
            f"{self.module}.{type(self).__name__} is not available here: "
            "modular_api.codegen imports its generator without it."
        )
