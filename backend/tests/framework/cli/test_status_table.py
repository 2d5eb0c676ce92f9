"""The state of a deployment, for people."""

from __future__ import annotations

import pytest

from modular_api.cli.status_table import in_megabytes, in_words, print_status

BROKER = {
    "name": "core-0",
    "state": "ready",
    "healthy": True,
    "slot": "blue",
    "pid": 4711,
    "port": 8001,
    "modules": ["broker"],
    "restarts": 2,
    "memory_bytes": 52_400_000,
    "uptime_s": 61.2,
    "reason": None,
    "health": {
        "version": "1.2.3",
        "specs": {"broker": {"v1": "0123456789abcdef"}},
        "loop": "uvloop",
        "http": "httptools",
    },
}
NGINX = {"running": True, "healthy": True, "pid": 4710, "port": 8000, "state": "ready"}
FAILED = {
    "name": "slow-0",
    "state": "failed",
    "modules": ["slow"],
    "reason": "exit code 1: [x] no database",
}


def test_every_process_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With everything an operator asks for first; the gateway is one of them."""
    servers = {"core": [BROKER]}
    print_status({"running": True, "manager": {}, "nginx": NGINX, "servers": servers})
    head, nginx, broker = capsys.readouterr().out.splitlines()
    assert head.split()[:5] == ["PROCESS", "STATE", "PID", "PORT", "SLOT"]
    assert nginx.split()[:4] == ["nginx", "ready", "4710", "8000"]
    words = "core-0 ready 4711 8001 blue broker v1 01234567 1.2.3 2 52 MB 1 min"
    assert broker.split() == [*words.split(), "uvloop+httptools"]


def test_why_a_process_failed_is_told_in_full(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Below the table, as it is: brackets in it are no markup."""
    servers = {"core": [BROKER], "slow": [FAILED]}
    print_status({"running": True, "manager": {}, "nginx": None, "servers": servers})
    out = capsys.readouterr().out
    assert "slow-0: exit code 1: [x] no database" in out
    assert "slow-0    failed" in out


def test_what_is_unhealthy_though_ready_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It may hang, and not be found out yet."""
    servers = {"core": [{**BROKER, "healthy": False}]}
    print_status({"running": True, "manager": {}, "nginx": None, "servers": servers})
    assert "ready, not healthy" in capsys.readouterr().out


def test_clients_and_notes_stand_below(capsys: pytest.CaptureFixture[str]) -> None:
    """The address clients use, and what the start has to say."""
    print_status(
        {
            "running": True,
            "url": "http://[::1]:8000",
            "manager": {},
            "nginx": None,
            "servers": {"core": [BROKER]},
            "notes": ["--workers leaves [x] alone."],
        }
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == [
        "Clients use http://[::1]:8000.",
        "--workers leaves [x] alone.",
    ]


@pytest.mark.parametrize(
    ("running", "said"), [(False, "Nothing runs"), (True, "No manager watches")]
)
def test_what_to_do_next_is_said(
    running: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is no manager."""
    print_status({"running": running, "manager": None, "nginx": None, "servers": {}})
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "-"),
        (12.4, "12 s"),
        (200, "3 min"),
        (19_200, "5 h 20 min"),
        (183_600, "2 d 3 h"),
    ],
)
def test_times_are_told_in_two_units_at_most(seconds: float | None, said: str) -> None:
    """As one would say them."""
    assert in_words(seconds) == said


def test_unknown_memory_is_a_dash() -> None:
    """Of a process that is gone."""
    assert (in_megabytes(None), in_megabytes(1_600_000)) == ("-", "2 MB")
