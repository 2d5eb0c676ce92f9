"""Import statements of generated files, as texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


def imported_name(statement: str) -> str:
    """Return the name an import statement binds."""
    return re.split(r"\s", statement.strip())[-1].split(".")[0]


def needed_imports(statements: Iterable[str] | None, code: str) -> list[str]:
    """Return the statements whose name occurs in the code, one for each name, sorted.

    A file is formatted faster if fewer unused imports have to be removed.
    """
    words = set(re.findall(r"\w+", code))
    singles = {single for s in statements or () for single in _single_imports(s)}
    return sorted(single for single in singles if imported_name(single) in words)


def _single_imports(statement: str) -> Iterator[str]:
    head, separator, names = statement.strip().partition(" import ")
    if not separator:
        yield statement.strip()
    for name in names.split(",") if separator else ():
        yield f"{head} import {name.strip()}"
