"""The operations of a client as its user sees them: names, parameters, types, words.

Read from the generator's endpoints, rendered by `facade`.
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


@dataclass(frozen=True)
class SurfaceOperation:
    """One operation of a client.

    Attributes:
        name: of the client's method.
        module: of the generated request and parse functions.
        parameters: positional ones first, each group in the route's order.
        returns: type of the success model.
        words: summary, a blank line, description; either may be missing.
        errors: names of the documented error classes.
        imports: statements the types may need, as from below `api/operations`.
    """

    name: str
    module: str
    parameters: tuple[Parameter, ...]
    returns: str
    words: str
    errors: tuple[str, ...]
    imports: frozenset[str]

    @property
    def types(self) -> str:
        """Every type of the signature, to look names up in."""
        return " ".join([self.returns, *(p.type for p in self.parameters)])


def surface_operations(endpoints: Iterable[Endpoint]) -> list[SurfaceOperation]:
    """Return the operations by name."""
    operations = [_operation(endpoint) for endpoint in endpoints]
    return sorted(operations, key=lambda operation: operation.name)


def _operation(endpoint: Endpoint) -> SurfaceOperation:
    # Only here when a client is generated: the generator is slow to import.
    from modular_api.codegen.python_client.generator import success_type

    summary = endpoint.summary.get_untrusted_value().strip()
    description = endpoint.description.get_untrusted_value().strip()
    return SurfaceOperation(
        name=reserved.free_name(str(endpoint.name), reserved.METHODS),
        module=str(endpoint.name),
        parameters=tuple(_parameters(endpoint)),
        returns=success_type(endpoint),
        words="\n\n".join(filter(None, (summary, description))),
        errors=_documented_errors(endpoint),
        imports=frozenset(endpoint.relative_imports),
    )


def _parameters(endpoint: Endpoint) -> list[Parameter]:
    """Return the path's parameters, the body, then those of query, header, cookies."""
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
    return Parameter(str(prop.python_name), type_, prop.required)


def _body(endpoint: Endpoint) -> list[Parameter]:
    if not endpoint.bodies:
        return []
    types = sorted(
        {
            body.prop.get_type_string(no_optional=True).as_unembedded_code()
            for body in endpoint.bodies
        }
    )
    required = all(body.prop.required for body in endpoint.bodies)
    if not required:
        types.append("Unset")
    return [Parameter("body", " | ".join(types), required)]


def _documented_errors(endpoint: Endpoint) -> tuple[str, ...]:
    statuses = [
        response.status_code.range[0]
        for response in endpoint.responses.patterns
        if response.status_code.range is not None
        and response.status_code.range[0] == response.status_code.range[1]
        and response.status_code.range[0] >= 400
    ]
    return tuple(error_class(status).__name__ for status in statuses)
