"""Idempotency keys in the memory of one process."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import ClassVar

from modular_api.module.idempotency_store import Claim, too_large_answer


class MemoryStore:
    """Keeps claims in this process.

    When it is full the oldest answers are forgotten first; requests that are being
    served never are.

    Args:
        ttl_s: how long an answer is kept.
        max_answers: how many are kept.
        max_bytes: how many bytes their bodies may have together.
    """

    is_shared: ClassVar[bool] = False

    def __init__(
        self,
        *,
        ttl_s: float = 86_400.0,
        max_answers: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._ttl_s = ttl_s
        self._max_answers = max_answers
        self._max_bytes = max_bytes
        self._running: dict[str, Claim] = {}
        # Oldest first: all live equally long.
        self._kept: OrderedDict[str, tuple[float, Claim, int]] = OrderedDict()
        self._bytes = 0

    async def claim(self, key: str, fingerprint: str) -> Claim | None:
        """Take a key, or return the claim of who has it."""
        self._forget_expired()
        if key in self._running:
            return self._running[key]
        if key in self._kept:
            return self._kept[key][1]
        self._running[key] = Claim(fingerprint)
        return None

    async def keep(self, key: str, claim: Claim) -> None:
        """Keep an answer; the oldest ones may have to go for it."""
        self._running.pop(key, None)
        size = len(claim.answer.body) if claim.answer else 0
        if size > self._max_bytes:  # all the others would go for it, and itself
            claim, size = Claim(claim.fingerprint, too_large_answer()), 0
        self._kept[key] = (time.monotonic() + self._ttl_s, claim, size)
        self._bytes += size
        while len(self._kept) > self._max_answers or self._bytes > self._max_bytes:
            self._forget_oldest()

    async def release(self, key: str) -> None:
        """Give a key up."""
        self._running.pop(key, None)

    def _forget_expired(self) -> None:
        now = time.monotonic()
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, (_, _, size) = self._kept.popitem(last=False)
        self._bytes -= size
