"""The static model tells what a gateway has to know of an app."""

from __future__ import annotations

import runpy
from pathlib import Path

FACTORY = Path(__file__).parents[2] / "gateway_app" / "factory.py"


def test_sockets_and_streams_are_told() -> None:
    """A version without one has no socket; a route that answers at once is no stream."""
    model = runpy.run_path(str(FACTORY))["factory"].create_app().describe()
    versions = {
        (module.name, version.name): version
        for module in model.modules
        for version in module.versions
    }
    sockets = {key: version.socket for key, version in versions.items()}
    assert sockets == {
        ("files", "v1"): None,
        ("ticks", "v1"): "/api/v1/ticks/ws",
        ("ticks", "v2"): None,
    }
    streams = {
        route.path for v in versions.values() for route in v.routes if route.streams
    }
    assert streams == {"/events", "/lines"}
