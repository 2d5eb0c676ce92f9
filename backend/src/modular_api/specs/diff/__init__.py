"""Compare two documents, OpenAPI or AsyncAPI, and judge every change."""

from modular_api.specs.diff.change import Change, Direction, Level, Tier
from modular_api.specs.diff.compare import compare
from modular_api.specs.diff.errors import (
    DifferentKinds,
    DiffError,
    MalformedDocument,
    NestedTooDeeply,
    UnknownDocument,
    UnresolvedReference,
)

__all__ = [
    "Change",
    "DiffError",
    "DifferentKinds",
    "Direction",
    "Level",
    "MalformedDocument",
    "NestedTooDeeply",
    "Tier",
    "UnknownDocument",
    "UnresolvedReference",
    "compare",
]
