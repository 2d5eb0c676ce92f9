"""The gate behind the generator: is everything of the document in the files?

It reads the rendered files as anybody would, by their syntax, and shares no
bookkeeping with the code that rendered them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from modular_api.codegen.python_client.document import component_schemas, operations
from modular_api.codegen.python_client.errors import Finding
from modular_api.codegen.python_client.generator import class_name
from modular_api.codegen.python_client.names import ClientNames
from modular_api.codegen.python_client.normalise import TAG
from modular_api.types import Document


class _Route(NamedTuple):
    """A method and a path whose parameters have lost their names."""

    method: str
    path: str


class _Call(NamedTuple):
    """That a method of a class imports the module of an operation.

    It waits for an answer, or returns an iterator to wait for.
    """

    class_name: str
    is_async: bool
    module: str


class _Source(NamedTuple):
    """What one file holds.

    Attributes:
        fault: why it is no Python.
        route: what its `request` function sends.
    """

    fault: str | None = None
    classes: frozenset[str] = frozenset()
    calls: frozenset[_Call] = frozenset()
    route: _Route | None = None


def missing(
    document: Document,
    files: Mapping[str, str],
    names: ClientNames,
    *,
    waived: Collection[str] = (),
) -> list[Finding]:
    """Return what is not Python, or not there, in a stable order.

    Args:
        waived: operations and components (`POST /orders`, `component Order`) that the
            allow-list lets go.
    """
    sources = {p: _read(text) for p, text in files.items() if p.endswith(".py")}
    found = [
        Finding(path, f"is no Python: {source.fault}")
        for path, source in sources.items()
        if source.fault
    ]
    if not found:
        found += _missing_operations(document, sources, names)
        found += _missing_components(document, sources, names)
    return sorted(finding for finding in found if finding.where not in waived)


def _missing_operations(
    document: Document, sources: Mapping[str, _Source], names: ClientNames
) -> Iterator[Finding]:
    folder = f"{names.package}/api/{TAG}/"
    modules = {
        source.route: path.removeprefix(folder).removesuffix(".py")
        for path, source in sources.items()
        if path.startswith(folder) and source.route
    }
    calls = sources.get(f"{names.module_name}.py", _Source()).calls
    for operation in operations(document):
        module = modules.get(_route(operation.method, operation.path))
        if module is None:
            yield Finding(operation.name, "no function sends this request")
            continue
        if _Call(names.class_name, True, module) not in calls:
            yield Finding(operation.name, "the client has no async method for it")
        if _Call(names.sync_class_name, False, module) not in calls:
            yield Finding(operation.name, "the client has no sync method for it")


@lru_cache(maxsize=8_192)
def _read(text: str) -> _Source:
    """Read one file; most are as they were when a warm worker read them last."""
    try:
        tree = ast.parse(text)
        # The parser alone lets much pass, a keyword that is given twice for one.
        compile(tree, "<generated>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return _Source(fault=str(error))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return _Source(
        classes=frozenset(node.name for node in classes),
        calls=frozenset(call for node in classes for call in _calls(node)),
        route=_sent_route(tree),
    )


def _calls(definition: ast.ClassDef) -> Iterator[_Call]:
    for method in definition.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            is_async = isinstance(method, ast.AsyncFunctionDef) or _streams(method)
            for statement in method.body:
                if isinstance(statement, ast.ImportFrom):
                    for alias in statement.names:
                        yield _Call(definition.name, is_async, alias.name)


def _streams(method: ast.FunctionDef) -> bool:
    """Whether a method returns an iterator to wait for."""
    return (
        isinstance(method.returns, ast.Subscript)
        and isinstance(method.returns.value, ast.Name)
        and method.returns.value.id == "ItemStream"
    )


def _sent_route(tree: ast.Module) -> _Route | None:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "request":
            literals = dict(_literals(node))
            if {"method", "url"} <= literals.keys():
                return _route(literals["method"], literals["url"])
    return None


def _literals(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield the texts that are passed by keyword, `"…".format(…)` among them."""
    for node in ast.walk(function):
        if not isinstance(node, ast.keyword):
            continue
        value = node.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            value = value.func.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield str(node.arg), value.value


def _route(method: str, path: str) -> _Route:
    return _Route(method.upper(), re.sub(r"\{[^{}]*\}", "{}", path))


def _missing_components(
    document: Document, sources: Mapping[str, _Source], names: ClientNames
) -> Iterator[Finding]:
    folder = f"{names.package}/models/"
    classes = {
        name
        for path, source in sources.items()
        if path.startswith(folder)
        for name in source.classes
    }
    for component, schema in component_schemas(document).items():
        expected = class_name(component)
        if _is_class(schema) and expected not in classes:
            yield Finding(f"component {component}", f"there is no class {expected}")


def _is_class(schema: object) -> bool:
    """Whether a schema becomes a class; lists, unions and scalars stand for themselves."""
    if not isinstance(schema, dict):
        return False
    members = schema.get("enum")
    if isinstance(members, list):
        return any(not isinstance(member, bool | None) for member in members)
    return "properties" in schema or len(schema.get("allOf", ())) > 1
