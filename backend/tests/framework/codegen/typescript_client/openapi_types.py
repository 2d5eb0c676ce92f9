"""What the types of a REST client should be, worked out from the document by ourselves.

The other opinion is hey-api's; the compiler compares the two, both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from modular_api.codegen.typescript_client.names import pascal_case
from modular_api.codegen.typescript_client.schema_types import SchemaTypes

HEADER = """\
import type * as rest from "../src/generated/constructs/rest/types.gen.js";
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
"""
_COMPONENTS = "#/components/schemas/"
_PLACES = {"path": "path", "query": "query", "header": "headers"}
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_FILE = {"$ref": "a file"}


@dataclass(frozen=True)
class Comparison:
    """One type that two have worked out.

    Attributes:
        operation: the operationId.
        aspect: `body`, `query`, … or the status of an answer.
    """

    operation: str
    aspect: str
    theirs: str
    ours: str


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

    def comparisons(self) -> Iterator[Comparison]:
        """Yield every input and answer of every operation."""
        for item in self._paths.values():
            for operation in item.values():
                id_ = operation["operationId"]
                name = pascal_case(id_)
                for aspect, ours in self._inputs(operation):
                    theirs = f'rest.{name}Data["{aspect}"]'
                    yield Comparison(id_, aspect, theirs, ours)
                for status, ours in self._answers(operation):
                    yield Comparison(
                        id_, status, f"rest.{name}Responses[{status}]", ours
                    )

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
        if media_type == "text/event-stream":
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


def comparison(document: Mapping[str, Any], *, different: Set[str]) -> str:
    """Return a file that compiles if hey-api made the same types as we did.

    Args:
        different: operation and aspect, `upload body`, of those that must not agree.
    """
    types = OpenApiTypes(document)
    checks = "".join(
        f"// {each.operation} {each.aspect}\n"
        f"export const check{number}: Same<{each.theirs}, {' '.join(each.ours.split())}>"
        f" = {'false' if f'{each.operation} {each.aspect}' in different else 'true'};\n"
        for number, each in enumerate(types.comparisons())
    )
    return f"{HEADER}{types.declarations()}{checks}"
