"""What a module's author writes: one immutable declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.params import Depends
from starlette.middleware import Middleware

from modular_api.errors import ConfigurationError
from modular_api.module.idempotency_store import IdempotencyStore
from modular_api.module.service import ServiceFactory
from modular_api.ws.limits import Limits

if TYPE_CHECKING:
    from modular_api.module.module_app import ModuleApp

_VERSION = re.compile(r"v[1-9][0-9]*")


class BadDeclaration(ConfigurationError):
    """A module's declaration contradicts itself or names an impossible version."""


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module: its routers by version, its service, and the modules it uses.

    A declaration is never changed and knows no app: every app binds its own copy, so
    many apps can live in one process. Its name is the name of its folder.

    Args:
        routers: ordinary FastAPI routers by version, `{"v1": router}`.
        ws: socket routers by version, `{"v1": [Bars("bars")]}`: instances of WsRouter
            classes, and fastws OperationRouters; served at `…/ws`.
        ws_limits: how much one connection may ask of the server.
        service: a class or callable; what it returns is an async context manager,
            entered once in each lifespan of the app.
        uses: names of the modules it calls through their generated clients.
        dependencies: run before every route of the module, `health` and the like apart,
            and before a socket is accepted.
        middleware: runs around the module's requests only.
        exception_handlers: as in FastAPI, for this module only.
        tags: OpenAPI tags of its routes; the module's name when left out.
        idempotency_store: keeps the first answers of `@idempotent` handlers; left out,
            each process keeps its own in memory for a day. With a `SqliteStore` the
            instances of a host answer for one another, and a restart forgets nothing.
        stateful: the service keeps state of its own, so two instances would disagree.
            Feeds that are published and idempotency keys in memory count without it.

    Raises: BadDeclaration: with everything that is wrong.
    """

    routers: Mapping[str, APIRouter] = field(default_factory=dict)
    ws: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    ws_limits: Limits = field(default_factory=Limits)
    service: ServiceFactory | None = None
    uses: Sequence[str] = ()
    dependencies: Sequence[Depends] = ()
    middleware: Sequence[Middleware] = ()
    exception_handlers: Mapping[Any, Callable[..., Any]] = field(default_factory=dict)
    tags: Sequence[str | Enum] | None = None
    idempotency_store: IdempotencyStore | None = None
    stateful: bool = False

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise BadDeclaration("Module(...): " + "; ".join(faults))
        ws = {version: tuple(routers) for version, routers in self.ws.items()}
        object.__setattr__(self, "ws", ws)
        for name in ("routers", "ws", "exception_handlers"):
            frozen = MappingProxyType(dict(getattr(self, name)))
            object.__setattr__(self, name, frozen)
        for name in ("uses", "dependencies", "middleware"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def _faults(self) -> list[str]:
        faults = [
            f"{what} has version {version!r}, expected 'v1', 'v2', …"
            for what in ("routers", "ws")
            for version in getattr(self, what)
            if not (isinstance(version, str) and _VERSION.fullmatch(version))
        ]
        faults += [
            f"routers[{version!r}] is a {type(router).__name__}, expected an APIRouter"
            for version, router in self.routers.items()
            if not isinstance(router, APIRouter)
        ]
        faults += [
            f"ws[{version!r}] is a {type(routers).__name__}, expected a list of routers"
            for version, routers in self.ws.items()
            if isinstance(routers, str) or not isinstance(routers, Sequence)
        ]
        if isinstance(self.uses, str):
            faults.append(f"uses is the string {self.uses!r}, expected a list of names")
        if self.service is not None and not callable(self.service):
            kind = type(self.service).__name__
            faults.append(f"service is a {kind}, expected a class or a callable")
        store = self.idempotency_store
        if store is not None and not isinstance(store, IdempotencyStore):
            kind = type(store).__name__
            faults.append(
                f"idempotency_store is a {kind}, expected an IdempotencyStore"
            )
        return faults + self._middleware_faults() + self._handler_faults()

    def _middleware_faults(self) -> list[str]:
        if isinstance(self.middleware, str) or not isinstance(
            self.middleware, Sequence
        ):
            kind = type(self.middleware).__name__
            return [f"middleware is a {kind}, expected a list of Middleware"]
        return [
            f"middleware[{index}] is a {type(entry).__name__}, "
            "expected a starlette.middleware.Middleware"
            for index, entry in enumerate(self.middleware)
            if not isinstance(entry, Middleware)
        ]

    def _handler_faults(self) -> list[str]:
        if not isinstance(self.exception_handlers, Mapping):
            kind = type(self.exception_handlers).__name__
            return [f"exception_handlers is a {kind}, expected a mapping"]
        faults = [
            f"exception_handlers has key {key!r}, "
            "expected a status code or a class of exceptions"
            for key in self.exception_handlers
            if not _can_be_handled(key)
        ]
        return faults + [
            f"exception_handlers[{key!r}] is a {type(handler).__name__}, "
            "expected a callable"
            for key, handler in self.exception_handlers.items()
            if not callable(handler)
        ]

    @property
    def version_names(self) -> list[str]:
        """Versions with a router or a socket, oldest first: `["v1", "v2"]`."""
        names = {*self.routers, *self.ws} or {"v1"}
        return sorted(names, key=lambda name: int(name[1:]))

    def create_app(
        self, name: str, *, description: str = "", directory: Path | None = None
    ) -> ModuleApp:
        """Bind the declaration: build the applications of one module of this name."""
        from modular_api.module.module_app import ModuleApp

        return ModuleApp(self, name, description=description, directory=directory)


def _can_be_handled(key: object) -> bool:
    """Tell whether a key of exception_handlers is a status code or an exception."""
    if isinstance(key, type):
        return issubclass(key, Exception)
    return isinstance(key, int) and not isinstance(key, bool)
