"""How values of each kind of property are read from JSON, written, and recognised.

Each function returns an expression of generated code. If the expression uses its source
more than once, the source has to be a plain name: see `uses_source_once`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from openapi_python_client.parser.properties.any import AnyProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.enum_property import EnumProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty

from modular_api.codegen.python_client.literals import literal
from modular_api.codegen.python_client.property_types import (
    BytesProperty,
    ConstantProperty,
    FormatProperty,
    MapProperty,
    OpenUnionProperty,
    SetProperty,
    TupleProperty,
    type_of,
)

_PLAIN = (
    AnyProperty,
    BooleanProperty,
    BytesProperty,
    ConstantProperty,
    FileProperty,  # used only in multipart bodies, which are encoded part by part
    FloatProperty,
    IntProperty,
    NoneProperty,
    StringProperty,
)


def is_plain(prop: PropertyProtocol) -> bool:
    """Whether a value is the same in Python and in JSON and needs no conversion."""
    if isinstance(prop, ListProperty):
        return is_plain(prop.inner_property)
    if isinstance(prop, UnionProperty | MapProperty):
        return all(is_plain(member) for member in prop.inner_properties) and not (
            isinstance(prop, OpenUnionProperty) and prop.may_be_unknown
        )
    return isinstance(prop, _PLAIN)


def is_model(prop: PropertyProtocol) -> bool:
    """Whether a value is always an object of a generated model."""
    return isinstance(prop, ModelProperty) and prop.required


def uses_source_once(prop: PropertyProtocol) -> bool:
    """Whether reading evaluates the source once, so that it may be any expression."""
    return not isinstance(prop, UnionProperty | TupleProperty)


def read(prop: PropertyProtocol, source: str, depth: int = 0) -> str:
    """Return the expression that reads a present JSON value into a Python value."""
    if is_plain(prop):
        return source
    if isinstance(prop, ModelProperty):
        return f"{prop.class_info.name}.from_dict({source})"
    if isinstance(prop, EnumProperty):
        return f"_values.read_enum({source}, {prop.class_info.name})"
    if isinstance(prop, FormatProperty):
        return f"{prop.format.read}({source})"
    if isinstance(prop, UnionProperty):
        return _read_union(prop, source, depth)
    item = _item(depth)
    if isinstance(prop, ListProperty):
        inner = read(prop.inner_property, item, depth + 1)
        return f"[{inner} for {item} in {source}]"
    if isinstance(prop, SetProperty):
        inner = read(prop.inner_properties[0], item, depth + 1)
        if inner == item:
            return f"set({source})"
        return f"{{{inner} for {item} in {source}}}"
    if isinstance(prop, MapProperty):
        inner = read(prop.inner_properties[0], item, depth + 1)
        return f"{{_key: {inner} for _key, {item} in {source}.items()}}"
    if isinstance(prop, TupleProperty):
        return _tuple(
            read(inner, f"{source}[{index}]", depth)
            for index, inner in enumerate(prop.inner_properties)
        )
    raise NotImplementedError(type(prop).__name__)


def write(
    prop: PropertyProtocol, source: str, depth: int = 0, name: str | None = None
) -> str:
    """Return the expression that writes a present Python value as a JSON value.

    It refuses what is not of the type, and what its callers' type checker would find.

    Args:
        name: of the field or parameter around it, for the error; its own if None.
    """
    name = prop.name.get_untrusted_value() if name is None else name
    told = literal(name)
    if is_plain(prop):
        return source
    if isinstance(prop, ModelProperty):
        return f'_values.write_model({told}, {source}, "{type_of(prop)}")'
    if isinstance(prop, EnumProperty):
        return f"_values.write_enum({told}, {source}, {prop.class_info.name})"
    if isinstance(prop, FormatProperty):
        return prop.format.write.format(source, name=told)
    if isinstance(prop, UnionProperty):
        return _write_union(prop, source, depth, name)
    item = _item(depth)
    if isinstance(prop, ListProperty):
        inner = write(prop.inner_property, item, depth + 1, name)
        return f"[{inner} for {item} in {source}]"
    if isinstance(prop, SetProperty):
        inner = write(prop.inner_properties[0], item, depth + 1, name)
        if inner == item:
            return f"list({source})"
        return f"[{inner} for {item} in {source}]"
    if isinstance(prop, MapProperty):
        inner = write(prop.inner_properties[0], item, depth + 1, name)
        return f"{{_key: {inner} for _key, {item} in {source}.items()}}"
    if isinstance(prop, TupleProperty):
        # The first place also checks that the tuple has as many places.
        count = len(prop.inner_properties)
        whole = f"_values.places({source}, {count})"
        inner_values = (
            write(inner, f"{source if index else whole}[{index}]", depth, name)
            for index, inner in enumerate(prop.inner_properties)
        )
        return f"[{', '.join(inner_values)}]"
    raise NotImplementedError(type(prop).__name__)


def fits(prop: PropertyProtocol, source: str, depth: int = 0) -> str:
    """Return the expression that tells whether a JSON value is of this kind.

    Args:
        source: a plain name.
    """
    if isinstance(prop, AnyProperty):
        return "True"
    if isinstance(prop, NoneProperty):
        return f"{source} is None"
    if isinstance(prop, ConstantProperty):
        return f"_values.is_same({source}, {literal(prop.value)})"
    if isinstance(prop, EnumProperty):
        return f"_values.is_member({source}, {prop.class_info.name})"
    if isinstance(prop, BooleanProperty):
        return f"isinstance({source}, bool)"
    if isinstance(prop, IntProperty):
        return f"_values.is_int({source})"
    if isinstance(prop, FloatProperty):
        return f"_values.is_number({source})"
    if isinstance(prop, FormatProperty):
        return f'_values.has_format({source}, "{prop.format.name}")'
    if isinstance(prop, StringProperty):
        return f"isinstance({source}, str)"
    if isinstance(prop, ModelProperty):
        return f"{prop.class_info.name}.fits({source})"
    if isinstance(prop, UnionProperty):
        members = (fits(inner, source, depth) for inner in prop.inner_properties)
        return f"({' or '.join(members)})"
    return _fits_container(prop, source, depth)


def _fits_container(prop: PropertyProtocol, source: str, depth: int) -> str:
    item = _item(depth)
    if isinstance(prop, ListProperty | SetProperty):
        inner = (
            prop.inner_property
            if isinstance(prop, ListProperty)
            else prop.inner_properties[0]
        )
        every = fits(inner, item, depth + 1)
        all_fit = f" and all({every} for {item} in {source})" if every != "True" else ""
        return f"(isinstance({source}, list){all_fit})"
    if isinstance(prop, MapProperty):
        every = fits(prop.inner_properties[0], item, depth + 1)
        all_fit = (
            f" and all({every} for {item} in {source}.values())"
            if every != "True"
            else ""
        )
        return f"(isinstance({source}, dict){all_fit})"
    if isinstance(prop, TupleProperty):
        count = len(prop.inner_properties)
        each = "".join(
            f" and {fits(inner, f'{source}[{index}]', depth)}"
            for index, inner in enumerate(prop.inner_properties)
        )
        return f"(isinstance({source}, list) and len({source}) == {count}{each})"
    return "True"


def read_text(prop: PropertyProtocol, source: str) -> str:
    """Return the expression that reads a value from the text of a header."""
    if isinstance(prop, IntProperty):
        return f"int({source})"
    if isinstance(prop, FloatProperty):
        return f"float({source})"
    if isinstance(prop, BooleanProperty):
        return f"_values.read_bool({source})"
    if isinstance(prop, EnumProperty):
        is_number = prop.value_type in (int, float)
        return read(prop, f"_values.read_number({source})" if is_number else source)
    if isinstance(prop, ListProperty):
        inner = read_text(prop.inner_property, "_item.strip()")
        return f'[{inner} for _item in {source}.split(",")]'
    if isinstance(prop, UnionProperty):
        members = _not_null(prop)
        return read_text(members[0], source) if len(members) == 1 else source
    if isinstance(prop, FormatProperty):
        return read(prop, source)
    return source


def ambiguous_models(prop: PropertyProtocol) -> list[ModelProperty]:
    """Return the models of a union that are recognised by whether the JSON fits."""
    if not isinstance(prop, UnionProperty):
        return []
    others = _not_null(prop)
    if any(json_kind(member) == "any" for member in others):
        groups = [[m for m in others if not _is_tagged(prop, m)]]
    else:
        groups = [_of_kind(prop, kind) for kind in _CHECKS]
    return [
        model
        for members in groups
        if len(members) > 1 and not _is_tagged(prop, members[0])
        for member in members
        for model in models_inside(member)
    ]


def models_inside(prop: PropertyProtocol) -> list[ModelProperty]:
    """Return the models directly inside a property, not those nested in them."""
    if isinstance(prop, ModelProperty):
        return [prop]
    if isinstance(prop, ListProperty):
        return models_inside(prop.inner_property)
    inner = getattr(prop, "inner_properties", ())
    return [model for member in inner for model in models_inside(member)]


def _item(depth: int) -> str:
    return "_item" if depth == 0 else f"_item{depth + 1}"


def _tuple(items: Iterable[str]) -> str:
    values = list(items)
    return f"({', '.join(values)}{',' if len(values) == 1 else ''})"


def json_kind(prop: PropertyProtocol) -> str:
    """Return the JSON type of a value; integers are `number`, too."""
    if isinstance(prop, ModelProperty | MapProperty):
        return "object"
    if isinstance(prop, ListProperty | SetProperty | TupleProperty):
        return "array"
    if isinstance(prop, NoneProperty):
        return "null"
    if isinstance(prop, StringProperty | FormatProperty):
        return "string"
    if isinstance(prop, BooleanProperty):
        return "boolean"
    if isinstance(prop, IntProperty | FloatProperty):
        return "number"
    if isinstance(prop, ConstantProperty):
        return _kind_of_type(type(prop.value))
    if isinstance(prop, EnumProperty):
        return _kind_of_type(prop.value_type)
    return "any"


def _kind_of_type(type_: type) -> str:
    kinds = {bool: "boolean", str: "string", int: "number", float: "number"}
    return kinds.get(type_, "any")


_CHECKS = {
    "object": "isinstance({}, dict)",
    "array": "isinstance({}, list)",
    "string": "isinstance({}, str)",
    "number": "_values.is_number({})",
    "boolean": "isinstance({}, bool)",
}


def _not_null(prop: UnionProperty) -> list[PropertyProtocol]:
    return [m for m in prop.inner_properties if not isinstance(m, NoneProperty)]


def _is_tagged(prop: UnionProperty, member: PropertyProtocol) -> bool:
    """Whether a discriminator tells a member from the others of its JSON type."""
    return (
        isinstance(prop, OpenUnionProperty)
        and prop.tag is not None
        and json_kind(member) == "object"
    )


def _of_kind(prop: UnionProperty, kind: str) -> list[PropertyProtocol]:
    return [member for member in prop.inner_properties if json_kind(member) == kind]


def _read_union(prop: UnionProperty, source: str, depth: int) -> str:
    """Tell the members apart by their JSON type, then by whether they fit."""
    others = _not_null(prop)
    null = (
        "None if {0} is None else " if len(others) < len(prop.inner_properties) else ""
    )
    null = null.format(source)
    if len(others) == 1:
        return null + read(others[0], source, depth)
    if any(json_kind(member) == "any" for member in others):
        rest = [member for member in others if not _is_tagged(prop, member)]
        first = _read_first(_specific_first(rest), source, depth)
        if len(rest) == len(others):
            return null + first
        tagged = _read_tagged(prop, source)
        return f"{null}{tagged} if {_CHECKS['object'].format(source)} else {first}"
    groups = {
        kind: found
        for kind in _CHECKS
        if (found := _of_kind(prop, kind)) and not all(map(is_plain, found))
    }
    if len(groups) == 1 and all(json_kind(m) in groups for m in others):
        (members,) = groups.values()
        return null + _read_group(prop, members, source, depth)
    branches = "".join(
        f"{_read_group(prop, members, source, depth)} "
        f"if {_CHECKS[kind].format(source)} else "
        for kind, members in groups.items()
    )
    return f"{null}{branches}{source}"


def _read_group(
    prop: UnionProperty, members: Sequence[PropertyProtocol], source: str, depth: int
) -> str:
    """Return the expression that reads members of the same JSON type."""
    if _is_tagged(prop, members[0]):
        return _read_tagged(prop, source)
    if len(members) == 1:
        return read(members[0], source, depth)
    if all(isinstance(member, ModelProperty) for member in members):
        classes = ", ".join(map(type_of, members))
        return f"_values.read_best({source}, {classes})"
    return _read_first(_specific_first(members), source, depth)


def _read_tagged(prop: UnionProperty, source: str) -> str:
    assert isinstance(prop, OpenUnionProperty) and prop.tag is not None
    pairs = ", ".join(
        f"{literal(tag)}: {type_of(member)}" for tag, member in prop.tagged.items()
    )
    return f"_values.read_tagged({source}, {literal(prop.tag)}, {{{pairs}}})"


def _specific_first(members: Sequence[PropertyProtocol]) -> list[PropertyProtocol]:
    """Order members so that those that accept fewer values come first."""
    ranks = (ConstantProperty, EnumProperty, FormatProperty, ModelProperty)
    wide = (StringProperty, FloatProperty, MapProperty, AnyProperty)

    def rank(member: PropertyProtocol) -> int:
        if isinstance(member, wide):
            return len(ranks) + 1 + wide.index(type(member))
        found = [i for i, kind in enumerate(ranks) if isinstance(member, kind)]
        if isinstance(member, FormatProperty) and member.format.name == "base64":
            return len(ranks)
        return found[0] if found else len(ranks)

    return sorted(members, key=rank)


def _read_first(members: Sequence[PropertyProtocol], source: str, depth: int) -> str:
    value = f"_value{depth + 1}" if depth else "_value"
    pairs = "".join(
        f", (lambda {value}: {fits(member, value, depth + 1)}, "
        f"{_reader(member, value, depth + 1)})"
        for member in members
    )
    return f"_values.read_first({source}{pairs})"


def _reader(prop: PropertyProtocol, value: str, depth: int) -> str:
    """Return the expression of a function that reads a value."""
    if is_plain(prop):
        return "_values.as_it_is"
    if isinstance(prop, ModelProperty):
        return f"{prop.class_info.name}.from_dict"
    if isinstance(prop, EnumProperty):
        return str(prop.class_info.name)
    if isinstance(prop, FormatProperty):
        return prop.format.read
    return f"lambda {value}: {read(prop, value, depth)}"


def _write_union(prop: UnionProperty, source: str, depth: int, name: str) -> str:
    others = _not_null(prop)
    if len(others) == 1 and len(others) < len(prop.inner_properties):
        written = write(others[0], source, depth, name)
        return f"None if {source} is None else {written}"
    return f"_values.to_json({source})"
