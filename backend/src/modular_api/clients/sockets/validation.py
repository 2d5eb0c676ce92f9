"""Checks payloads against the document's schemas before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any

from modular_api.clients.socket_errors import InvalidMessage, SocketClientMissing


class PayloadSchemas:
    """The schemas of what a client sends, compiled when first used.

    Args:
        text: JSON with `messages`, schemas of payloads by message key, and with
            `components`, what they refer to. The dialect is JSON Schema draft-07, as in
            AsyncAPI 3.0.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._validators: dict[str, Any] = {}

    def check(self, key: str, type_: str) -> Callable[[Any], None]:
        """Return what refuses a bad payload of a message.

        It raises InvalidMessage, for the first thing that is wrong by its path, or
        SocketClientMissing.
        """

        def check(payload: Any) -> None:
            error = min(
                self._validator(key).iter_errors(payload), key=_place, default=None
            )
            if error is not None:
                raise InvalidMessage(
                    type_, error.instance_path, error.instance, error.message
                )

        return check

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._text)
        return document

    def _validator(self, key: str) -> Any:
        validator = self._validators.get(key)
        if validator is None:
            try:
                import jsonschema_rs
            except ImportError as error:
                raise SocketClientMissing("jsonschema-rs") from error
            schema = {
                "allOf": [self._document["messages"][key]],
                "components": self._document["components"],
            }
            # Formats are left to the types: JSON Schema's `time` has a zone, ours need none.
            validator = jsonschema_rs.Draft7Validator(schema, validate_formats=False)
            self._validators[key] = validator
        return validator


def _place(error: Any) -> list[str]:
    return [str(part) for part in error.instance_path]
