"""What a manager tells the process it starts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from modular_api.contracts.policy import policy_of
from modular_api.deploy.logs.settings import LogFormat, LogSettings
from modular_api.project.settings import ContractSettings
from modular_api.project.source import AppSource

SPEC_VARIABLE = "MODULAR_API_INSTANCE"
"""The environment variable that carries an InstanceSpec, as JSON."""

TOKEN_VARIABLE = "MODULAR_API_TOKEN"
"""The environment variable that proves whose a process is."""

DOCUMENTS = "/documents"
"""Below it a process tells what it serves of a module, on its private address."""


@dataclass(frozen=True)
class InstanceSpec:
    """One process of one instance; it can be written as JSON.

    File descriptors are inherited under the same numbers (`pass_fds`).

    Attributes:
        slot: `blue` or `green`: which of the instance's two places this process has.
        token: proves that the process belongs to its manager.
        modules: exactly these of the source.
        peers: where modules are that other processes serve, `name → http://host:port`.
        listener_fd: the instance's listening socket, shared with the other slot.
        health_fd: a listening socket of this process alone, for `/health/…`.
        life_fd: read end of a pipe whose write end only the manager has: its end of
            file is the manager's end, and then the process stops. None: it serves on.
        control: path of the Unix socket the process hands its listening socket out on;
            None for no such socket.
        generation: what a start does about generated files: `off`, `check`, `auto`.
        linger_s: how long, while draining, an idle connection stays open, so that the
            gateway closes it first. Longer than the gateway's keep-alive timeout.
        grace_s: how long requests may take to end while draining.
    """

    server: str
    index: int
    slot: str
    token: str
    source: AppSource
    modules: tuple[str, ...]
    listener_fd: int
    health_fd: int
    peers: Mapping[str, str] = field(default_factory=dict)
    life_fd: int | None = None
    control: str | None = None
    generation: str = "off"
    log: LogSettings = field(default_factory=LogSettings)
    linger_s: float = 1.5
    grace_s: float = 10.0

    @property
    def name(self) -> str:
        """`<server>-<index>`."""
        return f"{self.server}-{self.index}"

    @property
    def fds(self) -> tuple[int, ...]:
        """The descriptors the process has to inherit."""
        all_fds = (self.listener_fd, self.health_fd, self.life_fd)
        return tuple(fd for fd in all_fds if fd is not None)

    @property
    def arguments(self) -> list[str]:
        """The command that starts the process."""
        return [sys.executable, "-m", "modular_api.deploy.instance"]

    @property
    def environment(self) -> dict[str, str]:
        """The variables it has to find, besides those of the manager."""
        return {SPEC_VARIABLE: self.to_json(), TOKEN_VARIABLE: self.token}

    def to_json(self) -> str:
        """Write it as text."""
        return json.dumps(asdict(self), default=_wrapped)

    @classmethod
    def from_json(cls, text: str) -> InstanceSpec:
        """Read what `to_json` wrote."""
        data: dict[str, Any] = json.loads(text, object_hook=_unwrapped)
        data["log"]["format"] = LogFormat(data["log"]["format"])
        data["log"] = LogSettings(**data["log"])
        data["source"] = _source_of(data["source"])
        data["modules"] = tuple(data["modules"])
        return cls(**data)

    @property
    def app_source(self) -> AppSource:
        """The source, with the modules of this process alone."""
        return replace(self.source, modules=self.modules, include_uses=False)


_PATH = "path of a file"
"""A key nobody else has: JSON would make a text of a path, which means another thing."""


def _wrapped(value: object) -> object:
    if isinstance(value, Path):
        return {_PATH: str(value)}
    raise TypeError(f"{value!r} cannot be written as JSON")


def _unwrapped(data: dict[str, Any]) -> object:
    return Path(data[_PATH]) if data.keys() == {_PATH} else data


def _source_of(data: dict[str, Any]) -> AppSource:
    contracts = data["contracts"]
    if contracts is not None:
        policy = policy_of(contracts["policy"])
        contracts = ContractSettings(contracts["folder"], policy)
    modules = data["modules"]
    return AppSource(
        **{
            **data,
            "modules": None if modules is None else tuple(modules),
            "import_folders": tuple(data["import_folders"]),
            "contracts": contracts,
            "allowed_losses": tuple(data["allowed_losses"]),
        }
    )
