"""Errors of calls made through generated clients.

CallError                      a call did not give the answer it promises
├── ApiError                   the server answered, but not with success
│   ├── BadRequest … GatewayTimeout    one class a status, for documented statuses
│   ├── OtherClientError       a documented 4xx without a class of its own
│   ├── OtherServerError       a documented 5xx without a class of its own
│   ├── UnexpectedStatus       a status the specification does not document
│   └── MalformedResponse      the status says success, the body is not what it should be
├── ClientTimeout              no answer in time; the server may still act on the call
├── PeerUnavailable            there was no connection, or it broke
├── ReadCancelled              a read of a stream was cancelled, and the call with it
├── PeerMissing                the module is neither mounted here nor has an address
├── TokenNotFetched            the access token could not be had; nothing was sent
└── InvalidArgument            a value that cannot be sent; nothing was sent

An error of a call that was repeated says how often it was tried: `attempts`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from modular_api.errors import ModularError, describe

if TYPE_CHECKING:
    from modular_api.clients.wire import Response


class CallError(ModularError):
    """A call did not give the answer it promises.

    Attributes:
        attempts: how often it was sent.
    """

    attempts = 1

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.attempts == 1 else f"{text} ({self.attempts} attempts)"


class InvalidArgument(CallError, ValueError):
    """An argument cannot be sent where it belongs; nothing was sent."""

    def __init__(self, name: str, value: str, reason: str) -> None:
        self.name = name
        self.value = value
        super().__init__(f"The value {value!r} of '{name}' {reason}.")


class TokenNotFetched(CallError):
    """The access token of a client could not be had; nothing was sent.

    Attributes:
        reason: what the `fetch` of its `OAuth2`, or its socket's `token`, raised.
    """

    def __init__(self, reason: BaseException) -> None:
        self.reason = reason
        super().__init__(f"No access token could be fetched: {describe(reason)}")


class ClientTimeout(CallError):
    """No answer came in time. The server may have acted on the call all the same."""

    def __init__(self, call: str, timeout_s: float | None) -> None:
        self.call = call
        self.timeout_s = timeout_s
        super().__init__(f"{call} gave no answer within {timeout_s} s.")


class PeerUnavailable(CallError):
    """The server could not be reached, or the connection broke.

    Attributes:
        may_have_acted: whether the server may have got the call; False where there was
            no connection.
    """

    def __init__(
        self, call: str, peer: str, reason: str, *, may_have_acted: bool = True
    ) -> None:
        self.call = call
        self.peer = peer
        self.may_have_acted = may_have_acted
        super().__init__(
            f"{call} got no whole answer from {peer}, which may have acted on it: {reason}"
            if may_have_acted
            else f"{call} could not be sent to {peer}: {reason}"
        )


class ReadCancelled(CallError):
    """A stream was read on after a cancelled read, which had ended its call."""

    def __init__(self, call: str) -> None:
        self.call = call
        super().__init__(
            f"A read of {call} was cancelled, by a time limit perhaps, and that ended "
            "the call. Open the stream again, or read it in a task that lives on."
        )


class PeerMissing(CallError):
    """The module a client speaks to is not mounted here and has no address."""

    def __init__(self, module: str) -> None:
        self.module = module
        super().__init__(
            f"Module '{module}' is not mounted in this app and no address is "
            "configured for it. Enable the module, or configure its address."
        )


class ApiError(CallError):
    """The server answered, but not with success.

    Attributes:
        call: method and path, `POST /api/v1/broker/orders`.
        status: the status code.
        problem: the body, as the model that is documented for this status. Without
            such a model it is the parsed JSON, or None where the body is no JSON.
        request_id: the id under which the server logged the request.
        response: the whole answer.
    """

    def __init__(self, call: str, response: Response, problem: Any) -> None:
        self.call = call
        self.status = response.status_code
        self.problem = problem
        self.request_id = response.request_id
        self.response = response
        super().__init__(self._message())

    def _message(self) -> str:
        message = f"{self.call} answered {self.status} {_phrase(self.status)}".rstrip()
        detail = _detail(self.problem)
        if detail:
            message += f": {detail}"
        if self.request_id:
            message += f" (request {self.request_id})"
        return message


class UnexpectedStatus(ApiError):
    """The status is one the specification does not document for this operation.

    It is no success, or one whose body is not that of the documented success.
    """


class MalformedResponse(ApiError):
    """The status says success, but the body is not what the specification says."""

    def _message(self) -> str:
        return f"{super()._message()}; its body does not fit the specification"


class OtherClientError(ApiError):
    """A documented 4xx status without a class of its own."""


class OtherServerError(ApiError):
    """A documented 5xx status without a class of its own."""


class BadRequest(ApiError):
    """400: the server does not understand the request."""


class Unauthorized(ApiError):
    """401: the call needs a valid token."""


class Forbidden(ApiError):
    """403: the token does not allow this call."""


class NotFound(ApiError):
    """404: what the call names does not exist."""


class MethodNotAllowed(ApiError):
    """405: the path exists, but not with this method."""


class NotAcceptable(ApiError):
    """406: the server cannot answer in an accepted media type."""


class RequestTimeout(ApiError):
    """408: the request did not arrive in time."""


class Conflict(ApiError):
    """409: the call contradicts the state of what it names."""


class Gone(ApiError):
    """410: what the call names existed once."""


class PreconditionFailed(ApiError):
    """412: a condition in the request's headers does not hold."""


class ContentTooLarge(ApiError):
    """413: the body is larger than the server takes."""


class UnsupportedMediaType(ApiError):
    """415: the server does not take a body of this media type."""


class UnprocessableContent(ApiError):
    """422: the arguments do not fit what the operation accepts."""


class Locked(ApiError):
    """423: what the call names is locked."""


class PreconditionRequired(ApiError):
    """428: the server wants a conditional request."""


class TooManyRequests(ApiError):
    """429: the caller calls too often."""


class InternalServerError(ApiError):
    """500: the server failed."""


class OperationNotImplemented(ApiError):
    """501: the server does not know how to do this."""


class BadGateway(ApiError):
    """502: a server behind the server answered nonsense."""


class ServiceUnavailable(ApiError):
    """503: the server, or a module it needs, cannot serve now."""


class GatewayTimeout(ApiError):
    """504: a server behind the server did not answer in time."""


ERRORS_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    406: NotAcceptable,
    408: RequestTimeout,
    409: Conflict,
    410: Gone,
    412: PreconditionFailed,
    413: ContentTooLarge,
    415: UnsupportedMediaType,
    422: UnprocessableContent,
    423: Locked,
    428: PreconditionRequired,
    429: TooManyRequests,
    500: InternalServerError,
    501: OperationNotImplemented,
    502: BadGateway,
    503: ServiceUnavailable,
    504: GatewayTimeout,
}


def error_class(status: int) -> type[ApiError]:
    """Return the class of a documented error status."""
    other = OtherServerError if status >= 500 else OtherClientError
    return ERRORS_BY_STATUS.get(status, other)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _detail(problem: Any) -> str:
    """Return the `detail` of a problem body where it is a text (RFC 9457)."""
    if isinstance(problem, dict):
        detail = problem.get("detail")
    else:
        detail = getattr(problem, "detail", None)
    return detail if isinstance(detail, str) else ""
