"""`scripts/install_nginx`: installs where it may, and says what to do elsewhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "install_nginx"


class Machine:
    """A folder of programs, and nothing else on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.calls = folder / "calls.txt"
        for name in ("bash", "chmod", "id", "rm"):
            self.link(name)

    def link(self, name: str) -> None:
        """Let it have one of this machine's own programs."""
        found = next(p for p in ("/usr/bin", "/bin") if Path(p, name).exists())
        (self.programs / name).symlink_to(Path(found, name))

    def write(self, name: str, script: str) -> None:
        """Give it a program, which notes how it was called."""
        path = self.programs / name
        path.unlink(missing_ok=True)
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{script}\n')
        path.chmod(0o755)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script there."""
        return subprocess.run(
            [str(self.programs / "bash"), str(SCRIPT)],
            env={
                "PATH": str(self.programs),
                "SYSTEM_PATH": "/nowhere",
                "SYSTEMD_DIR": "/nowhere",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One without nginx and apt-get, whose user is root."""
    machine = Machine(tmp_path)
    machine.write("id", "echo 0")
    return machine


def test_where_nginx_is_nothing_happens(machine: Machine) -> None:
    """Not a word, as nothing is to be done."""
    machine.write("nginx", "exit 1")
    machine.write("apt-get", "exit 1")
    done = machine.run(REQUIRE_ALL="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not machine.calls.exists()


def test_without_apt_get_it_says_what_to_do(machine: Machine) -> None:
    """That is no error: the tests that need nginx are skipped then."""
    done = machine.run()
    assert done.returncode == 0 and "brew install nginx" in done.stderr
    assert machine.run(REQUIRE_ALL="1").returncode == 1


def test_without_root_it_says_what_to_do(machine: Machine) -> None:
    """It asks for no password."""
    machine.write("id", "echo 1000")
    machine.write("apt-get", "exit 0")
    done = machine.run()
    assert "sudo apt-get install nginx-light" in done.stderr
    assert "apt-get" not in machine.calls.read_text()


def test_root_gets_it_installed(machine: Machine) -> None:
    """After an update of the package lists where there are none."""
    machine.write(
        "apt-get", f'[ "$1" = update ] || grep -q "get update" {machine.calls}'
    )
    machine.link("grep")
    done = machine.run(REQUIRE_ALL="1")
    assert done.returncode == 0, done.stderr
    calls = [line.split()[:2] for line in machine.calls.read_text().splitlines()]
    assert calls[1:] == [
        ["apt-get", "install"],
        ["apt-get", "update"],
        ["apt-get", "install"],
    ]


def test_a_failure_is_told(machine: Machine) -> None:
    """And is an error only where everything is required."""
    machine.write("apt-get", "echo 'no network' >&2; exit 100")
    done = machine.run()
    assert done.returncode == 0
    assert "no network" in done.stderr and "could not install" in done.stderr
    assert machine.run(REQUIRE_ALL="1").returncode == 1
