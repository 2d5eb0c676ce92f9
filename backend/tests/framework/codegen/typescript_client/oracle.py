"""What json-schema-to-typescript makes of schemas, beside what we make of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modular_api.codegen.typescript_client.names import literal, pascal_case
from modular_api.codegen.typescript_client.schema_types import SchemaTypes
from tests.framework.codegen.typescript_client.node import run
from tests.framework.codegen.typescript_client.states import SAME

_SCHEMAS = "#/components/schemas/"


def comparison_with_oracle(folder: Path, schemas: Mapping[str, Any]) -> str:
    """Return a file that compiles if both made the same type of every schema.

    Args:
        folder: a package where the oracle is installed.
        schemas: components of a document, as draft 7.
    """
    text = json.dumps(
        {
            "type": "object",
            "properties": {key: {"$ref": f"#/definitions/{key}"} for key in schemas},
            "required": list(schemas),
            "definitions": _opened(schemas),
        }
    ).replace(_SCHEMAS, "#/definitions/")
    # Beside the package's node_modules, or its import is not found.
    script = Path(shutil.copy(Path(__file__).with_suffix(".mjs"), folder))
    done = run(["node", str(script)], folder, stdin=text)
    assert done.returncode == 0, done.stderr
    names = {f"{_SCHEMAS}{key}": f"Our{pascal_case(key)}" for key in schemas}
    types = SchemaTypes(names)
    ours = "".join(
        f"type Our{pascal_case(key)} = {types.text_of(schema)};\n"
        for key, schema in schemas.items()
    )
    checks = "".join(
        f"export const {pascal_case(key)}IsSame: "
        f"Same<Oracle[{literal(key)}], Our{pascal_case(key)}> = true;\n"
        for key in schemas
    )
    return f"{done.stdout}\n{SAME}{ours}{checks}"


def _opened(schema: Any) -> Any:
    """Say aloud that an object of which nothing is said may hold anything.

    To the oracle one rule holds for all objects that do not say whether they are open,
    and a schema with a title alone is an object, too.
    """
    if isinstance(schema, list):
        return [_opened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    opened = {
        key: _opened(each)
        for key, each in schema.items()
        if key != "title" or not isinstance(each, str)
    }
    if schema.get("type") == "object" and not schema.get("properties"):
        opened.setdefault("additionalProperties", True)
    return opened
