"""What a kind of generated code provides to the engine."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Protocol

from modular_api.codegen.job import GenerationJob, SpecKind


class Target(Protocol):
    """Renders the documents of a module into the files of one folder.

    A target crosses to the worker process: it is plain picklable data, its class
    can be imported there by name, and only `render` imports what is heavy.
    """

    @property
    def name(self) -> str:
        """What is made, as it reads in a message: `Python client`."""

    @property
    def folder(self) -> str:
        """Its folder below the module's: `client_generated`. It belongs to it alone.

        "." is the module's own folder, where its files stand beside other folders.
        """

    @property
    def kinds(self) -> frozenset[SpecKind]:
        """The kinds of documents it is made from; others change without it."""

    def tools(self) -> Mapping[str, str]:
        """Return the version of everything that has a say in the result.

        Called on every start, so it imports none of these.

        Raises: GeneratorMissing: one of them is not installed.
        """

    def render(
        self, job: GenerationJob, formatted_texts: MutableMapping[str, str]
    ) -> Mapping[str, str]:
        """Return the texts of all files by their path in the folder, `/` between.

        Called in the worker process. The same job gives the same texts.

        Args:
            formatted_texts: results of formatting that outlive this call, by a
                SHA-256 that covers the raw text and the formatters' versions.
        """
