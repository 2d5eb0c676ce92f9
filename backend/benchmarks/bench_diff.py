"""What comparing contracts costs: 500 endpoints against a copy with 20 changes.

Run with `make bench-diff`. The reference is `app.openapi()` of the same application,
for whoever has a document to compare has built it first.
"""

from __future__ import annotations

import copy
import sys
import tempfile
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from modular_api import AppFactory
from modular_api.specs.diff import compare

sys.path.insert(0, str(Path(__file__).parent))

from report import Row, alternating_medians_ms, print_table
from sample_modules import write_modules

ENDPOINTS = 500
CHANGES = 20
AIM = 0.25


def sample_app() -> FastAPI:
    """One flat FastAPI app of 500 endpoints, each with models of its own."""
    with tempfile.TemporaryDirectory() as folder:
        directory = write_modules(Path(folder) / "m", modules=1, routes=ENDPOINTS)
        (module,) = AppFactory(directory).registry.load()
        app = FastAPI(title="sample", version="v1")
        app.include_router(module.declaration.routers["v1"])
    return app


def changed(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with 20 changes, spread over parameters, fields, types, paths."""
    copied = copy.deepcopy(document)
    schemas = copied["components"]["schemas"]
    for number in range(0, CHANGES, 4):
        step = number * (ENDPOINTS // CHANGES)
        schemas[f"Order{step}-Input"]["properties"]["qty"] = {"type": "string"}
        schemas[f"Answer{step + 1}"]["required"].remove("id")
        operation = copied["paths"][f"/orders{step + 2}/{{account}}"]["post"]
        operation["operationId"] += "_renamed"
        del copied["paths"][f"/orders{step + 3}/{{account}}"]
    return copied


def main() -> None:
    app = sample_app()
    old = app.openapi()
    new = changed(old)
    found = len(compare(old, new))

    def openapi() -> None:
        app.openapi_schema = None
        app.openapi()

    ours, reference = alternating_medians_ms(
        [lambda: compare(old, new), openapi], repeats=10
    )
    print_table(
        "Comparing contracts",
        [
            Row(
                what=f"{ENDPOINTS} endpoints, {CHANGES} edits, {found} changes found",
                ours=f"{ours:.1f} ms",
                reference=f"app.openapi() {reference:.1f} ms",
                ratio=f"{ours / reference:.1%}",
                aim=f"≤ {AIM:.0%}",
            )
        ],
    )


if __name__ == "__main__":
    main()
