"""Where the first answers to idempotency keys are kept: what a store promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from modular_api.problems import problem_response


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer, whole, as it went out."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """Who has a key: the request with this fingerprint.

    Attributes:
        answer: what it was answered; None while it is being served.
    """

    fingerprint: str
    answer: KeptAnswer | None = None


@runtime_checkable
class IdempotencyStore(Protocol):
    """Keeps claims for as long as a client may repeat a request.

    Keys are texts of 64 characters that name module, caller and operation, too, so one
    store may serve many modules and, where it is a database, many instances. A store
    whose class says `is_shared = False` serves one process: its module runs as one
    instance.
    """

    async def claim(self, key: str, fingerprint: str) -> Claim | None:
        """Take a key, or return the claim of who has it; atomic."""

    async def keep(self, key: str, claim: Claim) -> None:
        """Keep the answer of a claim that was taken here."""

    async def release(self, key: str) -> None:
        """Give a key up: the request may be made again."""


def is_shared(store: IdempotencyStore | None) -> bool:
    """Tell whether other processes find in a store what this one puts there."""
    return store is not None and getattr(store, "is_shared", True)


def cut_off_answer() -> KeptAnswer:
    """Return the answer under a key whose first request came to no known end."""
    return _problem(
        "The first request with this Idempotency-Key failed or was cut off. What it did "
        "is not known, so it is not done again."
    )


def too_large_answer() -> KeptAnswer:
    """Return what stands for an answer that is too large to be kept."""
    return _problem(
        "The first request with this Idempotency-Key was served, but its answer was too "
        "large to be kept and given again. It is not done again."
    )


def _problem(detail: str) -> KeptAnswer:
    response = problem_response(500, detail)
    return KeptAnswer(500, tuple(response.raw_headers), bytes(response.body))
