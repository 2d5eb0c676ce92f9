"""The shape of a deployment, and what it refuses by itself."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from modular_api.deploy.config import (
    DeploymentConfig,
    NginxConfig,
    ServerConfig,
    Timeouts,
)

pytestmark = pytest.mark.unit


def two_servers(
    *,
    nginx: int = 19000,
    broker: int = 19001,
    datafeed: int = 19010,
    instances: int = 1,
) -> DeploymentConfig:
    """A gateway and two servers, the second with so many instances."""
    return DeploymentConfig(
        nginx=NginxConfig(port=nginx),
        servers={
            "broker": ServerConfig(modules=["broker"], port=broker),
            "datafeed": ServerConfig(
                modules=["datafeed"], port=datafeed, instances=instances
            ),
        },
    )


def test_defaults_suit_a_laptop() -> None:
    """A server with modules is all that must be said."""
    config = DeploymentConfig(servers={"all": ServerConfig(modules=["broker"])})
    assert config.nginx.host == config.servers["all"].host == "127.0.0.1"
    assert config.timeouts.start_s == 10 and config.timeouts.drain_s <= 3


def test_every_instance_has_a_port_of_its_own() -> None:
    """Instance i listens on port + i."""
    config = two_servers(instances=3)
    assert config.get_all_ports()[2:] == [
        ("datafeed-0", 19010),
        ("datafeed-1", 19011),
        ("datafeed-2", 19012),
    ]


def test_port_0_gives_each_instance_a_free_one() -> None:
    """It is not known before the start, so nobody is told a number."""
    config = two_servers(nginx=0, broker=0, datafeed=0, instances=2)
    assert config.get_all_ports() == []
    assert config.servers["datafeed"].ports == [0, 0]


@pytest.mark.parametrize(
    ("ports", "told"),
    [
        ({"broker": 19000}, "port 19000 of broker-0 is that of nginx, too"),
        (
            {"broker": 19011, "instances": 2},
            "port 19011 of datafeed-1 is that of broker",
        ),
        ({"nginx": 443}, "port 443 of nginx is privileged"),
        (
            {"datafeed": 65535, "instances": 2},
            "port 65536 of datafeed-1 is above 65535",
        ),
    ],
)
def test_ports_that_cannot_be_had_are_refused(ports: dict[str, int], told: str) -> None:
    """Twice, by a later instance, privileged, beyond the last one."""
    with pytest.raises(ValidationError, match=told):
        two_servers(**ports)


def test_one_port_on_two_addresses_is_no_clash() -> None:
    """But an address that means all of them clashes with each."""
    servers = {"a": ServerConfig(modules=["a"], host="127.0.0.2", port=19000)}
    DeploymentConfig(nginx=NginxConfig(port=19000), servers=servers)
    with pytest.raises(ValidationError, match="is that of nginx"):
        DeploymentConfig(nginx=NginxConfig(host="0.0.0.0", port=19000), servers=servers)


@pytest.mark.parametrize(
    "data",
    [
        {"servers": {}},
        {"servers": {"nginx": {"modules": ["a"]}, "Bad Name": {"modules": ["a"]}}},
        {"servers": {"a": {"modules": []}}},
        {"servers": {"a": {"modules": ["a"], "port": "8001"}}},
        {"servers": {"a": {"modules": ["a"], "port": True}}},
        {"servers": {"a": {"modules": ["a"], "instances": 0}}},
        {"servers": {"a": {"modules": ["a"], "wokers": 1}}},
        {"servers": {"a": {"modules": ["a"], "env": {"A B": "x"}}}},
        {"servers": {"a": {"modules": ["a"]}}, "api_base_url": "localhost"},
        {"servers": {"a": {"modules": ["a"]}}, "api_base_url": "http://a\nb"},
        {"servers": {"a": {"modules": ["a"]}}, "nginx": {"host": "a b;"}},
        {"servers": {"a": {"modules": ["a"]}}, "timeouts": {"start_s": 0}},
    ],
)
def test_what_makes_no_sense_is_refused(data: dict[str, object]) -> None:
    """Nothing is guessed: no text for a number, no key nobody knows."""
    with pytest.raises(ValidationError):
        DeploymentConfig.model_validate(data)


def test_the_gateways_name_is_taken() -> None:
    """Logs and pid files are told apart by name."""
    with pytest.raises(ValidationError, match="'nginx' is the gateway"):
        DeploymentConfig(servers={"nginx": ServerConfig(modules=["a"])})


def test_nginx_must_close_idle_connections_before_an_instance_does() -> None:
    """Or a request would meet a connection that is just being closed."""
    with pytest.raises(ValidationError, match="at most half of drain_s"):
        Timeouts(idle_s=2, drain_s=3)


def test_it_is_frozen() -> None:
    """Whoever holds a configuration can rely on it."""
    config = two_servers()
    with pytest.raises(ValidationError, match="frozen"):
        config.nginx.port = 1  # type: ignore[misc]  # that is the point
