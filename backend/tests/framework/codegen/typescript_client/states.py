"""What TypeScript makes of each construct of the catalogue, for the table in the docs."""

from __future__ import annotations

from tests.framework.codegen.constructs import rest_constructs
from tests.framework.codegen.constructs.socket_constructs import SOCKET_CONSTRUCTS

TYPED = "typed"
DIFFERENT = {"several_media_types body"}
"""Operation and aspect whose type is not what the document says."""

_NOTES = {"several_media_types": "typed; the first media type is sent"}
_BY_MEDIA_TYPE = {
    "application/jsonl": "as a `Blob`; with `parseAs: 'stream'` line by line",
    "text/event-stream": "as an async iterator of typed events",
}


def typescript_states() -> dict[str, str]:
    """Return the state of every construct, by its id."""
    by_operation = dict(_by_operation())
    rest = {
        construct.id: _NOTES.get(construct.id)
        or "; ".join(
            dict.fromkeys(
                by_operation.get(name, TYPED) for name in construct.operations
            )
        )
        for construct in rest_constructs.CONSTRUCTS.values()
    }
    return {**rest, **dict.fromkeys(SOCKET_CONSTRUCTS, TYPED)}


def _by_operation() -> list[tuple[str, str]]:
    found = []
    for item in rest_constructs.document()["paths"].values():
        for operation in item.values():
            parameters = operation.get("parameters", ())
            if any(parameter["in"] == "cookie" for parameter in parameters):
                found.append(
                    (operation["operationId"], "the browser sends its cookies")
                )
            for answer in operation["responses"].values():
                for media_type in answer.get("content", ()):
                    if note := _BY_MEDIA_TYPE.get(media_type):
                        found.append((operation["operationId"], note))
    return found
