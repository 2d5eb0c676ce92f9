"""How errors leave the command: one message, the right exit code."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from modular_api.errors import ModularError, describe, place_of
from modular_api.project.errors import UsageError

FAILED = 1
USAGE = 2
INTERRUPTED = 130


@contextmanager
def reporting(*, debug: bool, as_json: bool = False) -> Iterator[None]:
    """Turn errors of the body into a message and an exit code.

    The framework's own errors say where to look. Of any other exception the type, the
    message and the place are told; `debug` shows tracebacks, on stderr.
    """
    try:
        yield
    except ModularError as error:
        _report(error, str(error), debug=debug, as_json=as_json)
        raise typer.Exit(USAGE if isinstance(error, UsageError) else FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, BrokenPipeError):  # typer ends quietly when nobody reads on
        raise
    except Exception as error:
        message = f"unexpected {describe(error)}, at {place_of(error)}"
        if not debug:
            message += "; run again with --debug for the traceback"
        _report(error, message, debug=debug, as_json=as_json)
        raise typer.Exit(FAILED) from None


def _report(error: Exception, message: str, *, debug: bool, as_json: bool) -> None:
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if as_json:
        body = {"type": type(error).__name__, "message": message}
        print(json.dumps({"error": body}, ensure_ascii=False), flush=True)
    else:
        typer.secho("error: ", fg=typer.colors.RED, bold=True, nl=False, err=True)
        typer.echo(message, err=True)
