"""`modular-api generate`: specs and clients, written or checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modular_api.cli.options import (
    AppOption,
    DebugOption,
    IncludeUsesOption,
    JsonOption,
    ModulesDirOption,
    ModulesOption,
    TypeScriptOption,
    chosen_source,
)
from modular_api.cli.reporting import reporting
from modular_api.project.source import AppSource

if TYPE_CHECKING:
    from modular_api.app.modular_app import ModularApp
    from modular_api.codegen.job import GenerationJob
    from modular_api.codegen.mode import GenerationMode
    from modular_api.codegen.summary import Summary

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output-dir",
        metavar="DIR",
        help="Write below DIR/<module> in place of the modules' own folders.",
    ),
]

CheckOption = Annotated[
    bool,
    typer.Option("--check", help="Write nothing; exit with 1 if a file is stale."),
]


def generate(
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    modules: ModulesOption = None,
    include_uses: IncludeUsesOption = False,
    output_dir: OutputOption = None,
    typescript: TypeScriptOption = None,
    check: CheckOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write the specs and clients of modules, or check that they are fresh.

    The app is built but not started. Files that are right already are not touched.
    TypeScript clients are written if --typescript, or `typescript` in pyproject.toml,
    names their folder. Without Node.js their REST part is left out, and told.
    """
    with reporting(debug=debug, as_json=as_json):
        source = chosen_source(app, modules_dir, modules, include_uses=include_uses)
        folder = typescript or (None if output_dir else source.typescript)
        summary = _generate(source, output_dir, folder, check=check)
        typer.echo(summary.to_json() if as_json else str(summary) or "no modules")


def _generate(
    source: AppSource, output_dir: Path | None, typescript: Path | None, *, check: bool
) -> Summary:
    from modular_api.app.generation import job_of
    from modular_api.codegen.mode import GenerationMode
    from modular_api.codegen.together import do_all
    from modular_api.codegen.typescript_folder import TypeScriptFolder

    mode = GenerationMode.CHECK if check else GenerationMode.AUTO
    app = source.create_app(mode)
    jobs = []
    for module in app.modules_apps:
        directory = output_dir / module.name if output_dir else module.directory
        if directory is not None:
            jobs.append(job_of(module, directory))
    work = [lambda: _generate_python(app, jobs, mode)]
    if typescript:
        folder = TypeScriptFolder(typescript)
        every = source.modules is None
        work.append(lambda: folder.generate(jobs, mode, all_modules=every))
    return do_all(work)


def _generate_python(
    app: ModularApp, jobs: list[GenerationJob], mode: GenerationMode
) -> Summary:
    from modular_api.app.generation import new_engine

    if app.generation is None:
        return new_engine().generate(jobs, mode)
    # Generating was asked for: what an app may leave undone at its start is an error.
    engine = app.generation.engine.strict()
    return engine.generate(jobs, mode).including(app.generation.early)
