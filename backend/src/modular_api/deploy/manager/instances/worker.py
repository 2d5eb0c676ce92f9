"""What an instance needs of the process that serves it, and of nothing else."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Protocol

from modular_api.deploy.manager.processes.states import State


class Slot(StrEnum):
    """An instance has two places for a process, so that one can follow the other."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Slot:
        """The one the next process goes to."""
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE


class Worker(Protocol):
    """One process of an instance.

    Attributes:
        exited: set once it has ended, however that came.
    """

    slot: Slot
    state: State
    exited: asyncio.Event

    @property
    def pid(self) -> int:
        """The process id."""
        ...

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code."""
        ...

    def dump_stacks(self) -> None:
        """Have it write down what it is doing, and end."""
        ...

    async def become_ready(self, deadline_s: float) -> None:
        """Return once it serves.

        Raises: NeverReady: it ended, or the time passed.
        """
        ...

    async def is_live(self, deadline_s: float) -> bool:
        """Tell whether it answers within the time."""
        ...

    async def drain(self, deadline_s: float) -> bool:
        """Let it finish what it does and end; kill it after the deadline.

        Returns: whether it ended by itself.
        """
        ...

    async def kill(self, why: str) -> None:
        """End it at once."""
        ...

    def describe_end(self) -> str:
        """Say how it ended, with its last words."""
        ...


class NeverReady(Exception):
    """A process ended, or was too slow, before it was ready.

    Attributes:
        last_words: the end of what it wrote.
    """

    def __init__(self, why: str, last_words: str = "") -> None:
        self.why = why
        self.last_words = last_words
        super().__init__(why)
