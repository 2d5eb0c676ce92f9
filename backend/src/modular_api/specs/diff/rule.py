"""What is known of a rule before it finds anything."""

from __future__ import annotations

from dataclasses import dataclass

from modular_api.specs.diff.change import Direction, Level, Tier


@dataclass(frozen=True)
class Rule:
    """One kind of change.

    Attributes:
        sentence: for people; `{what}`, `{old}` and `{new}` are filled in.
        advice: what to do; where it is empty, level and direction say it.
        direction: who writes the data; None where there is none.
        is_schema: made of an event of a schema and where that schema stands.
        reason: why the level is another than oasdiff's; empty where it is not.
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
        """One sentence on what to do."""
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
