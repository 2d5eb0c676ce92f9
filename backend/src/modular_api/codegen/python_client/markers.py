"""Words of ours in the generator's copy of a document, between `normalise` and `properties`."""

from __future__ import annotations

from typing import Any

ANSWERS = "x-modular-answers"
"""What an answer may be: `{"answers": […], "headers": {name: schema}}`.

Each answer is `{"media_type", "schema", "framing"}`; the framing is None for a whole one.
"""

BYTES = "x-modular-bytes"
"""The schema stands for bytes as they are."""

RECURSIVE = "x-modular-recursive"
"""A map that holds itself, which only a class can."""


def is_map(
    kind: object, properties: object, all_of: object, extra: dict[str, Any]
) -> bool:
    """Whether an object's keys are data, so that it is a `dict` and no class."""
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
