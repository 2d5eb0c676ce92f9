"""The functions that templates call for expressions and lines of generated code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from openapi_python_client.parser.bodies import Body, BodyType
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties.enum_property import EnumProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.model_property import ModelProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.properties.schemas import Class
from openapi_python_client.parser.properties.string import StringProperty
from openapi_python_client.parser.properties.union import UnionProperty
from openapi_python_client.parser.responses import Response

from modular_api.codegen.python_client.conversions import (
    fits,
    is_model,
    is_plain,
    read,
    read_text,
    uses_source_once,
    write,
)
from modular_api.codegen.python_client.imports import needed_imports
from modular_api.codegen.python_client.literals import literal
from modular_api.codegen.python_client.parameters import DefaultsOf
from modular_api.codegen.python_client.property_types import (
    AnswersProperty,
    BytesProperty,
    MapProperty,
    SetProperty,
    Stream,
    TupleProperty,
    type_of,
)
from modular_api.codegen.python_client.shared_literals import alias_text

SecurityOf = dict[str, tuple[tuple[str, ...], ...]]
"""The alternative credentials of operations, by operation name."""


def template_globals(
    told_apart_models: frozenset[str],
    *,
    security: SecurityOf,
    whole_paths: Mapping[str, Collection[str]],
    defaults: DefaultsOf,
    literals: Mapping[str, Class],
    models: Mapping[str, ModelProperty],
) -> dict[str, Any]:
    """Return the names that templates may use.

    Args:
        whole_paths: the path parameters that may hold slashes, by operation name.
        defaults: of the operations.
        literals: the class that each literal is, by its name.
        models: all of them, by class name.
    """

    def security_of(endpoint: Endpoint) -> tuple[tuple[str, ...], ...]:
        return security.get(str(endpoint.name), ())

    def path_encoder(endpoint: Endpoint, parameter: PropertyProtocol) -> str:
        whole = whole_paths.get(str(endpoint.name), ())
        name = parameter.name.get_untrusted_value()
        return "whole_path" if name in whole else "path_segment"

    def checks(endpoint: Endpoint) -> Iterator[str]:
        return check_lines(endpoint, defaults.get(str(endpoint.name), {}), models)

    functions = (
        alias_text,
        answer_headers,
        answer_lines,
        argument,
        body_argument,
        body_dict,
        body_is_required,
        body_keyword,
        body_type,
        checks,
        content_type_of,
        default_is_success,
        docstring,
        enum_base,
        field_description,
        fits,
        headers_class,
        instance_type,
        is_plain,
        is_streamed,
        item_type,
        literal,
        needed_imports,
        parsed_type,
        path_encoder,
        read,
        read_extra,
        read_header,
        read_optional,
        repr,
        security_of,
        stream_of,
        success_like,
        takes_idempotency_key,
        uses_source_once,
        write,
        write_extra,
        write_optional,
    )
    found: dict[str, Any] = {function.__name__: function for function in functions}
    return {
        **found,
        "holders_of_literals": literals,
        "told_apart_models": told_apart_models,
    }


def read_optional(prop: PropertyProtocol, source: str) -> str:
    """Return the expression that reads a value that may be left out."""
    return f"{source} if {source} is UNSET else {read(prop, source)}"


def write_optional(prop: PropertyProtocol, source: str) -> str:
    """Return the expression that writes a value that may be left out."""
    written = write(prop, source)
    if prop.required or written == source:
        return written
    return f"{source} if isinstance({source}, Unset) else {written}"


def read_extra(prop: PropertyProtocol) -> str:
    """Return the expression that reads the fields the specification does not name."""
    return f"{{_key: {read(prop, '_value')} for _key, _value in d.items()}}"


def write_extra(prop: PropertyProtocol) -> str:
    """Return the expression that writes the fields the specification does not name."""
    written = write(prop, "_value")
    return f"{{_key: {written} for _key, _value in self.additional_properties.items()}}"


def docstring(text: str) -> str:
    """Return an escaped text as a docstring, laid out as black would."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    joined = "\n".join(lines)
    if joined.startswith('"'):
        joined = f" {joined}"
    if len(lines) > 1:
        return f'"""{joined}\n"""'
    return f'"""{joined} """' if joined.endswith('"') else f'"""{joined}"""'


def takes_idempotency_key(endpoint: Endpoint) -> bool:
    """Whether an operation takes an Idempotency-Key, so that calls may be repeated."""
    return any(
        header.name.get_untrusted_value().lower() == "idempotency-key"
        for header in endpoint.header_parameters
    )


def field_description(prop: PropertyProtocol) -> str:
    """Return the line of a docstring that describes a field."""
    type_ = prop.get_type_string().as_unembedded_code()
    said = prop.description.get_untrusted_value() if prop.description else ""
    example = f" Example: {prop.example.get_untrusted_value()}." if prop.example else ""
    return f"{prop.python_name} ({type_}): {said}{example}"


def enum_base(enum: EnumProperty) -> str:
    """Return the base class of an enum."""
    types: dict[type, str] = {str: "OpenStrEnum", int: "OpenIntEnum"}
    return types.get(enum.value_type, "OpenEnum")


def argument(parameter: PropertyProtocol) -> str:
    """Return a parameter of the function that builds a request."""
    if parameter.required:
        return f"{parameter.python_name}: {type_of(parameter)}"
    return f"{parameter.python_name}: {type_of(parameter)} | Unset = UNSET"


def check_lines(
    endpoint: Endpoint,
    defaults: Mapping[str, Mapping[str, bool]],
    models: Mapping[str, ModelProperty],
) -> Iterator[str]:
    """Yield the lines that refuse what would be left out, and a default be taken for."""
    for place, parameters in (
        ("query", endpoint.query_parameters),
        ("header", endpoint.header_parameters),
        ("cookie", endpoint.cookie_parameters),
    ):
        yield from _checks(place, parameters, "", defaults)
    for body in endpoint.bodies:
        if body.body_type not in (BodyType.DATA, BodyType.FILES):
            continue
        model = models.get(type_of(body.prop))
        if model is not None:
            fields = (model.required_properties or []) + (
                model.optional_properties or []
            )
            lines = list(_checks("form", fields, "body.", defaults))
            if lines:
                yield f"if isinstance(body, {type_of(body.prop)}):"
                yield from (f"    {line}" for line in lines)


def _checks(
    place: str,
    properties: Iterable[PropertyProtocol],
    owner: str,
    defaults: Mapping[str, Mapping[str, bool]],
) -> Iterator[str]:
    marked = defaults.get(place, {})
    for prop in properties:
        name = prop.name.get_untrusted_value()
        if name in marked:
            # An empty list that is left out becomes the default, an empty list.
            check = "check_not_null" if marked[name] else "check_said"
            arguments = f'"{place}", {literal(name)}, {owner}{prop.python_name}'
            yield f"_wire.{check}({arguments})"


def body_type(endpoint: Endpoint) -> str:
    """Return the type of an operation's body, for all its media types."""
    return " | ".join(sorted({type_of(body.prop) for body in endpoint.bodies}))


def body_is_required(endpoint: Endpoint) -> bool:
    """Whether a call has to have a body."""
    return all(body.prop.required for body in endpoint.bodies)


def body_argument(endpoint: Endpoint) -> str:
    """Return the parameter for the body."""
    if body_is_required(endpoint):
        return f"body: {body_type(endpoint)}"
    return f"body: {body_type(endpoint)} | Unset = UNSET"


def body_keyword(body: Body) -> str:
    """Return the keyword argument that gives a request its body."""
    name, written, unset = _body(body)
    if body.prop.required:
        return f"{name}={written}"
    if written == "body" and unset == "UNSET":
        return f"{name}=body"
    return f"{name}={unset} if isinstance(body, Unset) else {written}"


def body_dict(body: Body) -> str:
    """Return the dict item that gives a request its body."""
    name, written, _ = _body(body)
    return f'"{name}": {written}'


def content_type_of(endpoint: Endpoint) -> str:
    """Return the expression of a request's media type; empty if it has none."""
    if not endpoint.bodies:
        return ""
    if len(endpoint.bodies) > 1:
        return "media_type_"
    body = endpoint.bodies[0]
    # The boundary of a multipart body is chosen where the body is encoded.
    if body.body_type == BodyType.FILES:
        return ""
    stated = literal(body.content_type.get_untrusted_value())
    if body.prop.required:
        return stated
    return f"UNSET if isinstance(body, Unset) else {stated}"


def _body(body: Body) -> tuple[str, str, str]:
    """Return a request's argument, its value, and its value without a body."""
    if body.body_type == BodyType.JSON:
        return "json", write(body.prop, "body"), "UNSET"
    if body.body_type == BodyType.DATA:
        return "data", write(body.prop, "body"), "None"
    if body.body_type == BodyType.FILES:
        typed = f'_values.typed("body", body, {type_of(body.prop)})'
        return "files", f"{typed}.to_multipart()", "None"
    if isinstance(body.prop, StringProperty):
        return "content", "body.encode()", "None"
    if isinstance(body.prop, ListProperty):
        return "content", f"_wire.json_lines({write(body.prop, 'body')})", "None"
    return "content", "body", "None"


def unsendable_body(body: Body) -> bool:
    """Whether a body cannot be encoded, because of its type and media type."""
    kinds = (BytesProperty, ListProperty, StringProperty)
    if body.body_type == BodyType.CONTENT:
        return not isinstance(body.prop, kinds)
    form = body.body_type in (BodyType.DATA, BodyType.FILES)
    return form and not isinstance(body.prop, ModelProperty)


def instance_type(prop: PropertyProtocol) -> str:
    """Return the class for `isinstance` checks."""
    if isinstance(prop, UnionProperty):
        classes = sorted({instance_type(member) for member in prop.inner_properties})
        return f"({', '.join(classes)},)"
    if isinstance(prop, NoneProperty):
        return "type(None)"
    if isinstance(prop, ListProperty):
        return "list"
    if isinstance(prop, MapProperty):
        return "dict"
    if isinstance(prop, SetProperty):
        return "set"
    if isinstance(prop, TupleProperty):
        return "tuple"
    stated = type_of(prop)
    return "object" if stated == "Any" else stated


def is_streamed(answer: Response) -> bool:
    """Whether an answer can only be a stream."""
    prop = answer.prop
    return (
        isinstance(prop, AnswersProperty)
        and prop.stream is not None
        and not prop.media_types
    )


def stream_of(endpoint: Endpoint) -> Stream | None:
    """Return the stream that an operation answers with, if it does."""
    for answer in endpoint.responses:
        if isinstance(answer.prop, AnswersProperty) and answer.prop.stream is not None:
            return answer.prop.stream
    return None


def item_type(stream: Stream) -> str:
    """Return the type of a stream's items."""
    return type_of(stream.item) if stream.item else "ServerSentEvent"


def parsed_type(endpoint: Endpoint) -> str:
    """Return the type of an answer without a stream: the union of those below 400."""
    answers = [answer for answer in successes(endpoint) if not is_streamed(answer)]
    types = {answer_type(answer) for answer in answers}
    if "Any" in types:
        return "Any"
    return " | ".join(sorted(types)) or "None"


def successes(endpoint: Endpoint) -> Iterator[Response]:
    """Yield the answers that are not errors."""
    for response in endpoint.responses.patterns:
        if response.status_code.range and response.status_code.range[0] < 400:
            yield response
    if endpoint.responses.default is not None and default_is_success(endpoint):
        yield endpoint.responses.default


def default_is_success(endpoint: Endpoint) -> bool:
    """Whether the default answer is a success, because no other answer is."""
    return not any(
        response.status_code.range is not None and response.status_code.range[0] < 400
        for response in endpoint.responses.patterns
    )


def success_like(endpoint: Endpoint) -> str:
    """Return the documented status as whose answer another success is read.

    That is the only one with a body, or for an answer without one the first that has
    none either; the expression is empty if there is neither.
    """
    with_body: list[str] = []
    without: list[str] = []
    for response in endpoint.responses.patterns:
        stated = response.status_code.range
        if stated and 200 <= stated[0] < 300 and not is_streamed(response):
            is_empty = response.source["attribute"] == "None"
            (without if is_empty else with_body).append(str(stated[0]))
    body = with_body[0] if len(with_body) == 1 else ""
    if not with_body or not without:
        return body or "".join(without[:1])
    return f"{body or None} if response.content else {without[0]}"


def answer_type(answer: Response) -> str:
    """Return the type of one answer."""
    if answer.source["attribute"] == "None":
        return "None"
    if isinstance(answer.prop, AnswersProperty) and not answer.prop.media_types:
        return "None"
    return type_of(answer.prop)


def answer_lines(answer: Response, is_error: bool) -> Iterable[str]:
    """Yield the lines that return an answer, or raise it as an error."""
    if answer_type(answer) == "None" and not isinstance(answer.prop, NoneProperty):
        yield _give("None", is_error)
        return
    if not isinstance(answer.prop, AnswersProperty):
        yield from _json_lines(answer.prop, is_error)
        return
    members = list(
        zip(answer.prop.media_types, answer.prop.inner_properties, strict=True)
    )
    # JSON comes last, because an answer without a media type is taken for JSON.
    members.sort(key=lambda member: _is_json(member[0]))
    for index, (media_type, prop) in enumerate(members):
        lines = _content_lines(media_type, prop, is_error)
        if index == len(members) - 1:
            yield from lines
        else:
            yield f"if response.media_type == {literal(media_type)}:"
            yield from (f"    {line}" for line in lines)


def _content_lines(
    media_type: str, prop: PropertyProtocol, is_error: bool
) -> Iterator[str]:
    if _is_json(media_type):
        yield from _json_lines(prop, is_error)
    elif isinstance(prop, BytesProperty):
        yield _give("response.content", is_error)
    else:
        yield _give("response.text", is_error)


def _json_lines(prop: PropertyProtocol, is_error: bool) -> Iterator[str]:
    if is_model(prop):
        yield _give(read(prop, "response.json()"), is_error)
        return
    if uses_source_once(prop):
        yield f"answer: {type_of(prop)} = {read(prop, 'response.json()')}"
    else:
        yield "data = response.json()"
        yield f"answer: {type_of(prop)} = {read(prop, 'data')}"
    yield _give("answer", is_error)


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _give(value: str, is_error: bool) -> str:
    return f"raise _answers.DocumentedError({value})" if is_error else f"return {value}"


def answer_headers(endpoint: Endpoint) -> list[PropertyProtocol]:
    """Return the documented headers of answers that are not errors."""
    found: dict[str, PropertyProtocol] = {}
    for answer in successes(endpoint):
        if isinstance(answer.prop, AnswersProperty):
            for header in answer.prop.headers:
                found.setdefault(header.name.get_untrusted_value().lower(), header)
    return list(found.values())


def headers_class(endpoint: Endpoint) -> str:
    """Return the name of the class of an operation's response headers."""
    return "".join(map(str.capitalize, str(endpoint.name).split("_"))) + "Headers"


def read_header(header: PropertyProtocol) -> str:
    """Return the expression that reads a header of an answer."""
    name = literal(header.name.get_untrusted_value().lower())
    value = read_text(header, f"headers[{name}]")
    return f"{value} if {name} in headers else UNSET"
