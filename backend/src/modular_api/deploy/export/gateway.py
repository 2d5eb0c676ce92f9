"""nginx's files for another place than this machine's own folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from modular_api.app.pages import AppPages
from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.nginx.gate import check_nginx_config
from modular_api.deploy.nginx.pages import write_pages
from modular_api.deploy.nginx.places import GatewayPlaces
from modular_api.deploy.nginx.render import Address, render_nginx_config
from modular_api.model import AppModel
from modular_api.whole_files import replace_file

_ANY = ("127.0.0.1", 8000)


def write_gateway_files(
    folder: Path,
    config: DeploymentConfig,
    model: AppModel,
    pages: AppPages,
    places: GatewayPlaces,
    *,
    addresses: Mapping[str, Sequence[Address]] | None = None,
    listen: Address | None = None,
) -> list[Path]:
    """Write `nginx.conf` and the folder `pages`; return both.

    nginx is asked about the same text with the folders of this machine and addresses it
    has, since those that are meant exist only where the files are going.

    Raises: NginxMissing, BadNginxConfig; NginxError: a port is not known. Nothing is
        written then.
    """
    text = render_nginx_config(
        config, model, places, pages=pages, addresses=addresses, listen=listen
    )
    file = folder / "nginx.conf"
    with TemporaryDirectory(prefix="modular-api-") as scratch:
        here = GatewayPlaces.below(Path(scratch))
        here.make()
        probe = Path(scratch) / file.name
        probe.write_text(
            render_nginx_config(
                config,
                model,
                here,
                pages=pages,
                addresses={name: [_ANY] for name in config.servers},
                listen=_ANY,
            ),
            encoding="utf-8",
        )
        check_nginx_config(probe, stands_for=file)
    folder.mkdir(parents=True, exist_ok=True)
    write_pages(pages, folder / "pages")
    replace_file(file, text.encode())
    return [file, folder / "pages"]
