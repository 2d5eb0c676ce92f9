"""What can run a deployment besides our manager."""

from __future__ import annotations

from enum import StrEnum


class Target(StrEnum):
    """What runs a deployment where there is no manager."""

    kubernetes = "kubernetes"
    nginx = "nginx"
    systemd = "systemd"
