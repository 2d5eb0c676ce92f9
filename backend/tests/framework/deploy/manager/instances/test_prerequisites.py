"""Who has to be ready before whom."""

from __future__ import annotations

from modular_api.deploy.manager.instances.prerequisites import prerequisites

MODULES = {"front": ["web"], "back": ["orders", "users"], "data": ["prices"]}


def test_a_server_waits_for_what_its_modules_use() -> None:
    """Its own modules, and modules that nobody serves, count for nothing."""
    uses = {"web": ["orders"], "orders": ["prices", "users", "elsewhere"]}
    assert prerequisites(MODULES, uses) == {
        "front": {"back"},
        "back": {"data"},
        "data": set(),
    }


def test_servers_that_use_one_another_do_not_wait_for_one_another() -> None:
    """But those outside of the circle do, and the circle does for those outside."""
    uses = {"web": ["orders"], "orders": ["prices"], "prices": ["users"]}
    assert prerequisites(MODULES, uses) == {
        "front": {"back"},
        "back": set(),
        "data": set(),
    }
