"""The bounded queue of one subscription.

When full, the oldest items are dropped; one Gap per topic, with their count, is
delivered first. Reading from the socket goes on meanwhile: a consumer that does not
read takes no further memory and holds up no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeAlias

from modular_api.clients.sockets.gaps import Gap, GapReason


@dataclass(frozen=True, slots=True)
class Received:
    """A message's payload, not yet read into its model."""

    type: str
    topic: str
    payload: Any


Item: TypeAlias = "Received | Gap"


class Buffer:
    """A bounded queue of items that comes to an end.

    Args:
        size: how many items may wait.
    """

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._items: deque[Item] = deque()
        self._dropped: dict[str, Gap] = {}
        self._stirred = asyncio.Event()
        self._has_ended = False
        self._error: Exception | None = None

    def put(self, item: Item) -> None:
        """Add an item; if there is no room, the oldest is dropped."""
        if self._has_ended:
            return
        self._items.append(item)
        if len(self._items) > self._size:
            self._drop(self._items.popleft())
        self._stirred.set()

    def end(self, error: Exception | None = None) -> None:
        """Take nothing more; what waits can still be read. The first call counts."""
        if not self._has_ended:
            self._has_ended = True
            self._error = error
            self._stirred.set()

    async def get(self) -> Item:
        """Wait for the oldest item.

        Raises: StopAsyncIteration: nothing waits and nothing will come. If `end` was
        given an error, that is raised first, once.
        """
        while True:
            if self._dropped:
                return self._dropped.pop(next(iter(self._dropped)))
            if self._items:
                return self._items.popleft()
            if self._has_ended:
                error, self._error = self._error, None
                raise error or StopAsyncIteration
            self._stirred.clear()
            await self._stirred.wait()

    def _drop(self, item: Item) -> None:
        gap = self._dropped.get(item.topic)
        before = gap.missed if gap is not None else 0
        more = item.missed if isinstance(item, Gap) else 1
        missed = None if before is None or more is None else before + more
        self._dropped[item.topic] = Gap(item.topic, missed, GapReason.SLOW_CONSUMER)
