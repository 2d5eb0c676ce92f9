"""The command `modular-api`: run, list and check an app made of modules.

Exit codes
    0    done; for `run`, stopped when asked to
    1    the app is at fault: its modules, its start or stop, a failed check, a taken port
    2    the command line or `[tool.modular_api]` is at fault, or the extra is missing
    130  interrupted before there was anything to stop

Results go to stdout, errors and logs to stderr. With `--json`, stdout holds JSON only:
the result, or `{"error": {"type": …, "message": …}}` beside the same exit code. Options
that cannot be parsed at all are told as text even then.
"""

from modular_api.cli.entry import main

__all__ = ["main"]
