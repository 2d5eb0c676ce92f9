"""Sockets are bound before anything starts; plans say which."""

from __future__ import annotations

import os
import socket
from dataclasses import replace

import pytest
from scripts.backend_manager import is_port_in_use

from modular_api.deploy.config.models import (
    DeploymentConfig,
    NginxConfig,
    ServerConfig,
)
from modular_api.deploy.logs.settings import LogLevel
from modular_api.deploy.manager.errors import PortsTaken
from modular_api.deploy.manager.instances.instance import Patience
from modular_api.deploy.manager.instances.plan import (
    InstancePlan,
    changes,
    fingerprint,
    peers_of,
    plans_of,
)
from modular_api.deploy.manager.processes.sockets import Sockets

pytestmark = pytest.mark.unit

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def test_all_sockets_are_bound_or_none() -> None:
    """Every port that is taken is named, with its holder."""
    sockets, free = Sockets(), free_port()
    with (
        socket.create_server((HOST, 0)) as first,
        socket.create_server((HOST, 0)) as second,
    ):
        wanted = {
            "broker-0": (HOST, free),
            "datafeed-0": first.getsockname(),
            "nginx": second.getsockname(),
        }
        with pytest.raises(PortsTaken) as caught:
            sockets.bind(wanted)
        assert [name for name, _ in caught.value.faults] == ["datafeed-0", "nginx"]
        for taken in (first, second):
            assert f"port {taken.getsockname()[1]}" in str(caught.value)
        assert f"process {os.getpid()} (" in str(caught.value)
    assert not is_port_in_use(free)


def test_a_free_port_stays_the_same_when_it_is_opened_again() -> None:
    """nginx knows it by then."""
    sockets = Sockets()
    sockets.bind({"broker-0": (HOST, 0)})
    address = sockets.address("broker-0")
    assert is_port_in_use(address[1])
    sockets.close("broker-0")
    assert not is_port_in_use(address[1])
    assert sockets.get("broker-0").getsockname() == address
    sockets.forget_all()
    assert not is_port_in_use(address[1])


def test_every_instance_has_a_port_of_its_own() -> None:
    """Instances follow the first one; 0 stays 0."""
    config = DeploymentConfig(
        nginx=NginxConfig(port=9000),
        servers={
            "a": ServerConfig(modules=["x"], port=9001, instances=3),
            "b": ServerConfig(modules=["y"], port=0, instances=2),
        },
    )
    addresses = {name: plan.address[1] for name, plan in plans_of(config).items()}
    assert addresses == {"a-0": 9001, "a-1": 9002, "a-2": 9003, "b-0": 0, "b-1": 0}


def plan(server: str, module: str, port: int = 0, index: int = 0) -> InstancePlan:
    return InstancePlan(server, index, (module,), (HOST, port))


def test_a_peer_is_called_where_it_listens_or_through_the_gateway() -> None:
    """One with several instances by way of the gateway; one that is here not at all."""
    plans = {
        p.name: p
        for p in (
            plan("a", "x"),
            plan("b", "y"),
            plan("c", "z"),
            plan("c", "z", index=1),
        )
    }
    ports = {"a-0": 1, "b-0": 2, "c-0": 3, "c-1": 4, "nginx": 80}
    uses = {"x": ["x", "y", "z", "elsewhere"]}
    peers = peers_of(plans["a-0"], uses, plans, lambda name: (HOST, ports[name]))
    assert peers == {"y": "http://127.0.0.1:2", "z": "http://127.0.0.1:80"}


def test_a_peer_is_called_at_an_address_a_client_can_use() -> None:
    """An IPv6 address stands in brackets, and nobody connects to `0.0.0.0`."""
    plans = {p.name: p for p in (plan("a", "x"), plan("b", "y"), plan("c", "z"))}
    addresses = {"b-0": ("::1", 2), "c-0": ("0.0.0.0", 3)}
    peers = peers_of(plans["a-0"], {"x": ["y", "z"]}, plans, addresses.__getitem__)
    assert peers == {"y": "http://[::1]:2", "z": "http://127.0.0.1:3"}


def test_what_differs_between_two_configurations() -> None:
    """Added, removed, and moved to another port."""
    before = {"a": plan("a", "x"), "c": plan("c", "z", 1), "d": plan("d", "v")}
    after = {"a": plan("a", "w"), "c": plan("c", "z", 2), "e": plan("e", "v")}
    change = changes(before, after)
    assert (change.added, change.removed, change.moved) == ({"e"}, {"d"}, {"c"})


def test_a_process_is_outdated_when_it_was_told_something_else() -> None:
    """Also of its peers, and of its manager; but not when it only listens elsewhere."""
    peers = {"y": "http://127.0.0.1:2"}
    a = plan("a", "x")

    def told(
        plan: InstancePlan,
        peers: dict[str, str],
        *,
        detached: bool = False,
        **patience: float,
    ) -> str:
        return fingerprint(plan, peers, Patience(**patience), detached=detached)

    before = told(a, peers)
    assert before == told(plan("a", "x", port=7), dict(peers))
    assert before != told(a, {"y": "http://127.0.0.1:3"})
    assert before != told(replace(a, environment={"A": "1"}), peers)
    assert before != told(replace(a, log_level=LogLevel.debug), peers)
    assert before != told(a, peers, detached=True)
    assert before != told(a, peers, drain_s=9)
    assert before != told(a, peers, linger_s=9)
    assert before == told(a, peers, start_s=9, live_s=9)


def test_a_port_in_use_is_told_from_a_free_one() -> None:
    """By whether somebody listens there."""
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        assert is_port_in_use(port)
    assert not is_port_in_use(port)
