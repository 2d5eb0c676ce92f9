"""The schemas a client judges its payloads by before it sends them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from modular_api.codegen.python_client.names import HEADER
from modular_api.codegen.python_socket_client.models import reachable
from modular_api.codegen.python_socket_client.operations import SocketOperation
from modular_api.types import Document


def render_schemas(document: Document, operations: Iterable[SocketOperation]) -> str:
    """Return the file `schemas.py`, formatted.

    The schemas stand in it as one text: parsing it is faster than importing literals,
    and needed only once something is sent. In JSON no three quotes follow each other,
    so nothing can end the text early.
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
