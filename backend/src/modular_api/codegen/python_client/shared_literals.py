"""Equal literals are one class, under a name for each place that has them.

An enum of the module's author is a component, with a name and a class of its own. A
`Literal` has no name, so it is named by its place: `OrderSide`, `ListOrdersSide`. Were
equal ones different classes, what an answer holds could not be asked for. One of the
places holds the class and the others are aliases of it, so that no name depends on which
other places there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openapi_python_client.parser.properties.schemas import Class

    from modular_api.codegen.python_client.property_types import OpenEnumProperty

_ALIAS = re.compile(
    r"^from \.(?P<stem>\w+) import (?P<holder>\w+)\n+(?P<name>\w+) = (?P=holder)$",
    re.MULTILINE,
)


def holders_of_literals(
    enums: Iterable[OpenEnumProperty], components: Collection[str]
) -> dict[str, Class]:
    """Return the class that each literal is, its own or another one's, by name.

    Args:
        components: the classes of the document's components.
    """
    first: dict[frozenset[tuple[str, str]], Class] = {}
    found: dict[str, Class] = {}
    for enum in sorted(enums, key=lambda enum: str(enum.class_info.name)):
        name = str(enum.class_info.name)
        if name not in components:
            # Not by the values themselves, of which `1` and `True` are equal.
            values = frozenset((key, repr(v)) for key, v in enum.values.items())
            found[name] = first.setdefault(values, enum.class_info)
    return found


def alias_text(name: str, module: str, holder: str) -> str:
    """Return the file of an alias; `module` holds the class."""
    return f"from {module} import {holder}\n\n{name} = {holder}\n"


def holder_of(stem: str, models: Mapping[str, str]) -> str:
    """Return the stem of the file with the class: another one's for an alias.

    Args:
        models: the files of the package, by stem.
    """
    alias = _ALIAS.search(models[stem])
    return alias["stem"] if alias else stem


def class_text(stem: str, models: Mapping[str, str]) -> str:
    """Return the text of a file of models, as if it held the class of its alias."""
    alias = _ALIAS.search(models[stem])
    if alias is None:
        return models[stem]
    held = models[alias["stem"]]
    return re.sub(rf"\bclass {alias['holder']}\b", f"class {alias['name']}", held)
