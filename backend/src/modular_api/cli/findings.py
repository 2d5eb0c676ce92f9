"""Everything wrong with an app that can be seen without serving it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from modular_api.errors import ModularError, describe, place_of
from modular_api.project.errors import UsageError
from modular_api.project.source import AppSource
from modular_api.registry.faults import RegistryError
from modular_api.types import Document

if TYPE_CHECKING:
    from modular_api.app.modular_app import ModularApp


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        check: which check found it: `modules`, `specs`, `merge`, …
        type: the name of the error's class.
    """

    check: str
    type: str
    message: str

    @classmethod
    def of(cls, check: str, error: Exception) -> Finding:
        """Take over an error; of one that is not the framework's, add the place."""
        message = str(error)
        if not isinstance(error, ModularError):
            message = f"{describe(error)}, at {place_of(error)}"
        return cls(check, type(error).__name__, message)


@dataclass
class Report:
    """What was checked, what was found, and what could not be checked, with the reason."""

    modules: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def check_source(source: AppSource) -> Report:
    """Build the app and run every check on it.

    Raises: UsageError: it is not known which app is meant.
    """
    report = Report()
    try:
        app = source.create_app()
    except UsageError:
        raise
    except RegistryError as error:
        findings = [Finding.of("modules", fault) for fault in error.faults]
    except ModularError as error:
        findings = [Finding.of("modules", error)]
    else:
        report.modules = [module.name for module in app.modules_apps]
        _take(report, "modules", [])
        _check_app(app, report)
        return report
    _take(report, "modules", findings)
    for check in ("boundaries", "specs", "merge", "validity", "response models"):
        report.skipped[check] = "the modules cannot be loaded"
    return report


def _check_app(app: ModularApp, report: Report) -> None:
    _take(report, "boundaries", list(_crossed_boundaries(app)))
    broken = list(_document_faults(app))
    _take(report, "specs", broken)
    if broken:
        for check in ("merge", "validity"):
            report.skipped[check] = "a module has no specification"
    else:
        _check_merged(app, report)
    _take(report, "response models", _missing_response_models(app))


def _check_merged(app: ModularApp, report: Report) -> None:
    unmerged = list(_merge_faults(app))
    _take(report, "merge", unmerged)
    if unmerged:
        report.skipped["validity"] = "there is no merged specification"
    elif find_spec("openapi_spec_validator") is None:
        report.skipped["validity"] = "pip install openapi-spec-validator for it"
    else:
        _take(report, "validity", list(_invalid_places(app)))


def _take(report: Report, check: str, findings: list[Finding]) -> None:
    report.checked.append(check)
    report.findings += findings


def _crossed_boundaries(app: ModularApp) -> Iterator[Finding]:
    from modular_api.boundaries.modules import module_violations

    folders = {m.directory for m in app.modules_apps if m.directory is not None}
    for violation in module_violations(*{folder.parent for folder in folders}):
        if not folders.isdisjoint(violation.path.parents):
            yield Finding("boundaries", "Violation", str(violation))


def _document_faults(app: ModularApp) -> Iterator[Finding]:
    for module in app.modules_apps:
        for version in module.versions.values():
            try:
                version.openapi()
            except Exception as error:  # a model may raise any exception
                yield Finding.of("specs", error)


def _merge_faults(app: ModularApp) -> Iterator[Finding]:
    for version in app.version_names:
        try:
            app.merged_openapi(version)
        except ModularError as error:
            yield Finding.of("merge", error)


def _invalid_places(app: ModularApp) -> Iterator[Finding]:
    for version in app.version_names:
        for fault in _validation_faults(app.merged_openapi(version)):
            yield Finding(
                "validity", "InvalidDocument", f"OpenAPI of {version}: {fault}"
            )


def _validation_faults(document: Document) -> Iterator[str]:
    """Yield what is invalid, with the place inside the document."""
    from openapi_spec_validator import OpenAPIV31SpecValidator

    found = False
    try:
        for error in OpenAPIV31SpecValidator(document).iter_errors():
            found = True
            yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
    except Exception as error:
        # After the schema check the validator looks closer, and may fail on what the
        # schema has already refused.
        if not found:
            yield describe(error)


def _missing_response_models(app: ModularApp) -> list[Finding]:
    from modular_api.specs.response_models import validate_response_models

    try:
        validate_response_models(app)
    except ModularError as error:
        return [Finding.of("response models", error)]
    return []
