"""Contracts as bytes, by name, and what is known of the code behind them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from modular_api.contracts.errors import UnusableDocument
from modular_api.contracts.names import ContractName
from modular_api.types import Document

Route = tuple[str, str, str, str]
"""Module, version, method in capitals, path below the version's prefix."""


@dataclass(frozen=True)
class LiveContracts:
    """What the code says now.

    Attributes:
        documents: the canonical documents.
        modules: names of the modules that are looked at, also of some that are gone;
            None for every module there is or was.
        handlers: `file:line` of each route's handler.
        used_by: names of the modules that use a module, by its name.
    """

    documents: Mapping[ContractName, bytes]
    modules: frozenset[str] | None = None
    handlers: Mapping[Route, str] = field(default_factory=dict)
    used_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def looks_at(self, module: str) -> bool:
        """Tell whether it is known what a module says now, if it says anything."""
        return self.modules is None or module in self.modules

    def only(self, modules: Iterable[str]) -> LiveContracts:
        """Look at some modules alone."""
        chosen = frozenset(modules)
        kept = {n: text for n, text in self.documents.items() if n.module in chosen}
        return replace(self, documents=kept, modules=chosen)


def _everything(name: ContractName) -> bool:
    return True


@dataclass(frozen=True)
class Baseline:
    """The older side of a comparison.

    Attributes:
        origin: where the documents come from, for people: `the promise`, a git ref, …
        documents: their bytes, not parsed yet.
        covers: tells of a contract whether the baseline would have it, if there was
            one; a single document says nothing of other modules.
        advice: what to do about a document that cannot be used.
    """

    origin: str
    documents: Mapping[ContractName, bytes]
    covers: Callable[[ContractName], bool] = _everything
    advice: str = ""


def parse_document(content: bytes, place: str) -> Document:
    """Return the JSON object in some bytes.

    Raises: UnusableDocument: with line and column where they are known.
    """
    try:
        document = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise UnusableDocument(place, f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise UnusableDocument(place, reason) from error
    except (RecursionError, ValueError) as error:  # ValueError: a number too long
        raise UnusableDocument(place, "it is nested or written too deeply") from error
    if not isinstance(document, dict):
        reason = f"it holds a {type(document).__name__}, not an object"
        raise UnusableDocument(place, reason)
    return document
