"""Render the REST client of one OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping

from modular_api.codegen.typescript_client.hey_api import run_hey_api
from modular_api.codegen.typescript_client.node_tools import NodeTools
from modular_api.codegen.typescript_client.prepare import prepared
from modular_api.types import Document


def render_rest_client(tools: NodeTools, document: Document) -> Mapping[str, str]:
    """Return the texts of the client by path.

    Raises: HeyApiFailed
    """
    return run_hey_api(tools, json.dumps(prepared(document)).encode())
