"""The classes of our properties, for schemas that the generator's own do not fit.

`properties` builds them from schemas; `conversions` knows how their values are read and
written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from attrs import Factory, define, field
from openapi_python_client.parser.errors import PropertyError
from openapi_python_client.parser.properties.enum_property import EnumProperty
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol, Value
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.schema.parameter_location import ParameterLocation
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonCode, PythonIdentifier

from modular_api.codegen.python_client.formats import Format
from modular_api.codegen.python_client.literals import literal


@dataclass
class FieldError(PropertyError):
    """A schema that no property can be made of, and the field or parameter it is of."""

    field: str = ""


@define
class _Own(PropertyProtocol):
    """The base of our properties, which are allowed in every part of a request."""

    name: UntrustedString
    required: bool
    default: Value | None
    python_name: PythonIdentifier
    description: UntrustedString | None
    example: UntrustedString | None

    def convert_value(self, value: Any) -> Value | PropertyError | None:
        del value  # defaults are applied by the server
        return self.default


@define
class FormatProperty(_Own):
    """A string with a format that Python has a type for."""

    format: Format

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(self.format.type)

    def get_imports(self, *, prefix: str) -> set[str]:
        return {*super().get_imports(prefix=prefix), *self.format.imports}


@define
class BytesProperty(_Own):
    """The whole body of a request or answer, as bytes."""

    _type_string: ClassVar[str] = "bytes"


@define
class ConstantProperty(_Own):
    """A field with only one possible value, which models fill in by themselves."""

    value: str | int | float | bool = field(kw_only=True)

    def get_base_type_string(self) -> PythonCode:
        # `Literal` does not accept a float.
        if isinstance(self.value, float):
            return PythonCode("float")
        return PythonCode(f"Literal[{literal(self.value)}]")

    def get_imports(self, *, prefix: str) -> set[str]:
        imports = {*super().get_imports(prefix=prefix)}
        return imports | {"from typing import Literal"}


@define
class _Container(_Own):
    """A property that contains others."""

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
    """A list of fixed length with a type for each place."""

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(f"tuple[{', '.join(self.inner_types) or '()'}]")


@define
class SetProperty(_Container):
    """A list of distinct, hashable values."""

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(f"set[{self.inner_types[0]}]")


@define
class MapProperty(_Container):
    """An object whose keys are data."""

    def get_base_type_string(self) -> PythonCode:
        return PythonCode(f"dict[str, {self.inner_types[0]}]")


@define
class Stream:
    """An answer that arrives item by item: events, or lines of JSON.

    Attributes:
        framing: `sse`, `jsonl`, or `events` for events whose data is any text.
        item: the property of its items; None for events.
    """

    framing: str
    item: PropertyProtocol | None


@define
class AnswersProperty(_Container):
    """The possible contents of an answer, one member for each media type.

    Attributes:
        media_types: of the members.
        stream: if one of the media types is a stream.
        headers: those that the specification describes.
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
    """A union that can tell its members apart.

    Attributes:
        tag: the field that names the member, if there is one.
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
    """Return the type of a value that is not left out."""
    return prop.get_type_string(no_optional=True).as_unembedded_code()
