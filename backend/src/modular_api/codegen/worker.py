"""The rendering process: it answers requests from its stdin until that is closed.

Rendering holds the GIL for seconds and imports heavy libraries, so it happens in a
process of its own. `worker_process.py` is the other side.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
from typing import BinaryIO

from modular_api.codegen.format_cache import FormatCache
from modular_api.codegen.messages import (
    Rendered,
    RenderError,
    RenderRequest,
    read_message,
    write_message,
)
from modular_api.errors import ModularError, describe


def main() -> None:
    """Answer requests until the parent closes the pipe or ends."""
    # Modules and parsed documents stay alive, so walking them again frees nothing.
    gc.set_threshold(100_000, 50, 100)
    requests = sys.stdin.buffer
    answers = _take_stdout()
    while True:
        try:
            message = read_message(requests)
        except EOFError:
            return
        write_message(answers, answer(message))


def answer(message: bytes) -> Rendered | RenderError:
    """Render what a pickled RenderRequest asks for."""
    try:
        request: RenderRequest = pickle.loads(message)
        files = _render(request)
    except Exception as error:
        # The message of a ModularError is complete; any other says little without its
        # type. Only text is sent back, because some exceptions cannot be unpickled.
        ours = isinstance(error, ModularError)
        reason = str(error) if ours else describe(error)
        return RenderError(reason, traceback.format_exc())
    return Rendered(files)


def _render(request: RenderRequest) -> dict[str, bytes]:
    cache = FormatCache(request.cache_folder) if request.cache_folder else None
    texts = request.target.render(request.job, {} if cache is None else cache)
    if cache is not None:
        cache.prune()
    return {path: text.encode() for path, text in texts.items()}


def _take_stdout() -> BinaryIO:
    """Keep stdout for the answers; what a library prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers
