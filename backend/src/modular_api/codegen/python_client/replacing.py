"""Replace a part of openapi-python-client for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Let a module or a class have another value under a name while the body runs.

    Raises: AttributeError: it has no such name, so a new release of it moved the part.
    """
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)
