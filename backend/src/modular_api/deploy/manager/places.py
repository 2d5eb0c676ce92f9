"""Where a manager keeps its files; nothing is written anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modular_api.deploy.nginx.places import GatewayPlaces


@dataclass(frozen=True)
class Places:
    """The folders and files of one deployment.

    Attributes:
        pid_dir: pid files, records, and the socket commands come in by.
        log_dir: what every process writes.
    """

    pid_dir: Path
    log_dir: Path
    nginx_config: Path
    nginx_pid_file: Path

    @classmethod
    def below(cls, local: Path) -> Places:
        """Return the usual ones in a folder, which is `.local` of a project."""
        return cls(
            local / "pids",
            local / "logs",
            local / "nginx" / "nginx.conf",
            local / "pids" / "nginx.pid",
        )

    def gateway_places(self) -> GatewayPlaces:
        """Return where nginx keeps what it needs."""
        return GatewayPlaces.below(
            self.nginx_config.parent,
            pid_file=self.nginx_pid_file,
            log_dir=self.log_dir,
        )
