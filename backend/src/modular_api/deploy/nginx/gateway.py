"""Everything nginx needs for a deployment, written in the right order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from modular_api.app.pages import AppPages
from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.nginx.gate import write_nginx_config
from modular_api.deploy.nginx.pages import write_pages
from modular_api.deploy.nginx.places import GatewayPlaces
from modular_api.deploy.nginx.render import Address, render_nginx_config
from modular_api.model import AppModel


def write_gateway(
    file: Path,
    config: DeploymentConfig,
    model: AppModel,
    pages: AppPages,
    places: GatewayPlaces,
    *,
    addresses: Mapping[str, Sequence[Address]] | None = None,
    listen: Address | None = None,
) -> None:
    """Write the pages and the configuration; nginx is not told to read the latter again.

    New pages need no reload: nginx opens them at each request.

    Args:
        file: the configuration.
        addresses, listen: as in `render_nginx_config`.
    Raises: BadNginxConfig: the configuration there was stays. NginxMissing, NginxError.
    """
    text = render_nginx_config(
        config, model, places, pages=pages, addresses=addresses, listen=listen
    )
    places.make()
    write_pages(pages, places.pages_dir)
    write_nginx_config(text, file)
