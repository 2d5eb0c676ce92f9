"""What a deployment should be, read from a file or written in Python."""

from modular_api.deploy.config.checks import check_deployment
from modular_api.deploy.config.errors import BadDeployment, NoDeployment
from modular_api.deploy.config.models import (
    NGINX,
    DeploymentConfig,
    Limits,
    NginxConfig,
    ServerConfig,
    Timeouts,
)
from modular_api.deploy.config.reading import read_deployment
from modular_api.deploy.config.writing import default_deployment, deployment_text
from modular_api.deploy.logs.settings import LogLevel

__all__ = [
    "NGINX",
    "BadDeployment",
    "DeploymentConfig",
    "Limits",
    "LogLevel",
    "NginxConfig",
    "NoDeployment",
    "ServerConfig",
    "Timeouts",
    "check_deployment",
    "default_deployment",
    "deployment_text",
    "read_deployment",
]
