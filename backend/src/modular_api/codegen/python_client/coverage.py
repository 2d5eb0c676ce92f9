"""Check that the rendered files contain everything in the document.

The check parses the rendered files and uses nothing that the code which rendered them
has recorded.
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
    """A method and a path, with the names of its parameters removed."""

    method: str
    path: str


class _Call(NamedTuple):
    """A method of a class that imports the module of an operation.

    Attributes:
        is_async: it is a coroutine, or returns an asynchronous iterator.
    """

    class_name: str
    is_async: bool
    module: str


class _Source(NamedTuple):
    """The contents of one file.

    Attributes:
        fault: why it is not valid Python; None if it is.
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
    """Return what is not valid Python or is missing, in a stable order.

    Args:
        waived: operations and components (`POST /orders`, `component Order`) that the
            allow-list permits to lose.
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
    """Read one file; cached, because a warm worker reads most files again unchanged."""
    try:
        tree = ast.parse(text)
        # Parsing alone misses errors, for example a keyword that is given twice.
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
    """Whether a method returns an asynchronous iterator."""
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
    """Yield the strings passed by keyword, including those of `"…".format(…)`."""
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
    """Whether a schema becomes a class; lists, unions and scalars do not."""
    if not isinstance(schema, dict):
        return False
    members = schema.get("enum")
    if isinstance(members, list):
        return any(not isinstance(member, bool | None) for member in members)
    return "properties" in schema or len(schema.get("allOf", ())) > 1
