"""The places of schemas, which decide what their rules are called and mean."""

from __future__ import annotations

from dataclasses import dataclass

from modular_api.specs.diff.change import Direction


@dataclass(frozen=True)
class Subject:
    """A kind of place that has a schema.

    Attributes:
        whole: beginning of the ids of rules about the schema itself: `request-body`.
        inner: the same for everything below it: `request-property`.
        direction: who writes the data.
        textual: the data is sent as text, so that a string includes every other type.
    """

    whole: str
    inner: str
    direction: Direction
    textual: bool = False

    @property
    def is_sent(self) -> bool:
        """Whether the client writes the data, so that a stricter schema breaks it."""
        return self.direction in (Direction.REQUEST, Direction.CLIENT_TO_SERVER)

    @property
    def silent(self) -> str:
        """The mutability that excludes a field from data of this direction."""
        return "read-only" if self.is_sent else "write-only"


REQUEST_BODY = Subject("request-body", "request-property", Direction.REQUEST)
REQUEST_PARAMETER = Subject(
    "request-parameter", "request-parameter-property", Direction.REQUEST, textual=True
)
REQUEST_HEADER = Subject(
    "request-parameter", "request-header-property", Direction.REQUEST, textual=True
)
RESPONSE_BODY = Subject("response-body", "response-property", Direction.RESPONSE)
RESPONSE_HEADER = Subject(
    "response-header", "response-header-property", Direction.RESPONSE, textual=True
)
CLIENT_PAYLOAD = Subject(
    "client-message-payload", "client-message-property", Direction.CLIENT_TO_SERVER
)
CLIENT_HEADERS = Subject(
    "client-message-headers", "client-message-header", Direction.CLIENT_TO_SERVER
)
SERVER_PAYLOAD = Subject(
    "server-message-payload", "server-message-property", Direction.SERVER_TO_CLIENT
)
SERVER_HEADERS = Subject(
    "server-message-headers", "server-message-header", Direction.SERVER_TO_CLIENT
)

SUBJECTS = (
    REQUEST_BODY,
    REQUEST_PARAMETER,
    REQUEST_HEADER,
    RESPONSE_BODY,
    RESPONSE_HEADER,
    CLIENT_PAYLOAD,
    CLIENT_HEADERS,
    SERVER_PAYLOAD,
    SERVER_HEADERS,
)


_EXISTENCE = frozenset(
    {
        "required-property-added",
        "required-property-removed",
        "optional-property-added",
        "optional-property-removed",
    }
)


def schema_rule_id(subject: Subject, event: str, *, inner: bool, silent: bool) -> str:
    """Return the id of the rule for an event of a schema.

    Args:
        inner: the event is below the subject's schema.
        silent: it is in a field that data of this direction does not have.
    """
    base = subject.inner if inner else subject.whole
    if silent:
        base = _silent(subject)
    elif base == "request-header-property" and not _is_header_rule(event):
        base = "request-parameter-property"
    if event == "wrapped-in-one-of" and not base.endswith(("-body", "-payload")):
        event = "type-generalized"
    if subject.is_sent:
        return _sent_id(base, event)
    return _received_id(base, event)


def _silent(subject: Subject) -> str:
    start = subject.inner.removesuffix("-property")
    return f"{start}-{subject.silent}-property"


def _is_header_rule(event: str) -> bool:
    return event in ("became-enum", "became-required", "required-property-added")


def _sent_id(base: str, event: str) -> str:
    if event == "type-specialized" and base != "request-parameter-property":
        event = "type-changed"
    if event in ("required-property-removed", "optional-property-removed"):
        return f"{base}-removed"
    if event == "required-property-with-default-added":
        return f"new-required-{base}-with-default"
    if event in ("required-property-added", "optional-property-added"):
        return f"new-{event.split('-')[0]}-{base}"
    if "-property-became-" in event:
        return _mutability_id(base, event)
    return f"{base}-{event}"


def _received_id(base: str, event: str) -> str:
    event = event.replace("-with-default", "")
    if event in _EXISTENCE:
        return _existence_id(base, event)
    if "-property-became-" in event:
        return _mutability_id(base, event)
    if base == "response-body" and event == "enum-value-removed":
        return "response-mediatype-enum-value-removed"
    return f"{base}-{event}"


def _existence_id(base: str, event: str) -> str:
    start = base.removesuffix("-property")
    if start.endswith("-write-only"):
        start = start.removesuffix("-write-only")
        event = event.replace("-property", "-write-only-property")
    return f"{start}-{event}"


def _mutability_id(base: str, event: str) -> str:
    return f"{base.removesuffix('-property')}-{event}"
