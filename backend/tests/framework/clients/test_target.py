"""A client has one target."""

from __future__ import annotations

from typing import Any, cast

import pytest

from modular_api.clients.asgi_transport import AsgiTransport
from modular_api.clients.client import ModuleClient
from modular_api.clients.http_transport import HttpTransport
from modular_api.clients.sockets.socket import ModuleSocket
from modular_api.clients.target import transport_to
from modular_api.clients.transport import Transport
from modular_api.errors import ConfigurationError

URL = "http://127.0.0.1:1"
APP = cast(Any, lambda scope, receive, send: None)
OTHER = cast(Transport, object())


def target(**given: Any) -> Transport:
    none = {"base_url": None, "app": None, "transport": None, "state": None}
    return transport_to("DeskClient", **{**none, **given})


def test_each_target_has_its_transport() -> None:
    """A transport is taken as it is."""
    assert isinstance(target(base_url=URL), HttpTransport)
    assert isinstance(target(app=APP), AsgiTransport)
    assert target(transport=OTHER) is OTHER


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"base_url": URL, "app": APP},
        {"base_url": URL, "transport": OTHER},
        {"app": APP, "transport": OTHER},
        {"base_url": URL, "app": APP, "transport": OTHER},
    ],
    ids=lambda given: " and ".join(given) or "none",
)
def test_none_and_several_are_refused(given: dict[str, Any]) -> None:
    """By clients and by sockets, before anything is built; the message names them."""
    with pytest.raises(
        ConfigurationError, match=r"DeskClient\(...\) takes exactly one"
    ):
        target(**given)
    with pytest.raises(ConfigurationError, match=r"ModuleClient\(...\) takes exactly"):
        ModuleClient(**given)
    with pytest.raises(ConfigurationError, match=r"ModuleSocket\(...\) takes exactly"):
        ModuleSocket(**given)


def test_nothing_is_built_for_a_refused_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """There would be nobody to close it."""
    monkeypatch.setattr(
        HttpTransport, "__init__", lambda *_, **__: pytest.fail("built")
    )
    with pytest.raises(ConfigurationError):
        ModuleClient(base_url=URL, transport=OTHER)
