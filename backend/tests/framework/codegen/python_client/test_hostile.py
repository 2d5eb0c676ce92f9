"""Broken and hostile documents: refused by name, or made harmless."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modular_api.clients.client import ModuleClient
from modular_api.codegen.python_client import template_functions
from modular_api.codegen.python_client.errors import (
    ClientRenderError,
    GeneratorCrash,
    GeneratorWarnings,
    IncompleteClient,
    InvalidSpecification,
)
from modular_api.codegen.python_client.preflight import faults
from modular_api.codegen.python_client.render import render_python_client
from modular_api.codegen.python_client.reserved import METHODS

REF = "#/components/schemas/"


def document(
    *, paths: dict[str, Any] | None = None, schemas: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a document with one harmless operation, and what the test adds to it."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/ok": {"get": operation("ok")}, **(paths or {})},
        "components": {"schemas": schemas or {}},
    }


def operation(operation_id: str, **changes: Any) -> dict[str, Any]:
    """Return an operation that answers 204."""
    answers = {"responses": {"204": {"description": ""}}}
    return {"operationId": operation_id, **answers, **changes}


def answering(operation_id: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return an operation that answers with a schema."""
    content = {"application/json": {"schema": schema}}
    return operation(
        operation_id, responses={"200": {"description": "", "content": content}}
    )


def with_headers(operation_id: str) -> dict[str, Any]:
    """Return an operation whose answer has a documented header."""
    headers = {"x-a": {"schema": {"type": "integer"}}}
    responses = {"204": {"description": "", "headers": headers}}
    return operation(operation_id, responses=responses)


def model(**properties: Any) -> dict[str, Any]:
    """Return a schema with these properties, none required."""
    return {"type": "object", "properties": properties}


def render(
    specification: dict[str, Any], allowed: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Render as version 1 of the module `evil`, unformatted."""
    return render_python_client(
        specification, module="evil", version="v1", format_file=str, allowed=allowed
    )


DEEP: dict[str, Any] = {}
for _ in range(500):
    DEEP = {"items": DEEP}


@pytest.mark.parametrize(
    ("specification", "where", "reason"),
    [
        pytest.param({}, "#/openapi", "expected OpenAPI 3", id="nothing"),
        pytest.param({"openapi": "2.0"}, "#/openapi", "expected OpenAPI 3", id="old"),
        pytest.param(
            {"openapi": "3.1.0", "paths": []}, "#/paths", "is a list", id="no paths"
        ),
        pytest.param(
            document(schemas={"A": {"$ref": REF + "B"}, "B": {"$ref": REF + "A"}}),
            REF + "A",
            "is defined by itself",
            id="circle of references",
        ),
        pytest.param(
            document(schemas={"A": {"$ref": REF + "A"}}),
            REF + "A",
            "is defined by itself",
            id="reference to itself",
        ),
        pytest.param(
            document(
                schemas={
                    "A": {"allOf": [{"$ref": REF + "B"}]},
                    "B": {"allOf": [{"$ref": REF + "A"}]},
                }
            ),
            REF + "A",
            "is defined by itself",
            id="circle of bases",
        ),
        pytest.param(
            document(schemas={"A": model(b={"$ref": REF + "Nowhere"})}),
            REF + "A/properties/b",
            "which is not there",
            id="dangling reference",
        ),
        pytest.param(
            document(schemas={"A": model(b={"$ref": "file:///etc/passwd"})}),
            REF + "A/properties/b",
            "only '#/components/",
            id="remote reference",
        ),
        pytest.param(
            document(schemas={"../../x": model()}),
            REF + "..~1..~1x",
            "is no component name",
            id="component that is a path",
        ),
        pytest.param(
            document(schemas={"A": model(**{"a\nimport os": {"type": "string"}})}),
            REF + "A/properties",
            "control characters in the key",
            id="line break in a field",
        ),
        pytest.param(
            document(schemas={"A": {"type": "string", "enum": ["a\x00b"]}}),
            REF + "A",
            "control characters in its enum",
            id="null in an enum",
        ),
        pytest.param(
            document(schemas={"A": model(a={"const": "x\n'''"})}),
            REF + "A/properties/a",
            "control characters in its const",
            id="line break in a constant",
        ),
        pytest.param(
            document(schemas={"A": {"description": "\ud800"}}),
            REF + "A",
            "lone surrogate",
            id="lone surrogate",
        ),
        pytest.param(
            document(paths={"/a": {"get": operation("a():\n    import os\ndef b")}}),
            "#/paths/~1a/get",
            "control characters in its operationId",
            id="line break in an operationId",
        ),
        pytest.param(
            document(paths={"/a": {"get": operation("../../x")}}),
            "GET /a",
            "cannot name a function",
            id="operationId that is a path",
        ),
        pytest.param(
            document(paths={"/a": {"get": operation("ok")}}),
            "GET /ok and GET /a",
            "share the operationId 'ok'",
            id="operationId used twice",
        ),
        pytest.param(
            document(paths={"/a/{x!r}": {"get": operation("a")}}),
            "'GET /a/{x!r}'",
            "impossible path",
            id="format string in a path",
        ),
        pytest.param(
            document(paths={"/a/{x}/{x}": {"get": operation("a")}}),
            "GET /a/{x}/{x}",
            "names a path parameter twice",
            id="path parameter twice",
        ),
        pytest.param(
            document(schemas={"A": DEEP}), "#", "nested deeper", id="deep nesting"
        ),
    ],
)
def test_an_invalid_document_is_refused_by_place(
    specification: dict[str, Any], where: str, reason: str
) -> None:
    """The error names the module and every place, and nothing is generated."""
    with pytest.raises(InvalidSpecification, match="Module 'evil' v1") as caught:
        render(specification)
    found = {fault.where: fault.reason for fault in caught.value.faults}
    assert reason in found[where]


def test_bases_that_branch_are_followed_once() -> None:
    """Thirty layers of two have a thousand million paths, and no circle."""

    def layer(depth: int) -> dict[str, Any]:
        below = [f"{side}{depth + 1}" for side in "AB"] if depth < 30 else []
        return {"allOf": [{"$ref": REF + name} for name in below]}

    schemas = {f"{side}{depth}": layer(depth) for depth in range(31) for side in "AB"}
    assert faults(document(schemas=schemas)) == []


def test_every_fault_is_told_at_once() -> None:
    """Whoever mends a document mends it once."""
    specification = document(
        paths={"/a": {"get": operation("1")}, "/b": {"get": operation("ok")}},
        schemas={"A": {"$ref": REF + "A"}},
    )
    with pytest.raises(InvalidSpecification) as caught:
        render(specification)
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(
    ("specification", "expected"),
    [
        pytest.param(
            document(schemas={"Order": model(), "order": model()}),
            "Order",
            id="classes that differ in case",
        ),
        pytest.param(
            document(schemas={"HTTPThing": model(), "HttpThing": model()}),
            "models/http_thing.py",
            id="classes that share a file",
        ),
        pytest.param(
            document(paths={"/a": {"get": operation("OK")}}),
            "api/operations/ok.py",
            id="operations that differ in case",
        ),
        pytest.param(
            document(schemas={"EvilClient": model()}),
            "component EvilClient: has a name the client itself needs",
            id="a class named like the client",
        ),
        pytest.param(
            document(paths={"/a": {"get": answering("a", {"enum": [[1], [2]]})}}),
            "an enum of lists cannot be a Python enum",
            id="an enum of lists",
        ),
        pytest.param(
            document(
                paths={"/a": {"get": with_headers("heads")}},
                schemas={"HeadsHeaders": model()},
            ),
            "component HeadsHeaders: has a name that the headers of 'heads' need",
            id="a class named like that of an operation's headers",
        ),
        pytest.param(
            document(
                paths={
                    "/a": {"get": with_headers("heads")},
                    "/b": {"get": operation("heads_with_headers")},
                }
            ),
            "operation heads_with_headers: has a name that the headers of 'heads' need",
            id="an operation named like another with its headers",
        ),
    ],
)
def test_what_would_be_lost_is_refused_by_name(
    specification: dict[str, Any], expected: str
) -> None:
    """Two names for one file, and what the generator cannot express."""
    with pytest.raises(GeneratorWarnings) as caught:
        render(specification)
    assert expected in str(caught.value)


def test_a_lost_parameter_is_told_with_its_route_and_its_cause() -> None:
    """And where a loss can be allowed, of an app and of a folder."""
    lists = {"name": "l", "in": "query", "schema": {"enum": [[1], [2]]}}
    named = {"name": "t", "in": "query", "schema": {"$ref": REF + "E"}}
    specification = document(
        paths={
            "/lists": {"get": operation("lists", parameters=[lists])},
            "/named": {"get": operation("named", parameters=[named])},
        },
        schemas={"E": {"enum": [[1], [2]]}},
    )
    with pytest.raises(GeneratorWarnings) as caught:
        render(specification)
    assert [str(finding) for finding in caught.value.findings] == [
        "GET /lists: parameter 'l': an enum of lists cannot be a Python enum",
        "component E: an enum of lists cannot be a Python enum; lost with it: "
        "GET /named (parameter 't')",
    ]
    assert "AppFactory(…, allowed_losses=[…])" in str(caught.value)
    assert "[tool.modular_api] allowed_losses = […]" in str(caught.value)


ENUM_OF_LISTS = {"enum": [[1], [2]]}


def _using(*components: str) -> dict[str, Any]:
    """Return paths with a body and an answer of each component."""
    return {
        f"/{name.lower()}": {
            "post": operation(
                f"use_{name.lower()}",
                requestBody=_content(name),
                responses={"200": {"description": "", **_content(name)}},
            )
        }
        for name in components
    }


def _content(name: str) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"$ref": REF + name}}}}


@pytest.mark.parametrize(
    ("schemas", "cause", "lost"),
    [
        pytest.param(
            {
                "E": ENUM_OF_LISTS,
                "M": {"type": "object", "properties": {"e": {"$ref": REF + "E"}}},
                "N": {"type": "object", "properties": {"m": {"$ref": REF + "M"}}},
                "U": {"anyOf": [{"$ref": REF + "E"}, {"type": "integer"}]},
            },
            "component E: an enum of lists cannot be a Python enum",
            ["component M", "component N", "component U"],
            id="a component that others hold",
        ),
        pytest.param(
            {
                "M": {
                    "type": "object",
                    "properties": {"a": {"type": "integer"}, "e": ENUM_OF_LISTS},
                },
                "N": {"type": "object", "properties": {"m": {"$ref": REF + "M"}}},
            },
            "component M: field 'e': an enum of lists cannot be a Python enum",
            ["component N"],
            id="a field",
        ),
        pytest.param(
            {
                "L": {"type": "array", "items": {"$ref": REF + "L"}},
                "N": {"type": "object", "properties": {"l": {"$ref": REF + "L"}}},
            },
            "component L: invalid data in items of array",
            ["component N"],
            id="a list of itself",
        ),
    ],
)
def test_what_is_lost_by_one_cause_is_one_finding(
    schemas: dict[str, Any], cause: str, lost: list[str]
) -> None:
    """With field and reason, all routes and components that it takes along."""
    specification = document(paths=_using(*schemas), schemas=schemas)
    with pytest.raises(GeneratorWarnings) as caught:
        render(specification)
    (finding,) = caught.value.findings
    assert str(finding).startswith(cause)
    routes = [f"POST /{name.lower()}" for name in schemas]
    assert {one.where for one in finding.lost} == {*lost, *routes}
    assert f"{routes[0]} (body), " in str(finding)


def test_the_line_of_a_cause_allows_what_is_lost_with_it() -> None:
    """And no more: another route that needs it makes another line."""
    schemas = {
        "M": {"type": "object", "properties": {"e": ENUM_OF_LISTS}},
        "Fine": {"type": "object", "properties": {"a": {"type": "integer"}}},
    }
    specification = document(paths=_using("M", "Fine"), schemas=schemas)
    with pytest.raises(GeneratorWarnings) as caught:
        render(specification)
    line = str(caught.value.findings[0])
    files = render(specification, allowed=frozenset({line}))
    operations = {path for path in files if "/api/operations/use_" in path}
    assert operations == {"_evil/api/operations/use_fine.py"}
    specification["paths"]["/more"] = {
        "get": operation(
            "more", responses={"200": {"description": "", **_content("M")}}
        )
    }
    with pytest.raises(GeneratorWarnings, match=r"GET /more \(answer 200\)"):
        render(specification, allowed=frozenset({line}))


def test_causes_of_their_own_stay_findings_of_their_own() -> None:
    """Two fields of two models are two changes to make."""
    broken = {"type": "object", "properties": {"e": ENUM_OF_LISTS}}
    both = {
        "type": "object",
        "properties": {"m": {"$ref": REF + "M"}, "n": {"$ref": REF + "N"}},
    }
    schemas = {"M": broken, "N": broken, "Both": both}
    with pytest.raises(GeneratorWarnings) as caught:
        render(document(paths=_using("Both"), schemas=schemas))
    assert [finding.where for finding in caught.value.findings] == [
        "component M",
        "component N",
    ]


def test_parameters_of_one_python_name_are_numbered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one place or in several; on the wire each keeps its name."""
    names = ["a-b", "a b", "a_b", "aB"]
    parameters = [
        {"in": place, "name": name, "required": True, "schema": {"type": "string"}}
        for place, name in [*(("query", name) for name in names), ("header", "a-b")]
    ]
    paths = {"/a": {"get": operation("a", parameters=parameters)}}
    import_client(document(paths=paths), tmp_path, monkeypatch)
    module: Any = sys.modules["evil_generated._evil.api.operations.a"]
    arguments = inspect.signature(module.request).parameters
    assert len(arguments) == 5
    sent = module.request(**{name: name for name in arguments})
    assert sorted(sent.params) == sorted(names)
    assert len({*sent.params.values(), *sent.headers.values()}) == 5


def test_a_crash_names_the_operation_it_happens_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The generator's own failures do not come without a place."""
    from openapi_python_client.parser.openapi import Endpoint

    genuine = Endpoint.from_data

    def crash_on_bad(*, path: Any, **rest: Any) -> Any:
        if path.get_untrusted_value() == "/bad":
            raise RecursionError("too deep")
        return genuine(path=path, **rest)

    monkeypatch.setattr(Endpoint, "from_data", crash_on_bad)
    paths = {f"/p{i}": {"get": operation(f"p{i}")} for i in range(5)}
    specification = document(paths={**paths, "/bad": {"put": operation("bad")}})
    with pytest.raises(GeneratorCrash, match="failed on PUT /bad: RecursionError") as e:
        render(specification)
    assert e.value.operation == "PUT /bad"


def test_what_is_no_python_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that fails is told by the file it failed on."""

    def argument(parameter: Any) -> str:
        return "no python"

    monkeypatch.setattr(template_functions, "argument", argument)
    broken = operation(
        "broken", parameters=[{"in": "query", "name": "a", "schema": {}}]
    )
    with pytest.raises(IncompleteClient, match=r"operations/broken\.py: is no Python"):
        render_python_client(
            document(paths={"/broken": {"post": broken}}), module="evil", version="v1"
        )


EVIL_TEXTS = [
    '""" + __import__("os").abort() + """',
    "\\",
    'ends with a quote"',
    '"begins with one',
    'four \\""""',
    'backslash and quote \\"',
    "\\N{BELL} \\x \\u",
    "line\nbreak\r\n\x00\x07 and {braces} %s",
    "'''\n\"\"\"\nimport os\nos.abort()\n",
    "\u2028 \u202e \x0c",
]


@pytest.mark.parametrize("text", EVIL_TEXTS)
def test_hostile_prose_stays_prose(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quotes, backslashes and line breaks in every text that reaches a docstring."""
    schemas = {
        "Thing": {
            "title": text,
            "description": text,
            **model(field={"type": "string", "description": text, "example": text}),
        }
    }
    evil = answering("evil", {"$ref": REF + "Thing"})
    evil |= {"summary": text, "description": text, "tags": [text]}
    short = operation("short", summary=text)
    paths = {"/evil": {"get": evil}, "/short": {"get": short}}
    specification = document(paths=paths, schemas=schemas)
    specification["info"] = {"title": text, "version": text, "description": text}
    module = import_client(specification, tmp_path, monkeypatch)
    assert callable(module.EvilClient.evil)
    assert module.Thing(field="x").to_dict() == {"field": "x"}


def test_hostile_values_arrive_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names on the wire, enum values and defaults are kept to the character."""
    tag = 'a "tag" \\ of {this}'
    value = '"; __import__("os").abort() #\\ {x} '
    schemas = {
        "Enum": {"type": "string", "enum": [value, "a", "A", "b-c", "b_c"]},
        "Thing": model(
            **{value: {"type": "string", "default": value}},
            kind={"$ref": REF + "Enum"},
            tag={"const": tag},
        ),
    }
    paths = {"/evil": {"get": answering("evil", {"$ref": REF + "Thing"})}}
    module = import_client(
        document(paths=paths, schemas=schemas), tmp_path, monkeypatch
    )
    assert sorted(member.value for member in module.Enum) == sorted(
        schemas["Enum"]["enum"]
    )
    assert module.Thing().to_dict() in ({}, {value: value})
    assert module.Thing.from_dict({value: value, "tag": tag}).to_dict() == {
        value: value,
        "tag": tag,
    }
    assert module.Thing.from_dict({value: "v", "kind": "A"}).kind.value == "A"


@pytest.mark.parametrize("name", ["class", "import", "print", "None", "self", "url"])
def test_keywords_become_names(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As operations, as parameters and as fields."""
    parameter = {"name": name, "in": "path", "required": True}
    keyword = answering(name, {"$ref": REF + "Thing"})
    keyword["parameters"] = [{**parameter, "schema": {"type": "string"}}]
    specification = document(
        paths={f"/a/{{{name}}}": {"get": keyword}},
        schemas={"Thing": model(**{name: {"type": "string"}})},
    )
    module = import_client(specification, tmp_path, monkeypatch)
    assert module.Thing.from_dict({name: "x"}).to_dict() == {name: "x"}


def test_a_property_called_ref_is_no_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is one in an example or a default."""
    thing = model(**{"$ref": {"type": "string"}}, default={"type": "string"})
    thing["example"] = {"$ref": "nowhere"}
    paths = {"/a": {"get": answering("a", {"$ref": REF + "Thing"})}}
    specification = document(paths=paths, schemas={"Thing": thing})
    module = import_client(specification, tmp_path, monkeypatch)
    assert module.Thing.from_dict({"$ref": "x"}).to_dict() == {"$ref": "x"}


def large_in_prose() -> dict[str, Any]:
    """Ten million characters in one description."""
    return document(schemas={"A": {"description": "word " * 2_000_000}})


def large_in_models() -> dict[str, Any]:
    """Ten megabytes of small models."""
    fields = {f"a_field_of_some_length_{i}": {"type": "string"} for i in range(9)}
    return document(schemas={f"Model{i}": model(**fields) for i in range(25_000)})


def large_in_operations() -> dict[str, Any]:
    """More operations than a module can sensibly have."""
    names = [f"p{i}" for i in range(2_000)]
    return document(paths={f"/{name}": {"get": operation(name)} for name in names})


@pytest.mark.parametrize("make", [large_in_prose, large_in_models, large_in_operations])
def test_a_document_of_ten_megabytes_is_refused_before_it_is_generated(
    make: Callable[[], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is measured before anything is done with it."""
    monkeypatch.setitem(sys.modules, "openapi_python_client", None)
    with pytest.raises(InvalidSpecification, match="split"):
        render(make())


def test_the_document_is_left_as_it_was() -> None:
    """Normalising works on a copy."""
    specification = document(schemas={"A": {"title": "B", **model()}})
    before = copy.deepcopy(specification)
    render(specification)
    assert specification == before


def test_all_errors_are_of_one_family() -> None:
    """The engine catches one class."""
    for class_ in (InvalidSpecification, GeneratorWarnings, GeneratorCrash):
        assert issubclass(class_, ClientRenderError)


def import_client(
    specification: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Render with the real formatters, write, and import every module of the client."""
    import importlib

    files = render_python_client(specification, module="evil", version="v1")
    for path, text in files.items():
        target = folder / "evil_generated" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(folder))
    for name in [n for n in sys.modules if n.startswith("evil_generated")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    for path in files:
        if path.endswith(".py"):
            dotted = (
                path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            )
            importlib.import_module(f"evil_generated.{dotted}")
    return sys.modules["evil_generated.evil_client"]


def test_no_operation_takes_the_place_of_what_clients_have() -> None:
    """A route may be called what it likes; its method gives way."""
    assert {name for name in dir(ModuleClient) if name[0] != "_"} <= METHODS
    assert ModuleClient.__annotations__.keys() <= METHODS
