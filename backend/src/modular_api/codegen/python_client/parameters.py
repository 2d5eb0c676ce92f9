"""What the generator's own classes do not tell of the parameters of operations."""

from __future__ import annotations

from modular_api.codegen.python_client.document import operations
from modular_api.specs.structure import WHOLE_PATH
from modular_api.types import Document


def whole_paths_of_operations(document: Document) -> dict[str, frozenset[str]]:
    """Return the path parameters that may hold slashes, by operation name."""
    from openapi_python_client.strings import PythonIdentifier  # slow to import

    found = {}
    for operation in operations(document):
        names = frozenset(
            parameter["name"]
            for parameter in operation.value.get("parameters") or ()
            if parameter.get(WHOLE_PATH) is True
        )
        if names:
            operation_id = operation.value.get("operationId", "")
            found[str(PythonIdentifier(operation_id, "field_"))] = names
    return found
