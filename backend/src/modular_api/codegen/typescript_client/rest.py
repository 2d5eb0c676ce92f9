"""Render the REST client of one OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from modular_api.codegen.typescript_client.hey_api import run_hey_api
from modular_api.codegen.typescript_client.node_tools import NodeTools
from modular_api.codegen.typescript_client.prepare import prepared
from modular_api.types import Document

CONFIG = Path(__file__).with_name("client_config.ts")
"""What every client begins with; hey-api lets it import a file of ours."""


def render_rest_client(tools: NodeTools, document: Document) -> Mapping[str, str]:
    """Return the texts of the client by path.

    Raises: HeyApiFailed
    """
    files = run_hey_api(tools, json.dumps(prepared(document)).encode())
    return {**files, CONFIG.name: CONFIG.read_text(encoding="utf-8")}
