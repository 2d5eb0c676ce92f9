"""keep_running: apps that end with the test session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from modular_api.testing import BackgroundLifespanError, keep_running, session


def test_a_kept_app_ends_with_its_session(plain_app: FastAPI) -> None:
    """Until then any client may use it as it is."""
    end = session.begin_session()
    assert keep_running(plain_app) is plain_app
    assert TestClient(plain_app).post("/give/a").status_code == 200
    end()
    assert not plain_app.state.running


def test_a_session_inside_another_ends_its_own_apps_only(
    create_app: Callable[[], FastAPI],
) -> None:
    """As when a test runs pytest."""
    outer, inner = create_app(), create_app()
    end_outer = session.begin_session()
    keep_running(outer)
    end_inner = session.begin_session()
    keep_running(inner)
    end_inner()
    assert outer.state.running
    assert not inner.state.running
    end_outer()
    assert not outer.state.running


def test_outside_a_session_nothing_is_kept(
    plain_app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would end it."""
    monkeypatch.setattr(session, "_sessions", [])
    with pytest.raises(BackgroundLifespanError, match="no test session is running"):
        keep_running(plain_app)
