"""Private schema keywords, written by `normalise` and read by `properties`."""

from __future__ import annotations

from typing import Any

ANSWERS = "x-modular-answers"
"""The possible answers: `{"answers": […], "headers": {name: schema}}`.

Each answer is `{"media_type", "schema", "framing"}`; framing is None for no stream.
"""

BYTES = "x-modular-bytes"
"""The value is bytes, sent and received unchanged."""

DEFAULTS = "x-modular-defaults"
"""What the server puts in the place of what an operation's caller leaves out.

`{place: {name: is_empty_list}}`, without defaults of null; a place is `query`, `header`,
`cookie` or `form`.
"""

RECURSIVE = "x-modular-recursive"
"""A map that contains itself, which has to be a class."""


def is_map(
    kind: object, properties: object, all_of: object, extra: dict[str, Any]
) -> bool:
    """Whether an object's keys are data, so that it is a `dict` and not a class."""
    return (
        kind == "object"
        and properties is None
        and not all_of
        and RECURSIVE not in extra
    )


def is_json(media_type: str) -> bool:
    """Whether a media type is JSON: `application/json`, `…/…+json`."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain == "application/json" or plain.endswith("+json")
