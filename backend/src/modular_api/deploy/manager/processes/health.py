"""Asking a process how it is, over its private address."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Address: TypeAlias = tuple[str, int]
"""Host and port."""

_LONGEST_ANSWER = 1 << 20


class NoAnswer(Exception):
    """Nobody answered, or not in HTTP, or not in time."""


@dataclass(frozen=True)
class Answer:
    """What was answered: the status, and the body where it is a JSON object."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether the status says so."""
        return 200 <= self.status < 300


async def ask(
    address: Address,
    path: str,
    *,
    timeout_s: float,
    most_bytes: int = _LONGEST_ANSWER,
) -> Answer:
    """GET a path over a connection of its own.

    A process that has the listening socket but does not accept yet answers as soon as
    it does: who asks need not ask again and again.

    Raises: NoAnswer.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return _parsed(await _exchange(address, path, most_bytes))
    except TimeoutError:
        raise NoAnswer(f"no answer within {timeout_s:g} s") from None
    except (OSError, ValueError) as error:
        raise NoAnswer(str(error) or type(error).__name__) from None


async def _exchange(address: Address, path: str, most_bytes: int) -> bytes:
    host, port = address
    reader, writer = await asyncio.open_connection(host, port)
    try:
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
        )
        writer.write(request.encode())
        answer = bytearray()
        while part := await reader.read(1 << 16):
            answer += part
            if len(answer) > most_bytes:
                raise ValueError("the answer has no end")
        return bytes(answer)
    finally:
        writer.transport.abort()


def _parsed(answer: bytes) -> Answer:
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        raise ValueError("the answer is not HTTP")
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    return Answer(int(words[1]), parsed if isinstance(parsed, dict) else {})
