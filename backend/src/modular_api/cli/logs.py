"""`modular-api manager logs`: what the processes of a deployment write."""

from __future__ import annotations

from typing import Annotated

import typer

from modular_api.cli.options import DebugOption, FolderOption, chosen_places
from modular_api.cli.reporting import reporting


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
        bool, typer.Option("--clean", help="Remove all log files instead.")
    ] = False,
    local_dir: FolderOption = None,
    debug: DebugOption = False,
) -> None:
    """Print the last lines of all processes, labelled with process and module."""
    with reporting(debug=debug):
        from modular_api.deploy.logs.reading import (
            files_of,
            follow_all,
            is_of,
            last_lines,
            remove_logs,
        )

        folder = chosen_places(local_dir).log_dir
        if clean:
            removed = remove_logs(folder)
            print(f"Removed {len(removed)} log files of {folder}.")
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
