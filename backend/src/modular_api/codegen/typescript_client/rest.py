"""Render the REST client of one OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from modular_api.codegen.typescript_client.hey_api import run_hey_api
from modular_api.codegen.typescript_client.node_tools import NodeTools
from modular_api.codegen.typescript_client.prepare import prepared
from modular_api.specs.structure import WHOLE_PATH, operations_of
from modular_api.types import Document

OURS = tuple(map(Path(__file__).with_name, ("client_config.ts", "sendable.ts")))
"""What every client begins with; hey-api lets it import a file of ours."""


def render_rest_client(tools: NodeTools, document: Document) -> Mapping[str, str]:
    """Return the texts of the client by path.

    Raises: HeyApiFailed
    """
    files = run_hey_api(tools, json.dumps(prepared(document)).encode())
    ours = {path.name: path.read_text(encoding="utf-8") for path in OURS}
    return {**files, **ours, "parameters.ts": _parameters(document)}


def _parameters(document: Document) -> str:
    """Return what `sendable.ts` has to know of the operations' parameters."""
    whole: dict[str, set[str]] = {}
    defaulted: dict[str, dict[str, bool]] = {}
    for path, method, operation in operations_of(document["paths"]):
        for parameter in operation.get("parameters", ()):
            name, place = parameter.get("name"), parameter.get("in")
            default = parameter.get("schema", {}).get("default")
            if place == "path" and parameter.get(WHOLE_PATH) is True:
                whole.setdefault(path, set()).add(name)
            if place == "query" and default is not None:
                route = f"{method.upper()} {path}"
                defaulted.setdefault(route, {})[name] = default == []
    paths = {path: sorted(names) for path, names in whole.items()}
    return (
        "/** The parameters that may hold slashes, by path. */\n"
        "export const wholePaths: Record<string, readonly string[]> = "
        f"{_json(paths)};\n\n"
        "/** The query parameters with a default, by route; whether it is an empty list. */\n"
        "export const defaulted: Record<string, Record<string, boolean>> = "
        f"{_json(defaulted)};\n"
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True)
