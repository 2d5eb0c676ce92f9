"""Where the console script enters: it needs nothing but the standard library."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = ("psutil", "rich", "typer", "uvicorn")
"""What the extra `cli` brings; found, not imported, so that `--help` stays quick."""


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"error: modular-api needs {', '.join(missing)}, not installed here; "
            "pip install 'modular-api[cli]'\n"
        )
        sys.exit(2)
    from modular_api.cli.commands import build_cli

    build_cli()()
