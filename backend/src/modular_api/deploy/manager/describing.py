"""What an app consists of, found out in a process of its own.

The manager lives long and stays small: it imports no app and no web framework, so a
fault in an app cannot reach it, and every description is of the code as it is now.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import pickle
import signal
import struct
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.instance.life import end_with_manager
from modular_api.deploy.manager.errors import GatewayFailed, NotDescribed
from modular_api.deploy.manager.health import Address
from modular_api.deploy.manager.places import Places
from modular_api.model import AppModel
from modular_api.project.source import AppSource
from modular_api.python_command import python_command
from modular_api.types import Document

if TYPE_CHECKING:
    from modular_api.app.modular_app import ModularApp

_LONGEST_S = 60.0
_LENGTH = struct.Struct(">I")


class ModuleFacts(NamedTuple):
    """What those beside a module have to know of it; its process tells the same.

    Attributes:
        specs: the hash of each OpenAPI document, by version.
        sockets: that of each AsyncAPI document.
    """

    specs: Mapping[str, str]
    sockets: Mapping[str, str]
    uses: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """An app, as plain data.

    Attributes:
        documents: of every module, version and kind: `("broker", "v1", "openapi")`.
    """

    model: AppModel
    documents: Mapping[tuple[str, str, str], Document]

    @property
    def uses(self) -> dict[str, tuple[str, ...]]:
        """What each module uses."""
        return {module.name: module.uses for module in self.model.modules}

    @property
    def facts(self) -> dict[str, ModuleFacts]:
        """What the code says of each module."""
        return {
            m.name: ModuleFacts(m.spec_hashes, m.socket_hashes, m.uses)
            for m in self.model.modules
        }


@dataclass(frozen=True)
class GatewayOrder:
    """What nginx should do.

    Attributes:
        addresses: of the instances of each server.
        listen: where nginx does.
    """

    config: DeploymentConfig
    places: Places
    addresses: Mapping[str, Sequence[Address]]
    listen: Address


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
        message = pickle.dumps(question)
        try:
            async with asyncio.timeout(_LONGEST_S):
                stdin.write(_LENGTH.pack(len(message)) + message)
                await stdin.drain()
                head = await stdout.readexactly(_LENGTH.size)
                body = await stdout.readexactly(*_LENGTH.unpack(head))
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
                "modular_api.deploy.manager.describing", str(life), str(stacks)
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


def main() -> None:
    """Answer what comes in on stdin until it is closed: first a source, then orders.

    The end of the manager ends it at any time: a build may hang, and reads no stdin.
    """
    end_with_manager(int(sys.argv[1]), lambda: os._exit(1))
    faulthandler.register(signal.SIGQUIT, file=int(sys.argv[2]), all_threads=True)
    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the app prints is no answer
    source: AppSource = _read(questions)
    app: list[ModularApp] = []

    def build() -> Description:
        app.append(source.create_app())
        return _description(app[0])

    _write(answers, build)
    while True:
        try:
            order: GatewayOrder = _read(questions)
        except EOFError:
            return
        _write(answers, partial(_write_gateway, app[0], order))


def _read(stream: BinaryIO) -> Any:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    return pickle.loads(stream.read(*_LENGTH.unpack(head)))


def _write(stream: BinaryIO, work: Callable[[], object]) -> None:
    from modular_api.errors import ModularError, describe, place_of

    try:
        answer: tuple[str, object] = ("result", work())
    except ModularError as error:
        answer = ("error", str(error))
    except Exception as error:
        answer = ("error", f"unexpected {describe(error)}, at {place_of(error)}")
    message = pickle.dumps(answer)
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def _description(app: ModularApp) -> Description:
    from modular_api.deploy.instance.documents import documents_of

    documents = {
        (module.name, *key): document
        for module in app.modules_apps
        for key, document in documents_of(module).items()
    }
    return Description(app.describe(), documents)


def _write_gateway(app: ModularApp, order: GatewayOrder) -> None:
    from modular_api.app.pages import pages_of
    from modular_api.deploy.nginx.gateway import write_gateway

    places = order.places
    write_gateway(
        places.nginx_config,
        order.config,
        app.describe(),
        pages_of(app, order.config.modules),
        places.gateway_places(),
        addresses=order.addresses,
        listen=order.listen,
    )
