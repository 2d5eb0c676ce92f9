"""The states of a process."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What a process is doing; `failed` stays until somebody starts it anew."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"
