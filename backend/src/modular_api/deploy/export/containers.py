"""The gateway's files for a container: each server is reached under its name.

Compose gives every service that name, and Kubernetes every Service.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from modular_api.deploy.export.errors import NamesClash
from modular_api.deploy.export.export import Export
from modular_api.deploy.export.gateway import write_gateway_files
from modular_api.deploy.nginx.places import GatewayPlaces

PORT = 8000
"""Where every container listens."""

GATEWAY = "gateway"
MOUNT = Path("/gateway")
"""Where the files stand in the container."""

_TEMP = Path("/tmp")


def host_name(server: str) -> str:
    """Return the name a server is reached under: host names have no underscores."""
    return server.replace("_", "-").rstrip("-")


def check_names(servers: Iterable[str]) -> None:
    """Raise NamesClash where two servers, or a server and the gateway, share a host name."""
    by_name: dict[str, list[str]] = {}
    for server in servers:
        by_name.setdefault(host_name(server), []).append(server)
    clashes = {
        name: found
        for name, found in by_name.items()
        if len(found) > 1 or name == GATEWAY
    }
    if clashes:
        raise NamesClash(clashes)


def url_of(server: str) -> str:
    """Return where containers reach a server."""
    return f"http://{host_name(server)}:{PORT}"


def write_gateway(export: Export, folder: Path) -> list[Path]:
    """Write nginx.conf and the pages for the folder `/gateway` of a container.

    Raises: NamesClash, NginxMissing, BadNginxConfig.
    """
    check_names(export.config.servers)
    static = MOUNT / "static" if export.config.nginx.static_dir else None
    nginx = export.config.nginx.model_copy(update={"static_dir": static})
    config = export.config.model_copy(update={"nginx": nginx})
    places = GatewayPlaces(
        pid_file=_TEMP / "nginx.pid",
        pages_dir=MOUNT / "pages",
        temp_dir=_TEMP,
        access_log=Path("/dev/stdout"),
        error_log=Path("/dev/stderr"),
    )
    return write_gateway_files(
        folder,
        config,
        export.model,
        export.pages,
        places,
        addresses={name: [(host_name(name), PORT)] for name in config.servers},
        listen=("0.0.0.0", PORT),
    )
