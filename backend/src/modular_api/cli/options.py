"""What several commands share: their options, and what these mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from modular_api.project.settings import read_settings
from modular_api.project.source import AppSource, choose_source

if TYPE_CHECKING:
    from modular_api.deploy.manager.places import Places

DEFAULT_CONFIG = "dev-config.yaml"

AppOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:ATTR",
        help="A ModularApp, an AppFactory, or a callable that returns one of them.",
    ),
]

ModulesDirOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--modules-dir",
        metavar="DIR",
        help="A folder of modules, or the dotted name of a package.",
    ),
]

ModulesOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--modules", metavar="A,B", help="Take exactly these modules; default: all."
    ),
]

IncludeUsesOption: TypeAlias = Annotated[
    bool,
    typer.Option("--include-uses", help="Take also the modules that these use."),
]

JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of text.")
]

DebugOption: TypeAlias = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error.")
]

TypeScriptOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--typescript",
        metavar="DIR",
        help="The folder of the app's TypeScript clients.",
    ),
]

ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help=f"The deployment; default: {DEFAULT_CONFIG} of the project.",
    ),
]

FolderOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--local-dir",
        metavar="DIR",
        help="Where pid files, logs and nginx's files go; default: the project's .local.",
    ),
]

ServerArgument: TypeAlias = Annotated[
    str | None, typer.Argument(help="One server of the configuration; default: all.")
]


def chosen_source(
    app: str | None = None,
    modules_dir: str | None = None,
    modules: str | None = None,
    *,
    include_uses: bool = False,
) -> AppSource:
    """Return the app that the options and the project's settings mean.

    Raises: BadSettings, NoSource.
    """
    return choose_source(
        read_settings(Path.cwd()),
        app=app,
        modules_dir=modules_dir,
        modules=modules,
        include_uses=include_uses,
    )


def project_root() -> Path:
    """Return the folder that relative defaults mean. Raises: BadSettings."""
    return read_settings(Path.cwd()).root


def chosen_config(config: Path | None) -> Path:
    """Return the file of the deployment. Raises: BadSettings."""
    return config or project_root() / DEFAULT_CONFIG


def chosen_places(local_dir: Path | None) -> Places:
    """Return where the deployment's files are. Raises: BadSettings."""
    from modular_api.deploy.manager.places import Places

    return Places.below((local_dir or project_root() / ".local").resolve())
