"""What is exported: a deployment, and everything about the app its files depend on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modular_api.app.pages import AppPages
from modular_api.deploy.config.models import DeploymentConfig
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
