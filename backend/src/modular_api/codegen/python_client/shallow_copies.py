"""Spare openapi-python-client its deep copies.

Its parser of operations copies each one several times, before it adds parameters and
answers to it or sorts them, and copies with it every schema the operation knows: with a
hundred operations that is half of the time of parsing.
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
    """Let the parser copy, meanwhile, no more of an operation than it changes.

    It looks `deepcopy` up among its module's globals, and uses it for operations alone.
    """
    with replaced(openapi, "deepcopy", copied):
        yield


def copied(endpoint: Endpoint) -> Endpoint:
    """Return a copy whose collections are its own.

    What is in them is: the parser makes parameters, bodies and answers for each
    operation anew.
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
