"""The payloads every socket speaks, whatever its module."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from modular_api.ws.errors import ErrorCode
from modular_api.ws.frames import BadFrame, Request

_MOST_FAULTS = 5


class _Payload(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Gap(_Payload):
    """Updates of a topic, up to the offset of this message, do not reach the client."""

    missed: int | None = Field(description="How many; null where nobody knows.")


class ErrorDetail(_Payload):
    """What was wrong with a message, or with a topic."""

    code: str = Field(description="For programs.")
    message: str = Field(description="For people.")
    ref: str | int | None = Field(description="The `id` of the message, if it had one.")


class Auth(_Payload):
    """Credentials, in the first message of a connection."""

    token: str = Field(
        description="What an `Authorization: Bearer` header would carry."
    )


class Success(_Payload):
    """The request was followed."""

    success: bool


class PayloadReader:
    """Validates the payloads of one operation.

    Args:
        type_: whatever pydantic validates; None or NoneType for no payload.
    """

    def __init__(self, type_: Any) -> None:
        none = type_ is None or type_ is type(None)
        self.adapter: TypeAdapter[Any] | None = None if none else TypeAdapter(type_)
        model = isinstance(type_, type) and issubclass(type_, BaseModel)
        self._missing: Any = {} if model else None

    def read(self, request: Request) -> Any:
        """Return the payload of a message as the operation's type.

        A message without a payload is an empty object to a model.

        Raises: BadFrame
        """
        payload = self._missing if request.payload is None else request.payload
        if self.adapter is None:
            if payload:
                raise BadFrame(
                    ErrorCode.INVALID_PAYLOAD,
                    f"'{request.type}' takes no payload.",
                    request.id,
                )
            return None
        try:
            # As JSON, in which a date is text even to a strict model.
            return self.adapter.validate_json(to_json(payload))
        except ValidationError as error:
            raise BadFrame(
                ErrorCode.INVALID_PAYLOAD,
                f"The payload of '{request.type}' is invalid: {_faults(error)}",
                request.id,
            ) from None

    def dump(self, value: Any) -> Any:
        """Return a payload as plain JSON data."""
        if self.adapter is None:
            return None
        return self.adapter.dump_python(value, mode="json", by_alias=True)


class PayloadWriter:
    """Validates and writes the payloads of one operation, each once."""

    def __init__(self, type_: Any) -> None:
        self.adapter: TypeAdapter[Any] = TypeAdapter(type_)

    def write(self, value: Any) -> bytes:
        """Return JSON text.

        Raises: ValidationError: the value is not of the type.
        """
        return self.write_checked(self.adapter.validate_python(value))

    def write_checked(self, value: Any) -> bytes:
        """Return JSON text of a value that was validated as this type already."""
        return self.adapter.dump_json(value, by_alias=True)


def _faults(error: ValidationError) -> str:
    """Say where and what, without repeating what the client sent."""
    faults = [
        f"{'.'.join(map(str, fault['loc'])) or 'payload'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    more = len(faults) - _MOST_FAULTS
    shown = "; ".join(faults[:_MOST_FAULTS])
    return f"{shown}; and {more} more" if more > 0 else shown
