"""The states of a process, and which of them may follow which."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What a process is doing; `failed` stays until somebody starts it anew."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


_NEXT = {
    State.STOPPED: {State.STARTING},
    State.STARTING: {State.READY, State.DRAINING, State.STOPPED, State.FAILED},
    State.READY: {State.DRAINING, State.STOPPED, State.FAILED},
    State.DRAINING: {State.STOPPED, State.FAILED},
    State.FAILED: {State.STARTING, State.STOPPED},
}


def may_follow(before: State, after: State) -> bool:
    """Tell whether a process in one state can come to be in the other."""
    return after in _NEXT[before]
