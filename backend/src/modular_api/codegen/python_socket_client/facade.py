"""The module with a socket client's class, and one file for each operation.

The types of payloads are read from the source of the rendered models.
"""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modular_api.codegen.python_client.docstrings import for_docstring
from modular_api.codegen.python_client.names import HEADER
from modular_api.codegen.python_socket_client.names import SocketNames
from modular_api.codegen.python_socket_client.operations import SocketOperation
from modular_api.codegen.socket_document import Message

RUNTIME_NAMES = ("Gap", "Subscription")
"""Names of the runtime that users of a client need besides the models."""


@dataclass(frozen=True)
class PayloadType:
    """The type of a message's payload.

    Attributes:
        annotation: `Bar | Quote`.
        imports: statements that its names need, except for models.
        models: the names that are models.
        carrier: the class whose only field is the payload.
        stem: the name of the carrier's file.
    """

    annotation: str
    imports: frozenset[str]
    models: frozenset[str]
    carrier: str
    stem: str


def payload_type(text: str, carrier: str, stem: str) -> PayloadType:
    """Read the type of `payload` from the source of its carrier."""
    tree = ast.parse(text)
    annotation = next(
        ast.unparse(statement.annotation)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == carrier
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        and ast.unparse(statement.target) == "payload"
    )
    words = {n.id for n in ast.walk(ast.parse(annotation)) if isinstance(n, ast.Name)}
    imports, models = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                if name not in words:
                    continue
                if node.level and node.module != "types":
                    models.add(name)
                elif not node.level:
                    imports.add(f"from {node.module} import {_spelled(alias)}")
        elif isinstance(node, ast.Import):
            imports |= {
                f"import {_spelled(alias)}"
                for alias in node.names
                if (alias.asname or alias.name).split(".")[0] in words
            }
    return PayloadType(annotation, frozenset(imports), frozenset(models), carrier, stem)


def render_facade(
    names: SocketNames,
    operations: Sequence[SocketOperation],
    types: Mapping[str, PayloadType],
    class_names: Iterable[str],
    address: str,
) -> str:
    """Return the module with the socket's class, unformatted.

    Args:
        types: by the key of the message.
        class_names: the models that users may need.
    """
    class_names = sorted(class_names)
    exported = sorted({names.class_name, *RUNTIME_NAMES, *class_names})
    used = [types[key] for each in operations for key in _payload_keys(each)]
    statements = sorted({statement for type_ in used for statement in type_.imports})
    if class_names:
        models = ", ".join(class_names)
        statements.append(f"from .{names.package}.models import ({models})")
    type_imports = textwrap.indent("\n".join(statements) or "pass", "    ")
    methods = "\n".join(_method(names, each, types) for each in operations)
    return f'''{HEADER}"""Typed socket client of module `{names.module}`, {names.version}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modular_api.clients.sockets.gaps import Gap
from modular_api.clients.sockets.socket import ModuleSocket as _ModuleSocket
from modular_api.clients.sockets.subscription import Subscription
from modular_api.lazy import lazy_attributes as _lazy_attributes

if TYPE_CHECKING:
{type_imports}

__all__ = {json.dumps(exported)}

if not TYPE_CHECKING:
    # The models are imported when they are first used.
    __getattr__ = _lazy_attributes(
        __package__,
        dict.fromkeys(__all__, ".{names.package}.models"),
        module=__name__,
    )


class {names.class_name}(_ModuleSocket):
    """Speaks on the socket of module `{names.module}`, {names.version}."""

    module_name = "{names.module}"
    api_version = "{names.version}"
    address = {json.dumps(address)}

{textwrap.indent(methods, "    ")}
'''


def render_operation(
    operation: SocketOperation, types: Mapping[str, PayloadType]
) -> str:
    """Return the file of one operation, unformatted."""
    used = [types[key] for key in _payload_keys(operation)]
    carriers = sorted(
        {f"from ..models.{type_.stem} import {type_.carrier}" for type_ in used}
    )
    statements = {statement for type_ in used for statement in type_.imports}
    models = sorted({model for type_ in used for model in type_.models})
    if models:
        statements.add(f"from ..models import {', '.join(models)}")
    type_imports = textwrap.indent("\n".join(sorted(statements)) or "pass", "    ")
    annotation, value = _described(operation, types)
    return f"""{HEADER}from __future__ import annotations

from typing import TYPE_CHECKING

from modular_api.clients.sockets.operations import Ask, Follow, Listen, Receiving, Sending, Tell

{chr(10).join(carriers)}
from ..schemas import schemas

if TYPE_CHECKING:
{type_imports}

operation: {annotation} = {value}
"""


def _described(
    operation: SocketOperation, types: Mapping[str, PayloadType]
) -> tuple[str, str]:
    """Return the type of an operation's object, and the expression that makes it."""
    sent, received = operation.sent, operation.received
    takes, gives = _request_type(sent, types), _type(received, types)
    if operation.kind == "listen":
        return f"Listen[{gives}]", f"Listen({_receiving(received, types)})"
    assert sent is not None
    if operation.kind == "tell":
        return f"Tell[{takes}]", f"Tell({_sending(sent, types)})"
    if operation.kind == "ask":
        return (
            f"Ask[{takes}, {gives}]",
            f"Ask({_sending(sent, types)}, {_receiving(received, types)})",
        )
    return f"Follow[{takes}, {gives}]", (
        f"Follow({_sending(sent, types)}, {json.dumps(operation.unsubscribe)}, "
        f"{_receiving(received, types)}, {json.dumps(operation.gap)}, "
        f"conflates={operation.conflates})"
    )


def _sending(message: Message, types: Mapping[str, PayloadType]) -> str:
    type_ = json.dumps(message.type)
    payload = types.get(message.key)
    if payload is None:
        encode = "None"
    else:
        encode = (
            f'lambda request: {payload.carrier}(payload=request).to_dict()["payload"]'
        )
    return (
        f"Sending({type_}, {encode}, schemas.check({json.dumps(message.key)}, {type_}))"
    )


def _receiving(message: Message | None, types: Mapping[str, PayloadType]) -> str:
    payload = types.get(message.key) if message is not None else None
    type_ = json.dumps(message.type if message is not None else "")
    if payload is None:
        return f"Receiving({type_}, lambda payload: None)"
    read = f'{payload.carrier}.from_dict({{"payload": payload}}).payload'
    return f"Receiving({type_}, lambda payload: {read})"


def _method(
    names: SocketNames, operation: SocketOperation, types: Mapping[str, PayloadType]
) -> str:
    request, given = _parameters(operation, types)
    gives = _type(operation.received, types)
    head = {
        "follow": f"def {operation.name}(self{request}) -> Subscription[{gives}]:",
        "listen": f"def {operation.name}(self) -> Subscription[{gives}]:",
        "ask": f"async def {operation.name}(self{request}) -> {gives}:",
        "tell": f"async def {operation.name}(self{request}) -> None:",
    }[operation.kind]
    call = {
        "follow": f"return self._follow(_operation{given})",
        "listen": "return self._listen(_operation)",
        "ask": f"return await self._ask(_operation{given})",
        "tell": f"await self._tell(_operation{given})",
    }[operation.kind]
    text = for_docstring(operation.description)
    docstring = f'"""{text}{chr(10) if chr(10) in text else ""}"""\n' if text else ""
    body = (
        f"from .{names.package}.operations.{operation.name} import operation as _operation\n"
        f"\n{call}\n"
    )
    return f"{head}\n{textwrap.indent(docstring + body, '    ')}"


def _parameters(
    operation: SocketOperation, types: Mapping[str, PayloadType]
) -> tuple[str, str]:
    """Return the parameter of a method, and the argument it passes on."""
    sent = operation.sent
    if sent is None or sent.key not in types:
        return "", ""
    default = "" if sent.needs_payload else " = None"
    return f", request: {_request_type(sent, types)}{default}", ", request"


def _request_type(message: Message | None, types: Mapping[str, PayloadType]) -> str:
    annotation = _type(message, types)
    is_optional = message is not None and not message.needs_payload
    if is_optional and annotation != "None" and "None" not in annotation.split(" | "):
        return f"{annotation} | None"
    return annotation


def _type(message: Message | None, types: Mapping[str, PayloadType]) -> str:
    if message is None or message.key not in types:
        return "None"
    return types[message.key].annotation


def _payload_keys(operation: SocketOperation) -> list[str]:
    return [
        message.key
        for message in (operation.sent, operation.received)
        if message is not None and message.payload is not None
    ]


def _spelled(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name
