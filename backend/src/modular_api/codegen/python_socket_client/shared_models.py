"""Use one class for a component that REST and socket documents define in the same way.

Two classes are the same if their rendered texts are equal, and those of all classes
that they use.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from modular_api.codegen.python_client.names import HEADER
from modular_api.codegen.python_socket_client.names import SocketNames

_SIBLING = re.compile(r"from \.(?:\.models\.)?(\w+) import")


def with_shared_models(
    files: Mapping[str, str], rest_files: Mapping[str, str], names: SocketNames
) -> dict[str, str]:
    """Import models from the REST client if it has the same ones.

    Args:
        files: the socket client's, by path below `client_generated`, formatted.
        rest_files: the REST client's of the same version, likewise.
    """
    ours, theirs = f"{names.package}/models/", f"{names.rest_package}/models/"
    same = {
        path.removeprefix(ours).removesuffix(".py")
        for path, text in files.items()
        if path.startswith(ours)
        and not path.endswith("/__init__.py")
        and rest_files.get(theirs + path.removeprefix(ours)) == text
    }
    while differing := {
        stem for stem in same if not _siblings(files[f"{ours}{stem}.py"]) <= same
    }:
        same -= differing
    shared = {
        f"{ours}{stem}.py": _import_of(files[f"{ours}{stem}.py"], stem, names)
        for stem in same
    }
    return {**files, **shared}


def _siblings(text: str) -> set[str]:
    return set(_SIBLING.findall(text))


def _import_of(text: str, stem: str, names: SocketNames) -> str:
    classes = sorted(
        node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)
    )
    exported = ", ".join(f'"{name}"' for name in classes)
    return (
        f"{HEADER}from ...{names.rest_package}.models.{stem} import {', '.join(classes)}\n\n"
        f"__all__ = [{exported}]\n"
    )
