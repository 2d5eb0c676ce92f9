"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

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
