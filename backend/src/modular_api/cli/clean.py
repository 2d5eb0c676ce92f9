"""`modular-api clean`: remove what was generated, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from modular_api.cli.options import (
    AppOption,
    DebugOption,
    ModulesDirOption,
    ModulesOption,
    TypeScriptOption,
    chosen_source,
)
from modular_api.cli.reporting import reporting


def clean(
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    modules: ModulesOption = None,
    typescript: TypeScriptOption = None,
    debug: DebugOption = False,
) -> None:
    """Remove the generated specs and clients of modules.

    No module is imported, so it helps where generated code keeps one from loading.
    Files written by hand stay.
    """
    with reporting(debug=debug):
        from modular_api.codegen.clean import clean_generated
        from modular_api.codegen.job import GenerationJob
        from modular_api.codegen.python_target import PythonClient
        from modular_api.codegen.typescript_folder import TypeScriptFolder

        source = chosen_source(app, modules_dir, modules)
        folders = source.module_folders()
        for name, directory in folders.items():
            job = GenerationJob(name, directory, ())
            _tell(name, clean_generated(job, [PythonClient()]))
        if folder := typescript or source.typescript:
            for name, removed in TypeScriptFolder(folder).clean([*folders]).items():
                _tell(name, removed)


def _tell(name: str, removed: Sequence[str]) -> None:
    count = len(removed)
    typer.echo(f"{name}: {count} file{'' if count == 1 else 's'} removed")
