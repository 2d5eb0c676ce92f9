"""nginx's configuration, from a deployment and the static model of the app.

Source: https://nginx.org/en/docs/http/ngx_http_proxy_module.html and
ngx_http_upstream_module.html for what each directive does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from modular_api.app.pages import AppPages
from modular_api.deploy.config.models import DeploymentConfig, ServerConfig
from modular_api.deploy.logs.settings import LogFormat
from modular_api.deploy.nginx.errors import NginxError
from modular_api.deploy.nginx.pages import file_of
from modular_api.deploy.nginx.places import GatewayPlaces
from modular_api.deploy.nginx.problems import error_pages, problems
from modular_api.model import AppModel, ModuleModel, VersionModel

Address: TypeAlias = tuple[str, int]

HEADER = "# Written by modular-api from the deployment and the app; do not edit."
LIVE_PATH = "/health/live"

_LONG_S = 3600
"""How long a socket or a stream may be silent; our servers send pings more often."""

_MIME_TYPES = {
    "text/css": "css",
    "text/html": "html",
    "text/javascript": "js mjs",
    "text/plain": "txt",
    "application/json": "json map",
    "application/manifest+json": "webmanifest",
    "application/pdf": "pdf",
    "application/wasm": "wasm",
    "application/xml": "xml",
    "font/ttf": "ttf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "image/avif": "avif",
    "image/gif": "gif",
    "image/jpeg": "jpeg jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/webp": "webp",
    "image/x-icon": "ico",
}


def render_nginx_config(
    config: DeploymentConfig,
    model: AppModel,
    places: GatewayPlaces,
    *,
    pages: AppPages | None = None,
    addresses: Mapping[str, Sequence[Address]] | None = None,
    listen: Address | None = None,
) -> str:
    """Return the text of an nginx.conf; nothing is read or written.

    Args:
        pages: what the app answers itself; left out, the gateway has no such pages.
        addresses: where the instances of each server listen; the configured ports
            where it is left out.
        listen: where nginx does; the configured address where it is left out.

    Raises: NginxError: a port is not known, or a path cannot be written down.
    """
    parts = [
        _main(config, places),
        ["http {"],
        _logs(config, places),
        _client(config),
        _temporary(places),
        *(
            _upstream(name, server, _addresses(name, server, addresses), config)
            for name, server in config.servers.items()
        ),
        _server(config, model, places, pages or AppPages(), listen),
        ["}"],
    ]
    lines = [HEADER, *(line for part in parts for line in part)]
    return "\n".join(_indented(lines)) + "\n"


def _main(config: DeploymentConfig, places: GatewayPlaces) -> Iterator[str]:
    nginx = config.nginx
    yield "daemon off;"
    yield f"pid {quoted(places.pid_file)};"
    # Below `crit` nginx repeats the request of what fails, with its query, which may
    # hold a secret; the access log tells the same without.
    yield f"error_log {quoted(places.error_log)} crit;"
    if places.user is not None:
        yield f"user {places.user};"
    yield f"worker_processes {nginx.worker_processes};"
    # Each connection has two ends, and files are open besides.
    yield f"worker_rlimit_nofile {2 * nginx.worker_connections + 64};"
    # A reload lets old workers go on with the sockets they have, for so long.
    yield f"worker_shutdown_timeout {_LONG_S}s;"
    yield f"events {{ worker_connections {nginx.worker_connections}; }}"


def _logs(config: DeploymentConfig, places: GatewayPlaces) -> Iterator[str]:
    # The same rule as the app's; a line of the log must stay a line.
    yield "map $http_x_request_id $the_request_id {"
    yield r'"~^[\x21-\x7e]{1,128}$" $http_x_request_id;'
    yield "default $request_id;"
    yield "}"
    # A query may hold a secret.
    yield "map $request_uri $the_path {"
    yield '"~^(?<before_query>[^?]*)" $before_query;'
    yield "}"
    # The head that every line of an instance has.
    yield f"map $time_iso8601 $the_time {{ {_TIME} }}"
    yield f"map $msec $milliseconds {{ {_MILLISECONDS} }}"
    if config.log_format is LogFormat.JSON:
        yield "log_format access escape=json " + _JSON_LINE
    else:
        yield "log_format access escape=json " + _TEXT_LINE
    yield f"access_log {quoted(places.access_log)} access;"


_TIME = r'"~^(?<the_day>[^T]+)T(?<the_clock>[0-9:]+)" "$the_day $the_clock";'
_MILLISECONDS = r'"~\.(?<the_ms>\d+)$" $the_ms;'

_JSON_LINE = (
    """'{"time":"$time_iso8601","level":"INFO","instance":"nginx","pid":$pid,"""
    """"module":"nginx","request_id":"$the_request_id","""
    """"client":"$remote_addr","method":"$request_method","path":"$the_path","""
    """"status":$status,"bytes":$bytes_sent,"seconds":$request_time,"""
    """"server":"$upstream_addr","server_status":"$upstream_status","""
    """"server_seconds":"$upstream_response_time"}';"""
)
_TEXT_LINE = (
    "'$the_time,$milliseconds INFO    nginx[$pid] nginx access [$the_request_id]: "
    "$remote_addr $request_method $the_path $status $bytes_sent B "
    "$request_time s $upstream_addr $upstream_status';"
)


def _client(config: DeploymentConfig) -> Iterator[str]:
    timeouts, limits = config.timeouts, config.limits
    yield "types {"
    yield from (f"{name} {ends};" for name, ends in _MIME_TYPES.items())
    yield "}"
    yield "default_type application/octet-stream;"
    yield "charset_types text/css text/javascript text/plain;"
    yield "server_tokens off;"
    yield "absolute_redirect off;"
    yield "sendfile on;"
    yield "tcp_nopush on;"
    yield "reset_timedout_connection on;"
    yield f"client_max_body_size {limits.body_bytes};"
    yield f"large_client_header_buffers 4 {limits.header_bytes};"
    # A body that comes byte by byte is in time with each of them, so that nothing cuts
    # it; how many of those an address has at a time is bounded instead.
    yield "map $http_content_length$http_transfer_encoding $sender_of_a_body {"
    yield "'' ''; 0 '';"
    yield "default $binary_remote_addr;"
    yield "}"
    yield "limit_conn_zone $sender_of_a_body zone=bodies:10m;"
    yield f"limit_conn bodies {limits.bodies_per_address};"
    yield f"limit_conn_status {HTTPStatus.TOO_MANY_REQUESTS};"
    yield f"client_header_timeout {_ms(timeouts.client_s)};"
    yield f"client_body_timeout {_ms(timeouts.client_s)};"
    yield f"send_timeout {_ms(timeouts.send_s)};"
    yield "keepalive_timeout 65s;"
    yield "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }"


def _temporary(places: GatewayPlaces) -> Iterator[str]:
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        yield f"{kind}_temp_path {quoted(places.temp_dir / kind)};"


def _addresses(
    name: str,
    server: ServerConfig,
    addresses: Mapping[str, Sequence[Address]] | None,
) -> Sequence[Address]:
    if addresses is not None:
        return addresses[name]
    if 0 in server.ports:
        raise NginxError(
            f"Server '{name}' gets a free port when it starts, so nginx cannot be "
            "told of it before; give it a port."
        )
    return [(server.host, port) for port in server.ports]


def _upstream(
    name: str,
    server: ServerConfig,
    addresses: Sequence[Address],
    config: DeploymentConfig,
) -> Iterator[str]:
    yield f"upstream {name} {{"
    yield f"zone {name} 64k;"
    yield "least_conn;"
    if len(addresses) == 1:
        # Named twice: a request that meets a dying process is tried again, and waits in
        # the queue of the socket, which outlives the process, for the next one.
        for _ in range(2):
            yield f"server {_host_port(addresses[0])} max_fails=0;"
    else:
        # No instance counts as down: its socket outlives its process. One that dies has
        # its requests tried again elsewhere; with max_fails=1, two that die within
        # fail_timeout are both shut out although one is back, and all requests fail.
        for address in addresses:
            yield f"server {_host_port(address)} max_fails=0;"
    yield "keepalive 32;"
    yield f"keepalive_timeout {_ms(config.timeouts.idle_s)};"
    yield "}"


def _server(
    config: DeploymentConfig,
    model: AppModel,
    places: GatewayPlaces,
    pages: AppPages,
    listen: Address | None,
) -> Iterator[str]:
    nginx = config.nginx
    yield "server {"
    yield f"listen {_host_port(listen or (nginx.host, nginx.port))};"
    yield "add_header X-Request-ID $the_request_id always;"
    yield from _proxying(config)
    yield from error_pages()
    yield from problems()
    yield f"location = {LIVE_PATH} {{"
    yield "default_type application/json;"
    yield "access_log off;"  # asked every second by whoever watches nginx
    yield """return 200 '{"status":"ok"}';"""
    yield "}"
    for module in model.modules:
        server = config.server_of(module.name)
        if server is not None:
            yield from _module(module, server)
    yield from _pages(pages, places)
    yield "location = /api { return 404; }"
    yield "location /api/ { return 404; }"
    yield from _frontend(nginx.static_dir)
    yield "}"


def _proxying(config: DeploymentConfig) -> Iterator[str]:
    timeouts = config.timeouts
    yield "proxy_http_version 1.1;"
    yield "proxy_set_header Host $http_host;"
    yield "proxy_set_header Upgrade $http_upgrade;"
    yield "proxy_set_header Connection $connection_upgrade;"
    yield "proxy_set_header X-Request-ID $the_request_id;"
    # Not what the client claims: this is the first machine that sees it.
    yield "proxy_set_header X-Forwarded-For $remote_addr;"
    yield "proxy_set_header X-Forwarded-Proto $scheme;"
    yield "proxy_hide_header X-Request-ID;"
    yield "proxy_ignore_headers X-Accel-Redirect;"
    yield f"proxy_connect_timeout {_ms(timeouts.connect_s)};"
    yield f"proxy_read_timeout {_ms(timeouts.answer_s)};"
    yield f"proxy_send_timeout {_ms(timeouts.answer_s)};"
    # Every entry once: least_conn prefers instances that refuse, as they are idle, and
    # one that serves may be the last of many. A POST moves on only while it is unsent.
    yield "proxy_next_upstream error timeout;"
    # Silence is waited for twice, however many instances there are.
    yield f"proxy_next_upstream_timeout {_ms(2 * timeouts.answer_s)};"


def _module(module: ModuleModel, server: str) -> Iterator[str]:
    for version in module.versions:
        yield f"location = {version.prefix} {{ proxy_pass http://{server}; }}"
        yield f"location {version.prefix}/ {{ proxy_pass http://{server}; }}"
        if version.socket is not None:
            yield f"location = {version.socket} {{"
            yield from _unbuffered(server)
        for pattern in _streams(version):
            yield f'location ~ "{pattern}" {{'
            yield from _unbuffered(server)


def _unbuffered(server: str) -> Iterator[str]:
    yield "proxy_buffering off;"
    yield f"proxy_read_timeout {_LONG_S}s;"
    yield f"proxy_send_timeout {_LONG_S}s;"
    yield f"proxy_pass http://{server};"
    yield "}"


def _streams(version: VersionModel) -> Iterable[str]:
    """Return a pattern for each path of a version whose answers come item by item."""
    paths = dict.fromkeys(route.path for route in version.routes if route.streams)
    for path in paths:
        # A parameter may be declared as a path, with slashes: the document hides it.
        parts = (re.escape(part) for part in re.split(r"\{[^}]*\}", path))
        yield f"^{re.escape(version.prefix)}{'.+'.join(parts)}$"


def _pages(pages: AppPages, places: GatewayPlaces) -> Iterator[str]:
    for page in pages.pages:
        yield f"location = {page.path} {{"
        yield "types {}"
        yield f"default_type '{page.media_type}';"
        yield f"alias {quoted(file_of(places.pages_dir, page.path))};"
        if page.headers:
            yield from _with_headers(page.headers)
        yield "}"
        if page.media_type.startswith("text/html"):
            yield f"location = {page.path}/ {{ return 307 {page.path}; }}"
    for assets in pages.assets:
        folder = file_of(places.pages_dir, f"{assets.path}/x").parent
        yield f"location {assets.path}/ {{"
        yield "charset utf-8;"
        yield f"alias {quoted(f'{folder}/')};"
        yield "}"


def _with_headers(headers: Mapping[str, str]) -> Iterator[str]:
    # A header added here drops those of the level above.
    yield "add_header X-Request-ID $the_request_id always;"
    for name, value in headers.items():
        yield f'add_header {name} "{value}";'


_HIDDEN = r"location ~ /\.(?!well-known/) { return 404; }"


def _frontend(static_dir: Path | None) -> Iterator[str]:
    """Yield what serves a built frontend; without one everything else is not found."""
    if static_dir is None:
        yield "location / { return 404; }"
        return
    yield "location / {"
    yield "charset utf-8;"
    yield f"root {quoted(static_dir)};"
    yield f"disable_symlinks on from={quoted(static_dir)};"
    yield from _with_headers({"Cache-Control": "no-cache"})
    yield "try_files $uri /index.html;"
    yield _HIDDEN
    # A file that is missing is no page of the frontend.
    yield r"location ~ /[^/]*\.[0-9A-Za-z]+$ { try_files $uri =404; }"
    # Files that a bundler names after their content never change.
    yield "location ^~ /assets/ {"
    yield _HIDDEN
    yield from _with_headers({"Cache-Control": "public, max-age=31536000, immutable"})
    yield "try_files $uri =404;"
    yield "}"
    yield "}"


def quoted(path: Path | str) -> str:
    """Return a path quoted as one word of nginx's configuration.

    Raises: NginxError: it has a character that nginx has no way to write.
    """
    text = str(path)
    if "$" in text or not text.isprintable():
        raise NginxError(f"nginx cannot be told of {text!r}: take another folder.")
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def _host_port(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _ms(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    depth = 0
    for line in lines:
        if line == "}":
            depth -= 1
        yield "    " * depth + line
        if line.endswith("{"):
            depth += 1
