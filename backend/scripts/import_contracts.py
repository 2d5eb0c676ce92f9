"""The contracts of import-linter, with imports by call added to what they see.

import-linter reads statements. `importlib.import_module("trading_api.main")` would slip
through every contract, so each one first completes the graph it was given.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from grimp import ImportGraph
from importlinter import Contract, ContractCheck
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

from modular_api.boundaries.imports import Import
from modular_api.boundaries.sources import SourceFile, read_sources


class Forbidden(ForbiddenContract):
    """Some modules are not imported by some others, not even indirectly."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Judge the completed graph."""
        return super().check(with_imports_by_call(graph, self), verbose)


class Layers(LayersContract):
    """A layer imports only what stands below it."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Judge the completed graph."""
        return super().check(with_imports_by_call(graph, self), verbose)


class AcyclicSiblings(AcyclicSiblingsContract):
    """No two modules or packages of one parent import each other in a circle."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Judge the completed graph."""
        return super().check(with_imports_by_call(graph, self), verbose)


def with_imports_by_call(graph: ImportGraph, contract: Contract) -> ImportGraph:
    """Add the imports by call of the root packages to the graph; it is a copy already."""
    for root in contract.session_options["root_packages"]:
        for source, imported in _imports_by_call(root):
            if {source.name, imported.module} <= graph.modules:
                graph.add_import(
                    importer=source.name,
                    imported=imported.module,
                    line_number=imported.line,
                    line_contents=f"import by call: {imported.module}",
                )
    return graph


def _imports_by_call(root: str) -> Iterator[tuple[SourceFile, Import]]:
    for source in read_sources(_folder_of(root), root):
        if isinstance(source, SourceFile):
            for imported in source.imports:
                if imported.dynamic:
                    yield source, imported


def _folder_of(root: str) -> Path:
    """Return the package's folder without importing it, as import-linter finds it."""
    folders = (Path(entry or ".") / root for entry in sys.path)
    return next(folder for folder in folders if (folder / "__init__.py").is_file())
