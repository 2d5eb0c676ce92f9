"""Convert schemas to the dialect of AsyncAPI 3.0.

pydantic writes JSON Schema 2020-12; AsyncAPI uses JSON Schema draft-07 with extensions.
For what pydantic writes, two things differ.

Sources: AsyncAPI 3.0.0, "Schema Object"; JSON Schema draft-07, validation, section 6.4.
"""

from __future__ import annotations

from typing import Any

from modular_api.specs.structure import NAME_MAPS, is_data


def to_draft_7(node: Any) -> Any:
    """Return a schema, or anything that holds schemas, in the older dialect.

    A tuple's `prefixItems` become a list of `items`, and a discriminator becomes the
    bare name of its property; which value belongs to which alternative is in these.
    """
    if isinstance(node, list):
        return [to_draft_7(item) for item in node]
    if isinstance(node, dict):
        return _without_newer_words(
            {key: _converted(key, value) for key, value in node.items()}
        )
    return node


def _converted(key: str, value: Any) -> Any:
    if is_data(key):
        return value
    if key in NAME_MAPS and isinstance(value, dict):
        return {name: to_draft_7(item) for name, item in value.items()}
    return to_draft_7(value)


def _without_newer_words(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("discriminator"), dict):
        schema["discriminator"] = schema["discriminator"]["propertyName"]
    if "prefixItems" in schema:
        if "items" in schema:
            schema["additionalItems"] = schema.pop("items")
        schema["items"] = schema.pop("prefixItems")
    return schema
