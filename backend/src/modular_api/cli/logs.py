"""`modular-api manager logs`: what the processes of a deployment write."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from modular_api.cli.options import (
    DebugOption,
    FolderOption,
    chosen_places,
    chosen_source,
)
from modular_api.cli.reporting import reporting
from modular_api.errors import ModularError


def logs(
    modules: Annotated[
        list[str] | None,
        typer.Option(
            "--module",
            metavar="NAME",
            help="Lines of this module alone, of nginx or the manager; repeatable.",
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
    local_dir: FolderOption = None,
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
            with_label,
        )

        folder = chosen_places(local_dir).log_dir
        if clean:
            print(f"Emptied {len(clean_logs(folder))} log files of {folder}.")
            return
        names = modules or []
        wanted = is_of(names)
        ends, seen = [], list[str]()
        for file in files_of(folder, names):
            found, end = last_lines(file, lines, wanted)
            ends.append((file, end))
            seen += found
        if names:
            _must_exist(names, seen, folder)
        for line in seen:
            print(with_label(line))
        if go_on:
            for line in follow_all(ends, wanted):
                print(with_label(line), flush=True)


def _must_exist(names: list[str], seen: list[str], folder: Path) -> None:
    """Look for the modules that have no line among those found.

    Raises: NoSuchModule: neither the logs nor the project know one.
    """
    from modular_api.deploy.logs.errors import NoSuchModule
    from modular_api.deploy.logs.label import module_of
    from modular_api.deploy.logs.reading import NGINX, modules_in
    from modular_api.deploy.logs.settings import MANAGER

    known = {NGINX, MANAGER, *filter(None, map(module_of, seen))}
    if not known.issuperset(names):
        known |= modules_in(folder)
    if not known.issuperset(names):
        with suppress(ModularError):  # one that has not logged anything yet
            known |= chosen_source().module_folders().keys()
    if unknown := [name for name in names if name not in known]:
        raise NoSuchModule(unknown, sorted(known))
