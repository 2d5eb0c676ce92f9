"""How a module reaches the modules it uses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, assert_type

import pytest

from modular_api.clients.client import ModuleClient
from modular_api.clients.errors import PeerMissing
from modular_api.clients.peers import Peers, current_peers, module_client
from modular_api.clients.retries import RetryPolicy
from modular_api.clients.sockets import ModuleSocket
from modular_api.errors import ConfigurationError


class EchoClient(ModuleClient):
    """A client, for what a type checker says of it."""

    module_name = "echo"
    api_version = "v1"
    prefix = "/api/v1/echo"


class EchoSocket(ModuleSocket):
    """A socket client without operations."""

    module_name = "echo"
    api_version = "v1"
    address = "/api/v1/echo/ws"


@pytest.fixture
async def peers() -> Any:
    """The peers of the running app, none at first."""
    peers = Peers()
    yield peers
    await peers.aclose()


@pytest.fixture
def current(peers: Peers) -> Iterator[Peers]:
    """The same, as code of the app finds them."""
    token = current_peers.set(peers)
    yield peers
    current_peers.reset(token)


async def test_a_missing_peer_is_told_at_the_call(
    peers: Peers, client_class: Any
) -> None:
    """Never when the client is made: a module starts without its peers."""
    client = peers.client(client_class)
    with pytest.raises(PeerMissing, match="Module 'echo' is not mounted") as caught:
        await client.call()
    with pytest.raises(PeerMissing):
        client.call_sync()
    assert caught.value.module == "echo"


async def test_a_mounted_peer_wins_over_an_address(
    peers: Peers, client_class: Any, app: Any
) -> None:
    """Nothing listens there, and nothing has to."""
    peers.add_address("echo", "http://127.0.0.1:9")
    peers.add_app("echo", app)
    assert (await peers.client(client_class).call())["method"] == "GET"


async def test_a_peer_at_an_address_is_called_over_http(
    peers: Peers, client_class: Any, echo_server: Any
) -> None:
    """With the token configured for it."""
    peers.add_address("echo", echo_server.base_url, token="secret")
    answer = await peers.client(client_class).call()
    assert answer["headers"]["authorization"] == "Bearer secret"
    assert answer["headers"]["host"] == echo_server.base_url.removeprefix("http://")


async def test_a_client_is_made_once(peers: Peers, client_class: Any) -> None:
    """And sees peers that are added after it was made."""
    client = peers.client(client_class)
    assert peers.client(client_class) is client


async def test_module_client_is_the_running_apps_client(
    peers: Peers, client_class: Any, app: Any
) -> None:
    """In a handler, in a service, in a background task: wherever the context is."""
    token = current_peers.set(peers)
    peers.add_app("echo", app)
    assert module_client(client_class) is peers.client(client_class)
    assert (await module_client(client_class).call())["method"] == "GET"
    current_peers.reset(token)


async def test_a_client_made_at_import_finds_the_peers_at_each_call(
    peers: Peers, client_class: Any, app: Any
) -> None:
    """Many apps live in one process; a module is imported once."""
    client = module_client(client_class)
    with pytest.raises(PeerMissing):
        await client.call()
    peers.add_app("echo", app)
    token = current_peers.set(peers)
    assert (await client.call())["method"] == "GET"
    current_peers.reset(token)
    with pytest.raises(PeerMissing):
        await client.call()
    await client.aclose()


async def test_a_sync_call_of_a_thread_is_answered_in_the_apps_loop(
    peers: Peers, client_class: Any, app: Any
) -> None:
    """There the peer's service lives; from the loop itself it would wait for ever."""
    peers.add_app("echo", app)
    client = peers.client(client_class)
    loop = id(asyncio.get_running_loop())
    from_thread = await asyncio.to_thread(client.call_sync)
    from_loop = client.call_sync()
    assert from_thread["loop"] == loop
    assert from_loop["loop"] != loop


async def test_closing_a_peers_client_closes_nothing(
    peers: Peers, client_class: Any, echo_server: Any
) -> None:
    """The connections belong to the app."""
    peers.add_address("echo", echo_server.base_url)
    async with peers.client(client_class) as client:
        await client.call()
    client.close()
    assert (await client.call())["method"] == "GET"


async def test_a_socket_client_takes_no_retries(
    peers: Peers, client_class: Any, current: Peers
) -> None:
    """Type checkers refuse it; code without types is told what to do."""
    message = "EchoSocket repeats no calls"
    with pytest.raises(ConfigurationError, match=message):
        peers.client(EchoSocket, retries=None)  # type: ignore[type-var]
    with pytest.raises(ConfigurationError, match=message):
        module_client(EchoSocket, retries=None)  # type: ignore[type-var]
    assert_type(peers.client(EchoSocket, timeout_s=1), EchoSocket)
    assert_type(module_client(EchoSocket), EchoSocket)
    assert isinstance(module_client(client_class, retries=None), client_class)


async def test_the_type_of_a_peers_client_is_its_class(current: Peers) -> None:
    """For type checkers, with each option that there is."""
    assert_type(module_client(EchoClient, retries=None, timeout_s=1), EchoClient)
    assert_type(current.client(EchoClient, retries=RetryPolicy()), EchoClient)
