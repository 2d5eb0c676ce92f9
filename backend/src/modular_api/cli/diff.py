"""`modular-api diff`: what changed in the contracts, and whether that may be."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modular_api.cli.contract_options import (
    ContractsDirOption,
    SelectedModulesOption,
    open_project,
)
from modular_api.cli.options import AppOption, DebugOption, ModulesDirOption
from modular_api.cli.reporting import FAILED, reporting

if TYPE_CHECKING:
    from modular_api.contracts.reports.report import Report


class Format(StrEnum):
    """How a report is told."""

    text = "text"
    json = "json"
    markdown = "markdown"
    github = "github"


AgainstOption = Annotated[
    str,
    typer.Option(
        "--against",
        metavar="accepted|REF|DIR|FILE|URL",
        help="What to compare with: the promise, a git ref, a folder, a document.",
    ),
]

FormatOption = Annotated[
    Format, typer.Option("--format", help="How to tell what was found.")
]


def diff(
    against: AgainstOption = "accepted",
    format: FormatOption = Format.text,
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    modules: SelectedModulesOption = None,
    contracts_dir: ContractsDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Compare the contracts with what was promised; exit with 1 if the policy says no.

    Nothing is written: `modular-api contracts` moves the promise.
    """
    with reporting(debug=debug, as_json=format is Format.json):
        project = open_project(app, modules_dir, contracts_dir)
        # GitHub wants paths from the repository's root, people from where they are.
        folder = _repository() if format is Format.github else Path.cwd()
        report = project.report(against, project.live(modules), folder=folder)
        _print(report, format)
        if not report.passes:
            raise typer.Exit(FAILED)


def _repository() -> Path:
    here = Path.cwd()
    marked = (each for each in (here, *here.parents) if (each / ".git").exists())
    return next(marked, here)


def _print(report: Report, format: Format) -> None:
    if format is Format.json:
        typer.echo(report.to_json())
    elif format is Format.markdown:
        from modular_api.contracts.reports.markdown import to_markdown

        typer.echo(to_markdown(report), nl=False)
    elif format is Format.github:
        from modular_api.contracts.reports.github import to_github

        typer.echo(to_github(report), nl=False)
    else:
        from modular_api.cli.report_text import print_report

        print_report(report)
