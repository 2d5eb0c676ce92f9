"""What a finding says is the same in every process, so it can be put on a list."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from modular_api.codegen.python_client.errors import GeneratorWarnings
from modular_api.codegen.python_client.render import render_python_client
from modular_api.specs.openapi import build_document


class Tick(BaseModel):
    price: int


def test_no_finding_tells_an_address_of_memory() -> None:
    """A stream is refused by name, and the line it is refused with allows it."""
    app = FastAPI()

    @app.get("/ticks")
    async def watch() -> AsyncIterator[Tick]:
        yield Tick(price=1)

    document = build_document(app, module="m", version="v1", prefix="/api/v1/m")
    with pytest.raises(GeneratorWarnings) as caught:
        render_python_client(document, module="m", version="v1")
    lines = [str(finding) for finding in caught.value.findings]
    assert lines and "0x" not in "".join(lines)
    files = render_python_client(
        document, module="m", version="v1", allowed=frozenset(lines)
    )
    assert "m_client.py" in files
