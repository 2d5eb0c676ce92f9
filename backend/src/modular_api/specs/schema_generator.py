"""Build FastAPI's own document, with two things added that pydantic leaves out.

A `Decimal` has `format: decimal`, and each schema can be traced to its Python class.
FastAPI has no parameter for the JSON schema generator it uses, so its functions run
here with a copy of their globals in which only that name is replaced. FastAPI itself is
not changed, so other apps and other threads are not affected.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Literal, TypeAlias

from fastapi import FastAPI
from fastapi._compat import v2 as compat
from fastapi.openapi import utils
from fastapi.openapi.constants import REF_TEMPLATE
from pydantic import TypeAdapter
from pydantic.json_schema import (
    CoreModeRef,
    DefsRef,
    JsonSchemaValue,
    _DefinitionsRemapping,
)
from pydantic_core import core_schema

from modular_api.errors import SpecError
from modular_api.types import Document

Mode: TypeAlias = Literal["validation", "serialization"]
"""The direction of a schema: `validation` for input, `serialization` for output."""


@dataclass(frozen=True)
class SchemaSource:
    """The Python class of a schema, and the schema's direction.

    Attributes:
        identity: equal for the schemas of one class, whatever their direction.
        dotted: module and qualified name, for messages only.
        name: the class's own name with its type arguments, as components are named.
        mode: the direction.
    """

    identity: str
    dotted: str
    name: str
    mode: Mode


def fastapi_document(app: FastAPI) -> tuple[Document, dict[str, SchemaSource]]:
    """Return the app's OpenAPI 3.1.0 document and the sources of its schemas.

    The components made from Python classes have numbers as names; the sources are the
    class of each number.
    """
    generator = _SchemaGenerator(ref_template=REF_TEMPLATE)
    get_definitions = _with_globals(
        compat.get_definitions, GenerateJsonSchema=lambda ref_template: generator
    )
    get_openapi = _with_globals(utils.get_openapi, get_definitions=get_definitions)
    with warnings.catch_warnings():
        # `operation_ids` raises an error instead, which names both handlers.
        warnings.filterwarnings("ignore", message="Duplicate Operation ID")
        document = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version="3.1.0",
            summary=app.summary,
            description=app.description,
            terms_of_service=app.terms_of_service,
            contact=app.contact,
            license_info=app.license_info,
            routes=app.routes,
            webhooks=app.webhooks.routes,
            tags=app.openapi_tags,
            separate_input_output_schemas=app.separate_input_output_schemas,
            external_docs=app.openapi_external_docs,
        )
    return document, generator.sources()


@dataclass(frozen=True)
class AdapterSchemas:
    """The schemas of several types that refer to common definitions.

    Attributes:
        schemas: the schema of each type, by its key.
        definitions: the schemas they refer to, with numbers as names.
        sources: the class of each number.
    """

    schemas: Mapping[str, JsonSchemaValue]
    definitions: Mapping[str, JsonSchemaValue]
    sources: Mapping[str, SchemaSource]


def adapter_schemas(
    adapters: Mapping[str, tuple[TypeAdapter[Any], Mode]],
) -> AdapterSchemas:
    """Describe types as `fastapi_document` does, as components of one document."""
    generator = _SchemaGenerator(ref_template=REF_TEMPLATE)
    described, definitions = generator.generate_definitions(
        [(key, mode, adapter.core_schema) for key, (adapter, mode) in adapters.items()]
    )
    for definition in definitions.values():
        # As in FastAPI, text after a form feed is not part of the description.
        if "description" in definition:
            definition["description"] = definition["description"].split("\f")[0]
    return AdapterSchemas(
        schemas={key: described[key, mode] for key, (_, mode) in adapters.items()},
        definitions={str(name): schema for name, schema in definitions.items()},
        sources=generator.sources(),
    )


class _SchemaGenerator(compat.GenerateJsonSchema):
    """FastAPI's generator, except that definitions are numbered instead of named."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        json_schema = super().decimal_schema(schema)
        for branch in json_schema.get("anyOf", [json_schema]):
            if branch.get("type") == "string":
                branch["format"] = "decimal"
        return json_schema

    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        return DefsRef(str(len(self.defs_to_core_refs)))

    def _build_definitions_remapping(self) -> _DefinitionsRemapping:
        # Pydantic searches here for the shortest names that do not clash. Numbers never
        # clash, and names are chosen later for the whole document.
        return _DefinitionsRemapping({}, {})

    def sources(self) -> dict[str, SchemaSource]:
        return {
            ref: SchemaSource(
                identity=core_ref,
                dotted=_without_ids(core_ref),
                name=_short_name(core_ref),
                mode=mode,
            )
            for ref, (core_ref, mode) in self.defs_to_core_refs.items()
        }


def _without_ids(core_ref: str) -> str:
    """Drop the object ids: `a.Page:94[a.User:95]` becomes `a.Page[a.User]`."""
    return "".join(part.rsplit(":", 1)[0] for part in re.split(r"([\][,])", core_ref))


def _short_name(core_ref: str) -> str:
    """Return the name without any path: `a.Page:94[a.User:95]` becomes `Page_User_`."""
    short = re.sub(r"(?:[^.[\],]+\.)+([^.[\],]+)", r"\1", _without_ids(core_ref))
    return re.sub(r"[^a-zA-Z0-9.\-_]", "_", short)


def _with_globals(function: Callable[..., Any], **replaced: Any) -> Callable[..., Any]:
    """Return a copy of the function with other values for some of its globals.

    Raises:
        SpecError: the function does not use one of the names, because FastAPI changed.
    """
    assert isinstance(function, FunctionType)
    unused = [name for name in replaced if name not in function.__code__.co_names]
    if unused:
        raise SpecError(
            f"FastAPI's {function.__name__} no longer uses {', '.join(unused)}: this "
            "version of modular-api cannot describe apps of the installed FastAPI. "
            "Install an older fastapi or a newer modular-api."
        )
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **replaced},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
