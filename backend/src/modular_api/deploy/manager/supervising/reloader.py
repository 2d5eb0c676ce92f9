"""Following changes of the code: which servers they concern, and in what order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path

from modular_api.errors import ModularError
from modular_api.serving.source_files import Snapshot, changed_files, take_snapshot

log = logging.getLogger(__name__)

_POLL_S = 0.1

Replace = Callable[[Sequence[str]], Awaitable[None]]
"""Replaces the processes that serve these modules, and those their changes concern."""


class Reloader:
    """Looks at source files several times a second, until it is cancelled.

    Generated files are not looked at: writing them would start it all again.

    Args:
        folders: where the code of the app is.
        modules: the folder of each module; what changes elsewhere concerns all.
        replace: called with the modules a change concerns.
    """

    def __init__(
        self, folders: Iterable[Path], modules: Mapping[str, Path], replace: Replace
    ) -> None:
        self._folders = tuple(folders)
        self._modules = {name: folder.resolve() for name, folder in modules.items()}
        self._replace = replace

    async def run(self) -> None:
        """Follow changes. What goes wrong is logged: the next change may mend it."""
        seen = await self._look()
        while True:
            await asyncio.sleep(_POLL_S)
            now = await self._look()
            if changes := changed_files(seen, now):
                seen = await self._settled(now)
                modules = self.concerned(changes)
                more = f", and {len(changes) - 1} more" if len(changes) > 1 else ""
                log.info("%s changed%s", changes[0], more)
                try:
                    await self._replace(modules)
                except ModularError as error:
                    log.error("%s", error)
                except Exception:  # no memory for a process, say; nobody else looks
                    log.exception("this change was not followed")

    def concerned(self, files: Iterable[str]) -> list[str]:
        """Return the modules that changed files belong to; all for a file of none."""
        found: set[str] = set()
        for file in files:
            path = Path(file).resolve()
            owners = [n for n, f in self._modules.items() if path.is_relative_to(f)]
            found.update(owners or self._modules)
        return sorted(found)

    async def _look(self) -> Snapshot:
        return await asyncio.to_thread(take_snapshot, self._folders)

    async def _settled(self, snapshot: Snapshot) -> Snapshot:
        """Wait until nothing changes any more: a folder is not copied in an instant."""
        while True:
            await asyncio.sleep(_POLL_S / 2)
            now = await self._look()
            if now == snapshot:
                return snapshot
            snapshot = now
