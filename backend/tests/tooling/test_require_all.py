"""With REQUIRE_ALL=1 nothing may be skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = "pytester"

HOOKS = (Path(__file__).parents[2] / "conftest.py").read_text()


SKIPPING = {
    "test_by_call": "def test_it(): pytest.skip('no engine here')",
    "test_by_mark": "@pytest.mark.skip\ndef test_it(): pass",
    "test_in_a_fixture": "@pytest.fixture\ndef f(): pytest.skip()\ndef test_it(f): pass",
    "test_whole_file": "pytest.skip('no engine', allow_module_level=True)",
    "test_import": "pytest.importorskip('no_such_package')\ndef test_it(): pass",
}
# pytest reports an expected failure much like a skip; it was run, though.
RUN = {
    "test_passes": "def test_it(): pass",
    "test_fails_as_expected": "@pytest.mark.xfail\ndef test_it(): assert False",
}


@pytest.fixture
def files(pytester: pytest.Pytester) -> pytest.Pytester:
    """Test files below our conftest.py."""
    pytester.makeconftest(HOOKS)
    sources = {
        name: f"import pytest\n{text}" for name, text in (SKIPPING | RUN).items()
    }
    pytester.makepyfile(**sources)
    return pytester


def outcomes(pytester: pytest.Pytester) -> dict[str, int]:
    options = ("-p", "no:cacheprovider", "--continue-on-collection-errors")
    return pytester.runpytest_subprocess(*options).parseoutcomes()


def test_a_skip_fails_when_all_are_required(
    files: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By call, by mark, in a fixture, and of a whole file; else it stays a skip."""
    monkeypatch.setenv("REQUIRE_ALL", "1")
    assert outcomes(files) == {"passed": 1, "xfailed": 1, "failed": 1, "errors": 4}


def test_a_skip_stays_a_skip_otherwise(
    files: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a laptop that lacks an engine, the rest is still tested."""
    monkeypatch.delenv("REQUIRE_ALL", raising=False)
    assert outcomes(files) == {"passed": 1, "xfailed": 1, "skipped": 5}
