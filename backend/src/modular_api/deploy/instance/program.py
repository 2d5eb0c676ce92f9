"""What the process of an instance does, from its first line to its last."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modular_api.deploy.instance.life import GRACE_S, end_with_manager
from modular_api.deploy.instance.spec import InstanceSpec
from modular_api.deploy.instance.stacks import write_stacks
from modular_api.deploy.logs.relay import Relay, start_relay
from modular_api.errors import ModularError

if TYPE_CHECKING:
    from modular_api.codegen.lent_workers import LentWorkers

log = logging.getLogger(__name__)

FAILED = 1


def run_instance(spec: InstanceSpec, workers: LentWorkers | None = None) -> int:
    """Serve an instance until it is told to stop; return the exit code.

    To be called in a process of its own, before that has threads. What goes wrong is
    told on stderr, which the manager keeps.

    Args:
        workers: generate in place of workers of its own.
    """
    relay = start_relay(spec.log, spec.name, spec.slot, spec.modules)
    try:
        _Instance(spec, workers).serve()
    except ModularError as error:
        sys.stderr.write(f"error: {error}\n")
        return FAILED
    except Exception:
        traceback.print_exc()
        return FAILED
    finally:
        _end(relay)
    return 0


class _Instance:
    def __init__(self, spec: InstanceSpec, workers: LentWorkers | None) -> None:
        self._spec = spec
        self._workers = workers
        self._stop: Callable[[], None] = lambda: os._exit(FAILED)

    def serve(self) -> None:
        """Build the app and serve it.

        Raises: whatever building, starting or stopping it raises.
        """
        spec = self._spec
        signal.signal(signal.SIGQUIT, _dump_and_end)
        for descriptor in spec.fds:  # what the app starts may outlive this process
            os.set_inheritable(descriptor, False)
        if spec.life_fd is not None:
            end_with_manager(spec.life_fd, lambda: self._stop())
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket(fileno=spec.listener_fd))
            health = stack.enter_context(socket.socket(fileno=spec.health_fd))
            if spec.control is not None:
                from modular_api.deploy.instance.handover import handing_over

                handing = handing_over(Path(spec.control), spec.token, listener)
                stack.enter_context(handing)
            server = self._build(listener, health)
            self._stop = lambda: server.request_stop(grace_s=GRACE_S)
            server.run_until_stopped()

    def _build(self, listener: socket.socket, health: socket.socket) -> Any:
        # Heavy imports, made once the process can already be told to stop.
        from modular_api.codegen.mode import GenerationMode
        from modular_api.deploy.instance.server import InstanceServer
        from modular_api.deploy.logs.records import configure, set_module_levels

        spec = self._spec
        handler = configure(spec.log, spec.name, spec.slot, spec.modules)
        app = spec.app_source.create_app(GenerationMode(spec.generation))
        app.add_peers(spec.peers)
        if self._workers is not None and app.generation is not None:
            app.generation = app.generation.using(self._workers)
        handler.know(app.modules_apps)
        set_module_levels(spec.log, app.modules_apps)
        app.spec_hashes()  # computed now, not within somebody's first question
        return InstanceServer(
            app,
            listener,
            health,
            on_ready=self._say_ready,
            about={"instance": spec.name, "slot": spec.slot},
            linger_s=spec.linger_s,
            grace_s=spec.grace_s,
        )

    def _say_ready(self) -> None:
        log.info("%s (%s) is ready", self._spec.name, self._spec.slot)


def _dump_and_end(*_: object) -> None:
    write_stacks(None)
    os._exit(FAILED)


def _end(relay: Relay | None) -> None:
    atexit._run_exitfuncs()  # what they write is kept as well
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    logging.shutdown()
    if relay is not None:
        relay.finish()
