"""Find what changed between the messages of two operations on a socket."""

from __future__ import annotations

from typing import Any

from modular_api.specs.diff.document import Part, escaped
from modular_api.specs.diff.record import Record, Site
from modular_api.specs.diff.schema import SchemaComparison
from modular_api.specs.diff.subjects import (
    CLIENT_HEADERS,
    CLIENT_PAYLOAD,
    SERVER_HEADERS,
    SERVER_PAYLOAD,
    Subject,
)

_COMPARED = frozenset(
    {
        "contentType",
        "correlationId",
        "description",
        "examples",
        "externalDocs",
        "headers",
        "name",
        "payload",
        "summary",
        "tags",
        "title",
        "traits",
    }
)

_JSON = "application/json"


class Messages:
    """Compares messages by their names on the wire."""

    def __init__(self, record: Record, schemas: SchemaComparison) -> None:
        self._record = record
        self._schemas = schemas

    def compare(
        self,
        site: Site,
        pointer: str,
        old: dict[str, Part],
        new: dict[str, Part],
        *,
        sent: bool,
    ) -> None:
        """Compare messages that clients send, or that they read."""
        start = "client-message" if sent else "server-message"
        for name in sorted(old.keys() | new.keys()):
            place = f"{pointer}/{escaped(name)}"
            what = f"message '{name}'"
            if name not in new:
                self._record.add(f"{start}-removed", site, place, name, None, what=what)
            elif name not in old:
                self._record.add(f"{start}-added", site, place, None, name, what=what)
            else:
                self._compare_message(
                    site, place, old[name], new[name], start=start, what=what
                )

    def _compare_message(
        self, site: Site, pointer: str, old: Part, new: Part, *, start: str, what: str
    ) -> None:
        sent = start == "client-message"
        before, after = old.mapping(), new.mapping()
        types = (_content_type(old), _content_type(new))
        if types[0] != types[1]:
            rule = f"{start}-content-type-changed"
            self._record.add(rule, site, f"{pointer}/contentType", *types, what=what)
        places = (_correlation(old), _correlation(new))
        if places[0] != places[1]:
            rule = f"{start}-correlation-changed"
            self._record.add(rule, site, f"{pointer}/correlationId", *places, what=what)
        for word, subject in (
            ("payload", CLIENT_PAYLOAD if sent else SERVER_PAYLOAD),
            ("headers", CLIENT_HEADERS if sent else SERVER_HEADERS),
        ):
            self._compare_schema(
                site, f"{pointer}/{word}", old, new, word, subject, what
            )
        for word in sorted((before.keys() | after.keys()) - _COMPARED):
            if not word.startswith("x-") and before.get(word) != after.get(word):
                rule = f"{start}-keyword-changed"
                self._record.add(rule, site, f"{pointer}/{word}", word, word, what=what)

    def _compare_schema(
        self,
        site: Site,
        pointer: str,
        old: Part,
        new: Part,
        word: str,
        subject: Subject,
        what: str,
    ) -> None:
        before, after = _schema(old, word), _schema(new, word)
        start = f"{'client' if subject.is_sent else 'server'}-message-{word}"
        if before is not None and after is not None:
            node = self._schemas.compare(before, after)
            self._record.add_schema(node, site, pointer, subject, what)
        elif before is not None:
            self._record.add(f"{start}-removed", site, pointer, what=what)
        elif after is not None:
            self._record.add(f"{start}-added", site, pointer, what=what)


def _schema(message: Part, word: str) -> Part | None:
    """Return the schema at a keyword, without its multi-format wrapper."""
    part = message.child(word)
    if part is None or not isinstance(part.value, dict):
        return part
    part = part.resolved()
    return part.child("schema") if "schemaFormat" in part.value else message.child(word)


def _content_type(message: Part) -> str:
    found: Any = message.text("contentType")
    default: Any = message.document.root.text("defaultContentType")
    return str(found or default or _JSON)


def _correlation(message: Part) -> str | None:
    part = message.child("correlationId")
    return part.resolved().text("location") if part is not None else None
