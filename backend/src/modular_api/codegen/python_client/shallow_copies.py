"""Replace openapi-python-client's deep copies of operations by shallow ones.

Its parser copies each operation several times, before it adds parameters and answers or
sorts them, and every schema of the operation with it: for a hundred operations that
takes half of the parsing time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from openapi_python_client.parser import openapi
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.responses import Responses

from modular_api.codegen.python_client.replacing import replaced


@contextmanager
def shallow_copies() -> Iterator[None]:
    """Make the parser copy only the parts of an operation that it changes.

    The parser's module uses `deepcopy` only for operations.
    """
    with replaced(openapi, "deepcopy", copied):
        yield


def copied(endpoint: Endpoint) -> Endpoint:
    """Return a copy with collections of its own.

    Their items are shared, which is safe: the parser makes new parameters, bodies and
    answers for each operation.
    """
    return replace(
        endpoint,
        relative_imports=set(endpoint.relative_imports),
        query_parameters=list(endpoint.query_parameters),
        path_parameters=list(endpoint.path_parameters),
        header_parameters=list(endpoint.header_parameters),
        cookie_parameters=list(endpoint.cookie_parameters),
        responses=Responses(
            list(endpoint.responses.patterns), endpoint.responses.default
        ),
        bodies=list(endpoint.bodies),
        errors=list(endpoint.errors),
    )
