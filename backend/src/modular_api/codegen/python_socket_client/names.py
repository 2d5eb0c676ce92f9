"""Names of the files and classes of one socket client."""

from __future__ import annotations

from dataclasses import dataclass

from modular_api.codegen.python_client.names import ClientNames


@dataclass(frozen=True)
class SocketNames(ClientNames):
    """Names of the socket client of one version of a module."""

    @property
    def class_name(self) -> str:
        """`DatafeedSocket`, `BrokerV2Socket`."""
        return f"{super().class_name.removesuffix('Client')}Socket"

    @property
    def module_name(self) -> str:
        """The module that defines the client: `datafeed_socket`."""
        return f"{self._stem}_socket"

    @property
    def package(self) -> str:
        """The package with models, operations and schemas: `_datafeed_socket`."""
        return f"_{self._stem}_socket"

    @property
    def rest_package(self) -> str:
        """The package of the REST client beside it: `_datafeed`."""
        return f"_{self._stem}"
