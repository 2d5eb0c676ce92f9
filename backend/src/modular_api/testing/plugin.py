"""Fixtures for an app made of modules; pytest loads this by itself.

A project says how its app is made, once, in a `conftest.py`:

    @pytest.fixture(scope="session")
    def create_app() -> Callable[[], ModularApp]:
        return AppFactory(MODULES, title="Shop").create_app

and has `apps`, `app`, `ws_apps`, `client`, `async_client`, `running_server`,
`fresh_server` and `peer_topology`. Each can be overridden; a project without sockets or
servers may define `apps` alone. Those of the session are made once: a folder with an
app of its own overrides `apps` and `running_server` too, or it gets those of whoever
came first.

pytest imports this module in every run wherever the framework is installed, hence
everything heavy is imported by the fixture that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from modular_api.testing.session import begin_session

if TYPE_CHECKING:
    import httpx
    from starlette.testclient import TestClient

    from modular_api.app.modular_app import ModularApp
    from modular_api.testing.live_server import LiveServer
    from modular_api.testing.peer_topology import PeerTopology

_MARKERS = {
    "unit": "one part alone, no process, no port",
    "integration": "several processes, or real ports",
    "api": "a module's HTTP interface",
    "model": "a model's fields and validation",
    "memory": "memory use or leaks",
    "slow": "a long loop or a large matrix; `make test-slow` runs it",
}


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers of the tiers, and end kept apps with the session."""
    for name, meaning in _MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    config.add_cleanup(begin_session())


@pytest.fixture(scope="session")
def create_app() -> Callable[[], ModularApp]:
    """How to make a new app; to be defined by the project."""
    pytest.fail(
        "Nobody says how to make the app. Define it in a conftest.py:\n\n"
        "    @pytest.fixture(scope='session')\n"
        "    def create_app():\n"
        "        return AppFactory(MODULES_DIR, ...).create_app\n",
        pytrace=False,
    )


@pytest.fixture(scope="session")
def apps(create_app: Callable[[], ModularApp]) -> ModularApp:
    """The project's app with all its modules, not started."""
    return create_app()


@pytest.fixture(scope="session")
def app(apps: ModularApp) -> Iterator[ModularApp]:
    """The same app, its lifespan running in the background for the whole session."""
    from modular_api.testing.background import LifespanInBackground

    with LifespanInBackground(apps) as running:
        yield running


@pytest.fixture(scope="session")
def ws_apps(apps: ModularApp) -> list[Any]:
    """The sockets of all modules and versions."""
    return [socket for module in apps.modules_apps for socket in module.ws_versions]


@pytest.fixture
def client(app: ModularApp) -> Iterator[TestClient]:
    """A synchronous client of `app`, for HTTP and WebSockets.

    It is not entered: a test may use it with or without `with`.
    """
    from starlette.testclient import TestClient

    client = TestClient(app)
    yield client
    client.close()


@pytest.fixture
def async_client(app: ModularApp) -> httpx.AsyncClient:
    """An asynchronous client of `app`, for the loop of the test.

    Its transport holds nothing open, so nobody needs to close it; as a plain fixture it
    serves tests of pytest-asyncio and of anyio, whatever the scope of their loop.
    """
    import httpx

    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture(scope="session")
def running_server(create_app: Callable[[], ModularApp]) -> Iterator[LiveServer]:
    """A server that runs for the whole session, serving an app of its own."""
    from modular_api.testing.live_server import LiveServer

    with LiveServer(create_app()) as server:
        yield server


@pytest.fixture
def fresh_server(create_app: Callable[[], ModularApp]) -> Iterator[LiveServer]:
    """A server of this test alone, serving an app of its own."""
    from modular_api.testing.live_server import LiveServer

    with LiveServer(create_app()) as server:
        yield server


@pytest.fixture(params=["in process", "over HTTP"])
def peer_topology(
    request: pytest.FixtureRequest, create_app: Callable[..., ModularApp]
) -> Iterator[PeerTopology]:
    """Starts modules with peers: mounted beside them, and then behind a server.

    A test that asks for it runs twice, with one body:

        async def test_an_order_trades_at_the_quote(peer_topology):
            app = peer_topology.start("broker", peers=["datafeed"])
            async with BrokerClient(app=app) as broker: ...

    `create_app` must take the modules' names, and `peer_urls=`, as that of an
    AppFactory does.
    """
    from modular_api.testing.peer_topology import PeerTopology

    with PeerTopology(create_app, over_http=request.param == "over HTTP") as topology:
        yield topology
