"""What a client gets when a handler's call to another module did not reach it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from modular_api.clients.errors import ClientTimeout
from modular_api.clients.retries import SHOULD_RETRY_HEADER
from modular_api.problems import problem_response


async def answer_peer_error(request: Request, exc: Exception) -> Response:
    """Exception handler: a peer that is missing or away is a 503, a slow one a 504."""
    status = 504 if isinstance(exc, ClientTimeout) else 503
    # The call to the peer was repeated already where that could help. If the caller
    # repeated it too, attempts would multiply from module to module.
    return problem_response(status, str(exc), headers={SHOULD_RETRY_HEADER: "false"})
