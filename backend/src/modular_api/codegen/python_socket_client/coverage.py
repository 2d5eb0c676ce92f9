"""Check that the rendered files contain everything in the document.

The check parses the rendered files and uses nothing that the renderer has recorded.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from modular_api.codegen.python_client.errors import Finding
from modular_api.codegen.python_client.generator import class_name
from modular_api.codegen.python_socket_client.models import reachable
from modular_api.codegen.python_socket_client.names import SocketNames
from modular_api.codegen.socket_document import RUNTIME_KINDS, messages_of
from modular_api.types import Document

# The method for `bars.subscribe` also unsubscribes and receives the updates.
_SPOKEN_BY_THE_RUNTIME = RUNTIME_KINDS - {"unsubscribe", "update"}
_PAYLOADS_OF_THE_RUNTIME = RUNTIME_KINDS - {"update"}


def missing(
    document: Document, files: Mapping[str, str], names: SocketNames
) -> list[Finding]:
    """Return what is not valid Python or is missing, in a stable order."""
    trees: dict[str, ast.Module] = {}
    faults = []
    for path, text in files.items():
        try:
            trees[path] = ast.parse(text)
            # Parsing alone misses errors, for example a keyword that is given twice.
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
    """Find messages that no operation used by a method mentions."""
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
        for message in messages_of(document, operation["messages"]):
            if message.type not in texts:
                yield Finding(f"operation {key}", f"no method speaks '{message.type}'")


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
        message.payload or {}
        for operation in document["operations"].values()
        if operation.get("x-kind") not in _PAYLOADS_OF_THE_RUNTIME
        for message in messages_of(document, operation["messages"])
    ]
    for component in reachable(payloads, schemas):
        schema = schemas[component]
        is_class = schema.get("type") == "object" or "properties" in schema
        if is_class and class_name(component) not in bound:
            yield Finding(
                f"component {component}", f"there is no class {class_name(component)}"
            )


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
