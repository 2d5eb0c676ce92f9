"""`modular-api kill`: stop the process a pid file names, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modular_api.cli.options import DebugOption
from modular_api.cli.reporting import reporting

GRACE_S = 15.0
"""Longer than a server gives running requests."""


def kill(
    pid_file: Annotated[
        Path, typer.Option(metavar="FILE", help="The file `run --pid-file` wrote.")
    ],
    debug: DebugOption = False,
) -> None:
    """Stop the server that was started with --pid-file FILE."""
    with reporting(debug=debug):
        if not pid_file.exists():
            print(f"Nothing to stop: there is no {pid_file}.")
            return
        from modular_api.serving.pid_file import recorded_process, stop

        process = recorded_process(pid_file)
        if process is None:
            print("Nothing to stop: the process that wrote the file has ended.")
        else:
            stop(process, grace_s=GRACE_S)
            print(f"Stopped process {process.pid}.")
        pid_file.unlink(missing_ok=True)
