"""The definition of a rule."""

from __future__ import annotations

from dataclasses import dataclass

from modular_api.specs.diff.change import Direction, Level, Tier


@dataclass(frozen=True)
class Rule:
    """One kind of change.

    Attributes:
        sentence: for people; `{what}`, `{old}` and `{new}` are filled in.
        advice: what to do; if empty, it follows from level and direction.
        direction: who writes the data; None if the rule is not about data.
        is_schema: it is made from an event of a schema and the schema's place.
        reason: why the level differs from oasdiff's; empty if it does not.
    """

    id: str
    level: Level
    tier: Tier
    sentence: str
    direction: Direction | None = None
    advice: str = ""
    is_schema: bool = False
    reason: str = ""

    @property
    def instruction(self) -> str:
        """What to do, in one sentence."""
        return self.advice or _instruction(self.level, self.direction)


def _instruction(level: Level, direction: Direction | None) -> str:
    if level is Level.DOCS:
        return "Nothing to do."
    if level is Level.COMPATIBLE:
        return "Nothing to do: who relies on the old contract is not affected."
    if direction in (Direction.REQUEST, Direction.CLIENT_TO_SERVER):
        keep = "Keep accepting what clients send today"
    elif direction in (Direction.RESPONSE, Direction.SERVER_TO_CLIENT):
        keep = "Keep sending what clients read today"
    else:
        keep = "Keep the old one beside the new one"
    if level is Level.WARNING:
        return f"{keep}, or make sure that no client relies on it."
    return f"{keep}, or offer the change as a new version."
