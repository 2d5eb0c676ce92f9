"""Rules about sockets: operations, channels, messages, replies, servers."""

from __future__ import annotations

from modular_api.specs.diff.change import Direction, Level, Tier
from modular_api.specs.diff.rule import Rule

B, W, C = Level.BREAKING, Level.WARNING, Level.COMPATIBLE
WIRE, SOURCE = Tier.WIRE, Tier.SOURCE
SENT, READ = Direction.CLIENT_TO_SERVER, Direction.SERVER_TO_CLIENT

_DEPRECATE = (
    "Keep it, deprecate it with `x-deprecated` and `x-sunset`, and remove it after "
    "that date."
)
_DATE = "Write `x-sunset` as a date: 2027-01-31."
_WAIT = "Keep it until that day, or agree on another with those who use it."

SOCKET_RULES: tuple[Rule, ...] = (
    # Operations
    Rule("socket-operation-added", C, WIRE, "{what} is new"),
    Rule(
        "socket-operation-removed-without-deprecation",
        B,
        WIRE,
        "{what} was removed",
        advice=_DEPRECATE,
    ),
    Rule(
        "socket-operation-removed-with-deprecation",
        C,
        WIRE,
        "{what} was removed, as announced",
    ),
    Rule(
        "socket-operation-removed-before-sunset",
        B,
        WIRE,
        "{what} was removed before {old}",
        advice=_WAIT,
    ),
    Rule(
        "socket-operation-renamed",
        W,
        SOURCE,
        "{what} is called {new} in generated code, it was {old}",
        advice="Keep the old name, or tell those who call the generated function.",
    ),
    Rule(
        "socket-operation-action-changed",
        B,
        WIRE,
        "{what} is to {new} now, it was to {old}",
    ),
    Rule("socket-operation-keyword-changed", W, WIRE, "{old} of {what} changed"),
    Rule("socket-operation-deprecated", C, WIRE, "{what} is deprecated"),
    Rule(
        "socket-operation-deprecated-with-sunset",
        C,
        WIRE,
        "{what} is deprecated until {new}",
    ),
    Rule(
        "socket-operation-deprecated-sunset-missing",
        B,
        WIRE,
        "{what} is deprecated without a date",
    ),
    Rule(
        "socket-operation-sunset-parse",
        B,
        WIRE,
        "the sunset of {what} is no date",
        advice=_DATE,
    ),
    Rule(
        "socket-operation-sunset-date-too-small",
        B,
        WIRE,
        "{what} is to go too soon, on {new}",
    ),
    Rule(
        "socket-operation-sunset-date-changed-too-small",
        B,
        WIRE,
        "{what} is to go on {new}, no longer on {old}",
        advice=_WAIT,
    ),
    Rule(
        "socket-operation-sunset-deleted",
        B,
        WIRE,
        "{what} is still deprecated, but its date {old} is gone",
    ),
    Rule("socket-operation-reactivated", C, WIRE, "{what} is no longer deprecated"),
    Rule(
        "socket-operation-stability-decreased",
        B,
        WIRE,
        "{what} is {new} now, it was {old}",
    ),
    Rule(
        "socket-operation-stability-increased",
        C,
        WIRE,
        "{what} is {new} now, it was {old}",
    ),
    Rule(
        "socket-operation-invalid-stability-level",
        B,
        WIRE,
        "the stability of {what}, {new}, is not known",
    ),
    # Channels
    Rule(
        "socket-address-changed",
        B,
        WIRE,
        "{what} is at {new}, it was at {old}",
        advice="Keep serving the old address, or offer the change as a new version.",
    ),
    Rule("socket-channel-added", C, WIRE, "{what} is new"),
    Rule("socket-channel-removed", B, WIRE, "{what} was removed"),
    Rule("socket-channel-keyword-changed", W, WIRE, "{old} of {what} changed"),
    Rule("new-socket-parameter", B, WIRE, "{what} is new", SENT),
    Rule("socket-parameter-removed", B, WIRE, "{what} was removed", SENT),
    Rule(
        "socket-parameter-enum-value-added", C, WIRE, "{what} may also be {new}", SENT
    ),
    Rule(
        "socket-parameter-enum-value-removed",
        B,
        WIRE,
        "{what} may no longer be {old}",
        SENT,
    ),
    Rule(
        "socket-parameter-became-enum", B, WIRE, "{what} may only be one of {new}", SENT
    ),
    Rule(
        "socket-parameter-became-not-enum",
        C,
        WIRE,
        "{what} may be more than {old}",
        SENT,
    ),
    Rule(
        "socket-parameter-default-value-changed",
        W,
        WIRE,
        "the default of {what} is {new}, it was {old}",
        SENT,
    ),
    # Messages
    Rule("client-message-added", C, WIRE, "{what} is accepted now", SENT),
    Rule("client-message-removed", B, WIRE, "{what} is no longer accepted", SENT),
    Rule(
        "server-message-added",
        W,
        WIRE,
        "{what} may be sent now",
        READ,
        advice="Make sure that clients ignore messages they do not know.",
    ),
    Rule("server-message-removed", B, WIRE, "{what} is no longer sent", READ),
    Rule(
        "client-message-content-type-changed",
        B,
        WIRE,
        "{what} is {new}, it was {old}",
        SENT,
    ),
    Rule(
        "server-message-content-type-changed",
        B,
        WIRE,
        "{what} is {new}, it was {old}",
        READ,
    ),
    Rule(
        "client-message-correlation-changed",
        B,
        WIRE,
        "{what} is answered by {new}, it was {old}",
        SENT,
    ),
    Rule(
        "server-message-correlation-changed",
        B,
        WIRE,
        "{what} answers by {new}, it was {old}",
        READ,
    ),
    Rule("client-message-payload-added", B, WIRE, "{what} got a payload", SENT),
    Rule("client-message-payload-removed", B, WIRE, "{what} lost its payload", SENT),
    Rule("server-message-payload-added", C, WIRE, "{what} got a payload", READ),
    Rule("server-message-payload-removed", B, WIRE, "{what} lost its payload", READ),
    Rule("client-message-headers-added", B, WIRE, "{what} got headers", SENT),
    Rule("client-message-headers-removed", C, WIRE, "{what} lost its headers", SENT),
    Rule("server-message-headers-added", C, WIRE, "{what} got headers", READ),
    Rule("server-message-headers-removed", B, WIRE, "{what} lost its headers", READ),
    Rule("client-message-keyword-changed", W, WIRE, "{old} of {what} changed", SENT),
    Rule("server-message-keyword-changed", W, WIRE, "{old} of {what} changed", READ),
    # Replies
    Rule("socket-reply-added", C, WIRE, "{what} is answered now"),
    Rule("socket-reply-removed", B, WIRE, "{what} is no longer answered"),
    Rule(
        "socket-reply-address-changed",
        B,
        WIRE,
        "{what} is answered at {new}, it was at {old}",
    ),
    # Security and servers
    Rule(
        "socket-security-became-required",
        B,
        WIRE,
        "{what} demands credentials now",
        advice="Keep it open, or offer the change as a new version.",
    ),
    Rule(
        "socket-security-alternative-removed", B, WIRE, "{what} no longer accepts {old}"
    ),
    Rule("socket-security-added", C, WIRE, "{what} also accepts {new}"),
    Rule("socket-security-removed", C, WIRE, "{what} no longer demands {old}"),
    Rule(
        "socket-security-scope-added", W, WIRE, "{what} demands one more scope: {new}"
    ),
    Rule(
        "socket-security-scope-removed",
        C,
        WIRE,
        "{what} no longer demands the scope {old}",
    ),
    Rule("socket-server-added", C, WIRE, "{what} is new"),
    Rule("socket-server-removed", B, WIRE, "{what} was removed"),
    Rule("socket-server-moved", B, WIRE, "{what} is at {new}, it was at {old}"),
    Rule("socket-server-keyword-changed", W, WIRE, "{old} of {what} changed"),
)
