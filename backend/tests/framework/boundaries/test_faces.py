"""The rule inside a package: nobody below a face imports through it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modular_api.boundaries import face_violations


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """`kit` with a face, a module `tools` and a package `parts` with a face of its own."""
    folder = tmp_path / "kit"
    (folder / "parts").mkdir(parents=True)
    (folder / "__init__.py").write_text("from kit.tools import saw\n")
    (folder / "tools.py").write_text("saw = 1\n")
    (folder / "parts" / "__init__.py").write_text("from kit.parts.nails import nail\n")
    (folder / "parts" / "nails.py").write_text("nail = 1\n")
    return folder


def test_importing_from_the_defining_module_is_right(package: Path) -> None:
    """Submodules may be taken from a package: that is not its face."""
    source = (
        "from kit.tools import saw\nfrom kit import tools\nfrom .parts import nails\n"
    )
    (package / "work.py").write_text(source)
    assert face_violations(package) == []


@pytest.mark.parametrize(
    "statement",
    [
        "from kit import saw",
        "import kit",
        "from . import saw",
        "from kit import *",
        "from kit.parts import nail",
        "from .parts import nail",
        "import kit.parts",
        "__import__('kit.parts')",
    ],
)
def test_importing_through_a_face_is_a_violation(package: Path, statement: str) -> None:
    """The package's own face and those of its subpackages are closed to its code."""
    (package / "work.py").write_text(statement)
    (violation,) = face_violations(package)
    assert violation.importer == "kit.work"
    assert "import from the module that defines it" in str(violation)


def test_an_unreadable_file_is_a_violation(package: Path) -> None:
    """What cannot be read cannot be judged."""
    (package / "work.py").write_text("from kit import (\n")
    assert "cannot be parsed" in str(face_violations(package)[0])
