"""Run a deployment in this process, until a signal or a command stops it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

from modular_api.deploy.config.models import DeploymentConfig
from modular_api.deploy.logs.label import Label
from modular_api.deploy.logs.records import FileRecordHandler, RecordHandler
from modular_api.deploy.logs.settings import MANAGER, LogSettings
from modular_api.deploy.manager.errors import BadFolder
from modular_api.deploy.manager.operating.deployment import Deployment
from modular_api.deploy.manager.operating.foreground import Foreground
from modular_api.deploy.manager.operating.reporting import status_of
from modular_api.model import AppModel
from modular_api.serving.logs import configure_logging


def run(deployment: Deployment, on_ready: Callable[[dict[str, Any]], None]) -> None:
    """Run a deployment until a signal or a command stops it.

    What it logs goes to `manager.log` and `all.log`, and to stderr unless it is
    detached.

    Args:
        on_ready: gets the status once everything is ready.
    Raises: ModularError: it did not start. KeyboardInterrupt: stopped while starting.
    """
    configure_logging(deployment.log_level)
    deployment.must_exist()
    root, log_dir = logging.getLogger(), deployment.places.log_dir
    label = Label(MANAGER, "-", os.getpid(), MANAGER)
    try:
        handler = FileRecordHandler(label, LogSettings(log_dir))
    except OSError as error:
        raise BadFolder(log_dir, error) from error
    if deployment.detached:  # nobody looks, and what collects it would grow
        root.handlers.clear()
    root.addHandler(handler)
    try:
        asyncio.run(_run(deployment, on_ready, handler))
    finally:
        root.removeHandler(handler)


async def _run(
    deployment: Deployment,
    on_ready: Callable[[dict[str, Any]], None],
    records: RecordHandler,
) -> None:
    def read_config(model: AppModel) -> DeploymentConfig:
        config = deployment.read_config(model)
        records.format_of_lines = config.log_format
        return config

    supervisor = deployment.supervisor(read_config)

    async def tell() -> None:
        notes = deployment.notes(
            supervisor.parts.config, supervisor.parts.description.model
        )
        on_ready({**await status_of(supervisor), "notes": notes})

    await Foreground(supervisor).run(tell)
