"""What can be wrong with a specification.

SpecError
├── SchemaNameConflict     two different components want one name
├── OperationIdCollision   two operations want one operationId
├── ShadowedOperation      two handlers answer one method and path
├── MissingResponseModels  routes whose answer has no type, all at once
├── RepeatedModuleSpec     a merge was given one module twice
├── CorruptSpecFile        a specification file holds no specification
└── UnwritableFolder       a specification file cannot be written
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modular_api.errors import SpecError


@dataclass(frozen=True, order=True)
class OperationPlace:
    """An operation and the place of its handler, for messages.

    Attributes:
        module: the module's name, or the path its app is mounted at.
        place: `file:line` of the handler, or as much as is known.
    """

    module: str
    path: str
    method: str
    handler: str
    place: str

    def __str__(self) -> str:
        return (
            f"{self.module}: {self.method} {self.path}, {self.handler} ({self.place})"
        )


class SchemaNameConflict(SpecError):
    """Two different components want one name.

    Attributes:
        name: the name both want.
        owners: what wants it: classes with `file:line`, or modules.
    """

    def __init__(self, name: str, owners: Sequence[str]) -> None:
        self.name = name
        self.owners = tuple(owners)
        super().__init__(
            f"Two different components want the name '{name}': "
            f"{' and '.join(self.owners)}. Rename one of them."
        )


class OperationIdCollision(SpecError):
    """Two operations want one operationId; every such id is listed.

    Attributes:
        collisions: the operations of each operationId that is wanted more than once.
    """

    def __init__(self, collisions: Mapping[str, Sequence[OperationPlace]]) -> None:
        self.collisions = {id_: tuple(places) for id_, places in collisions.items()}
        super().__init__(
            "An operationId must belong to one operation. Rename a handler, or give "
            "its route an `operation_id`:"
            + "".join(
                f"\n  '{id_}':" + "".join(f"\n    - {place}" for place in places)
                for id_, places in self.collisions.items()
            )
        )


class ShadowedOperation(SpecError):
    """Two handlers answer one method and path: the second can never be reached.

    Attributes:
        shadowed: pairs of the operation that answers and the one that cannot.
    """

    def __init__(
        self, shadowed: Sequence[tuple[OperationPlace, OperationPlace]]
    ) -> None:
        self.shadowed = tuple(shadowed)
        super().__init__(
            "These handlers can never be reached, because another one answers the "
            "same method and path first. Remove one of each pair:"
            + "".join(
                f"\n  - {second}, is hidden by {first.handler} ({first.place})"
                for first, second in self.shadowed
            )
        )


class MissingResponseModels(SpecError):
    """Routes whose answer has no type; all are listed.

    Attributes:
        routes: each route with the reason it is listed.
    """

    def __init__(self, routes: Sequence[tuple[OperationPlace, str]]) -> None:
        self.routes = tuple(routes)
        count = len(self.routes)
        super().__init__(
            f"{count} {'route has' if count == 1 else 'routes have'} no response "
            "model, so no client can be typed. Annotate what the handler returns "
            "(`-> Order`), or pass `response_model=`:"
            + "".join(f"\n  - {place}: {reason}" for place, reason in self.routes)
        )


class RepeatedModuleSpec(SpecError):
    """A merge was given more than one document of one module."""

    def __init__(self, module: str, versions: Sequence[str]) -> None:
        self.module = module
        self.versions = tuple(versions)
        super().__init__(
            f"Module '{module}' stands {len(self.versions)} times in one merge "
            f"({', '.join(self.versions)}). Merge each version into a document of "
            "its own."
        )


class CorruptSpecFile(SpecError):
    """A specification file cannot be read as a JSON object.

    Attributes:
        path: the file.
        reason: what is wrong, with line and column where they are known.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is not a specification: {reason}. The file is generated: delete "
            "it, or take it back from version control, and generate again."
        )


class UnwritableFolder(SpecError):
    """A specification file cannot be written; the old content is unchanged.

    Attributes:
        path: the file that was to be written.
        reason: the message of the operating system.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} cannot be written: {reason}. Make the folder {path.parent} "
            "writable and its disk not full, or switch generation off."
        )
