"""Build the OpenAPI document of one version of a module."""

from __future__ import annotations

from fastapi import FastAPI

from modular_api.specs.canonical import canonical
from modular_api.specs.component_names import name_components
from modular_api.specs.keyed_operations import describe_keyed_operations
from modular_api.specs.operation_ids import assign_operation_ids
from modular_api.specs.path_parameters import mark_whole_paths
from modular_api.specs.problem_answers import label_problems
from modular_api.specs.response_classes import describe_returned_classes
from modular_api.specs.schema_generator import fastapi_document
from modular_api.specs.stream_items import extend_stream_items
from modular_api.types import Document


def build_document(app: FastAPI, *, module: str, version: str, prefix: str) -> Document:
    """Describe an app as OpenAPI 3.1, the same in every process and topology.

    Title, version and description are the app's own. Paths do not have the prefix,
    which is the document's only server.

    Args:
        module: the module's name, for messages.
        version: the module's version, for messages.
        prefix: where the app is mounted: `/api/v1/broker`.

    Raises:
        OperationIdCollision: two handlers want the same operationId.
        ShadowedOperation: a handler can never be reached.
        SchemaNameConflict: a component's name cannot be chosen.
    """
    document, sources = fastapi_document(app)
    assign_operation_ids(document, app, module=f"{module} {version}")
    mark_whole_paths(document, app)
    describe_returned_classes(document, app)
    label_problems(document, sources)
    extend_stream_items(document)
    describe_keyed_operations(document)
    document["servers"] = [{"url": prefix}]
    document = canonical(document)
    # Names are chosen in the order of the canonical document, which stays canonical:
    # only components are sorted by these names.
    name_components(document, sources)
    return document
