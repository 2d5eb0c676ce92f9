"""What to do about generated files when an app starts."""

from __future__ import annotations

from enum import StrEnum


class GenerationMode(StrEnum):
    """What to do when the generated files are not what the code says now."""

    AUTO = "auto"
    """Write them: development and tests."""

    CHECK = "check"
    """Fail and say how to fix it: continuous integration."""

    OFF = "off"
    """Do not check: production, and read-only trees."""
