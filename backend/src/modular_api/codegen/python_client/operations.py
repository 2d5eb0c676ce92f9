"""The operations of a client as its user sees them: names, parameters, types.

They are read from the generator's endpoints and rendered by `facade`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modular_api.clients.errors import error_class
from modular_api.codegen.python_client import reserved

if TYPE_CHECKING:
    from openapi_python_client.parser.openapi import Endpoint
    from openapi_python_client.parser.properties import Property


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation; the body is one too."""

    name: str
    type: str
    required: bool
    description: str = ""


@dataclass(frozen=True)
class ClientOperation:
    """One operation of a client.

    Attributes:
        name: of the client's method.
        module: of the generated request and parse functions.
        parameters: positional ones first, each group in the route's order.
        returns: type of the success model.
        description: summary, blank line, description; either may be missing.
        errors: names of the documented error classes.
        imports: statements that the types may need, written for `api/operations`.
        framing: of the stream in the answer; None if the answer is not a stream.
        headers: class of the answer's headers; None if none are documented.
    """

    name: str
    module: str
    parameters: tuple[Parameter, ...]
    returns: str
    description: str
    errors: tuple[str, ...]
    imports: frozenset[str]
    framing: str | None = None
    headers: str | None = None

    @property
    def types(self) -> str:
        """All types of the signature in one text, to search for names."""
        stream = "ItemStream SyncItemStream" if self.framing else ""
        return " ".join([self.returns, stream, *(p.type for p in self.parameters)])


def client_operations(endpoints: Iterable[Endpoint]) -> list[ClientOperation]:
    """Return the operations, sorted by name."""
    operations = [_operation(endpoint) for endpoint in endpoints]
    return sorted(operations, key=lambda operation: operation.name)


def _operation(endpoint: Endpoint) -> ClientOperation:
    # Imported only when a client is generated: the generator is slow to import.
    from modular_api.codegen.python_client import template_functions

    stream = template_functions.stream_of(endpoint)
    headers = template_functions.answer_headers(endpoint)
    texts = (endpoint.summary, endpoint.description)
    paragraphs = [text.get_untrusted_value().strip() for text in texts]
    return ClientOperation(
        name=reserved.free_name(str(endpoint.name), reserved.METHODS),
        module=str(endpoint.name),
        parameters=tuple(_parameters(endpoint)),
        returns=(
            template_functions.item_type(stream)
            if stream
            else template_functions.parsed_type(endpoint)
        ),
        description="\n\n".join(filter(None, paragraphs)),
        errors=_documented_errors(endpoint),
        imports=frozenset(endpoint.relative_imports | _SHARED_IMPORTS),
        framing=stream.framing if stream else None,
        headers=template_functions.headers_class(endpoint) if headers else None,
    )


_SHARED_IMPORTS = {
    "from modular_api.clients.framing import ServerSentEvent",
    "from modular_api.clients.streams import ItemStream",
    "from modular_api.clients.streams import SyncItemStream",
}


def _parameters(endpoint: Endpoint) -> list[Parameter]:
    """Return path parameters, the body, then query, header and cookie parameters."""
    others = (
        *endpoint.query_parameters,
        *endpoint.header_parameters,
        *endpoint.cookie_parameters,
    )
    found = [
        *(_parameter(p) for p in endpoint.path_parameters),
        *_body(endpoint),
        *(_parameter(p) for p in others),
    ]
    return sorted(found, key=lambda parameter: not parameter.required)


def _parameter(prop: Property) -> Parameter:
    type_ = prop.get_type_string().as_unembedded_code()
    description = prop.description.get_untrusted_value() if prop.description else ""
    return Parameter(str(prop.python_name), type_, prop.required, description)


def _body(endpoint: Endpoint) -> list[Parameter]:
    from modular_api.codegen.python_client import template_functions

    if not endpoint.bodies:
        return []
    required = template_functions.body_is_required(endpoint)
    type_ = template_functions.body_type(endpoint)
    description = " ".join(
        body.prop.description.get_untrusted_value()
        for body in endpoint.bodies
        if body.prop.description and not hasattr(body.prop, "class_info")
    )
    if not required:
        type_ = f"{type_} | Unset"
    return [Parameter("body", type_, required, description)]


def _documented_errors(endpoint: Endpoint) -> tuple[str, ...]:
    statuses = [
        response.status_code.range[0]
        for response in endpoint.responses.patterns
        if response.status_code.range is not None
        and response.status_code.range[0] == response.status_code.range[1]
        and response.status_code.range[0] >= 400
    ]
    return tuple(error_class(status).__name__ for status in statuses)
