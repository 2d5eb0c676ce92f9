"""Where nginx keeps its files."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

from modular_api.deploy.nginx.errors import NginxError


@dataclass(frozen=True)
class GatewayPlaces:
    """Every file and folder nginx uses; it writes nowhere else.

    Attributes:
        pages_dir: what `write_pages` has written.
        temp_dir: for bodies that do not fit into memory.
        access_log, error_log: files, or a device.
        user: who nginx runs as where root starts it; None leaves the choice to nginx,
            which keeps whoever starts it unless that is root.
    """

    pid_file: Path
    pages_dir: Path
    temp_dir: Path
    access_log: Path
    error_log: Path
    user: str | None = None

    def __post_init__(self) -> None:
        for name in ("pid_file", "pages_dir", "temp_dir", "access_log", "error_log"):
            path: Path = getattr(self, name)
            if not path.is_absolute():
                raise NginxError(f"{name} is {path}, expected an absolute path.")

    @classmethod
    def below(
        cls, folder: Path, *, pid_file: Path | None = None, log_dir: Path | None = None
    ) -> GatewayPlaces:
        """Return the usual places below a folder, for whoever runs this process.

        Root keeps being root: nginx's own choice, `nobody`, could not read the files.
        """
        folder = folder.absolute()
        logs = folder if log_dir is None else log_dir.absolute()
        return cls(
            pid_file=(pid_file or folder / "nginx.pid").absolute(),
            pages_dir=folder / "pages",
            temp_dir=folder / "temp",
            access_log=logs / "nginx-access.log",
            error_log=logs / "nginx-error.log",
            user=getpass.getuser() if os.geteuid() == 0 else None,
        )

    def make(self) -> None:
        """Make the folders that nginx expects to exist."""
        self.temp_dir.mkdir(parents=True, exist_ok=True)
        for file in (self.pid_file, self.access_log, self.error_log):
            file.parent.mkdir(parents=True, exist_ok=True)
