"""Build properties from schemas: the generator's, or ours where its own lose something.

openapi-python-client calls one function for every schema, `property_from_data`. While
`our_properties` is entered, ours replaces it, and schemas of which it would lose a part
become properties of our own (`property_types`): strings with a format, tuples, sets,
maps, enums of any value, constants, unions that can tell their members apart, bodies of
bytes, answers of several media types. `validate_location` is replaced too, because our
properties are allowed in every part of a request.

Two more modules replace parts of the generator: `name_conflicts` the functions that
name fields and parameters, `shallow_copies` the deep copies of operations. All three do
it with `replacing`. See docs/adr/0007-the-generator-parses-we-convert.md and
docs/adr/0015-what-of-the-generator-is-replaced.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any, cast

from attrs import define, evolve
from openapi_python_client import schema as oai
from openapi_python_client.config import Config
from openapi_python_client.parser import bodies, openapi, properties, responses
from openapi_python_client.parser.errors import ParseError, PropertyError
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.enum_property import EnumProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol, Value
from openapi_python_client.parser.properties.schemas import Class, Schemas
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.schema import DataType
from openapi_python_client.schema.openapi_schema_pydantic.discriminator import (
    Discriminator,
)
from openapi_python_client.schema.parameter_location import ParameterLocation
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonCode, PythonIdentifier, pascal_case

from modular_api.codegen.python_client import markers
from modular_api.codegen.python_client.constraints import describe_constraints
from modular_api.codegen.python_client.formats import FORMATS
from modular_api.codegen.python_client.literals import literal
from modular_api.codegen.python_client.property_types import (
    AnswersProperty,
    BytesProperty,
    ConstantProperty,
    FieldError,
    FormatProperty,
    MapProperty,
    OpenEnumProperty,
    OpenUnionProperty,
    SetProperty,
    Stream,
    TupleProperty,
    type_of,
)
from modular_api.codegen.python_client.replacing import replaced
from modular_api.codegen.python_client.reserved import enum_members

Built = tuple[PropertyProtocol | PropertyError, Schemas]

_property_from_data = properties.property_from_data


@contextmanager
def our_properties() -> Iterator[None]:
    """Make the parser build our properties where its own would lose something."""
    with ExitStack() as stack:
        builders: dict[ModuleType, Callable[..., Built]] = {
            properties: _build,
            bodies: _build_body,
            responses: _build_answer,
            openapi: _build_parameter,
        }
        for module, builder in builders.items():
            stack.enter_context(replaced(module, "property_from_data", builder))
        for class_ in (PropertyProtocol, UnionProperty):
            stack.enter_context(replaced(class_, "validate_location", _location_fault))
        yield


def _build(
    *,
    name: UntrustedString,
    required: bool,
    data: oai.Reference | oai.Schema,
    schemas: Schemas,
    parent_name: str,
    config: Config,
    process_properties: bool = True,
    roots: set[Any] | None = None,
) -> Built:
    """Build one property; replaces the generator's function of the same signature."""
    built = None
    if isinstance(data, oai.Schema):
        request = _Request(name, required, schemas, parent_name, config)
        built = _build_ours(data, request)
    if built is None:
        built = _property_from_data(
            name=name,
            required=required,
            data=data,
            schemas=schemas,
            parent_name=parent_name,
            config=config,
            process_properties=process_properties,
            roots=roots,
        )
    fault, schemas = built
    if isinstance(fault, PropertyError):
        # The outermost of nested ones wins: the field, not the item of its list.
        field = name.get_untrusted_value()
        return FieldError(**{**vars(fault), "field": field}), schemas
    return _described(built, data) if isinstance(data, oai.Schema) else built


def _build_parameter(*, name: UntrustedString, **given: Any) -> Built:
    """Build the property of a parameter, which an error names, and its component."""
    return _told(f"parameter '{name.get_untrusted_value()}'", name, given)


def _build_body(*, name: UntrustedString, **given: Any) -> Built:
    """Build the property of a body, which an error names."""
    return _told("body", name, given)


def _build_answer(*, name: UntrustedString, **given: Any) -> Built:
    """Build the property of an answer, `response_200`, which an error names."""
    return _told(
        name.get_untrusted_value().replace("response_", "answer "), name, given
    )


def _told(place: str, name: UntrustedString, given: dict[str, Any]) -> Built:
    built = _build(name=name, **given)
    fault, schemas = built
    if not isinstance(fault, PropertyError):
        return built
    detail = fault.detail
    if isinstance(fault.data, oai.Reference):
        component = fault.data.ref.get_untrusted_value().rpartition("/")[2]
        detail = f"there is no class of component {component}"
    return replace(fault, detail=f"{place}: {detail}"), schemas


@define
class _Request:
    """What the parser asks for when it builds a property."""

    name: UntrustedString
    required: bool
    schemas: Schemas
    parent_name: str
    config: Config

    def common(self, data: oai.Schema) -> dict[str, Any]:
        """Return the arguments that all properties have in common."""
        return {
            "name": self.name,
            "required": self.required,
            "default": None,
            "python_name": PythonIdentifier(self.name, self.config.field_prefix),
            "description": data.description,
            "example": None,
        }

    def inner(
        self, data: Sequence[oai.Schema | oai.Reference], suffix: str
    ) -> list[PropertyProtocol] | PropertyError:
        """Build the properties inside this one and add their classes to `schemas`."""
        found: list[PropertyProtocol] = []
        present = [schema for schema in data if not _is_null(schema)]
        for index, schema in enumerate(data):
            place = f"_{suffix}" if len(data) == 1 else f"_{suffix}_{index}"
            title = getattr(schema, "title", None)
            if title is not None and len(data) > 1:
                place = f"_{title.get_untrusted_value()}"
            elif len(data) > 1 and present == [schema]:
                place = ""  # `list[…] | None` is named as `list[…]` would be
            prop, self.schemas = _build(
                name=UntrustedString(f"{self.name.get_untrusted_value()}{place}"),
                required=True,
                data=schema,
                schemas=self.schemas,
                parent_name=self.parent_name,
                config=self.config,
            )
            if isinstance(prop, PropertyError):
                return prop
            found.append(prop)
        return found


def _build_ours(data: oai.Schema, request: _Request) -> Built | None:
    """Return our property for a schema; None if the generator's own is good enough."""
    extra = data.model_extra or {}
    if markers.ANSWERS in extra:
        return _answers(extra[markers.ANSWERS], data, request)
    if markers.BYTES in extra:
        return BytesProperty(**request.common(data)), request.schemas
    if len(data.allOf) + len(data.anyOf) + len(data.oneOf) == 1:
        return None
    if data.enum:
        return _enum(data, request)
    if data.const is not None:
        return _constant(data.const, data, request), request.schemas
    if data.anyOf or data.oneOf or isinstance(data.type, list):
        return _union(data, request)
    if data.type == DataType.STRING:
        return _text(data, request)
    if data.type == DataType.ARRAY:
        return _array(data, request)
    if markers.is_map(data.type, data.properties, data.allOf, extra):
        return _map(data, request)
    return None


def _text(data: oai.Schema, request: _Request) -> Built | None:
    extra = data.model_extra or {}
    stated = data.schema_format and data.schema_format.get_untrusted_value()
    if extra.get("contentEncoding") == "base64":
        stated = "base64"
    known = FORMATS.get(stated or "")
    if known is None:
        return None
    return FormatProperty(**request.common(data), format=known), request.schemas


def _constant(
    value: str | int | float | bool, data: oai.Schema, request: _Request
) -> PropertyProtocol:
    prop = ConstantProperty(**request.common(data), value=value)
    if request.required or data.default is not None:
        return evolve(prop, default=Value(PythonCode(literal(value)), value))
    return prop


def _array(data: oai.Schema, request: _Request) -> Built | None:
    if data.prefixItems and data.items is None:
        inner = request.inner(data.prefixItems, "item")
        if isinstance(inner, PropertyError):
            return inner, request.schemas
        return (
            TupleProperty(**request.common(data), inner_properties=inner),
            request.schemas,
        )
    if data.items is None and not data.prefixItems:
        data.items = oai.Schema()
        return None
    if not data.uniqueItems or data.items is None:
        return None
    before = request.schemas
    inner = request.inner([data.items], "item")
    if isinstance(inner, PropertyError):
        return inner, request.schemas
    if not _is_hashable(inner[0]):
        request.schemas = before
        return None
    return SetProperty(**request.common(data), inner_properties=inner), request.schemas


def _is_hashable(prop: PropertyProtocol) -> bool:
    """Whether values can be members of a set."""
    if isinstance(prop, UnionProperty | TupleProperty):
        return all(_is_hashable(inner) for inner in prop.inner_properties)
    scalars = (
        BooleanProperty,
        ConstantProperty,
        EnumProperty,
        FloatProperty,
        FormatProperty,
        IntProperty,
        StringProperty,
    )
    return isinstance(prop, scalars)


def _map(data: oai.Schema, request: _Request) -> Built:
    stated = data.additionalProperties
    patterns = list(((data.model_extra or {}).get("patternProperties") or {}).values())
    if patterns and not isinstance(stated, oai.Schema | oai.Reference):
        stated = _schema_of(patterns[0]) if len(patterns) == 1 else None
    value = stated if isinstance(stated, oai.Schema | oai.Reference) else oai.Schema()
    inner = request.inner([value], "additional_property")
    if isinstance(inner, PropertyError):
        return inner, request.schemas
    return MapProperty(**request.common(data), inner_properties=inner), request.schemas


def _schema_of(value: Any) -> oai.Schema | oai.Reference:
    if "$ref" in value:
        return oai.Reference.model_validate(value)
    return oai.Schema.model_validate(value)


def _enum(data: oai.Schema, request: _Request) -> Built:
    stated = data.enum or []
    values = [value for value in stated if value is not None]
    if len(values) < len(stated):
        members: list[oai.Schema | oai.Reference] = [oai.Schema(type=DataType.NULL)]
        if values:
            members.append(data.model_copy(update={"enum": values}))
        return _union_of(members, data, request)
    if len(values) == 1 and isinstance(values[0], bool):
        return _constant(values[0], data, request), request.schemas
    if set(map(repr, values)) == {"True", "False"}:
        return BooleanProperty(**request.common(data)), request.schemas
    strange = [value for value in values if not isinstance(value, str | int | float)]
    if strange:
        detail = f"an enum of {type(strange[0]).__name__}s cannot be a Python enum"
        return PropertyError(detail=detail, data=data), request.schemas
    if len(set(values)) < len(values):
        detail = f"an enum of equal values: {values!r}"
        return PropertyError(detail=detail, data=data), request.schemas
    return _enum_class(values, data, request)


def _enum_class(values: list[Any], data: oai.Schema, request: _Request) -> Built:
    stated = (data.title or request.name).get_untrusted_value()
    if request.parent_name:
        stated = f"{pascal_case(request.parent_name)}{pascal_case(stated)}"
    class_info = Class.from_string(string=stated, config=request.config)
    if request.parent_name and _is_component(class_info, request.schemas):
        class_info = Class.from_string(string=f"{stated}Literal", config=request.config)
    types = {type(value) for value in values}
    prop = OpenEnumProperty(
        **request.common(data),
        class_info=class_info,
        values=enum_members(values),
        value_type=types.pop() if len(types) == 1 else cast("type[str]", object),
    )
    existing = request.schemas.classes_by_name.get(class_info.name)
    if existing is not None and (
        not isinstance(existing, OpenEnumProperty) or existing.values != prop.values
    ):
        detail = f"two different classes would be named {class_info.name}"
        return PropertyError(detail=detail, data=data), request.schemas
    classes = {**request.schemas.classes_by_name, class_info.name: prop}
    return prop, evolve(request.schemas, classes_by_name=classes)


def _is_component(class_info: Class, schemas: Schemas) -> bool:
    """Whether a component has this class; components are built before all else."""
    components = schemas.classes_by_reference.values()
    return any(getattr(c, "class_info", None) == class_info for c in components)


def _union(data: oai.Schema, request: _Request) -> Built:
    members = [*data.anyOf, *data.oneOf]
    if isinstance(data.type, list):
        copies = (data.model_copy(update={"type": kind}) for kind in data.type)
        members += copies
    # A Decimal is written as a string, but also read from a number.
    if any(_is_decimal(member) for member in members):
        members = [member for member in members if not _is_number(member)]
    if len(members) == 1:
        return _build(
            name=request.name,
            required=request.required,
            data=members[0],
            schemas=request.schemas,
            parent_name=request.parent_name,
            config=request.config,
        )
    return _union_of(members, data, request)


def _is_null(member: oai.Schema | oai.Reference) -> bool:
    return isinstance(member, oai.Schema) and member.type == DataType.NULL


def _is_decimal(member: oai.Schema | oai.Reference) -> bool:
    return isinstance(member, oai.Schema) and member.schema_format == "decimal"


def _is_number(member: oai.Schema | oai.Reference) -> bool:
    return isinstance(member, oai.Schema) and member.type == DataType.NUMBER


def _union_of(
    members: list[oai.Schema | oai.Reference], data: oai.Schema, request: _Request
) -> Built:
    inner = request.inner(_entitled(members, data), "type")
    if isinstance(inner, PropertyError):
        return inner, request.schemas
    flat = list(_distinct(inner))
    common = request.common(data)
    if len(flat) == 1 and not isinstance(flat[0], OpenUnionProperty):
        only = flat[0]
        names = ("name", "required", "python_name", "description")
        same: Any = evolve(cast(Any, only), **{name: common[name] for name in names})
        return same, request.schemas
    prop = OpenUnionProperty(**common, inner_properties=flat)
    if data.discriminator is not None:
        prop = _tagged(prop, data.discriminator, request.schemas)
    else:
        unions = [m for m in inner if isinstance(m, OpenUnionProperty) and m.tag]
        if len(unions) == 1 and unions[0].objects == prop.objects:
            prop = evolve(prop, tag=unions[0].tag, tagged=unions[0].tagged)
    return prop, request.schemas


def _entitled(
    members: list[oai.Schema | oai.Reference], data: oai.Schema
) -> list[oai.Schema | oai.Reference]:
    """Let the only enum of a union be named as it would be outside of one.

    So a literal keeps its name where null or another type joins it.
    """
    enums = [m for m in members if isinstance(m, oai.Schema) and m.enum]
    if len(enums) != 1 or enums[0].title is not None:
        return members
    named = enums[0].model_copy(update={"title": data.title})
    return [named if member is enums[0] else member for member in members]


def _distinct(members: list[PropertyProtocol]) -> Iterator[PropertyProtocol]:
    """Flatten nested unions; of members with the same type only the first is kept."""
    seen: set[str] = set()
    for member in members:
        nested = (
            member.inner_properties if isinstance(member, UnionProperty) else [member]
        )
        for one in nested:
            if type_of(one) not in seen:
                seen.add(type_of(one))
                yield one


def _tagged(
    prop: OpenUnionProperty, discriminator: Discriminator, schemas: Schemas
) -> OpenUnionProperty:
    by_class = {
        str(member.class_info.name): member
        for member in prop.inner_properties
        if isinstance(member, ModelProperty)
    }
    tagged: dict[str, PropertyProtocol] = {}
    for tag, reference in (discriminator.mapping or {}).items():
        path = reference.get_untrusted_value().removeprefix("#")
        target = schemas.classes_by_reference.get(cast(Any, UntrustedString(path)))
        if not isinstance(target, ModelProperty):
            return prop  # the members tell themselves apart
        tagged[tag.get_untrusted_value()] = by_class[target.class_info.name]
    if not tagged:
        return prop
    tag_name = discriminator.propertyName.get_untrusted_value()
    return evolve(prop, tag=tag_name, tagged=tagged)


def _answers(stated: dict[str, Any], data: oai.Schema, request: _Request) -> Built:
    prop = AnswersProperty(
        **request.common(data),
        inner_properties=[],
        media_types=[],
        stream=None,
        headers=[],
    )
    for answer in stated["answers"]:
        inner = request.inner([_schema_of(answer["schema"])], "content")
        if isinstance(inner, PropertyError):
            return inner, request.schemas
        if answer["framing"] is None:
            prop.media_types.append(answer["media_type"])
            prop.inner_properties += inner
        else:
            is_event = answer["framing"] == "events"
            prop.stream = Stream(answer["framing"], None if is_event else inner[0])
    for name, schema in stated["headers"].items():
        header, request.schemas = _build(
            name=UntrustedString(name),
            required=False,
            data=_schema_of(schema),
            schemas=request.schemas,
            parent_name=request.parent_name,
            config=request.config,
        )
        if isinstance(header, PropertyError):
            return header, request.schemas
        prop.headers.append(header)
    return prop, request.schemas


def _described(built: Built, data: oai.Schema) -> Built:
    """Add a schema's constraints to the description of its property."""
    prop, schemas = built
    if isinstance(prop, PropertyError | ModelProperty | EnumProperty):
        return built
    demands = describe_constraints(data)
    if not demands:
        return built
    said = prop.description.get_untrusted_value() if prop.description else ""
    text = f"{said.rstrip()} ({demands})" if said else demands
    same: Any = evolve(cast(Any, prop), description=UntrustedString(text))
    return same, schemas


def _location_fault(
    prop: PropertyProtocol, location: ParameterLocation
) -> ParseError | None:
    """Return why a parameter is not allowed in its place; most are allowed anywhere."""
    if isinstance(prop, ModelProperty | MapProperty) and location not in (
        ParameterLocation.QUERY,
    ):
        return ParseError(
            detail=f"an object cannot stand in {location}: parameter "
            f"'{prop.name.get_untrusted_value()}'"
        )
    return None
