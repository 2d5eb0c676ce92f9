"""What a manager asks of the process that builds the app, and what comes back.

Both ways it is a pickled object, with its length in front.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.manager.facts import ModuleFacts
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.processes.health import Address
from modular_api.model import AppModel
from modular_api.types import Document

LENGTH = struct.Struct(">I")


@dataclass(frozen=True)
class Description:
    """An app, as plain data.

    Attributes:
        documents: of every module, version and kind: `("broker", "v1", "openapi")`.
    """

    model: AppModel
    documents: Mapping[tuple[str, str, str], Document]

    @property
    def uses(self) -> dict[str, tuple[str, ...]]:
        """What each module uses."""
        return {module.name: module.uses for module in self.model.modules}

    @property
    def facts(self) -> dict[str, ModuleFacts]:
        """What the code says of each module."""
        return {
            m.name: ModuleFacts(m.spec_hashes, m.socket_hashes, m.uses)
            for m in self.model.modules
        }


@dataclass(frozen=True)
class GatewayOrder:
    """What nginx should do.

    Attributes:
        addresses: of the instances of each server.
        listen: where nginx does.
    """

    config: DeploymentConfig
    places: Places
    addresses: Mapping[str, Sequence[Address]]
    listen: Address


def packed(message: object) -> bytes:
    """Return what goes over the pipe."""
    pickled = pickle.dumps(message)
    return LENGTH.pack(len(pickled)) + pickled
