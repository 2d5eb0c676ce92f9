"""The generated clients, compiled and run by Node.js against a live server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from modular_api.testing.live_server import LiveServer
from tests.framework.codegen.typescript_client.lab_app import make_app
from tests.framework.codegen.typescript_client.node import Package, run_tests


class LabServer:
    """Serves the lab, and starts it anew on the same port when told over HTTP."""

    def __init__(self) -> None:
        self.server = LiveServer(make_app())
        self.control = FastAPI()
        self.control.post("/restart")(self.restart)

    def restart(self) -> None:
        """Stop the server and start another one, which has another history."""
        port = self.server.port
        self.server.stop()
        self.server = LiveServer(make_app(), port=port)
        self.server.start()


@pytest.fixture
def lab_server() -> Iterator[LabServer]:
    """A running lab."""
    lab = LabServer()
    lab.server.start()
    yield lab
    lab.server.stop()


def test_clients_work_against_a_live_server(
    lab: Package, lab_server: LabServer
) -> None:
    """Calls, uploads, errors; feeds that recover, tell gaps, end; see lab.test.ts.

    With the types of types.ts: a switch over all messages compiles, a wrong field does
    not, for the compiler complains of a `@ts-expect-error` without an error. One test,
    because every process that runs tests would compile anew.
    """
    assert lab.text("tests/types.ts").count("// @ts-expect-error") > 10
    assert lab.faults == ()
    with LiveServer(lab_server.control) as control:
        failed = run_tests(
            lab, LAB_URL=lab_server.server.base_url, CONTROL_URL=control.base_url
        )
    assert failed == ""
