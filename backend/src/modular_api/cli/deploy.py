"""`modular-api deploy`: how an app is spread over processes, written down and shipped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modular_api.cli.options import (
    AppOption,
    ConfigOption,
    DebugOption,
    ModulesDirOption,
    chosen_config,
    chosen_source,
    project_root,
)
from modular_api.cli.reporting import reporting
from modular_api.deploy.export.target import Target
from modular_api.project.errors import UsageError

if TYPE_CHECKING:
    from modular_api.app.modular_app import ModularApp
    from modular_api.deploy.config.models import DeploymentConfig

EXPORT_FOLDER = Path(".local") / "export"


def deploy_cli() -> typer.Typer:
    """Put the commands together."""
    cli = typer.Typer(
        no_args_is_help=True, help="Describe, check and ship an app of many processes."
    )
    cli.command("init")(init)
    cli.command("check")(check)
    cli.command("export")(export)
    return cli


def init(
    config: ConfigOption = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the gateway; servers follow it.")
    ] = 8000,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite a file that is there.")
    ] = False,
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Write a deployment of one process a module, from the modules there are."""
    with reporting(debug=debug):
        from modular_api.deploy.config.errors import NoDeployment
        from modular_api.deploy.config.writing import (
            default_deployment,
            deployment_text,
        )

        file = _file(config)
        if file.exists() and not force:
            raise NoDeployment(f"{file} is there already; --force overwrites it.")
        model = _app(app, modules_dir).describe()
        text = deployment_text(default_deployment(model, first_port=port), model)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            why = error.strerror or error
            raise NoDeployment(f"{file} cannot be written: {why}.") from error
        typer.echo(f"Wrote {file}.")


def check(
    config: ConfigOption = None,
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Tell everything that is wrong with a deployment; starts nothing."""
    with reporting(debug=debug):
        built = _app(app, modules_dir)
        found = _read(_file(config), built)
        for name, server in found.servers.items():
            ports = ", ".join(str(port or "any") for port in server.ports)
            typer.echo(f"{name}: {', '.join(server.modules)}; port {ports}")
        typer.echo("It can be started.")


def export(
    target: Annotated[Target, typer.Option(help="What is to run it.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help=f"Where to write; default: {EXPORT_FOLDER}/<target>."
        ),
    ] = None,
    image: Annotated[
        str, typer.Option(help="Name of the image, of `kubernetes`.")
    ] = "modular-api:latest",
    config: ConfigOption = None,
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Write the same deployment for another supervisor than ours."""
    with reporting(debug=debug):
        from modular_api.app.pages import pages_of
        from modular_api.deploy.export.export import Export
        from modular_api.deploy.export.processes import left_out, run_arguments
        from modular_api.deploy.export.writing import write_export

        root = project_root()
        built = _app(app, modules_dir)
        wanted = Export(
            config=_read(_file(config), built, elsewhere=target is not Target.systemd),
            model=built.describe(),
            pages=pages_of(built),
            run=run_arguments(chosen_source(app, modules_dir), root),
            project=root.resolve(),
            image=image,
        )
        for file in write_export(wanted, target, out or root / EXPORT_FOLDER / target):
            typer.echo(f"Wrote {file}.")
        for lost in left_out(wanted.config):
            typer.echo(f"Left out: {lost}.", err=True)


def _read(file: Path, app: ModularApp, *, elsewhere: bool = False) -> DeploymentConfig:
    from modular_api.deploy.config.reading import read_deployment

    return read_deployment(file, app.describe(), elsewhere=elsewhere)


def _app(app: str | None, modules_dir: str | None) -> ModularApp:
    from modular_api.codegen.mode import GenerationMode

    return chosen_source(app, modules_dir).create_app(GenerationMode.OFF)


def _file(config: Path | None) -> Path:
    if config is not None and config.is_dir():
        raise UsageError(f"--config {config} is a folder, expected a file.")
    return chosen_config(config)
