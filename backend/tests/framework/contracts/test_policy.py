"""What a project lets pass."""

from __future__ import annotations

from typing import Any

import pytest

from modular_api.contracts.policy import (
    LEVELS,
    TIERS,
    Override,
    Policy,
    policy_faults,
    policy_of,
)
from modular_api.specs.diff.change import Level, Tier


def test_levels_and_tiers_are_the_engines() -> None:
    """They are written down twice, for the engine is loaded late."""
    assert sorted(LEVELS) == sorted(level.value for level in Level)
    assert list(TIERS) == [tier.value for tier in Tier]


@pytest.mark.parametrize(
    ("fail_on", "failing"),
    [
        ("breaking", ["breaking"]),
        ("warning", ["warning", "breaking"]),
        ("docs", ["docs", "compatible", "warning", "breaking"]),
        ("never", []),
    ],
)
def test_a_level_and_all_above_it_fail(fail_on: Any, failing: list[str]) -> None:
    """`never` fails none."""
    policy = Policy(fail_on=fail_on)
    assert [level for level in LEVELS if policy.fails(level)] == failing


@pytest.mark.parametrize(
    ("tier", "promised"),
    [
        ("wire", ["wire"]),
        ("json", ["wire", "json"]),
        ("source", ["wire", "json", "source"]),
    ],
)
def test_a_tier_takes_in_those_before_it(tier: Any, promised: list[str]) -> None:
    """Whoever promises sources promises bytes, too."""
    policy = Policy(tier=tier)
    assert [each for each in TIERS if policy.promises(each)] == promised


@pytest.mark.parametrize(
    ("override", "is_for"),
    [
        (Override("docs", rule="api-*"), True),
        (Override("docs", rule="request-*"), False),
        (Override("docs", path="/orders/*"), True),
        (Override("docs", path="/api/v1/broker/*"), True),
        (Override("docs", path="/orders"), False),
        (Override("docs", module="broker"), True),
        (Override("docs", module="reports", rule="api-*"), False),
    ],
)
def test_an_override_is_for_what_all_its_patterns_match(
    override: Override, is_for: bool
) -> None:
    """A path counts below the module or from the root."""
    policy = Policy(overrides=(override,))
    paths = ["/orders/{id}", "/api/v1/broker/orders/{id}"]
    level = policy.level_of("breaking", "api-removed", paths, "broker")
    assert (level == "docs") is is_for


def test_the_last_override_that_matches_counts() -> None:
    """A later line makes an exception from an earlier one."""
    policy = Policy(
        overrides=(Override("docs", path="/x/*"), Override("breaking", path="/x/y"))
    )
    assert policy.level_of("warning", "r", ["/x/y"], "m") == "breaking"
    assert policy.level_of("warning", "r", ["/x/z"], "m") == "docs"


def test_a_path_matches_no_change_without_one() -> None:
    """A change of the whole document is at no path."""
    policy = Policy(overrides=(Override("docs", path="/x*"),))
    assert policy.level_of("breaking", "r", [], "m") == "breaking"


def test_a_table_becomes_a_policy() -> None:
    """Every key."""
    table = {
        "fail_on": "warning",
        "tier": "json",
        "at_start": "refuse",
        "overrides": [{"level": "docs", "path": "/x"}],
    }
    assert list(policy_faults(table)) == []
    assert policy_of(table) == Policy(
        "warning", "json", (Override("docs", path="/x"),), "refuse"
    )
    assert policy_of({}) == Policy()


def test_everything_wrong_with_a_table_is_told() -> None:
    """Keys, values, and overrides one by one."""
    faults = list(
        policy_faults(
            {
                "fail_on": "error",
                "teir": "json",
                "at_start": ["log"],
                "overrides": [
                    1,
                    {"level": "docs"},
                    {"rule": "a", "level": "x"},
                    {"rule": "", "level": "docs", "why": "so"},
                ],
            }
        )
    )
    assert len(faults) == 8
    assert faults[0] == (
        "fail_on is 'error', expected one of docs, compatible, warning, breaking, never"
    )
    assert "override 2: it says for which changes by none of" in faults[4]
    assert list(policy_faults({"overrides": "x"})) == [
        "overrides is 'x', expected a list of tables"
    ]
