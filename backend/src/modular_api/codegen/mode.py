"""What a start does about generated files."""

from __future__ import annotations

from enum import StrEnum


class GenerationMode(StrEnum):
    """What to do when the generated files are not what the code says now."""

    AUTO = "auto"
    """Write them: development and tests."""

    CHECK = "check"
    """Fail and say how to mend it: continuous integration."""

    OFF = "off"
    """Do not look: production, and trees that cannot be written."""
