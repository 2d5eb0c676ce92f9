"""The interface between the engine and one kind of generated code."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Protocol

from modular_api.codegen.job import GenerationJob, SpecKind


class Target(Protocol):
    """Renders the documents of a module into the files of one folder.

    A target is sent to the worker process, so it is plain picklable data whose class
    can be imported there by name. Only `render` imports heavy libraries.
    """

    @property
    def name(self) -> str:
        """What it generates, as messages call it: `Python client`."""

    @property
    def folder(self) -> str:
        """Its folder below the module's, `client_generated`, which it alone writes to.

        "." is the module's own folder, where its files are next to other folders.
        """

    @property
    def kinds(self) -> frozenset[SpecKind]:
        """The kinds of documents it is generated from."""

    def tools(self) -> Mapping[str, str]:
        """Return the version of every tool that affects the result.

        It is called on every start, so it must not import the tools.

        Raises: GeneratorMissing: one of them is not installed.
        """

    def render(
        self, job: GenerationJob, formatted_texts: MutableMapping[str, str]
    ) -> Mapping[str, str]:
        """Return the texts of all files by their path in the folder, with `/`.

        Called in the worker process. The same job gives the same texts.

        Args:
            formatted_texts: formatted texts that are kept for later calls, by a
                SHA-256 of the raw text and the formatters' versions.
        """
