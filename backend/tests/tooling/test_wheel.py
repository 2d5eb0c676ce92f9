"""What the framework's wheel holds, and what it requires."""

from __future__ import annotations

import email
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

BACKEND = Path(__file__).parents[2]
SWAGGER_UI = "modular_api/static/swagger_ui/"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZipFile]:
    """The wheel as `make build` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    command = ["scripts/uv", "build", "--wheel", "--quiet", "--out-dir", str(folder)]
    subprocess.run(command, cwd=BACKEND, check=True)
    (path,) = folder.glob("*.whl")
    with ZipFile(path) as archive:
        yield archive


def metadata_of(wheel: ZipFile) -> email.message.Message:
    (name,) = [n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(wheel.read(name))


def test_it_holds_the_framework_alone(wheel: ZipFile) -> None:
    """No trading app, no tests."""
    folders = {name.partition("/")[0] for name in wheel.namelist()}
    packages = {folder for folder in folders if not folder.endswith(".dist-info")}
    assert packages == {"modular_api"}
    assert "modular_api/py.typed" in wheel.namelist()
    assert not [name for name in wheel.namelist() if "/tests/" in name]


def test_it_holds_every_file_of_the_package(wheel: ZipFile) -> None:
    """Package data too: templates, Swagger UI, its licence."""
    source = BACKEND / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / "modular_api").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    packed = {name for name in wheel.namelist() if name.startswith("modular_api/")}
    assert packed == expected
    assert {SWAGGER_UI + "swagger-ui-bundle.js", SWAGGER_UI + "LICENSE"} <= packed


def test_it_requires_nothing_that_pip_cannot_resolve(wheel: ZipFile) -> None:
    """fastws pins a FastAPI of 2023; see docs/adr/0002-fastws-outside-the-wheel.md."""
    requirements = metadata_of(wheel).get_all("Requires-Dist", [])
    assert any(requirement.startswith("fastapi") for requirement in requirements)
    assert not [line for line in requirements if "fastws" in line.lower()]


def test_it_carries_the_licences(wheel: ZipFile) -> None:
    """Ours, and those of what is shipped with it."""
    files = metadata_of(wheel).get_all("License-File", [])
    assert "LICENSE" in files
    assert {"src/" + SWAGGER_UI + name for name in ("LICENSE", "NOTICE")} <= set(files)
