"""What an author declares: one feed of updates, and who may follow it."""

from __future__ import annotations

import copy
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from hashlib import blake2b
from inspect import cleandoc
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, get_args, get_origin

from pydantic import BaseModel, RootModel, TypeAdapter, create_model
from pydantic_core import to_json
from starlette.requests import HTTPConnection

from modular_api.types import MODULE_KEY
from modular_api.ws.errors import BadSocketDeclaration, SocketNotRunning
from modular_api.ws.hub import Policy
from modular_api.ws.operations import Operation, OperationKind
from modular_api.ws.payloads import Gap, PayloadReader, PayloadWriter

Req = TypeVar("Req")
Upd = TypeVar("Upd")

RUNNING_KEY = "modular_api.sockets"
"""Key of the lifespan state that maps module names to their running sockets."""

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_TAKEN_NAMES = {"auth", "error", "gap"}


class Running(Protocol):
    """What a router needs of the lifespan it runs in."""

    @property
    def service(self) -> Any:
        """The module's service."""

    def publish(
        self, topic: str, type_: str, payload: str, key: str | None = None
    ) -> None:
        """Send an update to who follows a topic; never blocks."""


class WsRouter(Generic[Req, Upd]):
    """Lets clients follow what happens: `{name}.subscribe`, `.unsubscribe`, `.update`.

        class Bars(WsRouter[BarsRequest, Bar]):
            \"\"\"Live bars of one symbol and resolution.\"\"\"

            async def stream(self, request: BarsRequest) -> AsyncIterator[Bar]:
                async for bar in self.service.bars(request.symbol):
                    yield bar

    A client's request names a topic; equal requests share it, whatever the order of
    their members. Updates come from `stream`, from `publish`, or from both. The
    instance in a declaration only declares: every lifespan of an app runs a copy.

    Args:
        name: what the types of its messages begin with.
        policy: what happens to updates for a client that reads too slowly; `policy`
            of the class when left out.
        linger_s: how long a stream goes on after its last subscriber has left.
        restart_delay_s: how long after a failure a stream starts again; twice as long
            after each further one, up to half a minute.
        tags: for documents.
    """

    policy: Policy = Policy.DISCONNECT

    _models: ClassVar[tuple[Any, Any] | None] = None

    def __init__(
        self,
        name: str,
        *,
        policy: Policy | str | None = None,
        linger_s: float = 2.0,
        restart_delay_s: float = 0.5,
        tags: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.policy = Policy(policy or type(self).policy)
        self.linger_s = linger_s
        self.restart_delay_s = restart_delay_s
        self.tags = tuple(tags)
        self._running: Running | None = None
        if not _NAME.fullmatch(name) or name in _TAKEN_NAMES:
            raise BadSocketDeclaration(
                f"{type(self).__name__}({name!r}): a router's name is lower case, like "
                f"'bars', and none of {', '.join(sorted(_TAKEN_NAMES))}."
            )
        request, update = self._declared_models()
        try:
            self.reader = PayloadReader(request)
            self.writer = PayloadWriter(update)
        except Exception as error:
            raise BadSocketDeclaration(
                f"{type(self).__name__}({name!r}): pydantic cannot validate "
                f"WsRouter[{request!r}, {update!r}]: {error}"
            ) from error
        if _is_object(request):
            taken = {*request.model_fields, *_aliases_of(request)} & {"success"}
            if taken:
                raise BadSocketDeclaration(
                    f"{type(self).__name__}({name!r}): {request.__name__} has a field "
                    "'success', which answers add to the fields of their request."
                )

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._models = _models_of(cls) or cls._models

    # What an author may override.

    async def stream(self, request: Req) -> AsyncIterator[Upd]:
        """Yield the updates of one topic; one run is shared by all its subscribers.

        It begins with the first subscriber and is cancelled a little after the last.
        When it raises, its subscribers are told and it begins again; with a SocketError
        it ends for good. Left out, updates come from `publish` alone.
        """
        raise NotImplementedError
        yield

    async def check(self, request: Req) -> None:
        """Refuse a request by raising a SocketError, before anything is followed."""

    def topics(self, request: Req) -> Iterable[Req]:
        """Split a request for several topics into one request for each."""
        return (request,)

    def key(self, update: Upd) -> str | None:
        """Return the key of an update: `conflate` replaces older ones of the same key.

        None, the default, lets the newest update of a topic replace all before it.
        """
        return None

    async def started(self) -> None:
        """Called once the service runs; the place to hand it `self.publish`."""

    async def stopping(self) -> None:
        """Called before the service is left."""

    # What an author may call.

    @property
    def service(self) -> Any:
        """The module's service.

        Raises: SocketNotRunning
        """
        return self._run().service

    def publish(self, request: Req, update: Upd) -> None:
        """Send an update to all who follow the topic of a request; never blocks.

        Raises:
            ValidationError: the update is not what the router declares.
            SocketNotRunning: the app's lifespan does not run.
        """
        run = self._run()
        payload = self.writer.write(update).decode()
        run.publish(self.topic_of(request), self.update_type, payload, self.key(update))

    @classmethod
    def running(cls, connection: HTTPConnection) -> Self:
        """Find the running router of this class in a handler of the same module.

            async def place(orders: Annotated[Orders, Depends(Orders.running)]): ...

        Raises: SocketNotRunning: there is none, or no lifespan.
        """
        modules: Mapping[str, Sequence[_HasRouters]]
        modules = connection.scope.get("state", {}).get(RUNNING_KEY, {})
        for socket in modules.get(connection.scope.get(MODULE_KEY, ""), ()):
            for router in socket.routers.values():
                if isinstance(router, cls):
                    return router
        raise SocketNotRunning(cls.__name__)

    # What the framework calls.

    @property
    def subscribe_type(self) -> str:
        """The type of a request to follow."""
        return f"{self.name}.subscribe"

    @property
    def unsubscribe_type(self) -> str:
        """The type of a request to follow no longer."""
        return f"{self.name}.unsubscribe"

    @property
    def update_type(self) -> str:
        """The type of an update."""
        return f"{self.name}.update"

    @property
    def gap_type(self) -> str:
        """The type of an announced gap."""
        return f"{self.name}.gap"

    @property
    def streams(self) -> bool:
        """Whether updates come from `stream`."""
        return type(self).stream is not WsRouter.stream

    def bound_to(self, running: Running) -> Self:
        """Return a copy that runs in a lifespan."""
        bound = copy.copy(self)
        bound._running = running
        return bound

    def topic_of(self, request: Req) -> str:
        """Return the topic of a request: the same for equal ones, in every process."""
        data = self.reader.dump(request)
        if data is None:
            return self.name
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        digest = blake2b(text.encode(), digest_size=15).digest()
        return f"{self.name}:{urlsafe_b64encode(digest).decode()}"

    def answer_to(self, request: Req, success: bool) -> bytes:
        """Write an answer's payload: the request's fields and `success`."""
        data = self.reader.dump(request)
        if not isinstance(data, dict):
            data = {} if data is None else {"request": data}
        return to_json({**data, "success": success})

    def operations(self) -> list[Operation]:
        """Describe the messages of this router."""
        doc = cleandoc(type(self).__dict__.get("__doc__") or "")
        summary, _, rest = doc.partition("\n")
        text: dict[str, Any] = {"summary": summary.strip(), "description": rest.strip()}
        shared: dict[str, Any] = {"router": self.name, "tags": self.tags}
        answer = TypeAdapter(self._answer_model())
        return [
            *(
                Operation(
                    name=name,
                    kind=kind,
                    action="receive",
                    payload=self.reader.adapter,
                    reply=f"{name}.response",
                    reply_payload=answer,
                    **text,
                    **shared,
                )
                for name, kind in (
                    (self.subscribe_type, OperationKind.SUBSCRIBE),
                    (self.unsubscribe_type, OperationKind.UNSUBSCRIBE),
                )
            ),
            Operation(
                name=self.update_type,
                kind=OperationKind.UPDATE,
                action="send",
                payload=self.writer.adapter,
                policy=self.policy.value,
                **text,
                **shared,
            ),
            Operation(
                name=self.gap_type,
                kind=OperationKind.GAP,
                action="send",
                payload=TypeAdapter(Gap),
                summary="Updates that did not reach the client.",
                **shared,
            ),
        ]

    def _run(self) -> Running:
        if self._running is None:
            raise SocketNotRunning(self.name)
        return self._running

    def _declared_models(self) -> tuple[Any, Any]:
        if self._models is None or any(map(_open_parameters, self._models)):
            raise BadSocketDeclaration(
                f"{type(self).__name__} does not say what it takes and sends: derive "
                "it from WsRouter[Request, Update]."
            )
        return self._models

    def _answer_model(self) -> Any:
        request, _ = self._declared_models()
        name = "".join(part.title() for part in re.split(r"[._]", self.name))
        if _is_object(request):
            return create_model(f"{name}Answer", __base__=request, success=(bool, ...))
        fields: dict[str, Any] = {"success": (bool, ...)}
        if self.reader.adapter is not None:
            fields["request"] = (request, ...)
        return create_model(f"{name}Answer", **fields)


class _HasRouters(Protocol):
    @property
    def routers(self) -> Mapping[str, WsRouter[Any, Any]]: ...


def _models_of(cls: type) -> tuple[Any, Any] | None:
    """Find what stands for Req and Upd in the bases of a class."""
    for base in cls.__dict__.get("__orig_bases__", ()):
        origin, args = get_origin(base), get_args(base)
        if origin is WsRouter:
            return args[0], args[1]
        if isinstance(origin, type) and issubclass(origin, WsRouter):
            models = origin._models
            if models is not None:
                parameters = getattr(origin, "__parameters__", ())
                known = dict(zip(parameters, args, strict=False))
                return _filled(models[0], known), _filled(models[1], known)
    return None


def _filled(type_: Any, known: Mapping[Any, Any]) -> Any:
    if isinstance(type_, TypeVar):
        return known.get(type_, type_)
    parameters = _open_parameters(type_)
    if not parameters:
        return type_
    return type_[tuple(known.get(each, each) for each in parameters)]


def _open_parameters(type_: Any) -> tuple[Any, ...]:
    if isinstance(type_, TypeVar):
        return (type_,)
    generic = getattr(type_, "__pydantic_generic_metadata__", None)
    if generic is not None:
        return tuple(generic["parameters"])
    return tuple(getattr(type_, "__parameters__", ()))


def _is_object(type_: Any) -> bool:
    is_model = isinstance(type_, type) and issubclass(type_, BaseModel)
    return is_model and not issubclass(type_, RootModel)


def _aliases_of(model: type[BaseModel]) -> set[str]:
    return {
        field.serialization_alias or field.alias or name
        for name, field in model.model_fields.items()
    }
