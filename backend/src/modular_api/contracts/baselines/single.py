"""One document, of one module or of a whole app: whose is it?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from modular_api.codegen.job import SpecKind
from modular_api.contracts.baselines.merged import split_by_module
from modular_api.contracts.documents import Baseline, LiveContracts, parse_document
from modular_api.contracts.errors import UnusableDocument
from modular_api.contracts.names import KINDS, ContractName, name_of_path
from modular_api.specs.canonical import canonical_bytes
from modular_api.types import Document, module_prefix

_MOUNTED = re.compile(r"(?:[a-z]+://[^/]+)?/api/(v[1-9][0-9]*)/([^/]+)(/.*)?")


def read_single(content: bytes, origin: str, live: LiveContracts) -> Baseline:
    """Return the contracts one document holds.

    A document says whose it is by the addresses in it; else its file's name does, or
    there is but one contract it could be compared with.

    Raises: UnusableDocument: it is no document, or nothing tells whose it is.
    """
    document = parse_document(content, origin)
    kind = _kind_of(document, origin)
    owners = _owners(document, kind)
    if _has_prefixed_paths(document):
        return _merged(document, origin, owners, live)
    if len(owners) > 1:
        several = " and ".join(map(str, sorted(owners, key=lambda name: name.order)))
        reason = f"it describes {several}; name the document of one module"
        raise UnusableDocument(origin, reason)
    name = next(iter(owners), None) or _guessed(origin, kind, live)
    if name is None:
        reason = (
            "nothing in it says which module's it is; choose one with --modules, or "
            f"name the file like broker_v1_{kind}.json"
        )
        raise UnusableDocument(origin, reason)
    return Baseline(origin, {name: content}, covers=lambda other: other == name)


def _merged(
    document: Document,
    origin: str,
    owners: Iterable[ContractName],
    live: LiveContracts,
) -> Baseline:
    """Take a merged document apart; of the versions it has, it has every module."""
    versions = {(name.version, name.kind) for name in owners}
    parts = {
        name: canonical_bytes(
            split_by_module(document, name, like=_parsed(live.documents.get(name)))
        )
        for name in owners
    }
    return Baseline(
        origin, parts, covers=lambda name: (name.version, name.kind) in versions
    )


def _parsed(content: bytes | None) -> Document | None:
    return None if content is None else parse_document(content, "the app")


def _kind_of(document: Document, origin: str) -> SpecKind:
    for kind in KINDS:
        if isinstance(document.get(kind), str):
            return kind
    words = " or ".join(f"'{kind}'" for kind in KINDS)
    raise UnusableDocument(origin, f"it has no {words}, so it is no specification")


def _owners(document: Document, kind: SpecKind) -> set[ContractName]:
    """Return the contracts whose addresses stand in the document."""
    if kind == "asyncapi":
        channels = _objects(document.get("channels"))
        addresses = [channel.get("address") for channel in channels.values()]
    elif _has_prefixed_paths(document):
        addresses = list(_objects(document.get("paths")))
    else:
        servers = document.get("servers")
        addresses = [
            server.get("url")
            for server in (servers if isinstance(servers, list) else [])
            if isinstance(server, dict)
        ]
    found = (_MOUNTED.fullmatch(text) for text in addresses if isinstance(text, str))
    return {
        ContractName(match[2], match[1], kind)
        for match in found
        if match is not None and match[2].isidentifier()
    }


def _has_prefixed_paths(document: Document) -> bool:
    """Tell whether every path begins like a module's, as in a merged document."""
    paths = _objects(document.get("paths"))
    return bool(paths) and all(
        (match := _MOUNTED.fullmatch(path)) is not None
        and path.startswith(module_prefix(match[2], match[1]) + "/")
        for path in paths
    )


def _guessed(origin: str, kind: SpecKind, live: LiveContracts) -> ContractName | None:
    name = name_of_path(PurePath(origin).parts) if PurePath(origin).parts else None
    if name is not None and name.kind == kind and name in live.documents:
        return name
    candidates = [name for name in live.documents if name.kind == kind]
    return candidates[0] if len(candidates) == 1 else None


def _objects(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, dict)}
