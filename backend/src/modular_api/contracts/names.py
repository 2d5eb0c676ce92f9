"""Which contract is meant: a module's version, over HTTP or over its socket."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from modular_api.codegen.job import SPECS_FOLDER, SpecKind

KINDS: Sequence[SpecKind] = ("openapi", "asyncapi")

_VERSION = r"v[1-9][0-9]*"
_KIND = "|".join(KINDS)
# Greedy, so that v1 of a module called `orders_v2` stays one: orders_v2_v1_openapi.json.
_VERSIONED = re.compile(rf"([^\W\d]\w*)_({_VERSION})_({_KIND})\.json", re.ASCII)
_PLAIN = re.compile(rf"([^\W\d]\w*)_({_KIND})\.json", re.ASCII)


@dataclass(frozen=True)
class ContractName:
    """One contract. Its text, `broker v1` or `broker v1 (socket)`, is for people."""

    module: str
    version: str
    kind: SpecKind

    def __str__(self) -> str:
        socket = " (socket)" if self.kind == "asyncapi" else ""
        return f"{self.module} {self.version}{socket}"

    @property
    def file_name(self) -> str:
        """Name of the file the promise lies in: `broker_v1_openapi.json`."""
        return f"{self.module}_{self.version}_{self.kind}.json"

    @property
    def order(self) -> tuple[str, int, int]:
        """Sort by module, then version as a number, then HTTP before sockets."""
        return self.module, int(self.version[1:]), KINDS.index(self.kind)


def promised_name(file_name: str) -> ContractName | None:
    """Return which contract a file of the promise holds; its version is spelled out."""
    found = _VERSIONED.fullmatch(file_name)
    return _contract_name(*found.groups()) if found else None


def name_of_path(parts: Sequence[str]) -> ContractName | None:
    """Return which contract a file holds, by the end of its path.

    In a module's `specs_generated`, `broker_openapi.json` is v1, and the folder above
    tells where the module's name ends. Anywhere else both ways of naming are known.
    """
    file_name = parts[-1]
    if len(parts) > 2 and parts[-2] == SPECS_FOLDER:
        module = parts[-3]
        stem = rf"{re.escape(module)}(?:_({_VERSION}))?_({_KIND})\.json"
        found = re.fullmatch(stem, file_name)
        return _contract_name(module, found[1] or "v1", found[2]) if found else None
    if name := promised_name(file_name):
        return name
    plain = _PLAIN.fullmatch(file_name)
    return _contract_name(plain[1], "v1", plain[2]) if plain else None


def _contract_name(module: str, version: str, kind: str) -> ContractName:
    known = next(each for each in KINDS if each == kind)
    return ContractName(module, version, known)
