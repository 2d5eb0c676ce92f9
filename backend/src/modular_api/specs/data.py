"""Data in a document, that is defaults and examples, and the sets in it.

JSON has no sets. pydantic writes one as a list in the order of iteration, which differs
from process to process, and puts `uniqueItems` in the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from modular_api.specs.structure import REF_ROOT

_COMBINING = ("anyOf", "oneOf", "allOf")


def encoded(value: Any, *, indent: int | None = None) -> bytes:
    """Return the value as JSON in UTF-8; infinity and NaN become strings."""
    return to_json(value, indent=indent, inf_nan_mode="strings")


def sorted_data(value: Any) -> Any:
    """Return the value with the keys of its objects sorted, and nothing else."""
    if isinstance(value, dict):
        return {key: sorted_data(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_data(item) for item in value]
    return value


class SetOrder:
    """Sorts lists that represent sets, according to the schema of the data.

    Args:
        schemas: the document's named schemas.
    """

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def settled(self, key: str, node: Mapping[str, Any]) -> Any:
        """Return the data at `key` of a schema, parameter or media type."""
        value = node[key]
        if not isinstance(value, (list, dict)):
            return value
        # Parameters and media types have their examples beside their schema.
        schema = node["schema"] if isinstance(node.get("schema"), dict) else node
        if key in ("default", "example"):
            return self._settle(value, [schema])
        if key != "examples":
            return value
        if isinstance(value, list):
            return [self._settle(example, [schema]) for example in value]
        return {
            name: (
                {**example, "value": self._settle(example["value"], [schema])}
                if isinstance(example, dict) and "value" in example
                else example
            )
            for name, example in value.items()
        }

    def _settle(self, value: Any, schemas: list[Mapping[str, Any]]) -> Any:
        """Sort the sets in a value that fits any of the schemas."""
        if isinstance(value, dict):
            branches = list(self._branches(schemas))
            return {
                key: self._settle(item, _field(branches, key))
                for key, item in value.items()
            }
        if isinstance(value, list):
            branches = list(self._branches(schemas))
            arrays = [branch for branch in branches if branch.get("type") == "array"]
            items = [branch["items"] for branch in arrays if "items" in branch]
            settled = [self._settle(item, items) for item in value]
            # If it may be a list, too, the order may have a meaning.
            if arrays and all(branch.get("uniqueItems") for branch in arrays):
                settled.sort(key=lambda item: encoded(sorted_data(item)))
            return settled
        return value

    def _branches(
        self, schemas: list[Mapping[str, Any]]
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the schemas and every alternative in them, references followed."""
        stack: list[Any] = schemas[::-1]
        followed: set[str] = set()
        while stack:
            schema = stack.pop()
            if not isinstance(schema, Mapping):
                continue
            yield schema
            for word in _COMBINING:
                stack.extend(schema.get(word) or ())
            reference = schema.get("$ref")
            if isinstance(reference, str) and reference not in followed:
                followed.add(reference)
                stack.append(
                    self._schemas.get(reference.removeprefix(f"{REF_ROOT}schemas/"))
                )


def _field(branches: list[Mapping[str, Any]], key: str) -> list[Any]:
    """Return the possible schemas of an object's field."""
    return [
        (branch.get("properties") or {}).get(key, branch.get("additionalProperties"))
        for branch in branches
    ]
