"""uvicorn's settings, the same for every server of ours."""

from __future__ import annotations

from typing import Any

import uvicorn
from starlette.types import ASGIApp

from modular_api.serving.whole_answers import HeldHead, with_whole_answers
from modular_api.ws.serving import uvicorn_options


def server_config(app: ASGIApp, **options: Any) -> uvicorn.Config:
    """Return a loaded configuration: nothing is logged by uvicorn's own rules.

    Args:
        options: of `uvicorn.Config`, before ours.
    """
    config = uvicorn.Config(app, **{"log_config": None, **uvicorn_options(), **options})
    config.load()
    config.http_protocol_class = with_whole_answers(config.http_protocol_class)
    config.loaded_app = HeldHead(config.loaded_app)
    return config
