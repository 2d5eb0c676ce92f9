"""Import a library without those of its dependencies that we never use.

openapi-python-client imports an HTTP client and a YAML parser to fetch documents with.
We pass it parsed ones. A process that renders one changed operation spends most of its
time on imports, and these two, with their dependencies, are many of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def standing_in_for(*names: str) -> Iterator[None]:
    """Keep modules from being imported while the block runs, unless they already are.

    Code that is imported in the block gets a stand-in that raises an error when it is
    used; later imports get the real modules.
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
        if name.startswith("__"):  # attributes that the import system reads
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
