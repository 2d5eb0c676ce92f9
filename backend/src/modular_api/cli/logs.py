"""`modular-api manager logs`: what the processes of a deployment write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modular_api.cli.options import DebugOption
from modular_api.cli.reporting import reporting
from modular_api.project.settings import read_settings


def logs(
    modules: Annotated[
        list[str] | None,
        typer.Option(
            "--module",
            metavar="NAME",
            help="Lines of this module alone, or of nginx; repeatable.",
        ),
    ] = None,
    go_on: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with lines as they come.")
    ] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")
    ] = 50,
    clean: Annotated[
        bool, typer.Option("--clean", help="Empty all log files instead.")
    ] = False,
    local_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Default: .local of the project."),
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Print the last lines of all processes, labelled with process and module."""
    with reporting(debug=debug):
        from modular_api.deploy.logs.reading import (
            clean_logs,
            files_of,
            follow_all,
            is_of,
            last_lines,
        )

        if local_dir is None:
            local_dir = (read_settings(Path.cwd()).folder or Path.cwd()) / ".local"
        folder = local_dir / "logs"
        if clean:
            print(f"Emptied {len(clean_logs(folder))} log files of {folder}.")
            return
        names = modules or []
        wanted = is_of(names)
        ends = []
        for file in files_of(folder, names):
            found, end = last_lines(file, lines, wanted)
            ends.append((file, end))
            for line in found:
                print(line)
        if go_on:
            for line in follow_all(ends, wanted):
                print(line, flush=True)
