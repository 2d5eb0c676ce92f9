"""All rules, with their ids, levels, tiers, directions and texts.

A rule is either listed by name, or made from an event of a schema and the place of the
schema. Levels are oasdiff's, except where `OVERRIDES` gives a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from modular_api.specs.diff.change import Level, Tier
from modular_api.specs.diff.events import PROPERTY_EVENTS, SCHEMA_EVENTS, Event
from modular_api.specs.diff.oasdiff import oasdiff_rules
from modular_api.specs.diff.operation_rules import OPERATION_RULES
from modular_api.specs.diff.rule import Rule
from modular_api.specs.diff.socket_rules import SOCKET_RULES
from modular_api.specs.diff.subjects import SUBJECTS, Subject, schema_rule_id

B, W, C = Level.BREAKING, Level.WARNING, Level.COMPATIBLE

_LEVELS = {"ERR": B, "WARN": W, "INFO": C}

_ANY_OF = (
    "pydantic writes every plain union as `anyOf`, so clients get data of a type "
    "they do not know, exactly as with `oneOf`."
)

OVERRIDES: Mapping[str, tuple[Level, str]] = {
    "api-operation-id-removed": (
        W,
        "Generated clients name their functions after it.",
    ),
    "api-security-component-type-changed": (
        B,
        "Credentials of the old kind are no longer understood.",
    ),
    "api-security-scope-added": (
        W,
        "Tokens that were enough may not be enough any more.",
    ),
    "response-body-any-of-added": (B, _ANY_OF),
    "response-property-any-of-added": (B, _ANY_OF),
}
"""Levels that differ from oasdiff's, each with the reason."""

CANNOT_OCCUR: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "api-major-version-not-bumped",
            "api-version-decreased",
            "api-version-not-bumped",
        ),
        "`info.version` names the version of the interface (`v1`); another version "
        "is another document.",
    ),
    **dict.fromkeys(
        (
            "new-required-request-default-parameter-to-existing-path",
            "new-optional-request-default-parameter-to-existing-path",
        ),
        "FastAPI writes parameters on operations, never on paths; a path's own are "
        "compared as those of each of its operations.",
    ),
    **dict.fromkeys(
        (
            "api-global-security-added",
            "api-global-security-removed",
            "api-global-security-scope-added",
            "api-global-security-scope-removed",
        ),
        "FastAPI writes security on operations, never on the document; a document's "
        "own is compared as that of each of its operations.",
    ),
}
"""Rules of oasdiff for constructs that no FastAPI app has, each with the reason."""


_EXISTENCE = (
    Event("required-property-added", B, C, "{what}, {new}, is new and required"),
    Event(
        "required-property-with-default-added",
        B,
        C,
        "{what}, {new}, is new and required",
    ),
    Event("optional-property-added", C, C, "{what}, {new}, is new"),
    Event("required-property-removed", W, B, "{what}, {old}, was removed"),
    Event("optional-property-removed", W, W, "{what}, {old}, was removed"),
    *(
        Event(f"{kind}-property-became-{no}{name}", C, C, f"{{what}} is {words} {word}")
        for kind in ("required", "optional")
        for no, words in (("", "now"), ("not-", "no longer"))
        for name, word in (("read-only", "read-only"), ("write-only", "write-only"))
    ),
)


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by id."""
    found = {rule.id: rule for rule in (*OPERATION_RULES, *SOCKET_RULES)}
    for subject in SUBJECTS:
        for rule in _schema_rules(subject):
            found.setdefault(rule.id, rule)
    return {id_: _levelled(rule) for id_, rule in found.items()}


def _schema_rules(subject: Subject) -> Iterator[Rule]:
    for event in SCHEMA_EVENTS:
        for inner in (False, True):
            yield _schema_rule(subject, event, inner=inner)
        yield _schema_rule(subject, event, inner=True, silent=True)
    for event in (*PROPERTY_EVENTS, *_EXISTENCE):
        yield _schema_rule(subject, event, inner=True)
        yield _schema_rule(subject, event, inner=True, silent=True)


def _schema_rule(
    subject: Subject, event: Event, *, inner: bool, silent: bool = False
) -> Rule:
    id_ = schema_rule_id(subject, event.name, inner=inner, silent=silent)
    level = event.sent if subject.is_sent else event.received
    return Rule(
        id=id_,
        level=C if silent else level,
        tier=Tier.JSON,
        sentence=event.sentence,
        direction=subject.direction,
        is_schema=True,
    )


def _levelled(rule: Rule) -> Rule:
    """Give a rule oasdiff's level, or our own if there is a reason."""
    id_ = _rest_id(rule.id)
    if id_ in OVERRIDES:
        level, reason = OVERRIDES[id_]
        return replace(rule, level=level, reason=reason)
    known = oasdiff_rules().get(id_)
    return rule if known is None else replace(rule, level=_LEVELS[known.level])


def _rest_id(id_: str) -> str:
    """Return the id of the equivalent rule for HTTP, or the id itself."""
    for socket, rest in _MIRRORS:
        id_ = id_.replace(socket, rest)
    return id_


# From the longest to the shortest, because some begin with another.
_MIRRORS = (
    ("client-message-payload", "request-body"),
    ("client-message-property", "request-property"),
    ("client-message-read-only", "request-read-only"),
    ("server-message-payload", "response-body"),
    ("server-message-property", "response-property"),
    ("server-message-write-only", "response-write-only"),
    ("server-message-required", "response-required"),
    ("server-message-optional", "response-optional"),
)
