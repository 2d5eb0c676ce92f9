"""Words of the framework's domain that are plain values."""

from __future__ import annotations

from typing import Any, NewType, TypeAlias

ModuleName = NewType("ModuleName", str)
"""The name of a module's folder: `broker`, `order_book`."""

VersionName = NewType("VersionName", str)
"""A version of a module's interface: `v1`, `v2`."""

Document: TypeAlias = dict[str, Any]
"""An OpenAPI or AsyncAPI document, as parsed JSON."""

MODULE_KEY = "modular_api.module"
"""Key of the ASGI scope that names the module a request was routed to."""

REQUEST_ID_KEY = "modular_api.request_id"
"""Key of the ASGI scope with the request's id."""


def module_prefix(module: str, version: str) -> str:
    """Return the path a module's version is mounted at: `/api/v1/broker`."""
    return f"/api/{version}/{module}"
