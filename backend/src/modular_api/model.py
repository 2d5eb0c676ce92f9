"""The static model: what an app consists of, as plain serialisable data.

Lists, specs, checks and files for other tools are views of it. It is built without
entering a lifespan.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, computed_field


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class RouteModel(_Model):
    """One operation of a module's version."""

    method: str
    path: str
    """Path below the version's prefix: `/orders/{order_id}`."""
    operation_id: str
    handler: str
    """`file:line` of the function that answers, or its Python module without one."""
    streams: bool = False
    """Whether it sends its answer item by item."""


class VersionModel(_Model):
    """One version of a module's interface."""

    name: str
    prefix: str
    """Path the version is mounted at: `/api/v1/broker`."""
    routes: tuple[RouteModel, ...]
    spec_sha256: str
    """SHA-256 of the canonical OpenAPI document, in hex."""
    socket: str | None = None
    """Path of its socket, `/api/v1/broker/ws`, where it has one."""
    socket_sha256: str | None = None
    """SHA-256 of the socket's canonical AsyncAPI document, in hex."""


class ModuleModel(_Model):
    """One module."""

    name: str
    description: str
    directory: str | None
    uses: tuple[str, ...]
    process_state: tuple[str, ...] = ()
    """What each process would keep to itself, in words."""
    versions: tuple[VersionModel, ...]

    @computed_field  # type: ignore[prop-decorator] # mypy knows none above a property
    @property
    def stateful(self) -> bool:
        """Whether two instances would disagree."""
        return bool(self.process_state)

    @property
    def spec_hashes(self) -> dict[str, str]:
        """The hash of each OpenAPI document, by version."""
        return {each.name: each.spec_sha256 for each in self.versions}

    @property
    def socket_hashes(self) -> dict[str, str]:
        """The hash of each AsyncAPI document, by version that has a socket."""
        return {v.name: v.socket_sha256 for v in self.versions if v.socket_sha256}


class AppModel(_Model):
    """A whole app: its modules, sorted by name."""

    title: str
    version: str
    modules: tuple[ModuleModel, ...]
