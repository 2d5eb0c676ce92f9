"""The gateway of a deployment: what it is told, its socket, and its record."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from modular_api.deploy.config.models import NGINX, DeploymentConfig
from modular_api.deploy.manager.describing.app_process import AppProcess
from modular_api.deploy.manager.describing.messages import GatewayOrder
from modular_api.deploy.manager.gateway.gateway import Gateway
from modular_api.deploy.manager.gateway.nginx import Nginx
from modular_api.deploy.manager.instances.plan import InstancePlan
from modular_api.deploy.manager.places import Places
from modular_api.deploy.manager.processes.child import Child
from modular_api.deploy.manager.processes.health import Address
from modular_api.deploy.manager.processes.records import ProcessRecord, Records
from modular_api.deploy.manager.processes.sockets import Sockets

log = logging.getLogger(__name__)

_SLOT = "only"
"""nginx replaces itself, so its process needs no second place."""


class GatewayKeeper:
    """Runs nginx for whatever instances there are.

    Attributes:
        gateway: the process; None until its socket is bound.
    """

    def __init__(
        self, sockets: Sockets, records: Records, places: Places, *, detached: bool
    ) -> None:
        self.gateway: Gateway | None = None
        self._sockets = sockets
        self._records = records
        self._places = places
        self._detached = detached

    def bind(self, config: DeploymentConfig, found: ProcessRecord | None) -> None:
        """Take the address; where an nginx serves there already, that one.

        Raises: PortsTaken.
        """
        if found is None:
            self._sockets.bind({NGINX: (config.nginx.host, config.nginx.port)})
        else:
            self._sockets.remember(NGINX, found.address)
        self.gateway = self._new_gateway()
        if found is not None:
            self.gateway.adopt(found.identity, found.restarts, found.fingerprint)

    async def update(
        self, app: AppProcess, config: DeploymentConfig, plans: Iterable[InstancePlan]
    ) -> None:
        """Have nginx serve these instances: started, moved or told, as is needed.

        It moves when its socket was exchanged: the old nginx ends once the new
        configuration has passed nginx's test.

        Raises: GatewayFailed: nginx refuses the configuration, and the old one is in
            force; or it does not start.
        """
        assert self.gateway is not None
        await app.write_gateway(self._order(config, plans))
        if self.gateway.nginx.address != self._sockets.address(NGINX):
            await self.gateway.stop(config.timeouts.drain_s)
            self.gateway = self._new_gateway()
        if self.gateway.child is None:
            await self.gateway.start()
        elif self.gateway.is_outdated:
            await self.gateway.reload()

    def moves_to(self, config: DeploymentConfig) -> Address | None:
        """Return where nginx is wanted; None where that is where it listens."""
        wanted = config.nginx.host, config.nginx.port
        return None if _fits(self._sockets.address(NGINX), wanted) else wanted

    async def restart(self, deadline_s: float) -> None:
        """Let another nginx take the place of one that was adopted.

        For a moment nobody listens: the socket is that nginx's alone, and cannot be
        passed on.

        Raises: GatewayFailed.
        """
        assert self.gateway is not None
        await self.gateway.stop(deadline_s)
        await self.gateway.start()

    async def stop(self, deadline_s: float) -> None:
        """Halt nginx, and give its address up."""
        await self.halt(deadline_s)
        self._sockets.forget(NGINX)

    async def halt(self, deadline_s: float) -> None:
        """Refuse new connections, and end once those there are have ended.

        An `update` starts it again.
        """
        self._sockets.close(NGINX)
        if self.gateway is not None:
            await self.gateway.stop(deadline_s)

    async def release(self) -> None:
        """Stop watching nginx, and do not stop it."""
        if self.gateway is not None:
            await self.gateway.release()
            self.gateway = None

    async def kill(self) -> None:
        """End it at once."""
        if self.gateway is not None:
            await self.gateway.kill()

    def _new_gateway(self) -> Gateway:
        places = self._places
        nginx = Nginx(
            places.nginx_config,
            places.nginx_pid_file,
            places.log_dir / "nginx-start.log",
            lambda: self._sockets.get(NGINX),
            lambda: self._sockets.close(NGINX),
            self._sockets.address(NGINX),
            self._detached,
            logs=[
                places.log_dir / name
                for name in ("nginx-access.log", "nginx-error.log")
            ],
        )
        return Gateway(nginx, changed=self._keep_record)

    def _order(
        self, config: DeploymentConfig, plans: Iterable[InstancePlan]
    ) -> GatewayOrder:
        addresses: dict[str, list[Address]] = {name: [] for name in config.servers}
        for plan in plans:
            addresses[plan.server].append(self._sockets.address(plan.name))
        listen = self._sockets.address(NGINX)
        return GatewayOrder(config, self._places, addresses, listen)

    def _keep_record(self) -> None:
        assert self.gateway is not None
        child = self.gateway.child
        try:
            if child is None or child.exited.is_set():
                self._records.remove(NGINX, _SLOT)
            else:
                self._records.write(self._record_of(self.gateway, child))
        except OSError as error:  # a full disk must not stop what is served
            log.error("nginx: its record is not up to date: %s", error)

    def _record_of(self, gateway: Gateway, child: Child) -> ProcessRecord:
        return ProcessRecord(
            NGINX,
            _SLOT,
            child.identity,
            self._sockets.address(NGINX),
            detached=self._detached,
            started_at=child.identity.create_time,
            restarts=gateway.restarts.count,
            fingerprint=gateway.fingerprint,
        )


def _fits(address: Address, wanted: Address) -> bool:
    return address[0] == wanted[0] and wanted[1] in (0, address[1])
