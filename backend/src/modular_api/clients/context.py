"""What travels along with every call made in the current context."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

REQUEST_ID_HEADER = "x-request-id"

request_id: ContextVar[str | None] = ContextVar("modular_api_request_id", default=None)
"""Id of the request being served; calls made while serving it carry the same id."""

module_name: ContextVar[str | None] = ContextVar("modular_api_module", default=None)
"""Name of the module whose code answers the request being served."""

outgoing_headers: ContextVar[Mapping[str, str]] = ContextVar(
    "modular_api_outgoing_headers", default=MappingProxyType({})
)
"""Further headers for every call: the trace context of the request being served."""

caller_authorization: ContextVar[str | None] = ContextVar(
    "modular_api_caller_authorization", default=None
)
"""`Authorization` of the request being served; peers of the app are told, nobody else."""


def context_headers() -> dict[str, str]:
    """Return the headers the current context adds to a call, names in lower case."""
    headers = {name.lower(): value for name, value in outgoing_headers.get().items()}
    current = request_id.get()
    if current is not None:
        headers[REQUEST_ID_HEADER] = current
    return headers
