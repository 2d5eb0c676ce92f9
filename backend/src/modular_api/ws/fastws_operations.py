"""The operations of fastws's routers, read anew: its `Operation` holds the handler."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from fastws import Operation as FastwsOperation

from modular_api.ws.errors import BadSocketDeclaration
from modular_api.ws.frames import Frame, Request, reply_frame
from modular_api.ws.operations import Operation, OperationKind
from modular_api.ws.payloads import PayloadReader, PayloadWriter

_OFFERED = ("payload", "client", "app", "service")
"""What a handler of a client's message may take, by name."""


class HandlerOperation:
    """One `send` or `recv` of an OperationRouter, ready to be called.

    Raises: BadSocketDeclaration: pydantic cannot validate what it takes or returns, or
        it takes something nobody gives.
    """

    def __init__(self, route: FastwsOperation) -> None:
        self.name = route.operation
        self.is_request = route.method == "SEND"
        self.reply = route.reply_operation if self.is_request else None
        self._handler = route.handler
        self._route = route
        self._parameters: Mapping[str, inspect.Parameter] = dict(route.parameters)
        returned = route.response_model
        payload = self._parameters.get("payload")
        try:
            self._reader = PayloadReader(payload.annotation if payload else None)
            self._writer = PayloadWriter(returned) if returned is not None else None
        except Exception as error:
            raise BadSocketDeclaration(
                f"'{self.name}': pydantic cannot validate what its handler takes or "
                f"returns: {error}"
            ) from error
        unknown = [name for name in self._parameters if name not in _OFFERED]
        if self.is_request and unknown:
            raise BadSocketDeclaration(
                f"'{self.name}': its handler takes {', '.join(unknown)}; a client's "
                f"message brings {', '.join(_OFFERED)}."
            )
        if self.is_request and self._writer is not None and self.reply is None:
            raise BadSocketDeclaration(
                f"'{self.name}' returns something but names no `reply` to send it as."
            )

    async def answer(self, message: Request, **given: Any) -> Frame | None:
        """Handle a client's message; return the answer, if there is one.

        Raises: BadFrame, and what the handler raises.
        """
        payload = self._reader.read(message)
        result = await self._call({"payload": payload, **given})
        if self.reply is None:
            return None
        written = self._writer.write(result) if self._writer is not None else None
        return reply_frame(self.reply, written, message.id)

    async def event(self, payload: Any, **given: Any) -> str:
        """Make the payload of a server's message, as JSON text."""
        value = self._reader.read(Request(self.name, payload))
        result = await self._call({"payload": value, **given})
        if self._writer is None:
            return "null"
        if result is value and type(result) is self._route.response_model:
            return self._writer.write_checked(result).decode()
        return self._writer.write(result).decode()

    def describe(self) -> Operation:
        """Return it as static data."""
        route = self._route
        returns = self._writer.adapter if self._writer is not None else None
        common: dict[str, Any] = {
            "name": self.name,
            "summary": route.summary or "",
            "description": route.description,
            "tags": tuple(str(getattr(tag, "value", tag)) for tag in route.tags),
        }
        if not self.is_request:
            return Operation(
                kind=OperationKind.EVENT, action="send", payload=returns, **common
            )
        asks = self.reply is not None
        return Operation(
            kind=OperationKind.REQUEST if asks else OperationKind.ONE_WAY,
            action="receive",
            payload=self._reader.adapter,
            reply=self.reply,
            reply_payload=returns,
            **common,
        )

    async def _call(self, given: Mapping[str, Any]) -> Any:
        values = {name: given[name] for name in self._parameters if name in given}
        result = self._handler(**values)
        return await result if inspect.isawaitable(result) else result


def with_prefix(route: FastwsOperation, prefix: str) -> FastwsOperation:
    """Copy an operation below a prefix; one without a reply stays without.

    fastws's own `include_router` would call the reply "None".
    """
    reply = route.reply_operation if route.method == "SEND" else None
    return FastwsOperation(
        f"{prefix}{route.operation}",
        route.handler,
        route.method,
        name=route.name,
        tags=list(route.tags),
        summary=route.summary,
        description=route.description,
        reply_operation=None if reply is None else f"{prefix}{reply}",
    )


def names_of(operations: Iterable[Operation]) -> list[str]:
    """List the types of all messages, answers included."""
    return [
        name
        for operation in operations
        for name in (operation.name, operation.reply)
        if name is not None
    ]
