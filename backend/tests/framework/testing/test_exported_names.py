"""The face of `modular_api.testing`."""

from __future__ import annotations

import pytest

from modular_api import testing


def test_every_exported_name_exists() -> None:
    """They are loaded when asked for, so a wrong one would go unnoticed."""
    for name in testing.__all__:
        assert getattr(testing, name).__name__ == name


def test_exported_names_are_sorted() -> None:
    """For whoever looks for one."""
    assert testing.__all__ == sorted(testing.__all__)


def test_an_unknown_name_is_refused() -> None:
    """As by any module."""
    with pytest.raises(AttributeError, match="no attribute 'LifeServer'"):
        _ = testing.LifeServer
