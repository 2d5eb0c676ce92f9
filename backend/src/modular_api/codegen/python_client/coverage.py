"""The gate behind the generator: is everything of the document in the files?

It reads the rendered files as anybody would, by their syntax, and shares no
bookkeeping with the code that rendered them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
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
    trees: dict[str, ast.Module] = {}
    found: list[Finding] = []
    for path, text in files.items():
        if path.endswith(".py"):
            try:
                trees[path] = ast.parse(text)
            except (SyntaxError, ValueError) as error:
                found.append(Finding(path, f"is no Python: {error}"))
    if not found:
        found += _missing_operations(document, trees, names)
        found += _missing_components(document, trees, names)
    return sorted(finding for finding in found if finding.where not in waived)


def _missing_operations(
    document: Document, trees: Mapping[str, ast.Module], names: ClientNames
) -> Iterator[Finding]:
    requests = dict(_requests(trees, f"{names.package}/api/{TAG}/"))
    facade = trees.get(f"{names.module_name}.py", ast.Module([], []))
    called = {
        kind: _called_modules(facade, class_, kind)
        for class_, kind in (
            (names.class_name, ast.AsyncFunctionDef),
            (names.sync_class_name, ast.FunctionDef),
        )
    }
    for operation in operations(document):
        route = _route(operation.method, operation.path)
        module = requests.get(route)
        if module is None:
            yield Finding(operation.name, "no function sends this request")
            continue
        for kind, modules in called.items():
            if module not in modules:
                what = "async" if kind is ast.AsyncFunctionDef else "sync"
                yield Finding(operation.name, f"the client has no {what} method for it")


def _requests(
    trees: Mapping[str, ast.Module], folder: str
) -> Iterator[tuple[_Route, str]]:
    """Yield what each module's `request` function sends."""
    for path, tree in trees.items():
        if not path.startswith(folder):
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == "request":
                literals = dict(_literals(node))
                if {"method", "url"} <= literals.keys():
                    route = _route(literals["method"], literals["url"])
                    yield route, path.removeprefix(folder).removesuffix(".py")


def _literals(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Yield the texts of the function's dict displays, `"…".format(…)` among them."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
                value = value.func.value
            if (
                isinstance(key, ast.Constant)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
            ):
                yield str(key.value), value.value


def _called_modules(
    facade: ast.Module,
    class_: str,
    kind: type[ast.AsyncFunctionDef] | type[ast.FunctionDef],
) -> set[str]:
    """Return the operation modules that methods of a class import."""
    return {
        alias.name
        for definition in facade.body
        if isinstance(definition, ast.ClassDef) and definition.name == class_
        for method in definition.body
        if isinstance(method, kind)
        for statement in method.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def _route(method: str, path: str) -> _Route:
    return _Route(method.upper(), re.sub(r"\{[^{}]*\}", "{}", path))


def _missing_components(
    document: Document, trees: Mapping[str, ast.Module], names: ClientNames
) -> Iterator[Finding]:
    folder = f"{names.package}/models/"
    classes = {
        node.name
        for path, tree in trees.items()
        if path.startswith(folder)
        for node in tree.body
        if isinstance(node, ast.ClassDef)
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
        return any(member is not None for member in members)
    return schema.get("type") == "object" or "properties" in schema
