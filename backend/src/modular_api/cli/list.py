"""`modular-api list`: what an app is made of."""

from __future__ import annotations

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
from modular_api.cli.reporting import reporting

if TYPE_CHECKING:
    from modular_api.model import AppModel, ModuleModel

_HASH_LENGTH = 12


def list_modules(
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    modules: ModulesOption = None,
    include_uses: IncludeUsesOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List the modules of an app: versions, routes, what they use, spec hashes.

    The app is built but not started.
    """
    with reporting(debug=debug, as_json=as_json):
        source = chosen_source(app, modules_dir, modules, include_uses=include_uses)
        model = source.create_app().describe()
        if as_json:
            typer.echo(model.model_dump_json(indent=2))
        else:
            _print_table(model)


def _print_table(model: AppModel) -> None:
    from modular_api.cli.table import console, new_table

    out = console()
    if not model.modules:
        out.print("There are no modules.")
        return
    table = new_table("module", "versions", "routes", "uses", "spec", "description")
    for module in model.modules:
        table.add_row(*_row(module))
    out.print(table)


def _row(module: ModuleModel) -> list[str]:
    from rich.markup import escape

    versions = module.versions
    return [
        module.name,
        ", ".join(version.name for version in versions),
        ", ".join(str(len(version.routes)) for version in versions),
        ", ".join(module.uses),
        ", ".join(version.spec_sha256[:_HASH_LENGTH] for version in versions),
        escape(next(iter(module.description.splitlines()), "")),
    ]
