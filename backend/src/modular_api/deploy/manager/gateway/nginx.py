"""How nginx is started, and what is known of it by its files."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modular_api.deploy.logs.rotating import put_aside
from modular_api.deploy.logs.settings import LogSettings
from modular_api.deploy.manager.processes.child import Child, Command
from modular_api.deploy.manager.processes.health import Address
from modular_api.deploy.manager.processes.identity import new_token

LIVE_PATH = "/health/live"
"""What our configurations have nginx answer by itself."""

_LAST_WORDS = 2000

_LAUNCH = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes nginx, once it is arranged that nginx ends with its parent: PR_SET_PDEATHSIG
is 1, and stays set over an exec. A parent that died before that is noticed."""


@dataclass(frozen=True)
class Nginx:
    """How nginx is run, and what it leaves in files.

    Attributes:
        config: its configuration; says `daemon off`.
        pid_file: where that says nginx writes its number.
        output: what it writes before it has opened its own log.
        listener: returns its listening socket, which it inherits; opens it where it
            was closed.
        close: closes that socket, so that whoever connects is refused.
        address: where it is asked whether it is alive.
        detached: it outlives the manager.
        logs: what it writes. A file larger than `most_log_bytes` is put aside, as
            `x.log.1`; `keep_logs` of those are kept.
    """

    config: Path
    pid_file: Path
    output: Path
    listener: Callable[[], socket.socket]
    close: Callable[[], None]
    address: Address
    detached: bool
    logs: Sequence[Path] = ()
    most_log_bytes: int = LogSettings.most_bytes
    keep_logs: int = LogSettings.keep

    def start(self, program: str) -> Child:
        """Start it. Raises: OSError; CannotListen: somebody else has its address."""
        token = new_token()
        words = [program, "-c", str(self.config), "-e", str(self.output)]
        words += ["-g", f"env MODULAR_API={token};"]
        if not self.detached:
            words = [sys.executable, "-ISc", _LAUNCH, str(os.getpid()), *words]
        # How one nginx hands its sockets to the next when its program is replaced.
        listener = self.listener().fileno()
        environment = {"NGINX": f"{listener};"}
        self.output.parent.mkdir(parents=True, exist_ok=True)
        with self.output.open("ab") as output:
            return Child.start(
                Command(words, token, environment, [listener], output=output)
            )

    def says_it_is(self, child: Child) -> bool:
        """Tell whether the process has got so far; testing a file leaves an empty one."""
        try:
            return self.pid_file.read_text().strip() == str(child.pid)
        except FileNotFoundError:
            return False

    def put_large_logs_aside(self) -> bool:
        """Rename logs that have grown too large; return whether it should open new ones."""
        large = [path for path in self.logs if self._is_large(path)]
        for path in large:
            put_aside(path, self.keep_logs)
        return bool(large)

    def last_words(self) -> str:
        """Return the end of what it wrote."""
        try:
            return self.output.read_text(errors="replace")[-_LAST_WORDS:].strip()
        except OSError:
            return "it left no word"

    def _is_large(self, path: Path) -> bool:
        try:
            return path.stat().st_size > self.most_log_bytes
        except FileNotFoundError:
            return False
