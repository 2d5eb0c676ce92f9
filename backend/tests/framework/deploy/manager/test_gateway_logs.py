"""nginx's logs while it runs under the manager."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from modular_api.deploy.manager.gateway import Gateway, Nginx
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


async def test_a_log_that_has_grown_is_put_aside(tmp_path: Path) -> None:
    """nginx goes on in a new file, and nothing of the old one is lost."""
    access = tmp_path / "nginx-access.log"
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        config = tmp_path / "nginx.conf"
        # Its workers would not be let into a folder of root's.
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(CONFIG.format(folder=tmp_path, port=port, user=user))
        gateway = Gateway(
            Nginx(
                config,
                tmp_path / "nginx.pid",
                tmp_path / "nginx-start.log",
                lambda: listener,
                listener.close,
                ("127.0.0.1", port),
                detached=False,
                logs=[access],
                most_log_bytes=200,
            )
        )
        await gateway.start()
        try:
            aside = tmp_path / "nginx-access.log.1"
            async with asyncio.timeout(10), httpx.AsyncClient() as client:
                for number in range(5):
                    await client.get(f"http://127.0.0.1:{port}/before-{number}")
                while not aside.exists() or not access.exists():
                    await asyncio.sleep(0.05)
                await client.get(f"http://127.0.0.1:{port}/after")
                while "GET /after" not in access.read_text():
                    await asyncio.sleep(0.05)
        finally:
            await gateway.stop(2)
    told = aside.read_text()
    assert all(f"GET /before-{number}" in told for number in range(5))
