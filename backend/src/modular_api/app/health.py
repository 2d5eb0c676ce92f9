"""Is the process alive, and is it ready? Two questions with two answers.

Alive means that the event loop answers: a process whose loop does not is
replaced. Ready means that it should be sent requests: the lifespan has started, no
service says otherwise, and nobody has asked the process to stop.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from modular_api.app.draining import DRAIN_KEY, Drain
from modular_api.errors import describe
from modular_api.module.service import SERVICES_KEY
from modular_api.problems import problem_response

if TYPE_CHECKING:
    from modular_api.app.modular_app import ModularApp

LIVE = "/health/live"
READY = "/health/ready"

SERVER_KEY = "modular_api.server"
"""Key of the lifespan state with what the server tells of itself, as plain data."""

HOOK_TIMEOUT_S = 1.0

_FRESH = {"cache-control": "no-store"}


def health_routes(app: ModularApp) -> list[Route]:
    """Return the routes that answer both questions; no document mentions them.

    A module whose service has an `async def ready(self)` is asked by it: False, or an
    exception, means not now.
    """

    async def live(request: Request) -> Response:
        return JSONResponse(_about("alive", _state(request)), headers=_FRESH)

    async def ready(request: Request) -> Response:
        state = _state(request)
        about = _about("ready", state) | {
            "version": app.version,
            "modules": [module.name for module in app.modules_apps],
            "specs": app.spec_hashes(),
            "sockets": app.socket_hashes(),
            "uses": {module.name: module.uses for module in app.modules_apps},
        }
        status, why = await _readiness(state)
        if status == "ready":
            return JSONResponse(about, headers=_FRESH)
        return problem_response(503, why, headers=_FRESH, **about | {"state": status})

    return [
        Route(path, answer, include_in_schema=False, name=None)
        for path, answer in ((LIVE, live), (READY, ready))
    ]


def _state(request: Request) -> Mapping[str, Any]:
    state: Mapping[str, Any] = request.scope.get("state", {})
    return state


def _about(status: str, state: Mapping[str, Any]) -> dict[str, Any]:
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    about: dict[str, Any] = {"state": status, "pid": os.getpid(), "loop": loop}
    drain = state.get(DRAIN_KEY)
    if isinstance(drain, Drain):
        about["uptime_s"] = round(time.monotonic() - drain.started_at, 1)
    about.update(state.get(SERVER_KEY, {}))
    return about


async def _readiness(state: Mapping[str, Any]) -> tuple[str, str]:
    """Return `ready`, `starting`, `draining` or `waiting`, and why in words."""
    drain = state.get(DRAIN_KEY)
    if not isinstance(drain, Drain):
        return "starting", "The app has not started yet."
    if drain.has_begun:
        return "draining", "The process finishes what it does, and takes nothing new."
    services: Mapping[str, Any] = state.get(SERVICES_KEY, {})
    answers = await asyncio.gather(*map(_service_is_ready, services.values()))
    reasons = [
        f"{name}: {why}" for name, why in zip(services, answers, strict=True) if why
    ]
    return ("waiting", "; ".join(reasons)) if reasons else ("ready", "")


async def _service_is_ready(service: Any) -> str:
    """Return why it is not; an empty text when it is."""
    hook = getattr(service, "ready", None)
    if hook is None or not inspect.iscoroutinefunction(hook):
        return ""
    try:
        async with asyncio.timeout(HOOK_TIMEOUT_S):
            return "its service is not ready" if await hook() is False else ""
    except TimeoutError:
        return f"its service did not say within {HOOK_TIMEOUT_S:g} s"
    except Exception as error:
        return describe(error)
