"""A real nginx under the manager: its configuration, and its logs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from modular_api.deploy.logs.reading import clean_logs
from modular_api.deploy.manager.errors import GatewayFailed
from modular_api.deploy.manager.gateway import gateway as gateway_module
from modular_api.deploy.manager.gateway.gateway import Gateway
from modular_api.deploy.manager.gateway.nginx import Nginx
from modular_api.listening import listen

pytestmark = pytest.mark.integration

CONFIG = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{}}
http {{
    access_log {folder}/nginx-access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; return 200; }}
}}
"""


@asynccontextmanager
async def running(folder: Path, **options: Any) -> AsyncIterator[Gateway]:
    """Run nginx in a folder until the end."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        config = folder / "nginx.conf"
        # Its workers would not be let into a folder of root's.
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(CONFIG.format(folder=folder, port=port, user=user))
        gateway = Gateway(
            Nginx(
                config,
                folder / "nginx.pid",
                folder / "nginx-start.log",
                lambda: listener,
                listener.close,
                ("127.0.0.1", port),
                detached=False,
                **options,
            )
        )
        await gateway.start()
        try:
            yield gateway
        finally:
            await gateway.stop(2)


async def test_it_is_known_which_configuration_nginx_has_read(tmp_path: Path) -> None:
    """Another file is another one, whoever wrote it and when."""
    # A connection that is kept would be closed by the old worker.
    alone = {"Connection": "close"}
    async with (
        running(tmp_path) as gateway,
        httpx.AsyncClient(headers=alone) as client,
    ):
        assert not gateway.is_outdated
        file = gateway.nginx.config
        file.write_text(file.read_text().replace("return 200", "return 204"))
        assert gateway.is_outdated
        await gateway.reload()
        assert not gateway.is_outdated
        url = f"http://127.0.0.1:{gateway.nginx.address[1]}/"
        async with asyncio.timeout(5):  # the old workers leave a moment later
            while (await client.get(url)).status_code != 204:
                await asyncio.sleep(0.02)


async def test_a_configuration_that_nginx_does_not_take_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on with the one it had, and is asked again the next time."""
    monkeypatch.setattr(gateway_module, "_START_S", 0.5)
    async with running(tmp_path) as gateway:
        gateway.nginx.config.write_text("nonsense;")
        with pytest.raises(GatewayFailed, match=r"did not take .*nginx\.conf"):
            await gateway.reload()
        assert gateway.is_outdated and await gateway.is_healthy()


async def test_logs_are_emptied_while_nginx_writes(tmp_path: Path) -> None:
    """What comes later stands in the file that has the name, and not in a removed one."""
    access = tmp_path / "nginx-access.log"
    async with running(tmp_path) as gateway:
        url = f"http://127.0.0.1:{gateway.nginx.address[1]}"
        async with asyncio.timeout(5), httpx.AsyncClient() as client:
            await client.get(f"{url}/before")
            while "GET /before" not in access.read_text():
                await asyncio.sleep(0.02)
            clean_logs(tmp_path)
            await client.get(f"{url}/after")
            while "GET /after" not in access.read_text():
                await asyncio.sleep(0.02)
    assert "GET /before" not in access.read_text()


async def test_a_log_that_has_grown_is_put_aside(tmp_path: Path) -> None:
    """nginx goes on in a new file, and nothing of the old one is lost."""
    access, aside = (tmp_path / f"nginx-access.log{end}" for end in ("", ".1"))
    options = {"logs": [access], "most_log_bytes": 200}
    async with running(tmp_path, **options) as gateway:
        url = f"http://127.0.0.1:{gateway.nginx.address[1]}"
        async with asyncio.timeout(10), httpx.AsyncClient() as client:
            for number in range(5):
                await client.get(f"{url}/before-{number}")
            while not aside.exists() or not access.exists():
                await asyncio.sleep(0.05)
            await client.get(f"{url}/after")
            while "GET /after" not in access.read_text():
                await asyncio.sleep(0.05)
    told = aside.read_text()
    assert all(f"GET /before-{number}" in told for number in range(5))
