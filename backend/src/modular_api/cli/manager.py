"""`modular-api manager`: the same app as many processes, behind nginx."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer

from modular_api.cli.logs import logs
from modular_api.cli.options import (
    AppOption,
    ConfigOption,
    DebugOption,
    FolderOption,
    JsonOption,
    ModulesDirOption,
    ServerArgument,
    chosen_config,
    chosen_places,
    chosen_source,
)
from modular_api.cli.reporting import reporting

T = TypeVar("T")


def manager_cli() -> typer.Typer:
    """Put the commands of the manager together."""
    cli = typer.Typer(
        no_args_is_help=True, help="Run an app as many processes behind nginx."
    )
    cli.command("start")(start)
    cli.command("stop")(stop)
    cli.command("status")(status)
    cli.command("restart")(restart)
    cli.command("reload")(reload_config)
    cli.command("logs")(logs)
    cli.command("gen-nginx-conf")(gen_nginx_conf)
    return cli


def start(
    config: ConfigOption = None,
    local_dir: FolderOption = None,
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE", help="Leave this module out; repeatable."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Instances of every server that keeps no state."
        ),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Replace processes whose code changes.")
    ] = False,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach", help="Return once all is ready, and leave it running."
        ),
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Start every server and nginx; Ctrl-C stops them all.

    Every port is bound before a process starts: where one is taken, nothing is started.
    """
    with reporting(debug=debug, as_json=as_json):
        from modular_api.deploy.manager.operating.deployment import Deployment
        from modular_api.deploy.manager.operating.detached import run_detached
        from modular_api.deploy.manager.operating.running import run

        deployment = Deployment(
            chosen_config(config),
            chosen_source(app, modules_dir),
            chosen_places(local_dir),
            exclude=tuple(exclude or ()),
            workers=workers,
            reload=reload,
            detached=detach,
        )
        if detach:
            show_status(run_detached(deployment), as_json)
        else:
            run(deployment, lambda now: show_status(now, as_json))


def stop(
    local_dir: FolderOption = None,
    timeout: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds until what is still busy is killed."),
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Drain and stop everything, whoever has started it."""
    with reporting(debug=debug):
        from modular_api.deploy.manager.operating.remote import stop_everything

        stopped = _run(stop_everything(chosen_places(local_dir).pid_dir, timeout))
        print("Stopped." if stopped else "Nothing to stop.")


def status(
    local_dir: FolderOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Tell how every process is; exits with 1 when something is not well."""
    with reporting(debug=debug, as_json=as_json):
        from modular_api.deploy.manager.operating.remote import ask_for_status

        now = _run(ask_for_status(chosen_places(local_dir).pid_dir))
        show_status(now, as_json)
        _must_be_well(now)


def restart(
    server: ServerArgument = None,
    local_dir: FolderOption = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Even where the new code breaks a running peer."),
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Replace processes by new ones, one after the other; no request fails.

    A new process that never becomes ready leaves the old one serving; exits with 1.
    """
    with reporting(debug=debug, as_json=as_json):
        from modular_api.deploy.manager.control.orders import order

        folder = chosen_places(local_dir).pid_dir
        now = _run(order(folder, "restart", server=server, force=force))
        show_status(now, as_json)
        _must_be_well(now)


def reload_config(
    local_dir: FolderOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Read the configuration again: start, replace and stop what differs."""
    with reporting(debug=debug, as_json=as_json):
        from modular_api.deploy.manager.control.orders import order

        now = _run(order(chosen_places(local_dir).pid_dir, "reload"))
        show_status(now, as_json)
        _must_be_well(now)


def gen_nginx_conf(
    config: ConfigOption = None,
    local_dir: FolderOption = None,
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    debug: DebugOption = False,
) -> None:
    """Write nginx's configuration, and what it serves itself, without starting anything."""
    with reporting(debug=debug):
        from modular_api.app.pages import pages_of
        from modular_api.deploy.config.reading import read_deployment
        from modular_api.deploy.nginx.gateway import write_gateway

        built = chosen_source(app, modules_dir).create_app()
        places = chosen_places(local_dir)
        write_gateway(
            places.nginx_config,
            read_deployment(chosen_config(config), built.describe()),
            built.describe(),
            pages_of(built),
            places.gateway_places(),
        )
        print(places.nginx_config)


def show_status(now: dict[str, Any], as_json: bool) -> None:
    """Print a status: for programs in one line, else as a table."""
    if as_json:
        print(json.dumps(now), flush=True)
    else:
        from modular_api.cli.status_table import print_status

        print_status(now)


def _must_be_well(now: dict[str, Any]) -> None:
    """Leave with 1 when something does not run, is not healthy, or is not watched."""
    instances = [one for server in now["servers"].values() for one in server]
    healthy = all(one["healthy"] for one in (*instances, now["nginx"]))
    if not (now["running"] and now["manager"] and healthy):
        raise typer.Exit(1)


def _run(work: Coroutine[Any, Any, T]) -> T:
    import asyncio

    return asyncio.run(work)
