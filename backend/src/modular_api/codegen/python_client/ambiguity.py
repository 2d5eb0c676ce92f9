"""Find the models of unions without a discriminator, which check whether JSON fits."""

from __future__ import annotations

from collections.abc import Iterator

from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol

from modular_api.codegen.python_client.conversions import (
    ambiguous_models,
    models_inside,
)
from modular_api.codegen.python_client.property_types import AnswersProperty


def told_apart_models(data: GeneratorData) -> frozenset[str]:
    """Return the classes of the models in unions without a discriminator.

    Models nested in their fields are included.
    """
    models = {str(model.class_info.name): model for model in data.models}
    found: set[str] = set()
    pending = [
        str(model.class_info.name)
        for prop in _all_properties(data)
        for model in ambiguous_models(prop)
    ]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found.add(name)
        for field in _fields(models[name]):
            pending += [str(model.class_info.name) for model in models_inside(field)]
    return frozenset(found)


def _all_properties(data: GeneratorData) -> Iterator[PropertyProtocol]:
    for model in data.models:
        for field in _fields(model):
            yield from _nested(field)
        if model.additional_properties is not None:
            yield from _nested(model.additional_properties)
    for collection in data.endpoint_collections_by_tag.values():
        for endpoint in collection.endpoints:
            for parameter in endpoint.list_all_parameters():
                yield from _nested(parameter)
            for answer in endpoint.responses:
                yield from _nested(answer.prop)


def _fields(model: ModelProperty) -> list[PropertyProtocol]:
    return [*(model.required_properties or []), *(model.optional_properties or [])]


def _nested(prop: PropertyProtocol) -> Iterator[PropertyProtocol]:
    """Yield a property and those inside it, without entering models."""
    yield prop
    inner = list(getattr(prop, "inner_properties", ()))
    if isinstance(prop, ListProperty):
        inner.append(prop.inner_property)
    if isinstance(prop, AnswersProperty) and prop.stream and prop.stream.item:
        inner.append(prop.stream.item)
    for member in inner:
        yield from _nested(member)
