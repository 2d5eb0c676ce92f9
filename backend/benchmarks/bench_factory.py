"""What the factory costs: at a warm start, and for every request.

Run with `make bench`. Nothing here is a test: figures depend on the machine, so both
sides are measured in turn in one run and told as ratios.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from modular_api import AppFactory
from modular_api.app.request_context import RequestContextMiddleware
from modular_api.app.unhandled import answer_unhandled
from modular_api.module.builtin_routes import builtin_router
from modular_api.problems import answer_http_exception
from modular_api.types import ModuleName

sys.path.insert(0, str(Path(__file__).parent))

from load import requests_per_second
from report import Row, alternating_medians_ms, print_table
from sample_modules import write_modules


def bare_app(routers: Mapping[ModuleName, APIRouter]) -> FastAPI:
    """The same routes and middleware in one flat FastAPI app."""
    app = FastAPI(
        middleware=[Middleware(RequestContextMiddleware)],
        exception_handlers={
            HTTPException: answer_http_exception,
            Exception: answer_unhandled,
        },
    )
    for name, router in routers.items():
        builtin = builtin_router(name, "v1", ["v1"], beside=router)
        app.include_router(builtin, prefix=f"/api/v1/{name}")
        app.include_router(router, prefix=f"/api/v1/{name}", tags=[name])
    return app


def openapi_of(app: FastAPI) -> None:
    """Build the document; the modules' equal names are no matter here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Duplicate Operation ID")
        app.openapi()


def start(app: FastAPI) -> None:
    """Enter and leave the lifespan."""

    async def run() -> None:
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(run())


def warm_start_row(folder: Path, *, modules: int, routes: int) -> Row:
    """Compare a start that changes nothing with bare FastAPI of the same routes."""
    factory = AppFactory(write_modules(folder, modules=modules, routes=routes))
    loaded = factory.registry.load()
    routers = {m.name: m.declaration.routers["v1"] for m in loaded}
    start(factory.create_app())  # generates what is not there yet

    def ours() -> None:
        start(factory.create_app())

    def bare() -> None:
        app = bare_app(routers)
        openapi_of(app)
        start(app)

    def building() -> None:
        bare_app(routers)

    ours_ms, bare_ms, building_ms = alternating_medians_ms(
        [ours, bare, building], repeats=15
    )
    openapi_ms = bare_ms - building_ms
    return Row(
        f"warm start, {modules} modules × {routes} routes",
        f"{ours_ms:.1f} ms",
        f"{bare_ms:.1f} ms bare (openapi {openapi_ms:.1f} ms)",
        f"{ours_ms - bare_ms:+.1f} ms",
        f"≤ {0.05 * openapi_ms + 2 * modules:+.1f} ms",
    )


def warm_start_rows() -> list[Row]:
    """Measure apps of several sizes."""
    rows = []
    for modules, routes in ((2, 10), (5, 20), (5, 100)):
        with tempfile.TemporaryDirectory() as folder:
            where = Path(folder) / "modules"
            rows.append(warm_start_row(where, modules=modules, routes=routes))
    return rows


async def call(app: Callable[..., Awaitable[None]], path: str) -> None:
    """One GET as an ASGI server makes it, without a server."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"bench")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200

    await app(scope, receive, send)


def request_rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        directory = write_modules(Path(folder) / "m", modules=2, routes=10)
        factory = AppFactory(directory)
        ours = factory.create_app()
        routers = {m.name: m.declaration.routers["v1"] for m in factory.registry.load()}
        bare = bare_app(routers)
        path = "/api/v1/module_0/ping"

        def many(app: FastAPI) -> Callable[[], None]:
            async def run() -> None:
                for _ in range(2_000):
                    await call(app, path)

            return lambda: asyncio.run(run())

        ours_ms, bare_ms = alternating_medians_ms([many(ours), many(bare)], repeats=9)
        served = requests_per_second({"ours": ours, "bare": bare}, path, rounds=5)
    return [
        Row(
            "a request, called in process",
            f"{2_000_000 / ours_ms:,.0f}/s",
            f"{2_000_000 / bare_ms:,.0f}/s bare",
            f"{bare_ms / ours_ms:.2f}",
            "≥ 0.80",
        ),
        Row(
            "a request through uvicorn, 16 connections",
            f"{served['ours']:,.0f}/s",
            f"{served['bare']:,.0f}/s bare",
            f"{served['ours'] / served['bare']:.2f}",
            "≥ 0.80",
        ),
    ]


if __name__ == "__main__":
    importlib.import_module("uvicorn")
    print_table("Factory", [*warm_start_rows(), *request_rows()])
