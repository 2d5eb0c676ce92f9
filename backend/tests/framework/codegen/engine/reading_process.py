"""A reader that never rests: it imports the client and reads its files, for ever.

Run as a program: `reading_process.py FOLDER`. When its stdin closes it prints how often
it read, and what it met that no reader should.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
from pathlib import Path

from cheap_target import is_whole


def import_client() -> None:
    """Import the client as a process that just starts would."""
    for name in [name for name in sys.modules if name.startswith("client_generated")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    importlib.import_module("client_generated")


def read_files(directory: Path) -> None:
    """Read what is always there, and everything else that is found."""
    client = directory / "client_generated"
    for name in ("__init__.py", "broker_client.py", "_broker/__init__.py"):
        if not is_whole((client / name).read_text()):
            raise ValueError(f"{name} is damaged")
    json.loads((client / "generated.json").read_bytes())
    json.loads((directory / "specs_generated" / "broker_openapi.json").read_bytes())
    for path in client.glob("_broker/*.py"):
        try:
            text = path.read_text()
        except FileNotFoundError:  # listed, and no longer generated since
            if path.name.startswith("op"):
                raise
        else:
            if not is_whole(text):
                raise ValueError(f"{path.name} is damaged")


def main(directory: Path) -> None:
    """Read until stdin closes."""
    closed = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        closed.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    sys.path.insert(0, str(directory))
    reads, faults = 0, []
    while not closed.is_set():
        try:
            import_client()
            read_files(directory)
        except Exception as error:
            faults.append(repr(error))
        reads += 1
        if reads == 1:
            print("reading", flush=True)
    print(json.dumps({"reads": reads, "faults": faults}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
