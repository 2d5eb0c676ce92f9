"""Render the socket client of one AsyncAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any

from modular_api.codegen.socket_document import Message
from modular_api.codegen.typescript_client.names import (
    RESERVED_METHODS,
    RESERVED_TYPES,
    Names,
    camel_case,
    literal,
    pascal_case,
)
from modular_api.codegen.typescript_client.operations import (
    Call,
    read_socket,
)
from modular_api.codegen.typescript_client.schema_types import SchemaTypes
from modular_api.codegen.typescript_client.tsdoc import comment, lines_about
from modular_api.types import Document

_COMPONENTS = "#/components/schemas/"


def render_socket_client(document: Document, module: str, version: str) -> str:
    """Return the text of `ws.ts`.

    Raises: UnknownOperation
    """
    return _SocketClient(document, module, version).render()


class _SocketClient:
    def __init__(self, document: Document, module: str, version: str) -> None:
        self._socket = read_socket(document)
        self._schemas: Mapping[str, Any] = document["components"].get("schemas", {})
        in_version = "" if version == "v1" else version.upper()
        self._class = f"{pascal_case(module)}{in_version}Socket"
        self._title = f"{module} {version}"
        self._up = "../" if version == "v1" else "../../"
        names = Names({*RESERVED_TYPES, self._class})
        self._type_names = {
            key: names.take(pascal_case(key), "Model") for key in self._schemas
        }
        self._message_names = {
            message.key: names.take(f"{pascal_case(message.key)}Message", "_")
            for message in (*self._socket.sent, *self._socket.received)
        }
        self._types = SchemaTypes(
            {f"{_COMPONENTS}{key}": name for key, name in self._type_names.items()}
        )

    def render(self) -> str:
        """Return the text of the file."""
        parts = [
            self._imports(),
            f"/** Where the socket is, below the address of the app. */\n"
            f"export const address = {literal(self._socket.address)};\n",
            *(self._component(key, schema) for key, schema in self._schemas.items()),
            *(self._message(message) for message in self._messages()),
            self._union_of("ClientMessage", "What a client sends.", self._socket.sent),
            self._union_of(
                "ServerMessage", "What the server sends.", self._socket.received
            ),
            self._class_text(),
        ]
        return "\n".join(parts)

    def _imports(self) -> str:
        runtime = literal(f"{self._up}_runtime/index.js")
        kinds = {call.kind for call in self._socket.calls}
        feed = "type Feed, " if kinds & {"subscribe", "event"} else ""
        return (
            f"import {{ {feed}ModuleSocket, type SocketOptions }} from {runtime};\n\n"
            f"export * from {runtime};\n"
        )

    def _component(self, key: str, schema: Any) -> str:
        about = lines_about(schema) if isinstance(schema, Mapping) else []
        name, type_ = self._type_names[key], self._types.text_of(schema)
        return f"{comment(about)}export type {name} = {type_};\n"

    def _messages(self) -> list[Message]:
        messages = (*self._socket.sent, *self._socket.received)
        return [*{message.key: message for message in messages}.values()]

    def _message(self, message: Message) -> str:
        about = comment(_about(message.summary, message.description))
        name, type_ = self._message_names[message.key], self._types.text_of(
            message.schema
        )
        return f"{about}export type {name} = {type_};\n"

    def _union_of(self, name: str, about: str, messages: Sequence[Message]) -> str:
        members = [self._message_names[message.key] for message in messages]
        lines = "".join(f"\n  | {member}" for member in members) or " never"
        return f"{comment([about])}export type {name} ={lines};\n"

    def _class_text(self) -> str:
        names = Names(RESERVED_METHODS)
        about = [f"The socket of {self._title}."]
        if self._socket.description:
            about += ["", *cleandoc(self._socket.description).splitlines()]
        without_pings = "" if self._socket.answers_pings else ", false"
        methods = "".join(
            "\n" + self._method(call, names.take(camel_case(call.name), "_"))
            for call in self._socket.calls
        )
        return (
            f"{comment(about)}"
            f"export class {self._class} extends ModuleSocket<ServerMessage> {{\n"
            "  constructor(options?: SocketOptions) {\n"
            f"    super(address, options{without_pings});\n"
            "  }\n"
            f"{methods}}}\n"
        )

    def _method(self, call: Call, name: str) -> str:
        about = comment(_about(call.message.summary, call.message.description), "  ")
        parameter, argument = self._parameter(call)
        answer = self._answer(call)
        if call.kind == "subscribe":
            assert call.siblings is not None
            router = {
                "subscribe": call.message.type,
                **dict(sorted(call.siblings.items())),
                "conflates": call.conflates,
            }
            members = "".join(f"      {k}: {literal(v)},\n" for k, v in router.items())
            returns = f"Feed<{answer}>"
            body = f"this.follow({{\n{members}    }}{argument})"
        elif call.kind == "event":
            returns, body = f"Feed<{answer}>", f"this.listen({literal(call.name)})"
        elif call.kind == "one_way":
            returns = "Promise<void>"
            body = f"this.tell({literal(call.message.type)}{argument})"
        else:
            returns = f"Promise<{answer}>"
            body = f"this.ask({literal(call.message.type)}{argument})"
        return f"{about}  {name}({parameter}): {returns} {{\n    return {body};\n  }}\n"

    def _parameter(self, call: Call) -> tuple[str, str]:
        """Return the declaration of the payload, and the argument that passes it on."""
        message = call.message
        if call.kind == "event" or message.payload is None:
            return "", ""
        type_ = self._types.text_of(message.payload, "  ")
        mark = "" if message.needs_payload else "?"
        return f"payload{mark}: {type_}", ", payload"

    def _answer(self, call: Call) -> str:
        message = call.message if call.kind == "event" else call.answer
        if message is None or message.payload is None:
            return "undefined"
        return self._types.text_of(message.payload, "  ")


def _about(summary: str, description: str) -> Iterable[str]:
    texts = [cleandoc(text).splitlines() for text in (summary, description) if text]
    for index, lines in enumerate(texts):
        if index:
            yield ""
        yield from lines
