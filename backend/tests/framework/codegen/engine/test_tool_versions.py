"""Versions are found without importing what they are the versions of."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from modular_api.codegen.errors import GeneratorMissing
from modular_api.codegen.tool_versions import installed_version, source_digest


@pytest.mark.parametrize("name", ["black", "isort", "autoflake", "filelock"])
def test_an_installed_version_is_that_of_the_metadata(name: str) -> None:
    """The quick way finds what the official one finds."""
    assert installed_version(name) == metadata.version(name)


def test_a_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    """The reader knows what to install."""
    with pytest.raises(GeneratorMissing, match=r"modular-api\[codegen\]"):
        installed_version("no-such-distribution")


def test_the_digest_of_sources_changes_with_content_and_names(tmp_path: Path) -> None:
    """But not with what Python compiled of them."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "a.py").write_text("1")
    (tmp_path / "single.py").write_text("2")
    roots = [package, tmp_path / "single.py"]
    first = source_digest(roots)
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_text("3")
    assert source_digest(roots) == first
    (package / "a.py").rename(package / "b.py")
    renamed = source_digest(roots)
    (package / "b.py").write_text("4")
    assert len({first, renamed, source_digest(roots)}) == 3
