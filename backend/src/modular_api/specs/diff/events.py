"""What can happen to a schema, whether the client or the server sends its data.

An event is a word such as `max-decreased`. Together with the place of the schema it
makes a rule: `request-property-max-decreased`, `server-message-payload-max-decreased`.
"""

from __future__ import annotations

from dataclasses import dataclass

from modular_api.specs.diff.change import Level

B, W, C = Level.BREAKING, Level.WARNING, Level.COMPATIBLE


@dataclass(frozen=True)
class Event:
    """One thing that can happen to a schema.

    Attributes:
        name: the end of the rule's id.
        sent: the level where clients write the data.
        received: the level where clients read it.
        sentence: for people; `{what}`, `{old}` and `{new}` are filled in.
    """

    name: str
    sent: Level
    received: Level
    sentence: str


def _limits() -> list[Event]:
    events = []
    for name, words in (
        ("max", "largest value"),
        ("exclusive-max", "exclusive upper bound"),
        ("max-length", "largest length"),
        ("max-items", "largest number of items"),
        ("max-properties", "largest number of fields"),
        ("max-contains", "largest number of matching items"),
    ):
        events += _limit(name, words, tighter="decreased", looser="increased")
    for name, words in (
        ("min", "smallest value"),
        ("exclusive-min", "exclusive lower bound"),
        ("min-length", "smallest length"),
        ("min-items", "smallest number of items"),
        ("min-properties", "smallest number of fields"),
        ("min-contains", "smallest number of matching items"),
    ):
        events += _limit(name, words, tighter="increased", looser="decreased")
    return events


def _limit(name: str, words: str, *, tighter: str, looser: str) -> list[Event]:
    moved = f"the {words} of {{what}} {{verb}} from {{old}} to {{new}}"
    verbs = {"increased": "rose", "decreased": "fell"}
    return [
        Event(f"{name}-{tighter}", B, C, moved.replace("{verb}", verbs[tighter])),
        Event(f"{name}-{looser}", C, B, moved.replace("{verb}", verbs[looser])),
        Event(f"{name}-set", W, C, f"{{what}} got a {words}: {{new}}"),
        Event(f"{name}-unset", C, B, f"{{what}} lost its {words}, {{old}}"),
    ]


def _pair(
    name: str, words: str, *, added: tuple[Level, Level], removed: tuple[Level, Level]
) -> list[Event]:
    return [
        Event(f"{name}-added", *added, f"{{what}} got {words}: {{new}}"),
        Event(f"{name}-removed", *removed, f"{{what}} lost {words}: {{old}}"),
    ]


def _demands() -> list[Event]:
    """Return events of keywords that forbid data: adding narrows, removing widens."""
    events = []
    for name, words in (
        ("additional-properties-schema", "a schema for unnamed fields"),
        ("contains", "a schema some item must have"),
        ("content-schema", "a schema for its encoded content"),
        ("dependent-required", "a field that requires others"),
        ("dependent-schema", "a schema that depends on a field"),
        ("else", "an `else` schema"),
        ("if", "an `if` schema"),
        ("items", "a schema for its items"),
        ("not", "a schema it must not have"),
        ("pattern-property", "a schema for fields named by a pattern"),
        ("property-names", "a schema for the names of fields"),
        ("then", "a `then` schema"),
        ("unevaluated-items", "a rule for unevaluated items"),
        ("unevaluated-properties", "a rule for unevaluated fields"),
    ):
        events += _pair(name, words, added=(B, C), removed=(C, B))
    return events


SCHEMA_EVENTS: tuple[Event, ...] = (
    Event("type-changed", B, B, "the type of {what} changed from {old} to {new}"),
    Event("type-generalized", C, B, "{what} may now be {new}, not only {old}"),
    Event("type-specialized", B, C, "{what} may now be {new} only, no longer {old}"),
    Event("type-compatible", C, C, "the type of {what} is written in another way"),
    Event("list-of-types-widened", C, B, "{what} may now also be {new}"),
    Event("list-of-types-narrowed", B, C, "{what} may no longer be {old}"),
    Event("became-nullable", C, B, "{what} may now be null"),
    Event("became-not-nullable", B, C, "{what} may no longer be null"),
    Event("became-enum", B, C, "{what} may only be one of {new}"),
    Event("became-not-enum", C, B, "{what} may be more than {old}"),
    Event("enum-value-added", C, W, "{what} may also be {new}"),
    Event("enum-value-removed", B, C, "{what} may no longer be {old}"),
    Event("const-added", B, C, "{what} may only be {new}"),
    Event("const-changed", B, B, "{what} must be {new}, it was {old}"),
    Event("const-removed", C, B, "{what} may be more than {old}"),
    Event("default-value-added", C, C, "{what} got the default {new}"),
    Event(
        "default-value-changed", C, C, "the default of {what} is {new}, it was {old}"
    ),
    Event("default-value-removed", C, C, "{what} lost its default, {old}"),
    Event("x-extensible-enum-value-added", C, C, "{what} is also known to be {new}"),
    Event("x-extensible-enum-value-removed", B, C, "{what} is not known to be {old}"),
    *_limits(),
    Event("pattern-added", B, C, "{what} must match {new}"),
    Event("pattern-removed", C, C, "{what} need no longer match {old}"),
    Event("pattern-changed", W, C, "{what} must match {new}, it was {old}"),
    Event("pattern-generalized", C, C, "{what} may now be any text, not only {old}"),
    Event("multiple-of-set", B, C, "{what} must be a multiple of {new}"),
    Event("multiple-of-unset", C, B, "{what} need not be a multiple of {old}"),
    Event("multiple-of-changed", B, B, "{what} is a multiple of {new}, not of {old}"),
    Event("unique-items-set", B, C, "the items of {what} must differ"),
    Event("unique-items-unset", C, B, "the items of {what} need no longer differ"),
    Event("additional-properties-closed", B, C, "{what} has no unnamed fields now"),
    Event("additional-properties-opened", C, W, "{what} may have unnamed fields now"),
    *_demands(),
    Event("dependent-required-changed", B, B, "fields {what} requires changed"),
    Event(
        "unevaluated-items-changed", W, W, "unevaluated items of {what} have new rules"
    ),
    Event(
        "unevaluated-properties-changed",
        W,
        W,
        "unnamed fields of {what} have new rules",
    ),
    Event("condition-changed", B, B, "the {old} schema of {what} changed"),
    *_pair("prefix-items", "a leading item", added=(C, B), removed=(B, C)),
    *_pair("all-of", "one more schema to match", added=(B, C), removed=(W, C)),
    Event("all-of-added-annotation-only", C, C, "{what} got an `allOf` of prose"),
    Event("all-of-removed-annotation-only", C, C, "{what} lost an `allOf` of prose"),
    *_pair("any-of", "one more alternative", added=(C, B), removed=(B, C)),
    *_pair("one-of", "one more alternative", added=(C, B), removed=(B, C)),
    Event("wrapped-in-one-of", B, B, "{what} became one of {new}"),
    Event("any-of-became-one-of", W, C, "{what} must match one alternative alone"),
    Event("one-of-became-any-of", C, C, "{what} may match several alternatives"),
    Event("discriminator-added", C, C, "{what} is now told apart by {new}"),
    Event("discriminator-removed", C, C, "{what} is no longer told apart by {old}"),
    Event(
        "discriminator-property-name-changed",
        C,
        C,
        "{what} is told apart by {new}, it was {old}",
    ),
    Event("discriminator-mapping-added", C, C, "{what} got the tag {new}"),
    Event("discriminator-mapping-deleted", C, C, "{what} lost the tag {old}"),
    Event("discriminator-mapping-changed", C, C, "tag {old} of {what} means another"),
    Event("content-encoding-changed", B, B, "{what} is encoded as {new}, not {old}"),
    Event("content-media-type-changed", B, B, "{what} holds {new}, it was {old}"),
    Event("keyword-changed", W, W, "{old} of {what} changed"),
)

_DEPRECATION: tuple[Event, ...] = (
    Event("deprecated", C, C, "{what} is deprecated"),
    Event("deprecated-with-sunset", C, C, "{what} is deprecated until {new}"),
    Event("deprecated-sunset-missing", B, B, "{what} is deprecated without a date"),
    Event("deprecated-sunset-invalid", B, B, "the sunset of {what}, {new}, is no date"),
    Event("reactivated", C, C, "{what} is no longer deprecated"),
    Event("sunset-date-too-small", B, B, "{what} is to go too soon, on {new}"),
    Event("sunset-date-changed-too-small", B, B, "{what} goes on {new}, not on {old}"),
    Event("sunset-deleted", B, B, "{what} is deprecated, its date {old} is gone"),
    Event("stability-decreased", B, B, "{what} is {new} now, it was {old}"),
    Event("stability-increased", C, C, "{what} is {new} now, it was {old}"),
)

PROPERTY_EVENTS: tuple[Event, ...] = (
    *_DEPRECATION,
    Event("became-required", B, C, "{what} became required"),
    Event("became-required-with-default", B, C, "{what} became required"),
    Event("became-optional", C, B, "{what} became optional"),
)
"""Events of a field itself, in addition to those of its schema."""
