"""The command of a process that runs a part of this package."""

from __future__ import annotations

import json
import sys

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "from {module} import main; main()"
)


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command that calls a module's `main` with the `sys.path` of this process.

    `python -m` would find the module only where the package is installed.

    Args:
        module: its full name, `modular_api.codegen.worker`.
        arguments: what `main` finds in `sys.argv[1:]`.
    """
    # -P: a file of the current folder must not shadow the standard library.
    program = _PROGRAM.format(module=module)
    return [sys.executable, "-P", "-c", program, json.dumps(sys.path), *arguments]
