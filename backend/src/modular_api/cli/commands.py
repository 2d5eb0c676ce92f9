"""The table of commands. Each command stands in a file of its name."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from modular_api.cli.check import check
from modular_api.cli.clean import clean
from modular_api.cli.contracts import contracts_cli
from modular_api.cli.deploy import deploy_cli
from modular_api.cli.diff import diff
from modular_api.cli.generate import generate
from modular_api.cli.kill import kill
from modular_api.cli.list import list_modules
from modular_api.cli.manager import manager_cli
from modular_api.cli.run import run


def build_cli() -> typer.Typer:
    """Put the commands together.

    Their modules import no web framework: that waits for a command that needs it.
    """
    cli = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # `reporting` decides what of an error is shown
    )
    cli.callback()(_modular_api)
    cli.command("run")(run)
    cli.command("list")(list_modules)
    cli.command("check")(check)
    cli.command("generate")(generate)
    cli.command("diff")(diff)
    cli.add_typer(contracts_cli(), name="contracts")
    cli.add_typer(manager_cli(), name="manager")
    cli.add_typer(deploy_cli(), name="deploy")
    cli.command("clean")(clean)
    cli.command("kill")(kill)
    return cli


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"modular-api {version('modular-api')}")
        raise typer.Exit


def _modular_api(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_print_version,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Serve, list and check an app made of modules.

    Defaults for the options stand in the nearest pyproject.toml, in tool.modular_api.
    """
