"""The documents of one module, and the folder its generated files belong to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

from modular_api.codegen.errors import UnsafePath

SpecKind: TypeAlias = Literal["openapi", "asyncapi"]

SPECS_FOLDER = "specs_generated"
"""Folder of a module's documents, beside the module's code."""

_VERSION = re.compile(r"v[1-9][0-9]*")


@dataclass(frozen=True)
class SpecDocument:
    """One document of a module, as the bytes of its file."""

    version: str
    content: bytes
    kind: SpecKind = "openapi"

    @cached_property
    def sha256(self) -> str:
        """Hash of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class GenerationJob:
    """What to generate for one module; plain data that can be sent to other processes.

    Args:
        module: the module's name.
        directory: the module's folder, or its stand-in below an output directory;
            created when it is missing.
        documents: the canonical documents of every version.
        keeps_documents: whether they are written to SPECS_FOLDER; False for a job whose
            folder holds only files generated from them.
        title: its name in messages; the module's name by default.

    Raises: UnsafePath: the name of the module or of a version cannot be a file name.
    """

    module: str
    directory: Path
    documents: tuple[SpecDocument, ...]
    keeps_documents: bool = True
    title: str = ""

    def __post_init__(self) -> None:
        if not self.module.isidentifier():
            raise UnsafePath(
                self.module, self.directory, "a module's name is a Python identifier"
            )
        for document in self.documents:
            if not _VERSION.fullmatch(document.version):
                raise UnsafePath(
                    document.version, self.directory, "a version is named v1, v2, …"
                )

    @property
    def shown_as(self) -> str:
        """Its name in messages."""
        return self.title or self.module

    @cached_property
    def spec_files(self) -> Mapping[str, SpecDocument]:
        """The documents by file name: `broker_openapi.json`, `broker_v2_openapi.json`."""
        return {self._spec_file(document): document for document in self.documents}

    @property
    def kept_files(self) -> Mapping[str, SpecDocument]:
        """The documents that are written, by file name."""
        return self.spec_files if self.keeps_documents else {}

    def digests_of(self, kinds: frozenset[SpecKind]) -> dict[str, str]:
        """Return the SHA-256 of each document of these kinds, by its file name."""
        return {
            name: document.sha256
            for name, document in self.spec_files.items()
            if document.kind in kinds
        }

    def is_spec_file(self, name: str) -> bool:
        """Whether a file of this name in the specs folder belongs to this module."""
        stem = re.escape(self.module)
        pattern = rf"{stem}(_{_VERSION.pattern})?_(openapi|asyncapi)\.json"
        return re.fullmatch(pattern, name) is not None

    def _spec_file(self, document: SpecDocument) -> str:
        version = "" if document.version == "v1" else f"_{document.version}"
        return f"{self.module}{version}_{document.kind}.json"
