"""What the types of a REST client should be, worked out from the document by ourselves.

The other opinion is hey-api's; the compiler compares the two, both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modular_api.codegen.typescript_client.names import camel_case, pascal_case
from modular_api.codegen.typescript_client.schema_types import SchemaTypes
from tests.framework.codegen.typescript_client.states import SAME, Claim, lines_of

_HEADER = f"""\
import type * as rest from "../src/generated/constructs/rest/types.gen.js";
import type * as sdk from "../src/generated/constructs/rest/sdk.gen.js";
type Item<Call extends (...given: never[]) => unknown> =
  Awaited<ReturnType<Call>> extends {{ stream: AsyncIterable<infer T> }} ? T : never;
{SAME}"""
_COMPONENTS = "#/components/schemas/"
_PLACES = {"path": "path", "query": "query", "header": "headers"}
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_FILE = {"$ref": "a file"}
_EVENTS = "text/event-stream"
_JSON_LINES = "application/jsonl"


class OpenApiTypes:
    """The types of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._paths = document["paths"]
        self._schemas: Mapping[str, Any] = document["components"]["schemas"]
        names = {
            f"{_COMPONENTS}{key}": f"Our{pascal_case(key)}" for key in self._schemas
        }
        self._types = SchemaTypes({**names, _FILE["$ref"]: "(Blob | File)"})

    def declarations(self) -> str:
        """Return our types of all components."""
        return "".join(
            (
                f"type Our{pascal_case(key)} = {self._types.text_of(_with_files(schema))};\n"
                if key.startswith("Body_")
                else f"type Our{pascal_case(key)} = {self._types.text_of(schema)};\n"
            )
            for key, schema in self._schemas.items()
        )

    def claims(self) -> Iterator[Claim]:
        """Yield what is to be true of every input and answer of every operation."""
        for item in self._paths.values():
            for operation in item.values():
                yield from self._claims_of(operation)

    def _claims_of(self, operation: Mapping[str, Any]) -> Iterator[Claim]:
        id_ = operation["operationId"]
        data = f"rest.{pascal_case(id_)}Data"
        for aspect, ours in self._inputs(operation):
            yield Claim(id_, aspect, f'Same<{data}["{aspect}"], {ours}>')
        contents = operation.get("requestBody", {}).get("content", {})
        if len(contents) > 1:
            first = self._content(*next(iter(contents.items())))
            note = "typed; the first media type is sent"
            yield Claim(id_, "body", f'Same<{data}["body"], {first}>', note)
        if any(p["in"] == "cookie" for p in operation.get("parameters", ())):
            named = f'Extract<keyof {data}, "cookie" | "cookies">'
            note = "the browser sends its cookies"
            yield Claim(id_, "cookies", f"Same<{named}, never>", note)
        for status, ours in self._answers(operation):
            theirs = f"rest.{pascal_case(id_)}Responses[{status}]"
            yield Claim(id_, status, f"Same<{theirs}, {ours}>")
            if _EVENTS in operation["responses"][status].get("content", {}):
                theirs = f"Item<typeof sdk.{camel_case(id_)}>"
                note = "as an async iterator of typed events"
                yield Claim(id_, status, f"Same<{theirs}, {ours}>", note)
            if _JSON_LINES in operation["responses"][status].get("content", {}):
                note = "as a `Blob`; with `parseAs: 'stream'` line by line"
                yield Claim(id_, status, f"Same<{theirs}, Blob | File>", note)

    def _inputs(self, operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for place, aspect in _PLACES.items():
            parameters = [
                p for p in operation.get("parameters", ()) if p["in"] == place
            ]
            if parameters:
                schema = {
                    "type": "object",
                    "properties": {p["name"]: p["schema"] for p in parameters},
                    "required": [p["name"] for p in parameters if p.get("required")],
                }
                optional = "" if schema["required"] else " | undefined"
                yield aspect, self._types.text_of(schema) + optional
        if body := operation.get("requestBody"):
            optional = "" if body.get("required") else " | undefined"
            yield "body", self._contents(body["content"]) + optional

    def _answers(self, operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                nothing = "void" if status == "204" else "unknown"
                yield status, self._contents(answer.get("content", {})) or nothing

    def _contents(self, contents: Mapping[str, Any]) -> str:
        types = (
            self._content(media_type, each) for media_type, each in contents.items()
        )
        return " | ".join(dict.fromkeys(types))

    def _content(self, media_type: str, content: Mapping[str, Any]) -> str:
        """Return the type of what is sent or arrives."""
        if media_type == _EVENTS:
            data = content["x-itemSchema"]["properties"]["data"]
            return self._types.text_of(data.get("contentSchema", {"type": "string"}))
        if media_type in ("application/json", *_FORMS) or media_type.endswith("+json"):
            return self._types.text_of(content.get("schema", True))
        return "string" if media_type.startswith("text/") else "Blob | File"


def _with_files(schema: Any) -> Any:
    """Return the schema of a form, whose bytes are files."""
    if isinstance(schema, list):
        return [_with_files(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "contentMediaType" in schema or schema.get("format") == "binary":
        return _FILE
    return {key: _with_files(each) for key, each in schema.items()}


def rest_claims(document: Mapping[str, Any]) -> list[Claim]:
    """Return what is to be true if hey-api made the same types as we did."""
    return list(OpenApiTypes(document).claims())


def rest_claims_text(document: Mapping[str, Any]) -> str:
    """Return the file that claims it."""
    declarations = OpenApiTypes(document).declarations()
    return f"{_HEADER}{declarations}{lines_of(rest_claims(document))}"
