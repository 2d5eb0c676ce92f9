"""`modular-api run`: serve an app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
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
)
from modular_api.cli.reporting import reporting
from modular_api.deploy.logs.settings import LogLevel
from modular_api.project.errors import UsageError
from modular_api.project.settings import read_settings
from modular_api.project.source import AppSource, choose_source

if TYPE_CHECKING:
    import socket

    from modular_api.codegen.lent_workers import LentWorkers

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
GRACE_S = 10
RESTART_GRACE_S = 2
"""Shorter, as a developer waits for it."""


def run(
    app: AppOption = None,
    modules_dir: ModulesDirOption = None,
    modules: ModulesOption = None,
    include_uses: IncludeUsesOption = False,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on.", show_default=DEFAULT_HOST),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port to listen on; 0 takes a free one.",
            show_default=str(DEFAULT_PORT),
        ),
    ] = None,
    peers: Annotated[
        list[str] | None,
        typer.Option(
            "--peer",
            metavar="NAME=URL",
            help="Where a module is that is not served here; repeatable.",
        ),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Restart when the code changes.")
    ] = False,
    reload_dirs: Annotated[
        list[Path] | None,
        typer.Option(
            "--reload-dir", metavar="DIR", help="Watch this folder too; repeatable."
        ),
    ] = None,
    log_level: Annotated[LogLevel, typer.Option(help="How much to log.")] = (
        LogLevel.info
    ),
    drain: Annotated[
        int, typer.Option(min=1, help="Seconds for requests to end when it stops.")
    ] = GRACE_S,
    pid_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Note this process down for `kill`."),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Serve an app until Ctrl-C or SIGTERM.

    The port is bound first and the app is built then. Once it has started, its modules
    and their addresses are printed.
    """
    with reporting(debug=debug, as_json=as_json), ExitStack() as stack:
        from modular_api.listening import listen
        from modular_api.serving.logs import configure_logging
        from modular_api.serving.pid_file import keep_pid_file

        settings = read_settings(Path.cwd())
        source = choose_source(
            settings,
            app=app,
            modules_dir=modules_dir,
            modules=modules,
            include_uses=include_uses,
        )
        peer_urls = _peer_urls(peers or [])
        configure_logging(log_level)
        if port is None:  # 0 is a port, too
            port = DEFAULT_PORT if settings.port is None else settings.port
        listener = listen(host or settings.host or DEFAULT_HOST, port)
        stack.enter_context(listener)
        if pid_file is not None:
            real_port: int = listener.getsockname()[1]
            stack.enter_context(keep_pid_file(pid_file, real_port))
        serving = _Serving(source, peer_urls, log_level, as_json, debug)
        if reload:
            serving.with_restarts(listener, reload_dirs or [])
        else:
            serving.here(listener, grace_s=drain)


def _peer_urls(given: Sequence[str]) -> dict[str, str]:
    """Read `NAME=URL` pairs. Raises: UsageError: with every one that is none."""
    pairs = [text.partition("=") for text in given]
    wrong = [
        text
        for text, (name, _, url) in zip(given, pairs, strict=True)
        if not name or not url
    ]
    if wrong:
        raise UsageError(
            f"--peer {', '.join(wrong)}: expected NAME=URL, as in datafeed=http://127.0.0.1:8001."
        )
    return {name: url for name, _, url in pairs}


@dataclass(frozen=True)
class _Serving:
    """What is served and how; plain data, so a child process can do it as well."""

    source: AppSource
    peer_urls: Mapping[str, str]
    log_level: LogLevel
    as_json: bool
    debug: bool

    def here(
        self,
        listener: socket.socket,
        *,
        grace_s: int,
        workers: LentWorkers | None = None,
    ) -> None:
        """Build the app and serve it; announce it once it has started."""
        from modular_api.cli import banner
        from modular_api.listening import url_of
        from modular_api.serving.server import serve

        app = self.source.create_app()
        app.add_peers(self.peer_urls)
        if workers is not None and app.generation is not None:
            app.generation = app.generation.using(workers)
        url = url_of(listener)

        def announce() -> None:
            announcement = banner.describe_serving(app, url)
            show = banner.print_json if self.as_json else banner.print_banner
            show(announcement)

        serve(app, listener, on_ready=announce, grace_s=grace_s)

    def with_restarts(self, listener: socket.socket, more: list[Path]) -> None:
        """Serve in a child process, anew after every change of the code."""
        from modular_api.serving.restarts import serve_with_restarts
        from modular_api.serving.source_files import source_folders

        folders = [*source_folders(self.source), *more]
        serve_with_restarts(self.in_child, listener, folders)

    def in_child(self, listener: socket.socket, workers: LentWorkers) -> None:
        """Serve in a process that knows nothing of what its parent has set up."""
        from modular_api.serving.logs import configure_logging

        configure_logging(self.log_level)
        try:
            with reporting(debug=self.debug, as_json=self.as_json):
                self.here(listener, grace_s=RESTART_GRACE_S, workers=workers)
        except typer.Exit as end:
            raise SystemExit(end.exit_code) from None
