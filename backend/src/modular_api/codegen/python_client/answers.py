"""Rewrite responses so that the generator keeps every media type and header.

By itself it takes the first media type it knows and ignores headers. A response that is
more than one kind of JSON is described, in the generator's copy of the document, by one
schema with a private keyword, which `properties` reads.
"""

from __future__ import annotations

from typing import Any

from modular_api.codegen.python_client import markers
from modular_api.codegen.python_client.document import operations
from modular_api.codegen.references import resolve
from modular_api.types import Document

_LINES = ("application/jsonl", "application/x-ndjson", "application/x-jsonlines")
_WITH_BODY = ("200", "203", "206")
_EVENTS = "text/event-stream"
_TEXTS = ("application/xml", "application/xhtml+xml", "application/yaml")


def mark_answers(document: Document) -> None:
    """Rewrite the responses of a normalised document that would lose something."""
    for operation in operations(document):
        answers = operation.value.get("responses") or {}
        for status, answer in answers.items():
            if isinstance(answer, dict) and isinstance(answer.get("$ref"), str):
                answer = answers[status] = dict(resolve(document, answer["$ref"]))
            if not isinstance(answer, dict):
                continue
            if status in _WITH_BODY and operation.method != "head":
                # Nothing is known of a body without a description, so it is bytes.
                answer.setdefault("content", {"application/octet-stream": {}})
            _mark_answer(answer, document)


def _mark_answer(answer: dict[str, Any], document: Document) -> None:
    content = answer.get("content") or {}
    headers = _headers(answer, document)
    if not headers and all(map(markers.is_json, content)) and len(content) < 2:
        return
    stated = [_stated(media_type, item) for media_type, item in content.items()]
    marked = {"answers": stated, "headers": headers}
    answer["content"] = {"application/json": {"schema": {markers.ANSWERS: marked}}}


def _headers(answer: dict[str, Any], document: Document) -> dict[str, Any]:
    """Return the schema of each header; that of a string where it has none."""
    found = {}
    for name, header in (answer.get("headers") or {}).items():
        if isinstance(header, dict) and isinstance(header.get("$ref"), str):
            header = resolve(document, header["$ref"])
        # Content-Type selects how the answer is read; callers do not need it.
        if isinstance(header, dict) and name.lower() != "content-type":
            found[name] = header.get("schema") or {"type": "string"}
    return found


def _stated(media_type: str, item: dict[str, Any]) -> dict[str, Any]:
    plain = media_type.partition(";")[0].strip().lower()
    schema = item.get("schema")
    framing = None
    if plain == _EVENTS or plain in _LINES:
        framing, schema = _item(plain, item.get("x-itemSchema"))
    elif markers.is_json(plain):
        schema = schema or {}
    elif plain.startswith("text/") or plain in _TEXTS or plain.endswith("+xml"):
        schema = {"type": "string"}
    else:
        schema = {markers.BYTES: True}
    return {"media_type": plain, "schema": schema, "framing": framing}


def _item(media_type: str, stated: Any) -> tuple[str, Any]:
    """Return the framing of a stream and the schema of its items."""
    schema = stated if isinstance(stated, dict) else {}
    if media_type != _EVENTS:
        return "jsonl", schema
    data = schema.get("properties", {}).get("data", {})
    if isinstance(data, dict) and "contentSchema" in data:
        return "sse", data["contentSchema"]
    return "events", {"type": "string"}
