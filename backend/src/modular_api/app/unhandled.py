"""What a client gets when a handler fails, and what the log gets."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from modular_api.problems import problem_response
from modular_api.types import REQUEST_ID_KEY


async def answer_unhandled(request: Request, exc: Exception) -> Response:
    """Exception handler: a 500 problem that names the request's id and nothing else.

    The exception goes on to the server, which logs it; a note on it carries the id.
    """
    request_id: str = request.scope[REQUEST_ID_KEY]
    exc.add_note(f"while answering request {request_id}")
    return problem_response(
        500,
        "The server failed to answer; its log has the details under the request's id.",
        # The server closes the connection after a handler that raised; told of it, a
        # client does not send its next request there.
        headers={"Connection": "close"},
        request_id=request_id,
    )
