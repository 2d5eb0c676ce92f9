"""What tests do with Node.js: generate, compile and run in a folder of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from modular_api.codegen.job import GenerationJob
from modular_api.codegen.typescript_folder import TypeScriptFolder

FRONTEND = Path(__file__).parents[5] / "frontend"
TIMEOUT_S = 120.0
_OPTIONS = ("--test-reporter=spec", "--test-timeout=60000", "--test-force-exit")


def node_is_ready() -> None:
    """Skip the test without Node.js; REQUIRE_ALL=1 makes a failure of that."""
    installed = FRONTEND / "node_modules" / ".installed"
    if shutil.which("node") is None or not installed.exists():
        pytest.skip("frontend is not installed: `make install` with Node.js")


def new_package(folder: Path) -> Path:
    """Make a folder a package with the tools and the settings of `frontend`."""
    node_is_ready()
    (folder / "node_modules").symlink_to(FRONTEND / "node_modules")
    for name in ("package.json", "tsconfig.json"):
        shutil.copy(FRONTEND / name, folder)
    return folder


def generate(folder: Path, jobs: Sequence[GenerationJob]) -> None:
    """Write the clients of modules into a package, and let nothing be left out."""
    summary = TypeScriptFolder(folder / "src" / "generated").generate(jobs)
    outcomes = {module.outcome for module in summary.modules}
    assert outcomes == {"written"}, str(summary)


@dataclass(frozen=True)
class Package:
    """A package that was compiled.

    Attributes:
        faults: what the compiler says, a line each.
    """

    folder: Path
    faults: tuple[str, ...]

    def text(self, path: str) -> str:
        """Return the text of a file."""
        return (self.folder / path).read_text()

    def faults_in(self, path: str) -> list[str]:
        """Return what is wrong with a file, or with files in a folder."""
        return [fault for fault in self.faults if fault.startswith(path)]


def compiled(folder: Path) -> Package:
    """Compile a package."""
    tsc = FRONTEND / "node_modules" / "typescript" / "bin" / "tsc"
    done = run(["node", str(tsc), "--project", str(folder)], folder)
    return Package(folder, tuple((done.stdout + done.stderr).splitlines()))


def run_tests(package: Package, **environment: str) -> str:
    """Run the compiled tests of a package; return what failed, "" if nothing did."""
    folder = package.folder
    tests = sorted(map(str, (folder / ".local" / "build" / "tests").glob("*.test.js")))
    assert tests, "no test was compiled"
    done = run(["node", "--test", *_OPTIONS, *tests], folder, **environment)
    assert "ℹ pass 0" not in done.stdout, done.stdout
    print(done.stdout)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def run(
    command: Sequence[str], folder: Path, *, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
