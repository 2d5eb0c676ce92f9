"""What holds in every tier.

With REQUIRE_ALL=1 a skipped test is a failed one: CI must not pass by leaving out.
A busy machine is no reason to fail a test of properties, and a pytest in the background
none to fail a test of Ctrl-C.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"


def pytest_configure() -> None:
    """Let hypothesis take its time; where CI is set, its own profile says the same.

    What a shell starts in the background ignores SIGINT, and so would every process of
    a test.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "CI" not in os.environ:
        patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
        settings.register_profile("patient", patient)
        settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skipped itself; an expected failure is no skip."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _fail_if_all_are_required(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file that skipped itself while it was read."""
    report = yield
    if report.skipped:
        _fail_if_all_are_required(report)
    return report


def _fail_if_all_are_required(report: pytest.TestReport | pytest.CollectReport) -> None:
    if REQUIRE_ALL:
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1 allows no skip: {report.longrepr}"
