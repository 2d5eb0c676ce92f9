"""Enter the modules of an app in order, and leave them in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any

from modular_api.app.draining import DRAIN_KEY, Drain
from modular_api.errors import ModuleLifespanError
from modular_api.module.module_app import ModuleApp
from modular_api.module.service import SERVICES_KEY, VERSION_STATES_KEY
from modular_api.specs.handlers import place_of_handler

log = logging.getLogger(__name__)


@asynccontextmanager
async def run_modules(
    modules: Sequence[ModuleApp], state: dict[str, Any]
) -> AsyncIterator[None]:
    """Run the modules' services, their routers' lifespans and their sockets.

    Modules are entered in the order given. If one fails, those before it are left in
    reverse; each is left as in an ordinary stop, since the failure is not its own. Before
    any is left, all are drained.

    Args:
        state: the lifespan state, filled while modules start: every running service by
            module name below SERVICES_KEY, and what each version's routers yielded in
            their lifespans below VERSION_STATES_KEY.
    Raises: ModuleLifespanError: names module, phase, file and line.
    """
    services: dict[str, Any] = state.setdefault(SERVICES_KEY, {})
    version_states: dict[tuple[str, str], Any] = state.setdefault(
        VERSION_STATES_KEY, {}
    )
    async with AsyncExitStack() as stack:
        for module in modules:
            if module.declaration.service is not None:
                service = _create_service(module)
                guarded = _Guarded(module, "its service", service)
                services[module.name] = await stack.enter_async_context(guarded)
            for version, app in module.versions.items():
                lifespan = app.router.lifespan_context(app)
                guarded = _Guarded(module, f"the lifespan of {version}", lifespan)
                yielded = await stack.enter_async_context(guarded)
                version_states[module.name, version] = yielded or {}
            for socket in module.ws_versions:
                running = socket.running(services.get(module.name), state)
                guarded = _Guarded(module, f"the socket of {socket.version}", running)
                await stack.enter_async_context(guarded)
        drain = state[DRAIN_KEY] = Drain(modules, services)
        try:
            yield
        finally:
            await drain()


def _create_service(module: ModuleApp) -> AbstractAsyncContextManager[Any]:
    phase = "creating its service"
    assert module.declaration.service is not None
    try:
        service = module.declaration.service()
    except (Exception, SystemExit) as error:
        raise _failure(module, phase, error) from error
    if not hasattr(type(service), "__aenter__"):
        kind = type(service).__name__
        missing = TypeError(f"{kind} is no async context manager: it has no __aenter__")
        place = place_of_handler(module.declaration.service)
        raise _failure(module, phase, missing, place=place)
    return service


class _Guarded(AbstractAsyncContextManager[Any]):
    """Enters and leaves one context of a module; errors name the module and phase."""

    def __init__(
        self,
        module: ModuleApp,
        what: str,
        context: AbstractAsyncContextManager[Any],
    ) -> None:
        self._module = module
        self._what = what
        self._context = context

    async def __aenter__(self) -> Any:
        phase = f"entering {self._what}"
        try:
            return await self._context.__aenter__()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # it is the start that was cancelled
            raise _failure(self._module, phase, error) from error
        except (Exception, SystemExit) as error:
            raise _failure(self._module, phase, error) from error

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._context.__aexit__(None, None, None)
        except (Exception, SystemExit) as own_error:
            phase = f"leaving {self._what}"
            failure = _failure(self._module, phase, own_error)
            if error is None:
                raise failure from own_error
            # What ended the app matters more; this one must not take its place.
            log.error("%s", failure)
            error.add_note(str(failure))


def _failure(
    module: ModuleApp, phase: str, error: BaseException, *, place: str | None = None
) -> ModuleLifespanError:
    return ModuleLifespanError(
        module.name, phase, error, directory=module.directory, place=place
    )
