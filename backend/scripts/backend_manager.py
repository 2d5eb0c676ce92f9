#!/usr/bin/env python
"""The trading app as many processes behind nginx: `backend_manager.py start|stop|…`.

It is `modular-api manager` under the name the trading app's documents use; tests import
its parts from here.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TextIO

from modular_api.cli.manager import manager_cli
from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.manager.server_manager import ServerManager
from modular_api.deploy.nginx.places import GatewayPlaces
from modular_api.deploy.nginx.render import render_nginx_config

__all__ = ["ServerManager", "generate_nginx_config", "is_port_in_use"]


def generate_nginx_config(
    config: DeploymentConfig, file: TextIO, *, pid_file: Path | None = None
) -> None:
    """Write the nginx configuration of a deployment of the trading app.

    Args:
        file: open for writing; nginx keeps its own files in the same folder.
    """
    from modular_api.app.pages import pages_of
    from trading_api.app_factory import AppFactory

    app = AppFactory().create_app()
    places = GatewayPlaces.below(Path(file.name).parent, pid_file=pid_file)
    text = render_nginx_config(config, app.describe(), places, pages=pages_of(app))
    file.write(text)


def is_port_in_use(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether somebody listens on this port."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


if __name__ == "__main__":
    manager_cli()()
