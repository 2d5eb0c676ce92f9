"""Why a client cannot be rendered.

CodegenError
└── ClientRenderError
    ├── InvalidSpecification    the document is broken, hostile or too large
    ├── GeneratorWarnings       constructs the client would lose
    ├── GeneratorCrash          openapi-python-client failed on the document
    └── IncompleteClient        what was rendered does not hold every operation and component
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modular_api.codegen.errors import CodegenError
from modular_api.errors import describe


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong, or would be lost, and where it stands.

    Attributes:
        where: an operation (`POST /orders`), a component (`component Order`), or a place
            in the document (`#/components/schemas/Order`).
        lost: what is lost only because this is; their reasons say where, `body`, or
            are empty.
    """

    where: str
    reason: str
    lost: tuple[Finding, ...] = ()

    def __str__(self) -> str:
        told = f"{self.where}: {self.reason}"
        if not self.lost:
            return told
        others = (
            f"{one.where} ({one.reason})" if one.reason else one.where
            for one in self.lost
        )
        return f"{told}; lost with it: {', '.join(others)}"

    @property
    def places(self) -> set[str]:
        """All that is lost."""
        return {self.where, *(one.where for one in self.lost)}


class ClientRenderError(CodegenError):
    """The client of a module's version cannot be rendered."""

    def __init__(self, module: str, version: str, message: str) -> None:
        self.module = module
        self.version = version
        super().__init__(f"Module '{module}' {version}: {message}")


class InvalidSpecification(ClientRenderError):
    """The document is broken, hostile or too large; nothing was generated from it."""

    def __init__(self, module: str, version: str, faults: Sequence[Finding]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            module, version, "no client for this specification:" + _listed(faults)
        )


class GeneratorWarnings(ClientRenderError):
    """The client would lose these; change the route or allow the line to be lost."""

    def __init__(self, module: str, version: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            module,
            version,
            "the client would lose the following. Change the route; or allow a loss by "
            "its line, in AppFactory(…, allowed_losses=[…]), or where modules_dir makes "
            "the app in [tool.modular_api] allowed_losses = […] of pyproject.toml:"
            + _listed(findings),
        )


class GeneratorCrash(ClientRenderError):
    """The generator failed; `operation` is the first one it fails on, where one is."""

    def __init__(
        self, module: str, version: str, operation: str | None, cause: BaseException
    ) -> None:
        self.operation = operation
        place = operation or "the components"
        super().__init__(
            module,
            version,
            f"the generator failed on {place}: {describe(cause)}",
        )


class IncompleteClient(ClientRenderError):
    """The rendered files are no complete client: a fault of the generation itself."""

    def __init__(self, module: str, version: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            module, version, "what was generated is not complete:" + _listed(findings)
        )


def _listed(findings: Sequence[Finding]) -> str:
    return "".join(f"\n  {finding}" for finding in findings)
