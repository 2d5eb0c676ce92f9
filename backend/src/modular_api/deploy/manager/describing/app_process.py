"""What an app consists of, found out in a process of its own.

The manager lives long and stays small: it imports no app and no web framework, so a
fault in an app cannot reach it, and every description is of the code as it is now.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from modular_api.deploy.manager.describing.messages import (
    LENGTH,
    Description,
    GatewayOrder,
    packed,
)
from modular_api.deploy.manager.errors import GatewayFailed, NotDescribed
from modular_api.project.source import AppSource
from modular_api.python_command import python_command

_LONGEST_S = 60.0


class _Refused(Exception):
    """The process did not do what it was asked for; its words say why."""


class AppProcess:
    """A process that has built the app and answers questions about it.

    Attributes:
        description: what the app consists of.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.description: Description

    async def describe(self, source: AppSource, outcome: str) -> None:
        """Build the app. Raises: NotDescribed: it cannot be built, with this outcome."""
        try:
            self.description = await self._ask(source)
        except _Refused as refused:
            raise NotDescribed(str(refused), outcome) from None

    async def write_gateway(self, order: GatewayOrder) -> None:
        """Write what nginx serves and its configuration.

        Raises: GatewayFailed: nginx refuses it, and the one there was stays; or there
            is no nginx.
        """
        try:
            await self._ask(order)
        except _Refused as refused:
            raise GatewayFailed(
                f"nginx was told nothing new, and goes on as before if it runs: {refused}"
            ) from None

    async def _ask(self, question: object) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        message = packed(question)
        try:
            async with asyncio.timeout(_LONGEST_S):
                stdin.write(message)
                await stdin.drain()
                head = await stdout.readexactly(LENGTH.size)
                body = await stdout.readexactly(*LENGTH.unpack(head))
        except TimeoutError:
            raise _Refused(f"that took longer than {_LONGEST_S:g} s") from None
        except (asyncio.IncompleteReadError, OSError):
            raise _Refused(await self._last_words()) from None
        kind, answer = pickle.loads(body)
        if kind == "error":
            raise _Refused(answer)
        return answer

    async def _last_words(self) -> str:
        assert self._process.stderr is not None
        said = (await self._process.stderr.read()).decode(errors="replace").strip()
        return (
            said or f"the process that builds it ended with {self._process.returncode}"
        )


class Builders(set[asyncio.subprocess.Process]):
    """The processes that build the app just now."""

    def dump_stacks(self) -> None:
        """Have them write to the manager's stderr what they are doing."""
        for process in self:
            if process.returncode is None:
                process.send_signal(signal.SIGQUIT)


@asynccontextmanager
async def describing(
    source: AppSource,
    builders: Builders | None = None,
    *,
    outcome: str = "nothing was started",
) -> AsyncIterator[AppProcess]:
    """Build the app in another process, which is there while the body runs.

    Args:
        builders: holds that process meanwhile.
        outcome: what it means where that fails, for the error's message.

    Raises: NotDescribed.
    """
    life, ours = os.pipe()
    stacks = os.dup(2)  # its own stderr is read when it has failed
    try:
        process = await asyncio.create_subprocess_exec(
            *python_command(
                "modular_api.deploy.manager.describing.program",
                str(life),
                str(stacks),
            ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=[life, stacks],
            start_new_session=True,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(life)
        os.close(stacks)
    builders = Builders() if builders is None else builders
    builders.add(process)
    try:
        app = AppProcess(process)
        await app.describe(source, outcome)
        yield app
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        builders.discard(process)
        os.close(ours)
