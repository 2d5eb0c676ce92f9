"""Small contracts, and a folder to promise them in."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from modular_api.contracts.documents import LiveContracts
from modular_api.contracts.names import ContractName
from modular_api.contracts.store import ContractStore
from modular_api.specs.canonical import canonical_bytes

TODAY = date(2026, 6, 15)
BROKER = ContractName("broker", "v1", "openapi")
BROKER_V2 = ContractName("broker", "v2", "openapi")
REPORTS = ContractName("reports", "v1", "openapi")

TEXT = {"content": {"application/json": {"schema": {"type": "string"}}}}


def operation(id_: str, **words: Any) -> dict[str, Any]:
    """Describe an operation that answers a text."""
    answers = {"200": {"description": "An answer.", **TEXT}}
    return {"operationId": id_, "responses": answers, **words}


def document(*operations: str, module: str = "broker", **words: Any) -> dict[str, Any]:
    """Describe operations, each as `GET /orders`; words are put on all of them."""
    paths: dict[str, Any] = {}
    for name in operations:
        method, path = name.lower().split(" ")
        id_ = f"{method}_{path.strip('/')}"
        paths.setdefault(path, {})[method] = operation(id_, **words)
    return {
        "openapi": "3.1.0",
        "info": {"title": module, "version": "v1"},
        "servers": [{"url": f"/api/v1/{module}"}],
        "paths": paths,
    }


def encoded(document: dict[str, Any]) -> bytes:
    """Return a document as it is promised."""
    return canonical_bytes(document)


def live(*operations: str, **words: Any) -> LiveContracts:
    """Return an app of one module, the broker."""
    return LiveContracts({BROKER: encoded(document(*operations, **words))})


@pytest.fixture
def store(tmp_path: Path) -> ContractStore:
    """A promise that is empty yet."""
    return ContractStore(tmp_path / "contracts")
