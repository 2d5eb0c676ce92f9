"""The instances that run become those that are wanted, or stay what they were."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from modular_api.deploy.config.models import NGINX
from modular_api.deploy.manager.gateway.keeper import GatewayKeeper
from modular_api.deploy.manager.instances.fleet import Fleet
from modular_api.deploy.manager.instances.instance import Patience
from modular_api.deploy.manager.instances.plan import InstancePlan, changes
from modular_api.deploy.manager.processes.health import Address
from modular_api.deploy.manager.processes.sockets import Sockets, open_sockets
from modular_api.errors import ModularError

log = logging.getLogger(__name__)


class Rearrangement:
    """Adds and moves instances; what is no longer wanted is left to the caller.

    Every address is bound before a process is touched. An exception are ports that an
    instance which moves or goes has now: those are bound when it has stopped.

    Args:
        wanted: the new plans.
        gateway: where nginx is to listen; None where it stays.

    Attributes:
        change: what differs from the instances there are.
    """

    def __init__(
        self,
        fleet: Fleet,
        sockets: Sockets,
        gateway_keeper: GatewayKeeper,
        wanted: Mapping[str, InstancePlan],
        gateway: Address | None,
    ) -> None:
        self._fleet = fleet
        self._sockets = sockets
        self._gateway_keeper = gateway_keeper
        self._before = {name: fleet.plans[name] for name in fleet.instances}
        self.change = change = changes(self._before, wanted)
        self._addresses = dict(change.addresses)
        leaving = {*change.moved, *change.removed}
        if gateway is not None:
            self._addresses[NGINX] = gateway
            leaving.add(NGINX)
        # Instances have addresses from the moment they are made until they are gone.
        self._former = {name: sockets.address(name) for name in leaving}
        ports = {port for _, port in self._former.values()}
        self._late = {n for n, (_, port) in self._addresses.items() if port in ports}
        late_ports = {self._addresses[name][1] for name in self._late}
        self._in_the_way = {
            name for name, (_, port) in self._former.items() if port in late_ports
        }
        self._halted: frozenset[str] = frozenset()
        self._closed: set[str] = set()
        self._reserved: dict[str, socket.socket] = {}
        self._put_aside: dict[str, socket.socket] = {}

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Have the new addresses while the body runs; those in place then are kept.

        Raises: PortsTaken: nothing has changed.
        """
        early = self._addresses.keys() - self._late
        self._reserved = open_sockets({name: self._addresses[name] for name in early})
        try:
            yield
        finally:
            for listener in (*self._reserved.values(), *self._put_aside.values()):
                listener.close()

    async def apply(self, patience: Patience, drain_s: float) -> None:
        """Start what is added and what moves; nginx has to be told afterwards.

        Args:
            drain_s: for nginx, where its port is wanted.
        Raises: StartFailed, PortsTaken: `undo` puts back what was.
        """
        change, fleet = self.change, self._fleet
        fleet.plans = {**self._before, **change.wanted}
        early = change.added - self._late
        self._add(early, patience)
        await fleet.start(early)
        self._halted = change.moved | (change.removed & self._in_the_way)
        await fleet.halt(self._halted)
        if NGINX in self._in_the_way:
            await self._gateway_keeper.halt(drain_s)
        self._closed = self._in_the_way
        for name in self._closed:
            self._sockets.close(name)
        late = {name: self._addresses[name] for name in self._late}
        self._reserved |= open_sockets(late)
        self._add(change.added - early, patience)
        self._put_in_place(change.moved)
        await fleet.start((change.added | change.moved) - early)
        self._put_in_place(self._reserved.keys() & {NGINX})

    async def undo(self) -> None:
        """Put back what was before; nginx has to be told afterwards.

        What does not start any more is given up, with the reason in the status.
        """
        fleet = self._fleet
        await fleet.stop(self.change.added & fleet.instances.keys())
        await fleet.halt(self._halted)
        for name, address in self._former.items():
            if name in self._put_aside:
                self._sockets.close(name)
                self._sockets.adopt(name, self._put_aside.pop(name))
            elif name in self._closed:
                self._sockets.close(name)
                self._sockets.remember(name, address)
        fleet.plans = self._before
        try:
            await fleet.roll_together(self._halted)
        except ModularError as error:
            log.error("%s", error)

    def _add(self, names: Iterable[str], patience: Patience) -> None:
        self._put_in_place(names)
        for name in names:
            self._fleet.add(name, patience)

    def _put_in_place(self, names: Iterable[str]) -> None:
        for name in list(names):
            former = self._sockets.exchange(name, self._reserved.pop(name))
            if former is not None:
                self._put_aside[name] = former
