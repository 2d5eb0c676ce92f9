"""The vendored Swagger UI is one whole release, and says which."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "src" / "modular_api" / "static" / "swagger_ui"
VERSION = (FOLDER / "VERSION").read_text().strip()


def test_it_says_which_release_it_is() -> None:
    """The bundle itself carries the number that VERSION and the README tell."""
    bundle = (FOLDER / "swagger-ui-bundle.js").read_text(encoding="utf-8")
    assert f'"{VERSION}"' in bundle
    assert f"# Swagger UI {VERSION}" in (FOLDER / "README.md").read_text()


def test_it_loads_nothing_from_elsewhere() -> None:
    """The style sheet has everything inside; the docs page works without internet."""
    css = (FOLDER / "swagger-ui.css").read_text(encoding="utf-8")
    assert re.findall(r"@import|url\((?!\s*[\"']?data:)", css) == []


def test_its_licences_are_there() -> None:
    """Apache-2.0 asks for the text and the notice; the bundle lists its parts' own."""
    assert "Apache License" in (FOLDER / "LICENSE").read_text()
    assert "SmartBear" in (FOLDER / "NOTICE").read_text()
    assert "MIT" in (FOLDER / "swagger-ui-bundle.js.LICENSE.txt").read_text()
