"""A process that serves modules, as an instance sees it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from modular_api.deploy.instance.spec import DOCUMENTS
from modular_api.deploy.manager.facts import ModuleFacts
from modular_api.deploy.manager.instances.worker import NeverReady, Slot
from modular_api.deploy.manager.processes.child import Child, describe_exit
from modular_api.deploy.manager.processes.health import Answer, NoAnswer, ask
from modular_api.deploy.manager.processes.records import ProcessRecord, Records
from modular_api.deploy.manager.processes.states import State
from modular_api.types import Document

log = logging.getLogger(__name__)

LIVE = "/health/live"
READY = "/health/ready"

_ASK_AGAIN_S = 0.02
_FACTS_S = 2.0
_DOCUMENTS_S = 5.0
_MOST_DOCUMENTS = 1 << 28


class ServerProcess:
    """A process from its start to its end; each change of its state is logged in a line.

    Its record is on disk as long as it runs.

    Args:
        last_words: returns the end of what it wrote.
        serves: it is ready, as an earlier manager has seen.
    """

    def __init__(
        self,
        child: Child,
        record: ProcessRecord,
        records: Records,
        last_words: Callable[[], str],
        *,
        serves: bool = False,
    ) -> None:
        assert record.health is not None
        self.child = child
        self.record = record
        self.slot = Slot(record.slot)
        self.state = State.READY if serves else State.STOPPED
        self.exited = child.exited
        self._health = record.health
        self._records = records
        self._last_words = last_words
        self._why = ""
        child.on_exit = self._ended
        records.write(record)
        if not serves:
            self.note(State.STARTING)

    @property
    def pid(self) -> int:
        """The process id."""
        return self.child.pid

    def poll(self) -> int | None:
        """Return None while it runs, else its exit code."""
        return self.child.poll()

    async def become_ready(self, deadline_s: float) -> None:
        """Return once it says that it is ready. Raises: NeverReady."""
        try:
            async with asyncio.timeout(deadline_s):
                await self._first_of(self._says_ready(deadline_s))
        except TimeoutError:
            why = f"not ready within {deadline_s:g} s"
            raise NeverReady(why, self._last_words()) from None
        if self.exited.is_set():
            raise NeverReady(self.describe_end(), self._last_words())
        self.note(State.READY)

    async def is_live(self, deadline_s: float) -> bool:
        """Tell whether it answers within the time."""
        try:
            return (await self.ask(LIVE, deadline_s)).is_good
        except NoAnswer:
            return False

    async def facts(self) -> dict[str, ModuleFacts]:
        """Return what it says of each of its modules; {} if it is mute."""
        try:
            told = (await self.ask(READY, _FACTS_S)).body
        except NoAnswer:
            return {}
        sockets, uses = told.get("sockets", {}), told.get("uses", {})
        return {
            module: ModuleFacts(
                specs, sockets.get(module, {}), tuple(uses.get(module, ()))
            )
            for module, specs in told.get("specs", {}).items()
        }

    async def documents(self, module: str) -> dict[tuple[str, str], Document]:
        """Return what it serves of a module, by version and kind. Raises: NoAnswer."""
        answer = await ask(
            self._health,
            f"{DOCUMENTS}/{module}",
            timeout_s=_DOCUMENTS_S,
            most_bytes=_MOST_DOCUMENTS,
        )
        if not answer.is_good:
            raise NoAnswer(f"it answers with {answer.status}")
        told = answer.body["documents"]
        return {(each["version"], each["kind"]): each["document"] for each in told}

    async def ask(self, path: str, deadline_s: float) -> Answer:
        """Ask it something over its private address. Raises: NoAnswer."""
        return await ask(self._health, path, timeout_s=deadline_s)

    async def drain(self, deadline_s: float) -> bool:
        """Let it finish what it does and end; return whether it did so in time."""
        if self.state is State.DRAINING:  # a second signal would not let it finish
            return await self.child.ends_within(deadline_s)
        self.note(State.DRAINING)
        return await self.child.stop(deadline_s)

    async def kill(self, why: str) -> None:
        """End it at once."""
        self._why = why
        await self.child.kill()

    def dump_stacks(self) -> None:
        """Have it write down what it is doing, and end; that is no failure."""
        self.note(State.DRAINING)
        self.child.send(signal.SIGQUIT)

    def describe_end(self) -> str:
        """Say how it ended."""
        return self._why or f"it {describe_exit(self.child.exit_code)}"

    def note(self, state: State, why: str = "") -> None:
        """Change the state, and log that."""
        if state is self.state:
            return
        log.info(
            "%s (%s, process %s): %s → %s%s",
            self.record.name,
            self.slot,
            self.pid,
            self.state,
            state,
            f": {why}" if why else "",
        )
        self.state = state

    def _ended(self) -> None:
        self._records.remove(self.record.name, self.record.slot)
        if self.record.control is not None:  # a killed process leaves it
            Path(self.record.control).unlink(missing_ok=True)
        if self.state is State.DRAINING:
            self.note(State.STOPPED)
        else:
            last = self._last_words().splitlines()[-1:]
            self.note(State.FAILED, ": ".join([self.describe_end(), *last]))

    async def _says_ready(self, deadline_s: float) -> None:
        while True:
            try:
                if (await self.ask(READY, deadline_s)).is_good:
                    return
            except NoAnswer:
                pass
            await asyncio.sleep(_ASK_AGAIN_S)

    async def _first_of(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for a coroutine, or for the end of the process."""
        asking = asyncio.create_task(work)
        ending = asyncio.create_task(self.exited.wait())
        try:
            await asyncio.wait({asking, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (asking, ending):
                task.cancel()
            await asyncio.wait({asking, ending})
