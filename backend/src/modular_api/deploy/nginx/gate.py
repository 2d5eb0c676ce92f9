"""Test nginx's configuration before it is written: nginx never gets one it refuses."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from modular_api.deploy.nginx.errors import BadNginxConfig, NginxError, NginxMissing
from modular_api.whole_files import replace_file

_LONGEST_S = 10.0
_PLACES = "/usr/sbin:/usr/local/sbin:/sbin:/usr/local/bin:/opt/homebrew/bin"
"""Folders systems keep nginx in, besides those on a user's PATH."""


def find_nginx() -> str:
    """Return the path of nginx's program. Raises: NginxMissing."""
    found = shutil.which("nginx") or shutil.which("nginx", path=_PLACES)
    if found is None:
        raise NginxMissing
    return found


def write_nginx_config(text: str, file: Path) -> bool:
    """Put a configuration into a file, once nginx has tested it; tell whether it is new.

    A running nginx may have read another one than the file had: `fingerprint_of` tells.

    Raises: BadNginxConfig: what was in the file stays. NginxMissing.
    """

    def check(draft: Path) -> None:
        check_nginx_config(draft, stands_for=file)

    return replace_file(file, text.encode(), check=check)


def fingerprint_of(file: Path) -> str:
    """Return a hash of a configuration; empty where there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def check_nginx_config(file: Path, *, stands_for: Path | None = None) -> None:
    """Let nginx test a configuration; its folders must exist.

    Raises: BadNginxConfig, naming `stands_for` in place of the file. NginxMissing.
    """
    program = find_nginx()
    try:
        done = subprocess.run(
            [program, "-t", "-q", "-e", "stderr", "-c", str(file.absolute())],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LONGEST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NginxError(f"{program} cannot test a configuration: {error}") from error
    if done.returncode != 0:
        raise BadNginxConfig(stands_for or file, done.stderr.strip())
