"""Compare two documents: what changed, and whom does it break?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from modular_api.specs.diff.asyncapi import AsyncApiComparison
from modular_api.specs.diff.change import Change
from modular_api.specs.diff.document import Document, Unchanged
from modular_api.specs.diff.errors import (
    DifferentKinds,
    MalformedDocument,
    NestedTooDeeply,
    UnknownDocument,
    excerpt,
)
from modular_api.specs.diff.lifecycle import Lifecycle
from modular_api.specs.diff.openapi import OpenApiComparison
from modular_api.specs.diff.prose import compare_prose
from modular_api.specs.diff.record import Record
from modular_api.specs.diff.remainder import note_remainder, renamed_schemas
from modular_api.specs.diff.schema import SchemaComparison

_KINDS = {"openapi": "OpenAPI", "asyncapi": "AsyncAPI"}


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    today: date | None = None,
    notice_days: int = 0,
) -> list[Change]:
    """Return every change between two OpenAPI or two AsyncAPI documents, worst first.

    Neither document is altered. There are no changes between equal documents, nor
    between documents that differ only in spelling or in names of components.

    Args:
        today: the day sunsets are compared with; the current day, in UTC, if not given.
        notice_days: how many days before its sunset a deprecation must be announced. If
            it is more than 0, a deprecation needs a date.

    Raises: UnknownDocument, DifferentKinds, MalformedDocument, UnresolvedReference,
        NestedTooDeeply: all of them DiffError.
    """
    kind = _kind_of(old, "old")
    if kind != (other := _kind_of(new, "new")):
        raise DifferentKinds(_KINDS[kind], _KINDS[other])
    lifecycle = Lifecycle(
        today or datetime.now(UTC).date(), timedelta(days=notice_days)
    )
    try:
        if old == new:
            return []
        return _changes(kind, dict(old), dict(new), lifecycle)
    except RecursionError:
        raise NestedTooDeeply from None


def _changes(
    kind: str, old: dict[str, Any], new: dict[str, Any], lifecycle: Lifecycle
) -> list[Change]:
    before, after = Document(old, side="old"), Document(new, side="new")
    unchanged = Unchanged(before, after)
    schemas = SchemaComparison(unchanged, lifecycle)
    record = Record()
    comparison = OpenApiComparison if kind == "openapi" else AsyncApiComparison
    comparison(before, after, unchanged, schemas, lifecycle, record).run()
    compare_prose(record, old, new)
    if not record.changes:
        renamed = renamed_schemas(before, after, schemas)
        note_remainder(record, before, after, renamed)
    unique = {change.fingerprint: change for change in record.changes}
    return sorted(
        unique.values(),
        key=lambda c: (c.level.rank, c.path or "", c.method or "", c.place, c.rule),
    )


def _kind_of(document: Any, side: str) -> str:
    """Return `openapi` or `asyncapi` for a document that can be compared."""
    if not isinstance(document, Mapping):
        raise UnknownDocument(f"{excerpt(document)} is no object", side=side)
    kinds = [kind for kind in _KINDS if kind in document]
    if not kinds:
        raise UnknownDocument("neither `openapi` nor `asyncapi` is found", side=side)
    if len(kinds) > 1:
        raise UnknownDocument("both `openapi` and `asyncapi` are found", side=side)
    kind = kinds[0]
    version = document[kind]
    if not isinstance(version, str) or not version.startswith("3."):
        found = f"the version {excerpt(version)} is found"
        raise UnknownDocument(found, side=side, place=f"#/{kind}")
    _check_whole(kind, document, side)
    return kind


def _check_whole(kind: str, document: Mapping[str, Any], side: str) -> None:
    """Refuse a document without the parts that every document has."""
    if not isinstance(document.get("info"), Mapping):
        raise MalformedDocument(
            "an object `info`", document.get("info"), side=side, place="#/info"
        )
    parts = ("paths", "webhooks", "components")
    if kind == "asyncapi":
        parts = ("channels", "operations", "components")
    if not any(part in document for part in parts):
        named = ", ".join(f"`{part}`" for part in parts)
        raise MalformedDocument(
            f"one of {named}", sorted(map(str, document)), side=side, place="#"
        )
