"""Errors of exporting a deployment.

ModularError
└── ExportError
    ├── NamesClash   servers would have one name where they are exported to
    ├── BadImage     an image's name says nothing about that of the gateway's
    └── CannotWrite  the folder does not take the files
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from modular_api.errors import ModularError


class ExportError(ModularError):
    """A deployment cannot be exported as it is."""


class NamesClash(ExportError):
    """Servers would have one name where they are exported to; nothing was written.

    Attributes:
        clashes: the servers by the name that several of them, or one and the gateway,
            would have.
    """

    def __init__(self, clashes: Mapping[str, Sequence[str]]) -> None:
        self.clashes = {name: tuple(servers) for name, servers in clashes.items()}
        lines = "".join(
            f"\n  - {', '.join(servers)}: the host name '{name}'"
            for name, servers in self.clashes.items()
        )
        super().__init__(
            "Containers are reached under the names of their servers, in which `_` "
            "becomes `-`, and the gateway under 'gateway'; give these servers other "
            f"names:{lines}"
        )


class BadImage(ExportError):
    """An image's name says nothing about that of the gateway's; nothing was written."""

    def __init__(self, image: str, why: str) -> None:
        self.image = image
        super().__init__(
            f"--image {image}: {why}; the gateway's image is named after it, as in "
            "registry.example/app-gateway:1 for registry.example/app:1."
        )


class CannotWrite(ExportError):
    """The folder does not take the files."""

    def __init__(self, folder: Path, error: OSError) -> None:
        self.folder = folder
        super().__init__(f"{folder} cannot be written: {error.strerror or error}.")
