"""Writes a deployment for what is to run it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modular_api.app.pages import AppPages
from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.export.target import Target
from modular_api.model import AppModel


@dataclass(frozen=True)
class Export:
    """A deployment, and everything about the app that its files depend on.

    Attributes:
        run: arguments that choose the app, from `run_arguments`.
        project: the folder the processes run in.
        image: the app's image, where there are images.
    """

    config: DeploymentConfig
    model: AppModel
    pages: AppPages
    run: tuple[str, ...]
    project: Path
    image: str = "modular-api:latest"

    def write(self, target: Target, folder: Path) -> list[Path]:
        """Write the files into a folder; return them.

        Raises: NginxError: a server has no port that could be written down.
            NginxMissing, BadNginxConfig: the gateway's file is not written.
        """
        from modular_api.deploy.export import containers, kubernetes, systemd

        folder = folder.absolute()
        if target is Target.nginx:
            return containers.write_gateway(self, folder)
        if target is Target.kubernetes:
            return _write(folder, kubernetes.manifests(self))
        return [
            *systemd.write_gateway(self, folder),
            *_write(folder, systemd.units(self, folder)),
        ]


def _write(folder: Path, files: dict[str, str]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    return written
