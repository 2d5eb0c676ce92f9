"""What openapi-python-client makes of a schema, and what we make of it instead.

Its parser calls one function for every schema, `property_from_data`. While ours stands in
for it, schemas it would degrade become properties of our own: texts with a format,
tuples, sets, maps, enums of any value, constants, unions that know how to tell their
members apart, bodies of bytes, answers of several media types. How each is read and
written is told in `conversions`; nothing else replaces a part of the generator.
See docs/adr/0007-the-generator-parses-we-convert.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from typing import Any, ClassVar, cast

from attrs import Factory, define, evolve, field
from openapi_python_client import schema as oai
from openapi_python_client.config import Config
from openapi_python_client.parser import bodies, openapi, properties, responses
from openapi_python_client.parser.errors import ParseError, PropertyError
from openapi_python_client.parser.properties import model_property
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.enum_property import EnumProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
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
from modular_api.codegen.python_client.formats import FORMATS, Format
from modular_api.codegen.python_client.literals import literal
from modular_api.codegen.python_client.reserved import enum_members

Built = tuple[PropertyProtocol | PropertyError, Schemas]

_property_from_data = properties.property_from_data


@define
class _Own(PropertyProtocol):
    """A property of ours; it may stand in every place of a request."""

    name: UntrustedString
    required: bool
    default: Value | None
    python_name: PythonIdentifier
    description: UntrustedString | None
    example: UntrustedString | None

    def convert_value(self, value: Any) -> Value | PropertyError | None:
        del value  # defaults are the server's
        return self.default


@define
class FormatProperty(_Own):
    """A text with a format that Python has a type for."""

    format: Format

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(self.format.type)

    def get_imports(self, *, prefix: str) -> set[str]:
        return {*super().get_imports(prefix=prefix), *self.format.imports}


@define
class BytesProperty(_Own):
    """A whole body, of a request or an answer, as it is."""

    _type_string: ClassVar[str] = "bytes"


@define
class ConstantProperty(_Own):
    """The one value that may stand in its place; models fill it in by themselves."""

    value: str | int | float | bool = field(kw_only=True)

    def get_base_type_string(self) -> PythonCode:
        # There are no literals of fractions.
        if isinstance(self.value, float):
            return PythonCode("float")
        return PythonCode(f"Literal[{literal(self.value)}]")

    def get_imports(self, *, prefix: str) -> set[str]:
        imports = {*super().get_imports(prefix=prefix)}
        return imports | {"from typing import Literal"}


@define
class _Container(_Own):
    """A property that holds others."""

    inner_properties: list[PropertyProtocol]

    def get_imports(self, *, prefix: str) -> set[str]:
        imports = super().get_imports(prefix=prefix)
        return imports.union(
            *(inner.get_imports(prefix=prefix) for inner in self.inner_properties)
        )

    def get_lazy_imports(self, *, prefix: str) -> set[str]:
        return set().union(
            *(inner.get_lazy_imports(prefix=prefix) for inner in self.inner_properties)
        )

    @property
    def inner_types(self) -> list[str]:
        return [type_of(inner) for inner in self.inner_properties]


@define
class TupleProperty(_Container):
    """A list of a known length, each place of its own type."""

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(f"tuple[{', '.join(self.inner_types) or '()'}]")


@define
class SetProperty(_Container):
    """A list of distinct values that can be hashed."""

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(f"set[{self.inner_types[0]}]")


@define
class MapProperty(_Container):
    """An object whose keys are data."""

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(f"dict[str, {self.inner_types[0]}]")


@define
class Stream:
    """An answer without an end: events, or lines of JSON.

    Attributes:
        framing: `sse`, `jsonl`, or `events` for events whose data is any text.
        item: what it consists of; None for events.
    """

    framing: str
    item: PropertyProtocol | None


@define
class AnswersProperty(_Container):
    """What an answer may be, one member for each media type.

    Attributes:
        media_types: of the members.
        stream: what is answered bit by bit, where there is such a media type.
        headers: that the specification names.
    """

    media_types: list[str]
    stream: Stream | None
    headers: list[PropertyProtocol]

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(" | ".join(sorted({*self.inner_types})))

    def get_imports(self, *, prefix: str) -> set[str]:
        imports = super().get_imports(prefix=prefix)
        return imports.union(
            *(other.get_imports(prefix=prefix) for other in self._others)
        )

    def get_lazy_imports(self, *, prefix: str) -> set[str]:
        imports = super().get_lazy_imports(prefix=prefix)
        return imports.union(
            *(other.get_lazy_imports(prefix=prefix) for other in self._others)
        )

    @property
    def _others(self) -> list[PropertyProtocol]:
        items = [self.stream.item] if self.stream and self.stream.item else []
        return [*self.headers, *items]


@define
class OpenEnumProperty(EnumProperty):
    """An enum of any values; `values` maps the members' names to them."""

    _allowed_locations: ClassVar[set[ParameterLocation]] = set(ParameterLocation)


@define
class OpenUnionProperty(UnionProperty):
    """A union that knows how to tell its members apart.

    Attributes:
        tag: the field that names the member, where there is one.
        tagged: the members by the values of that field.
    """

    tag: str | None = None
    tagged: dict[str, PropertyProtocol] = Factory(dict)

    @property
    def objects(self) -> list[PropertyProtocol]:
        """The members that are JSON objects."""
        kinds = (ModelProperty, MapProperty)
        return [member for member in self.inner_properties if isinstance(member, kinds)]

    @property
    def may_be_unknown(self) -> bool:
        """Whether a newer server may send an object that is none of the members."""
        return bool(self.tag) or len(self.objects) > 1

    def _get_inner_type_strings(self, json: bool) -> set[PythonCode]:
        inner = super()._get_inner_type_strings(json)
        return inner | ({PythonCode("Unknown")} if self.may_be_unknown else set())

    def get_imports(self, *, prefix: str) -> set[str]:
        imports = super().get_imports(prefix=prefix)
        if self.may_be_unknown:
            imports.add(f"from {prefix}types import Unknown")
        return imports


def type_of(prop: PropertyProtocol) -> str:
    """Return the type of a value that is there."""
    return prop.get_type_string(no_optional=True).as_unembedded_code()


@contextmanager
def our_properties() -> Iterator[None]:
    """Let the parser make properties of ours where its own would lose something."""
    with ExitStack() as stack:
        for module in (properties, openapi, bodies, responses):
            stack.enter_context(_replaced(module, "property_from_data", _build))
        for class_ in (PropertyProtocol, UnionProperty):
            stack.enter_context(_replaced(class_, "validate_location", _location_fault))
        stack.enter_context(
            _replaced(model_property, "_resolve_naming_conflict", _name_apart)
        )
        stack.enter_context(
            _replaced(model_property, "_process_properties", _number_fields)
        )
        conflicts = "_check_parameters_for_conflicts"
        stack.enter_context(_replaced(openapi.Endpoint, conflicts, _number_parameters))
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


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
    """Build one property; stands in for the generator's function of this signature."""
    request = _Request(name, required, schemas, parent_name, config)
    if isinstance(data, oai.Schema):
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
        return _described(built, data)
    return _property_from_data(
        name=name,
        required=required,
        data=data,
        schemas=schemas,
        parent_name=parent_name,
        config=config,
        process_properties=process_properties,
        roots=roots,
    )


@define
class _Request:
    """What the parser wants a property for."""

    name: UntrustedString
    required: bool
    schemas: Schemas
    parent_name: str
    config: Config

    def common(self, data: oai.Schema) -> dict[str, Any]:
        """Return what all properties have."""
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
        """Build properties inside of this one; `schemas` learns of their classes."""
        found: list[PropertyProtocol] = []
        for index, schema in enumerate(data):
            place = suffix if len(data) == 1 else f"{suffix}_{index}"
            title = getattr(schema, "title", None)
            if title is not None and len(data) > 1:
                place = title.get_untrusted_value()
            prop, self.schemas = _build(
                name=UntrustedString(f"{self.name.get_untrusted_value()}_{place}"),
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
    """Return our property for a schema, None where the generator's own is good."""
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
    if not is_hashable(inner[0]):
        request.schemas = before
        return None
    return SetProperty(**request.common(data), inner_properties=inner), request.schemas


def is_hashable(prop: PropertyProtocol) -> bool:
    """Whether values can stand in a set."""
    if isinstance(prop, UnionProperty | TupleProperty):
        return all(is_hashable(inner) for inner in prop.inner_properties)
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


def _union(data: oai.Schema, request: _Request) -> Built:
    members = [*data.anyOf, *data.oneOf]
    if isinstance(data.type, list):
        copies = (data.model_copy(update={"type": kind}) for kind in data.type)
        members += copies
    # A Decimal is written as a text, and read from a number, too.
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


def _is_decimal(member: oai.Schema | oai.Reference) -> bool:
    return isinstance(member, oai.Schema) and member.schema_format == "decimal"


def _is_number(member: oai.Schema | oai.Reference) -> bool:
    return isinstance(member, oai.Schema) and member.type == DataType.NUMBER


def _union_of(
    members: list[oai.Schema | oai.Reference], data: oai.Schema, request: _Request
) -> Built:
    inner = request.inner(members, "type")
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


def _distinct(members: list[PropertyProtocol]) -> Iterator[PropertyProtocol]:
    """Flatten unions of unions; of members of one type the first stands for all."""
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
    """Let a property's docstring say what its schema demands."""
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


def _name_apart(first: Any, second: Any, config: Config) -> PropertyError | None:
    """Let two fields whose Python names are one keep closer to their own names."""
    for prop in (first, second):
        prop.set_python_name(prop.name, config=config, skip_snake_case=True)
    return None


_settle_fields = model_property._process_properties


def _number_fields(*, config: Config, **given: Any) -> Any:
    """Number the fields of a model that still have one Python name.

    Copies, for a field may be inherited, and its name be free in the base.
    """
    settled = _settle_fields(config=config, **given)
    if isinstance(settled, PropertyError):
        return settled
    groups: tuple[list[Any], ...] = (settled.required_props, settled.optional_props)
    names = {prop.python_name for group in groups for prop in group}
    given_away: set[str] = set()
    for group in groups:
        for index, prop in enumerate(group):
            name = str(prop.python_name)
            if name in given_away:
                numbered = (f"{name}_{count}" for count in itertools.count(2))
                name = next(free for free in numbered if free not in names)
                names.add(name)
                prop = group[index] = copy(prop)
                prop.set_python_name(UntrustedString(name), config, True)
            given_away.add(name)
    return settled


_settle_parameters = openapi.Endpoint._check_parameters_for_conflicts


def _number_parameters(endpoint: openapi.Endpoint, **given: Any) -> openapi.Endpoint:
    """Number the parameters of one Python name that the generator cannot tell apart."""
    settled = _settle_parameters(endpoint, **given)
    if not isinstance(settled, ParseError):
        return settled
    config: Config = given["config"]
    taken: set[str] = set()
    for _, parameter in endpoint.iter_all_parameters():
        name = parameter.name.get_untrusted_value()
        plain = str(PythonIdentifier(name, config.field_prefix))
        numbered = (f"{plain}_{count}" for count in itertools.count(2))
        free = next(n for n in itertools.chain([plain], numbered) if n not in taken)
        taken.add(free)
        parameter.set_python_name(UntrustedString(free), config, skip_snake_case=True)
    return endpoint


def _location_fault(
    prop: PropertyProtocol, location: ParameterLocation
) -> ParseError | None:
    """Say why a parameter cannot stand where it does; most types can stand anywhere."""
    if isinstance(prop, ModelProperty | MapProperty) and location not in (
        ParameterLocation.QUERY,
    ):
        return ParseError(
            detail=f"an object cannot stand in {location}: parameter "
            f"'{prop.name.get_untrusted_value()}'"
        )
    return None


def is_list(prop: PropertyProtocol) -> bool:
    """Whether a value is written as a list."""
    return isinstance(prop, ListProperty | SetProperty | TupleProperty)
