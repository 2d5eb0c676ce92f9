"""An app with everything a gateway could spoil: uploads, streams, sockets, versions.

Nothing is generated and nothing kept, so any number of instances serve it.
"""

from __future__ import annotations

from pathlib import Path

from modular_api import AppFactory

factory = AppFactory(
    Path(__file__).parent / "modules", title="Behind a gateway", generation="off"
)
