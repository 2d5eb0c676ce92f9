"""Run hey-api/openapi-ts on one OpenAPI document."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from modular_api.codegen.errors import CodegenError
from modular_api.codegen.typescript_client.node_tools import NodeTools

_SCRIPT = Path(__file__).with_suffix(".mjs")
_LAST_WORDS = 2_000


class HeyApiFailed(CodegenError):
    """hey-api/openapi-ts failed on a document; the message has its last output."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(f"hey-api/openapi-ts failed: {words[-_LAST_WORDS:].strip()}")


def run_hey_api(tools: NodeTools, document: bytes) -> Mapping[str, str]:
    """Return the texts of the client by path.

    Raises: HeyApiFailed
    """
    done = subprocess.run(
        [tools.node, str(_SCRIPT), str(tools.hey_api)],
        input=document,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise HeyApiFailed(done.stderr.decode(errors="replace"))
    files: dict[str, str] = json.loads(done.stdout)
    return files
