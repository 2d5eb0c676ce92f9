"""The same modules with their peers in one process, or in two with HTTP in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from modular_api.app.modular_app import ModularApp
from modular_api.testing.background import LifespanInBackground
from modular_api.testing.live_server import LiveServer


class PeerTopology:
    """Starts modules, with other modules as their peers; all end with the block.

        with PeerTopology(factory.create_app, over_http=True) as topology:
            app = topology.start("broker", peers=["datafeed"])

    Args:
        create_app: makes an app of modules by their names; takes `peer_urls=`.
        over_http: the peers are served by an app of their own, not mounted.
    """

    def __init__(
        self, create_app: Callable[..., ModularApp], *, over_http: bool
    ) -> None:
        self.over_http = over_http
        self._create_app = create_app
        self._running = ExitStack()

    def start(self, *modules: str, peers: Sequence[str] = ()) -> ModularApp:
        """Return a running app of the modules, which can call the peers.

        Any client of any loop can use it as it is. What stands in no list is missing.

        Raises: BackgroundLifespanError, LiveServerError: an app did not start.
        """
        if not self.over_http:
            app = self._create_app([*modules, *peers])
        else:
            app = self._create_app([*modules], peer_urls=self._served(peers))
        return self._running.enter_context(LifespanInBackground(app))

    def _served(self, peers: Sequence[str]) -> dict[str, Any]:
        if not peers:
            return {}
        server = LiveServer(self._create_app([*peers]))
        return dict.fromkeys(peers, self._running.enter_context(server).base_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()
