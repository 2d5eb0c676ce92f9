"""What a project lets pass: `[tool.modular_api.contracts]`, as a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias, get_args

LevelName: TypeAlias = Literal["docs", "compatible", "warning", "breaking"]
"""The levels of a change, mildest first. Names, since `specs.diff` is loaded late."""

TierName: TypeAlias = Literal["wire", "json", "source"]
"""What a change breaks: bytes, JSON by its names, generated sources. Each takes in
those before it: whoever promises sources promises JSON, too."""

AtStart: TypeAlias = Literal["off", "log", "refuse"]

LEVELS: Sequence[LevelName] = get_args(LevelName)
TIERS: Sequence[TierName] = get_args(TierName)
NEVER = "never"


@dataclass(frozen=True)
class Override:
    """Another level for some changes.

    Attributes:
        level: what they count as.
        rule: pattern of rule ids, as in a shell: `response-*-removed`.
        path: pattern of paths, below the module (`/orders/*`) or from the root
            (`/api/v1/broker/*`); of sockets, the operation's name.
        module: pattern of module names.
    """

    level: LevelName
    rule: str = "*"
    path: str = "*"
    module: str = "*"

    def is_for(self, rule: str, paths: Sequence[str], module: str) -> bool:
        """Tell whether a change is meant; any of its paths will do."""
        return (
            fnmatchcase(rule, self.rule)
            and fnmatchcase(module, self.module)
            and (self.path == "*" or any(fnmatchcase(p, self.path) for p in paths))
        )


@dataclass(frozen=True)
class Policy:
    """What fails the gate, and what a start does about it.

    Attributes:
        fail_on: the mildest level that fails; `never` for none.
        tier: the furthest tier that is promised; changes that break only what lies
            behind it pass.
        notice_days: how long before its sunset a deprecation must be announced.
        overrides: the last one that is for a change counts.
        at_start: do nothing, log each change, or refuse to start as the gate fails.
    """

    fail_on: LevelName | Literal["never"] = "breaking"
    tier: TierName = "source"
    overrides: tuple[Override, ...] = ()
    at_start: AtStart = "log"
    notice_days: int = 0

    def level_of(
        self, level: LevelName, rule: str, paths: Sequence[str], module: str
    ) -> LevelName:
        """Return the level a change counts as."""
        for override in reversed(self.overrides):
            if override.is_for(rule, paths, module):
                return override.level
        return level

    def promises(self, tier: str | None) -> bool:
        """Tell whether a change that breaks this tier breaks a promise."""
        known = next((each for each in TIERS if each == tier), TIERS[0])
        return TIERS.index(known) <= TIERS.index(self.tier)

    def fails(self, level: LevelName) -> bool:
        """Tell whether a change of this level fails."""
        if self.fail_on == NEVER:
            return False
        return LEVELS.index(level) >= LEVELS.index(self.fail_on)


def policy_of(table: Mapping[str, Any]) -> Policy:
    """Make a policy of a table without faults."""
    overrides = tuple(Override(**entry) for entry in table.get("overrides", ()))
    return Policy(**{**table, "overrides": overrides})


def policy_faults(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield everything that is wrong with the keys and values of a table."""
    for key, value in table.items():
        if key == "overrides":
            yield from _overrides_faults(value)
        elif key == "notice_days":
            if type(value) is not int or value < 0:
                yield f"notice_days is {value!r}, expected a number of days"
        elif key not in _CHOICES:
            known = ", ".join([*_CHOICES, "notice_days", "overrides"])
            yield f"unknown key '{key}'; there are: {known}"
        elif value not in _CHOICES[key]:
            yield f"{key} is {value!r}, expected one of {', '.join(_CHOICES[key])}"


_CHOICES: Mapping[str, Sequence[str]] = {
    "fail_on": (*LEVELS, NEVER),
    "tier": TIERS,
    "at_start": get_args(AtStart),
}
_PATTERNS = ("rule", "path", "module")


def _overrides_faults(entries: object) -> Iterator[str]:
    if not isinstance(entries, list):
        yield f"overrides is {entries!r}, expected a list of tables"
        return
    for number, entry in enumerate(entries, start=1):
        for fault in _override_faults(entry):
            yield f"override {number}: {fault}"


def _override_faults(entry: object) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"it is {entry!r}, expected a table"
        return
    if entry.get("level") not in LEVELS:
        found = repr(entry["level"]) if "level" in entry else "missing"
        yield f"level is {found}, expected one of {', '.join(LEVELS)}"
    if not entry.keys() & set(_PATTERNS):
        yield f"it says for which changes by none of {', '.join(_PATTERNS)}"
    for key, value in entry.items():
        if key not in ("level", *_PATTERNS):
            yield f"unknown key '{key}'; there are: level, {', '.join(_PATTERNS)}"
        elif key != "level" and (not isinstance(value, str) or not value):
            yield f"{key} is {value!r}, expected a pattern"
