"""Documents are said so that hey-api loses nothing; what it makes of them see test_types."""

from __future__ import annotations

import copy
from typing import Any

from modular_api.codegen.typescript_client.prepare import prepared

BYTES = {"type": "string", "contentMediaType": "application/octet-stream"}


def document(**operation: Any) -> dict[str, Any]:
    operation.setdefault("responses", {})
    return {"paths": {"/": {"post": operation}}, "components": {"schemas": {}}}


def operation_of(prepared: dict[str, Any]) -> Any:
    return prepared["paths"]["/"]["post"]


def test_the_document_itself_is_left_as_it_was() -> None:
    """It is somebody else's, and its hash stands in the stamp."""
    given = document(requestBody={"content": {"application/xml": {}}})
    before = copy.deepcopy(given)
    assert prepared(given) != before
    assert given == before


def test_bytes_in_json_are_text_and_in_a_form_a_file() -> None:
    """Only a form or a body of its own is uploaded."""
    given = document(
        requestBody={
            "content": {
                "multipart/form-data": {"schema": {"$ref": "#/components/schemas/Form"}}
            }
        }
    )
    properties = {"properties": {"raw": BYTES}}
    given["components"]["schemas"] = {
        "Form": properties,
        "Model": copy.deepcopy(properties),
    }
    schemas = prepared(given)["components"]["schemas"]
    assert schemas["Form"]["properties"]["raw"] == BYTES
    assert schemas["Model"]["properties"]["raw"] == {"type": "string"}


def test_null_stays_among_the_values_of_an_enum() -> None:
    """Beside them, where it is seen."""
    given = document()
    given["components"]["schemas"] = {"E": {"enum": ["a", None]}}
    assert prepared(given)["components"]["schemas"]["E"] == {
        "anyOf": [{"enum": ["a"]}, {"type": "null"}]
    }


def test_examples_and_defaults_stay_as_they_are() -> None:
    """They are data, though they may look like schemas; fields may be named like them."""
    null, raw = {"enum": ["a", None]}, {"contentMediaType": "image/png"}
    data = {"example": null, "default": raw, "examples": [null, raw], "x-told": null}
    given = document()
    given["components"]["schemas"] = {
        "M": {
            **copy.deepcopy(data),
            "properties": {"example": {**null}, "default": {**raw}},
        }
    }
    schema = prepared(given)["components"]["schemas"]["M"]
    assert {word: schema[word] for word in data} == data
    assert "anyOf" in schema["properties"]["example"]
    assert schema["properties"]["default"] == {}


def test_what_a_path_says_of_itself_is_no_operation() -> None:
    """Even if it is about responses."""
    given = document()
    given["paths"]["/"] |= {"summary": "All responses.", "parameters": ["responses"]}
    assert prepared(given) == given


def test_a_component_does_not_hide_a_global() -> None:
    """References and discriminators follow; a name that is taken is passed over."""
    mapping = {"mapping": {"f": "#/components/schemas/File"}}
    given = document()
    given["components"]["schemas"] = {
        "File": {"type": "object"},
        "FileModel": {"type": "string"},
        "Any": {"$ref": "#/components/schemas/File", "discriminator": mapping},
    }
    schemas = prepared(given)["components"]["schemas"]
    assert schemas.keys() == {"FileModel", "FileModel_", "Any"}
    new = "#/components/schemas/FileModel_"
    assert schemas["Any"] == {"$ref": new, "discriminator": {"mapping": {"f": new}}}


def test_an_operation_tells_what_cannot_be_said_in_types() -> None:
    """Cookies, and media types that cannot be chosen."""
    cookie = {"in": "cookie", "name": "session", "schema": {}, "required": True}
    given = document(
        description="Do it.",
        parameters=[cookie, {**cookie, "name": "theme", "required": False}],
        requestBody={"content": {"application/json": {}, "text/plain": {}}},
    )
    assert operation_of(prepared(given))["description"] == (
        "Do it.\n\nSends application/json; text/plain cannot be chosen.\n\n"
        "Reads the cookies `session`, `theme` (optional), which the browser sends."
    )


def test_an_answer_has_the_type_of_what_arrives() -> None:
    """Of one media type, and of several."""
    image: dict[str, Any] = {"image/png": {}}
    both = {**image, "application/json": {"schema": {"type": "integer"}}}
    given = document(responses={"200": {"content": image}, "201": {"content": both}})
    responses = operation_of(prepared(given))["responses"]
    binary = {"type": "string", "format": "binary"}
    assert responses["200"]["content"]["image/png"]["schema"] == binary
    assert responses["201"]["content"] == {
        "application/json": {"schema": {"anyOf": [binary, {"type": "integer"}]}}
    }
