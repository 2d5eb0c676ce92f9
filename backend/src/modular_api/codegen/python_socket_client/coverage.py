"""The gate behind the renderer: is everything of the document in the files?

Files are read by their syntax, as anybody would; nothing the renderer remembered is
used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from modular_api.codegen.python_client.document import resolve
from modular_api.codegen.python_client.errors import Finding
from modular_api.codegen.python_client.generator import class_name
from modular_api.codegen.python_socket_client.models import reachable
from modular_api.codegen.python_socket_client.names import SocketNames
from modular_api.types import Document

_SPOKEN_BY_THE_RUNTIME = frozenset({"auth", "error", "gap", "ping"})
_PAYLOADS_OF_THE_RUNTIME = frozenset({"auth", "error", "gap", "ping", "unsubscribe"})


def missing(
    document: Document, files: Mapping[str, str], names: SocketNames
) -> list[Finding]:
    """Return what is no Python or not there, in a stable order."""
    trees: dict[str, ast.Module] = {}
    faults = []
    for path, text in files.items():
        try:
            trees[path] = ast.parse(text)
            # The parser alone lets much pass, a keyword that is given twice for one.
            compile(trees[path], "<generated>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            faults.append(Finding(path, f"is no Python: {error}"))
    if faults:
        return sorted(faults)
    found = [*_operations(document, trees, names), *_components(document, trees, names)]
    return sorted(found)


def _operations(
    document: Document, trees: Mapping[str, ast.Module], names: SocketNames
) -> Iterator[Finding]:
    """Find messages no described operation names, and descriptions no method uses."""
    folder = f"{names.package}/operations/"
    described = {
        path.removeprefix(folder).removesuffix(".py"): _texts(tree)
        for path, tree in trees.items()
        if path.startswith(folder)
    }
    facade = trees.get(f"{names.module_name}.py", ast.Module([], []))
    used = {
        (node.module or "").rpartition(".")[2]
        for node in ast.walk(facade)
        if isinstance(node, ast.ImportFrom) and node.level
    }
    texts = set().union(*(described[stem] for stem in used & described.keys()))
    for key, operation in document["operations"].items():
        if operation.get("x-kind") in _SPOKEN_BY_THE_RUNTIME:
            continue
        for type_ in _types(document, operation):
            if type_ not in texts:
                yield Finding(f"operation {key}", f"no method speaks '{type_}'")


def _types(document: Document, operation: dict[str, Any]) -> Iterator[str]:
    for reference in operation["messages"]:
        yield _message(document, reference)["payload"]["properties"]["type"]["const"]


def _components(
    document: Document, trees: Mapping[str, ast.Module], names: SocketNames
) -> Iterator[Finding]:
    folder = f"{names.package}/models/"
    bound = {
        name
        for path, tree in trees.items()
        if path.startswith(folder)
        for node in tree.body
        for name in _bound(node)
    }
    schemas = document.get("components", {}).get("schemas", {})
    payloads = [
        _message(document, reference)["payload"]["properties"].get("payload", {})
        for operation in document["operations"].values()
        if operation.get("x-kind") not in _PAYLOADS_OF_THE_RUNTIME
        for reference in operation["messages"]
    ]
    for component in reachable(payloads, schemas):
        schema = schemas[component]
        is_class = schema.get("type") == "object" or "properties" in schema
        if is_class and class_name(component) not in bound:
            yield Finding(
                f"component {component}", f"there is no class {class_name(component)}"
            )


def _message(document: Document, reference: dict[str, str]) -> dict[str, Any]:
    message: dict[str, Any] = reference
    while "$ref" in message:
        message = resolve(document, message["$ref"])
    return message


def _bound(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.ImportFrom):
        return [alias.name for alias in node.names]
    return []


def _texts(tree: ast.Module) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
