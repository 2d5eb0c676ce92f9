"""Serves a socket that counts, 200 numbers a second since a given time.

Run: python counting_server.py PORT EPOCH_SECONDS. Killed and run again it counts on where
the clock is, and knows nothing of before.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import uvicorn
from pydantic import BaseModel

from modular_api import Module
from modular_api.app.modular_app import ModularApp
from modular_api.ws import WsRouter
from modular_api.ws.serving import uvicorn_options

PER_SECOND = 200


class Count(BaseModel):
    """A number."""

    n: int


class Counts(WsRouter[None, Count]):
    """All numbers from now on."""

    since = 0.0

    async def stream(self, request: None) -> AsyncIterator[Count]:
        n = int((time.time() - self.since) * PER_SECOND)
        while True:
            yield Count(n=n)
            n += 1
            await asyncio.sleep(self.since + n / PER_SECOND - time.time())


module = Module(ws={"v1": [Counts("counts")]})


def main() -> None:
    """Serve until killed."""
    port, Counts.since = int(sys.argv[1]), float(sys.argv[2])
    app = ModularApp([module.create_app("counting")])
    uvicorn.run(app, port=port, log_level="error", **uvicorn_options())


if __name__ == "__main__":
    main()
