"""nginx as the gateway: its configuration, and the files it serves itself.

Names are loaded when they are first used: a manager needs no web framework.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modular_api.lazy import lazy_attributes

if TYPE_CHECKING:
    from modular_api.deploy.nginx.errors import BadNginxConfig, NginxError, NginxMissing
    from modular_api.deploy.nginx.gate import (
        check_nginx_config,
        find_nginx,
        write_nginx_config,
    )
    from modular_api.deploy.nginx.gateway import write_gateway
    from modular_api.deploy.nginx.pages import write_pages
    from modular_api.deploy.nginx.places import GatewayPlaces
    from modular_api.deploy.nginx.render import Address, render_nginx_config

__all__ = [
    "Address",
    "BadNginxConfig",
    "GatewayPlaces",
    "NginxError",
    "NginxMissing",
    "check_nginx_config",
    "find_nginx",
    "render_nginx_config",
    "write_gateway",
    "write_nginx_config",
    "write_pages",
]

_HOMES = {
    "Address": ".render",
    "BadNginxConfig": ".errors",
    "GatewayPlaces": ".places",
    "NginxError": ".errors",
    "NginxMissing": ".errors",
    "check_nginx_config": ".gate",
    "find_nginx": ".gate",
    "render_nginx_config": ".render",
    "write_gateway": ".gateway",
    "write_nginx_config": ".gate",
    "write_pages": ".pages",
}

if not TYPE_CHECKING:
    __getattr__ = lazy_attributes(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
