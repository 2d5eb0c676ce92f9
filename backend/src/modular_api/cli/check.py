"""`modular-api check`: everything that is wrong, at once, without serving."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from modular_api.cli.options import (
    AppOption,
    DebugOption,
    IncludeUsesOption,
    JsonOption,
    ModulesDirOption,
    ModulesOption,
    chosen_source,
)
from modular_api.cli.reporting import FAILED, reporting

if TYPE_CHECKING:
    from modular_api.cli.findings import Report


def check(
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    modules: ModulesOption = None,
    include_uses: IncludeUsesOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Check modules, their boundaries, specs and response models; list all that is wrong.

    The app is built but not started.
    """
    with reporting(debug=debug, as_json=as_json):
        from modular_api.cli.findings import check_source

        source = chosen_source(app, modules_dir, modules, include_uses=include_uses)
        report = check_source(source)
        if as_json:
            typer.echo(json.dumps(asdict(report), indent=2, ensure_ascii=False))
        else:
            _print(report)
        if report.findings:
            raise typer.Exit(FAILED)


def _print(report: Report) -> None:
    for finding in report.findings:
        typer.echo(f"{finding.check}: {finding.message}")
    for check, reason in report.skipped.items():
        typer.echo(f"Not checked: {check} ({reason}).")
    count = len(report.findings)
    if count:
        typer.echo(f"{count} {'problem' if count == 1 else 'problems'} found.")
    else:
        modules = ", ".join(report.modules) or "no modules"
        typer.echo(f"No problems in {modules}; checked {', '.join(report.checked)}.")
