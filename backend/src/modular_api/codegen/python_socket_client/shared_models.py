"""One class where REST and socket documents define a component alike.

What is compared is the rendered text of the whole class, and of all it is made of.
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
    """Let models that the REST client has too be imported from there.

    Args:
        files: of the socket client, by path below `client_generated`, formatted.
        rest_files: of the REST client of the same version, likewise.
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
