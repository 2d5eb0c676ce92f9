"""The result of a generation, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["fresh", "written", "elsewhere", "unwritable", "left_out"]
"""What happened to a module: it was fresh, it was written, another process wrote it
meanwhile, it is stale in a read-only tree, or it is stale and its generator is not
installed."""

_SHOWN_REASONS = 3


@dataclass(frozen=True)
class ModuleSummary:
    """What happened to one module.

    Attributes:
        reasons: what was stale, and why.
        written, removed: paths below the module's folder.
        unchanged: how many generated files were already up to date.
    """

    module: str
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    duration_s: float = 0.0

    def __str__(self) -> str:
        if self.outcome == "fresh":
            return f"{self.module}: up to date"
        if self.outcome == "elsewhere":
            return f"{self.module}: another process generated it"
        if self.outcome == "unwritable":
            return f"{self.module}: stale, and its folder cannot be written"
        if self.outcome == "left_out":
            return f"{self.module}: left out, {'; '.join(self.reasons)}"
        return (
            f"{self.module}: {_count(self.written, 'written')}, "
            f"{_count(self.removed, 'removed')}, {self.unchanged} unchanged "
            f"in {self.duration_s:.1f} s ({_shortened(self.reasons)})"
        )


@dataclass(frozen=True)
class Summary:
    """What happened to each module, in the order in which they were given."""

    modules: tuple[ModuleSummary, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether this generation wrote or removed any file."""
        return any(module.outcome == "written" for module in self.modules)

    def including(self, earlier: Iterable[ModuleSummary]) -> Summary:
        """Return a summary in which fresh modules show their result from `earlier`.

        Those without one stay fresh.
        """
        done = {module.module: module for module in earlier}
        return Summary(
            tuple(
                done.get(module.module, module) if module.outcome == "fresh" else module
                for module in self.modules
            )
        )

    def __str__(self) -> str:
        return "\n".join(str(module) for module in self.modules)

    def to_json(self) -> str:
        """Return everything as JSON: `{"modules": [{"module": …, "outcome": …}]}`."""
        return json.dumps({"modules": [asdict(module) for module in self.modules]})


def _count(paths: Iterable[str], verb: str) -> str:
    number = len(tuple(paths))
    return f"{number} file{'' if number == 1 else 's'} {verb}"


def _shortened(reasons: tuple[str, ...]) -> str:
    shown = "; ".join(reasons[:_SHOWN_REASONS])
    more = len(reasons) - _SHOWN_REASONS
    return f"{shown}; and {more} more" if more > 0 else shown
