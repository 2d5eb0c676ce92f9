"""The shape of a deployment: plain, frozen data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationInfo,
    model_validator,
)

from modular_api.deploy.config.ports import LOOPBACK, HostPort, PortUse, port_faults
from modular_api.deploy.logs.settings import LogFormat, LogLevel

NGINX = "nginx"
"""The gateway's name, which no server may have."""

_LABEL = r"[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
"""Source: RFC 1123, section 2.1; underscores, as containers have them."""

SKIP_PORT_FAULTS = "skip_port_faults"
"""Key of the validation context: the caller reports them itself, with their lines."""


def _free_name(name: str) -> str:
    if name == NGINX:
        raise ValueError(f"'{NGINX}' is the gateway's name; take another one")
    return name


def _possible_host(host: str) -> str:
    """Refuse what is neither an address nor a name that could be one."""
    is_address = ":" in host or host.replace(".", "").isdigit()
    try:
        if is_address:
            ip_address(host)
    except ValueError:
        raise ValueError(f"{host} is no address") from None
    if not is_address and not _HOST_NAME.fullmatch(host):
        raise ValueError(f"{host} is no name of a host")
    return host


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("no variable can hold a NUL character")
    return text


def _nginx_can_write(folder: Path) -> Path:
    text = str(folder)
    if "$" in text or not text.isprintable():
        raise ValueError(f"nginx cannot be told of {text!r}: take another folder")
    return folder


def _checked_url(url: str) -> str:
    if not url.isprintable() or not {" ", "\\"}.isdisjoint(url):
        raise ValueError(f"{url!r} is no URL")
    HttpUrl(url)
    return url.rstrip("/")


Port: TypeAlias = Annotated[StrictInt, Field(ge=0, le=65535)]
Count: TypeAlias = Annotated[StrictInt, Field(ge=1, le=256)]
Seconds: TypeAlias = Annotated[float, Field(strict=True, ge=0.001, le=86_400)]
Host: TypeAlias = Annotated[
    StrictStr, Field(pattern=r"^[0-9A-Za-z.:_-]+$"), AfterValidator(_possible_host)
]
ServerName: TypeAlias = Annotated[
    StrictStr, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$"), AfterValidator(_free_name)
]
VariableName: TypeAlias = Annotated[
    StrictStr, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
]
VariableText: TypeAlias = Annotated[StrictStr, AfterValidator(_without_nul)]
BaseUrl: TypeAlias = Annotated[StrictStr, AfterValidator(_checked_url)]


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NginxConfig(_Config):
    """The gateway.

    Attributes:
        host: the address to listen on; `0.0.0.0` lets other machines in.
        port: 0 takes a free one.
        worker_processes: `auto` means one a core.
        worker_connections: open connections a worker may have, to clients and servers.
        static_dir: a built frontend to serve at `/`; unknown paths get its index.html.
            Relative to the file it is written in.
    """

    host: Host = LOOPBACK
    port: Port = 8000
    worker_processes: Count | Literal["auto"] = 1
    worker_connections: Annotated[StrictInt, Field(ge=16, le=1_000_000)] = 1024
    static_dir: Annotated[Path, AfterValidator(_nginx_can_write)] | None = None


class ServerConfig(_Config):
    """Some modules that are served together, by one process or by several alike.

    Attributes:
        modules: their names.
        host: the address its instances listen on; only the gateway need reach them.
        port: of the first instance; the next ones get the numbers that follow. With 0
            each instance gets a free one.
        instances: how many processes.
        reload: start anew when the code changes, for development.
        log_level: of the processes.
        log_levels: of single modules, in place of that.
        env: variables the processes get besides those of the manager.
    """

    modules: Annotated[list[StrictStr], Field(min_length=1)]
    host: Host = LOOPBACK
    port: Port = 0
    instances: Annotated[StrictInt, Field(ge=1, le=64)] = 1
    reload: StrictBool = False
    log_level: LogLevel = LogLevel.info
    log_levels: dict[StrictStr, LogLevel] = Field(default_factory=dict)
    env: dict[VariableName, VariableText] = Field(default_factory=dict)

    @property
    def ports(self) -> list[int]:
        """The port of each instance; 0 for those that get a free one."""
        return [self.port and self.port + index for index in range(self.instances)]


class Timeouts(_Config):
    """How long to wait, in seconds.

    Attributes:
        start_s: for a new process to become ready.
        live_s: for a process to tell that it is alive; then it counts as hung.
        drain_s: for requests to end when a process stops; then it is killed.
        idle_s: how long nginx keeps an unused connection to an instance. An instance
            that stops lets nginx close it, so that no request meets a closing
            connection: this must be well below `drain_s`.
        connect_s: for an instance to take a connection.
        answer_s: for an instance to send the next part of an answer.
        client_s: for a client to send the next part of its request: of its headers all.
        send_s: for a client to take the next part of an answer.
    """

    start_s: Seconds = 10.0
    live_s: Seconds = 5.0
    drain_s: Seconds = 3.0
    idle_s: Seconds = 1.0
    connect_s: Seconds = 1.0
    answer_s: Seconds = 60.0
    client_s: Seconds = 10.0
    send_s: Seconds = 30.0

    @model_validator(mode="after")
    def _nginx_closes_first(self) -> Self:
        if self.idle_s > self.drain_s / 2:
            raise ValueError(
                f"idle_s is {self.idle_s:g}, expected at most half of drain_s "
                f"({self.drain_s:g}): a stopping instance waits until nginx has closed "
                "its unused connections"
            )
        return self


class Limits(_Config):
    """How much a client may send; more is refused.

    Attributes:
        body_bytes: of one request.
        header_bytes: of one header line, and of the request line.
        bodies_per_address: requests with a body that one address may have at a time.
    """

    body_bytes: Annotated[StrictInt, Field(ge=1, le=1 << 40)] = 10 * 1024 * 1024
    header_bytes: Annotated[StrictInt, Field(ge=1024, le=1024 * 1024)] = 16 * 1024
    bodies_per_address: Annotated[StrictInt, Field(ge=1, le=65_535)] = 256


class DeploymentConfig(_Config):
    """A gateway and the servers behind it.

    Attributes:
        servers: by name.
        api_base_url: where clients reach the gateway, without a path's end slash; None
            where that is the address it listens on. It is told to people, by the status
            and in what is exported; what is served does not depend on it.
        log_format: of every process, nginx too.

    Raises: pydantic.ValidationError: two processes want one port, or any other value
        is wrong.
    """

    api_base_url: BaseUrl | None = None
    nginx: NginxConfig = Field(default_factory=NginxConfig)
    servers: Annotated[dict[ServerName, ServerConfig], Field(min_length=1)]
    timeouts: Timeouts = Field(default_factory=Timeouts)
    limits: Limits = Field(default_factory=Limits)
    log_format: LogFormat = LogFormat.TEXT

    @model_validator(mode="after")
    def _ports_differ(self, info: ValidationInfo) -> Self:
        if not (info.context or {}).get(SKIP_PORT_FAULTS):
            faults = [what for _, what in port_faults(self.port_uses())]
            if faults:
                raise ValueError("; ".join(faults))
        return self

    def port_uses(self) -> Iterator[PortUse]:
        """Yield who wants to listen where: nginx, then every instance."""
        nginx = self.nginx
        yield PortUse(NGINX, HostPort(nginx.host, nginx.port), ("nginx", "port"))
        for name, server in self.servers.items():
            for index, port in enumerate(server.ports):
                yield PortUse(
                    f"{name}-{index}",
                    HostPort(server.host, port),
                    ("servers", name, "port"),
                )

    def get_all_ports(self) -> list[tuple[str, int]]:
        """Return the fixed ports: `("nginx", 8000), ("broker-0", 8001), …`.

        A port of 0 is known only once its process runs, and left out.
        """
        return [(use.name, use.address.port) for use in self.port_uses() if use.fixed]

    @property
    def modules(self) -> list[str]:
        """The modules that are served, server by server."""
        return [name for server in self.servers.values() for name in server.modules]

    def server_of(self, module: str) -> str | None:
        """Return the name of the server that serves a module."""
        serving = (n for n, server in self.servers.items() if module in server.modules)
        return next(serving, None)
