"""The text of nginx's configuration, without an nginx."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from modular_api.app.pages import AppPages, Assets, Page
from modular_api.deploy.config import DeploymentConfig, NginxConfig, ServerConfig
from modular_api.deploy.nginx import GatewayPlaces, NginxError, render_nginx_config
from modular_api.model import AppModel, ModuleModel, RouteModel, VersionModel

pytestmark = pytest.mark.unit

PLACES = GatewayPlaces(
    pid_file=Path("/run/x/nginx.pid"),
    pages_dir=Path("/run/x/pages"),
    temp_dir=Path("/run/x/temp"),
    access_log=Path("/run/x/access.log"),
    error_log=Path("/run/x/error.log"),
)


def version(module: str, name: str = "v1", *, socket: bool = False) -> VersionModel:
    """One version with an ordinary route and a stream."""
    prefix = f"/api/{name}/{module}"
    routes = [
        RouteModel(method="GET", path=path, operation_id=id_, handler="x:1", streams=s)
        for path, id_, s in (("/a.b", "a", False), ("/s.e/{x}/of", "b", True))
    ]
    return VersionModel(
        name=name,
        prefix=prefix,
        routes=tuple(routes),
        spec_sha256="0",
        socket=f"{prefix}/ws" if socket else None,
    )


def model(**modules: list[VersionModel]) -> AppModel:
    """An app of these modules."""
    return AppModel(
        title="T",
        version="1",
        modules=tuple(
            ModuleModel(
                name=name,
                description="",
                directory=None,
                uses=(),
                versions=tuple(versions),
            )
            for name, versions in modules.items()
        ),
    )


MODEL = model(
    broker=[version("broker", socket=True)],
    datafeed=[version("datafeed"), version("datafeed", "v2")],
)


def config(
    *, instances: int = 2, port: int = 19010, **nginx: object
) -> DeploymentConfig:
    """A broker and so many datafeeds behind a gateway."""
    return DeploymentConfig(
        nginx=NginxConfig.model_validate({"port": 19000, **nginx}),
        servers={
            "broker": ServerConfig(modules=["broker"], port=19001),
            "data-feed": ServerConfig(
                modules=["datafeed"], port=port, instances=instances
            ),
        },
    )


def block(text: str, opening: str) -> list[str]:
    """Return the directives of the block that opens with this line."""
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index(opening) + 1
    return lines[start : lines.index("}", start)]


def test_the_same_deployment_gives_the_same_text() -> None:
    """nginx reads it again only when the topology has changed."""
    assert render_nginx_config(config(), MODEL, PLACES) == render_nginx_config(
        config(), MODEL, PLACES
    )


def test_each_instance_has_one_fixed_line() -> None:
    """Two that die soon after one another must not leave nginx without any."""
    text = render_nginx_config(config(), MODEL, PLACES)
    assert block(text, "upstream data-feed {") == [
        "zone data-feed 64k;",
        "least_conn;",
        "server 127.0.0.1:19010 max_fails=0;",
        "server 127.0.0.1:19011 max_fails=0;",
        "keepalive 32;",
        "keepalive_timeout 1000ms;",
    ]


def test_a_single_instance_is_tried_twice() -> None:
    """Its socket outlives it: the second attempt waits there for the next process."""
    text = render_nginx_config(config(), MODEL, PLACES)
    servers = [x for x in block(text, "upstream broker {") if x.startswith("server ")]
    assert servers == ["server 127.0.0.1:19001 max_fails=0;"] * 2


def test_every_version_of_a_module_goes_to_its_server() -> None:
    """A version nobody has is routed nowhere."""
    text = render_nginx_config(config(), MODEL, PLACES)
    for name in ("v1", "v2"):
        line = f"location /api/{name}/datafeed/ {{ proxy_pass http://data-feed; }}"
        assert line in text
    assert "/api/v2/broker" not in text


def test_sockets_and_streams_are_not_buffered() -> None:
    """Nor are they cut off while nothing happens; ordinary answers are."""
    text = render_nginx_config(config(), MODEL, PLACES)
    for opening in (
        "location = /api/v1/broker/ws {",
        r'location ~ "^/api/v1/datafeed/s\.e/.+/of$" {',
    ):
        directives = block(text, opening)
        assert "proxy_buffering off;" in directives
        assert "proxy_read_timeout 3600s;" in directives
    assert "/a.b" not in text and r"/a\.b" not in text


def test_real_addresses_take_the_place_of_configured_ones() -> None:
    """A port of 0 is known once its socket is bound."""
    text = render_nginx_config(
        config(port=0, instances=1),
        MODEL,
        PLACES,
        addresses={"broker": [("::1", 5)], "data-feed": [("127.0.0.1", 6)]},
        listen=("0.0.0.0", 7),
    )
    assert "server [::1]:5 " in text and "server 127.0.0.1:6 " in text
    assert "listen 0.0.0.0:7;" in text


def test_a_port_nobody_knows_is_refused() -> None:
    """There is nothing to write down."""
    with pytest.raises(NginxError, match="'data-feed' gets a free port"):
        render_nginx_config(config(port=0), MODEL, PLACES)


def test_everything_nginx_writes_stands_in_the_given_places() -> None:
    """Also what it would put into /var/lib unless told otherwise."""
    text = render_nginx_config(config(), MODEL, PLACES)
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        assert f'{kind}_temp_path "/run/x/temp/{kind}";' in text
    assert 'pid "/run/x/nginx.pid";' in text
    assert 'error_log "/run/x/error.log" crit;' in text


def test_a_folder_with_spaces_and_quotes_is_written_as_one_word() -> None:
    """And what nginx has no way to write is refused."""
    text = render_nginx_config(config(static_dir='/a "b"; c'), MODEL, PLACES)
    assert r'root "/a \"b\"; c";' in text
    with pytest.raises(ValidationError, match="another folder"):
        config(static_dir="/a$b")
    with pytest.raises(NginxError, match="another folder"):
        render_nginx_config(config(), MODEL, replace(PLACES, temp_dir=Path("/a$b")))


def test_pages_are_files_with_their_own_type_and_headers() -> None:
    """The assets of a page lie beside it."""
    pages = AppPages(
        (Page("/api/v1/docs", "text/html", "<p>", {"X-A": "b"}),),
        (Assets("/api/v1/docs/assets", Path("/pkg")),),
    )
    text = render_nginx_config(config(), MODEL, PLACES, pages=pages)
    page = block(text, "location = /api/v1/docs {")
    assert 'alias "/run/x/pages/api-v1/docs";' in page
    assert 'add_header X-A "b";' in page
    assert "add_header X-Request-ID $the_request_id always;" in page
    assets = block(text, "location /api/v1/docs/assets/ {")
    assert 'alias "/run/x/pages/api-v1-docs-assets/";' in assets


def test_limits_and_timeouts_are_the_configured_ones() -> None:
    """In nginx's words."""
    data = config().model_dump()
    data["limits"] = {"body_bytes": 5, "header_bytes": 2048}
    data["timeouts"] = {"client_s": 1.5, "answer_s": 2}
    text = render_nginx_config(DeploymentConfig.model_validate(data), MODEL, PLACES)
    assert "client_max_body_size 5;" in text
    assert "large_client_header_buffers 4 2048;" in text
    assert "client_header_timeout 1500ms;" in text
    assert "proxy_read_timeout 2000ms;" in text
