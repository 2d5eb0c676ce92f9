"""The schemas by which a client validates payloads before it sends them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from modular_api.codegen.python_client.names import HEADER
from modular_api.codegen.python_socket_client.models import reachable
from modular_api.codegen.python_socket_client.operations import SocketOperation
from modular_api.types import Document


def render_schemas(document: Document, operations: Iterable[SocketOperation]) -> str:
    """Return the file `schemas.py`, formatted.

    The file holds the schemas as one JSON string: parsing that is faster than importing
    literals, and happens only when something is sent. JSON never has three quotes in a
    row, so nothing can end the string early.
    """
    components = document.get("components", {}).get("schemas", {})
    messages = {
        operation.sent.key: _shown(operation.sent.payload)
        for operation in operations
        if operation.sent is not None
    }
    needed = {name: components[name] for name in reachable(messages, components)}
    text = json.dumps(
        {"components": {"schemas": needed}, "messages": messages},
        indent=1,
        sort_keys=True,
    )
    return (
        f'{HEADER}"""JSON schemas of what a client sends, as in the AsyncAPI document."""\n\n'
        "from modular_api.clients.sockets.validation import PayloadSchemas\n\n"
        f'schemas = PayloadSchemas(\n    r"""\n{text}\n"""\n)\n'
    )


def _shown(payload: dict[str, object] | None) -> object:
    return True if payload is None else payload
