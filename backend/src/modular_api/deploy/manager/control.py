"""How commands reach a running manager: a Unix socket that only its user may open.

A request is one line of JSON, and so is the answer, which may take as long as the
command does. An empty line comes first, at once: the manager has heard.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, TypeAlias

import psutil

from modular_api.deploy.manager.errors import (
    AlreadyManaged,
    BadFolder,
    ControlFailed,
    ManagerSilent,
    NotManaged,
)
from modular_api.deploy.unix_sockets import bind_private, short_address
from modular_api.errors import ModularError, describe

log = logging.getLogger(__name__)

SOCKET = "manager.sock"
LOCK = "manager.lock"

_LOOK_AGAIN_S = 0.01
_LOOKS = 20
_LONGEST_LINE = 1 << 22
_HEARD_S = 5.0
"""The manager's loop never takes that long to read a line, unless it is stuck."""

Answerer: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Does what a command asks for, with these arguments."""


@contextmanager
def managing(folder: Path) -> Iterator[None]:
    """Hold the manager's lock on a folder.

    The system releases it when the process ends.

    Raises: AlreadyManaged; BadFolder: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+")
    except OSError as error:
        raise BadFolder(folder, error) from error
    with lock as file:
        if not _locked(file):
            raise AlreadyManaged(manager_pid(folder) or 0, folder)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        file.truncate(0)


def _locked(file: TextIO) -> bool:
    """Take the lock; who only looks whether somebody has it has it for a moment."""
    for _ in range(_LOOKS):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_LOOK_AGAIN_S)
    return False


def manager_pid(folder: Path) -> int | None:
    """Return the process of the running manager of a folder; None without one."""
    try:
        with (folder / LOCK).open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else 0
    except (FileNotFoundError, NotADirectoryError):
        pass
    return None


@asynccontextmanager
async def answering(folder: Path, answer: Answerer) -> AsyncIterator[None]:
    """Answer commands while the body runs."""
    path = folder / SOCKET
    path.unlink(missing_ok=True)  # whoever left it is dead: the lock is ours
    listener = bind_private(path)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            if line:
                writer.write(b"\n")
                writer.write(_line(await _answered(line, answer)))
                await writer.drain()
        except (OSError, ValueError):  # who asked is gone, or never stops talking
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, sock=listener, limit=_LONGEST_LINE)
    try:
        yield
    finally:
        server.close()
        with suppress(FileNotFoundError):
            path.unlink()


async def order(
    folder: Path, command: str, *, heard_s: float = _HEARD_S, **arguments: Any
) -> dict[str, Any]:
    """Have the manager of a folder do something; return its answer.

    Args:
        heard_s: until it says that it has read the command.
    Raises:
        NotManaged: there is no manager.
        ManagerSilent: it has not read the command; it may still do so.
        ControlFailed: it could not do it, in its own words; or it went away.
    """
    try:
        async with asyncio.timeout(heard_s):
            with short_address(folder / SOCKET) as address:
                reader, writer = await asyncio.open_unix_connection(
                    address, limit=_LONGEST_LINE
                )
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        raise NotManaged(folder) from None
    except TimeoutError:
        raise _silence(folder, heard_s) from None
    try:
        writer.write(_line({"command": command, "arguments": arguments}))
        async with asyncio.timeout(heard_s):
            line = await reader.readline()
        if line == b"\n":
            line = await reader.readline()
    except TimeoutError:
        raise _silence(folder, heard_s) from None
    except OSError:
        line = b""
    finally:
        writer.close()
    if not line:
        raise ControlFailed(f"The manager went away while it was asked to {command}.")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise ControlFailed(answer["error"])
    result: dict[str, Any] = answer["result"]
    return result


def _silence(folder: Path, waited_s: float) -> ControlFailed:
    """Say what can be done about a manager that does not answer."""
    pid = manager_pid(folder)
    if not pid:
        return ControlFailed("The manager went away before it answered.")
    with suppress(psutil.NoSuchProcess):
        suspended = psutil.Process(pid).status() == psutil.STATUS_STOPPED
        return ManagerSilent(pid, waited_s, suspended=suspended)
    return ControlFailed("The manager went away before it answered.")


async def _answered(line: bytes, answer: Answerer) -> dict[str, Any]:
    try:
        request = json.loads(line)
        return {"result": await answer(request["command"], request["arguments"])}
    except ModularError as error:
        return {"error": str(error)}
    except Exception as error:
        log.exception("a command failed: %s", line)
        return {"error": f"the manager stumbled: {describe(error)}"}


def _line(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data).encode() + b"\n"
