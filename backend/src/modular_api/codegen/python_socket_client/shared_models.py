"""Use one class for a component that REST and socket documents define in the same way.

Two classes are the same if their rendered texts are equal, and those of all classes
that they use.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping

from modular_api.codegen.python_client.names import HEADER
from modular_api.codegen.python_client.shared_literals import (
    alias_text,
    class_text,
    holder_of,
)
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
    folder = f"{names.package}/models/"
    ours = _models(files, folder)
    theirs = _models(rest_files, f"{names.rest_package}/models/")
    texts = {stem: class_text(stem, ours) for stem in ours}
    same = {
        stem
        for stem, text in texts.items()
        if stem in theirs and class_text(stem, theirs) == text
    }
    while differing := {stem for stem in same if not _siblings(texts[stem]) <= same}:
        same -= differing
    written = {stem: _import_of(texts[stem], stem, names) for stem in same}
    written |= _aliases(ours, texts, same)
    return {**files, **{f"{folder}{stem}.py": text for stem, text in written.items()}}


def _models(files: Mapping[str, str], folder: str) -> dict[str, str]:
    return {
        path.removeprefix(folder).removesuffix(".py"): text
        for path, text in files.items()
        if path.startswith(folder) and not path.endswith("/__init__.py")
    }


def _aliases(
    models: Mapping[str, str], texts: Mapping[str, str], same: set[str]
) -> dict[str, str]:
    """Let equal literals stay one class if the REST client has some of them."""
    places: dict[str, list[str]] = defaultdict(list)
    for stem in sorted(models):
        places[holder_of(stem, models)].append(stem)
    found = {}
    for stems in places.values():
        held = next((stem for stem in stems if stem in same), None)
        if held is None:
            continue
        (holder,) = _classes(texts[held])
        for stem in stems:
            if stem not in same:
                (name,) = _classes(texts[stem])
                found[stem] = HEADER + alias_text(name, f".{held}", holder)
    return found


def _siblings(text: str) -> set[str]:
    return set(_SIBLING.findall(text))


def _classes(text: str) -> list[str]:
    body = ast.parse(text).body
    return sorted(node.name for node in body if isinstance(node, ast.ClassDef))


def _import_of(text: str, stem: str, names: SocketNames) -> str:
    classes = _classes(text)
    exported = ", ".join(f'"{name}"' for name in classes)
    return (
        f"{HEADER}from ...{names.rest_package}.models.{stem} import {', '.join(classes)}\n\n"
        f"__all__ = [{exported}]\n"
    )
