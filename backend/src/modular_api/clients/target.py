"""Where a client's calls go: to an address, to an app in this process, or as it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modular_api.clients.asgi_transport import AsgiApp, AsgiTransport
from modular_api.clients.http_transport import HttpTransport
from modular_api.clients.transport import Transport
from modular_api.errors import ConfigurationError


def transport_to(
    client: str,
    *,
    base_url: str | None,
    app: AsgiApp | None,
    transport: Transport | None,
    state: Mapping[str, Any] | None,
) -> Transport:
    """Return what carries the calls of a client to its one target.

    Args:
        client: the name of its class, for messages.
        state: lifespan state of `app`.
    Raises: ConfigurationError: there is no target, or more than one, or the address is
        no HTTP URL.
    """
    if sum(target is not None for target in (base_url, app, transport)) != 1:
        raise ConfigurationError(
            f"{client}(...) takes exactly one of base_url, app and transport."
        )
    if base_url is not None:
        return HttpTransport(base_url)
    if app is not None:
        return AsgiTransport(app, state=state)
    assert transport is not None
    return transport
