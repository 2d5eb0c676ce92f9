"""What a finding says is the same in every process, so it can be put on a list."""

from __future__ import annotations

from typing import Any

import pytest

from modular_api.codegen.python_client.errors import GeneratorWarnings
from modular_api.codegen.python_client.render import render_python_client


def test_no_finding_tells_an_address_of_memory() -> None:
    """A component is refused by name, and the line it is refused with allows it."""
    root = "#/components/schemas/"
    nothing = {"204": {"description": ""}}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "m", "version": "v1"},
        "paths": {"/a": {"get": {"operationId": "a", "responses": nothing}}},
        "components": {
            "schemas": {
                "Loop": {
                    "type": "array",
                    "items": {"anyOf": [{"$ref": f"{root}Loop"}, {"type": "null"}]},
                }
            }
        },
    }
    with pytest.raises(GeneratorWarnings) as caught:
        render_python_client(document, module="m", version="v1")
    lines = [str(finding) for finding in caught.value.findings]
    assert lines and "0x" not in "".join(lines)
    files = render_python_client(
        document, module="m", version="v1", allowed=frozenset(lines)
    )
    assert "m_client.py" in files
