"""A deployment as Kubernetes objects: a Deployment and a Service for each server.

Source: https://kubernetes.io/docs/reference/kubernetes-api/ for each field.
"""

from __future__ import annotations

import math
import re
from typing import Any, TypeAlias

import yaml

from modular_api.deploy.export.containers import (
    GATEWAY,
    PORT,
    check_names,
    host_name,
    url_of,
)
from modular_api.deploy.export.errors import BadImage
from modular_api.deploy.export.export import Export
from modular_api.deploy.export.processes import Process, processes_of

Object: TypeAlias = dict[str, Any]

_IMAGE = re.compile(
    r"([A-Za-z0-9.-]+(:\d+)?/)?"  # a registry
    r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:\w[\w.-]{0,127})?",
    re.ASCII,
)
"""Source: https://pkg.go.dev/github.com/distribution/reference"""

_URL = "modular-api/base-url"
"""The annotation with the address clients use, for whoever sets up what leads there."""

_USER = 10_001
_GATEWAY_USER = 101
_LEAVE_S = 2
"""How long a pod serves on after it was told to end, while others learn of that."""


def manifests(export: Export) -> dict[str, str]:
    """Return the text of each file by name: one a server, and the gateway's.

    Raises: NamesClash, BadImage.
    """
    check_names(export.config.servers)
    processes = processes_of(export.config, export.model, export.run, url_of=url_of)
    files = {
        f"{host_name(process.server)}.yaml": _server(export, process)
        for process in processes
    }
    files[f"{GATEWAY}.yaml"] = _gateway(export)
    return {
        name: "---\n".join(map(_dumped, objects)) for name, objects in files.items()
    }


class _Dumper(yaml.SafeDumper):
    """Writes repeated values in full, without YAML anchors: people read these files."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dumped(object_: Object) -> str:
    return yaml.dump(object_, Dumper=_Dumper, sort_keys=False)


def _server(export: Export, process: Process) -> list[Object]:
    timeouts = export.config.timeouts
    name = host_name(process.server)
    container: Object = {
        "name": name,
        "image": export.image,
        "args": [_literal(word) for word in process.listening("0.0.0.0", PORT)],
        "env": [
            {"name": name, "value": _literal(value)}
            for name, value in process.settings.env.items()
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "startupProbe": {
            **_get("/health/ready"),
            "periodSeconds": 1,
            "failureThreshold": math.ceil(timeouts.start_s),
        },
        "readinessProbe": {**_get("/health/ready"), "periodSeconds": 2},
        "livenessProbe": {
            **_get("/health/live"),
            "timeoutSeconds": math.ceil(timeouts.live_s),
            "periodSeconds": math.ceil(timeouts.live_s),
        },
        **_container_rest(),
    }
    # Two of a stateful one would disagree, so the old one goes first.
    strategy: Object = {"type": "Recreate"}
    if not process.stateful:
        rolling = {"maxSurge": 1, "maxUnavailable": 0}
        strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return _objects(
        export, name, process.settings.instances, container, strategy, _USER
    )


def _literal(text: str) -> str:
    """Return a text that means itself, where `$(NAME)` would mean a variable."""
    return text.replace("$", "$$")


def _gateway(export: Export) -> list[Object]:
    container: Object = {
        "name": GATEWAY,
        "image": _gateway_image(export.image),
        "ports": [{"name": "http", "containerPort": PORT}],
        "readinessProbe": {**_get("/health/live"), "periodSeconds": 2},
        "livenessProbe": {**_get("/health/live"), "periodSeconds": 5},
        **_container_rest(),
    }
    rolling = {"maxSurge": 1, "maxUnavailable": 0}
    strategy: Object = {"type": "RollingUpdate", "rollingUpdate": rolling}
    deployment, service = _objects(
        export, GATEWAY, 2, container, strategy, _GATEWAY_USER
    )
    if url := export.config.api_base_url:
        service["metadata"]["annotations"] = {_URL: url}
    return [deployment, service]


def _gateway_image(image: str) -> str:
    """Return the name of the gateway's image. Raises: BadImage."""
    if "@" in image:
        raise BadImage(image, "a digest names one image; name it by a tag")
    if not _IMAGE.fullmatch(image):
        raise BadImage(image, "that is no name of an image")
    folder, slash, name = image.rpartition("/")
    name, colon, tag = name.partition(":")
    return f"{folder}{slash}{name}-{GATEWAY}{colon}{tag}"


def _objects(
    export: Export,
    name: str,
    replicas: int,
    container: Object,
    strategy: Object,
    user: int,
) -> list[Object]:
    labels = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "modular-api",
    }
    drain_s = math.ceil(export.config.timeouts.drain_s)
    pod: Object = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _LEAVE_S + drain_s + 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    deployment: Object = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "strategy": strategy,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    service: Object = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "selector": labels,
            "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
        },
    }
    return [deployment, service]


def _container_rest() -> Object:
    return {
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(_LEAVE_S)]}}},
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def _get(path: str) -> Object:
    return {"httpGet": {"path": path, "port": "http"}}
