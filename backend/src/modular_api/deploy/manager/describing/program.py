"""The process that builds the app, and answers what it consists of."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from modular_api.deploy.instance.life import end_with_manager
from modular_api.deploy.manager.describing.messages import (
    LENGTH,
    Description,
    GatewayOrder,
    packed,
)
from modular_api.project.source import AppSource

if TYPE_CHECKING:
    from modular_api.app.modular_app import ModularApp


def main() -> None:
    """Answer what comes in on stdin until it is closed: first a source, then orders.

    The end of the manager ends it at any time: a build may hang, and reads no stdin.
    """
    end_with_manager(int(sys.argv[1]), lambda: os._exit(1))
    faulthandler.register(signal.SIGQUIT, file=int(sys.argv[2]), all_threads=True)
    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the app prints is no answer
    source: AppSource = _read(questions)
    app: list[ModularApp] = []

    def build() -> Description:
        app.append(source.create_app())
        return _description(app[0])

    _write(answers, build)
    while True:
        try:
            order: GatewayOrder = _read(questions)
        except EOFError:
            return
        _write(answers, partial(_write_gateway, app[0], order))


def _read(stream: BinaryIO) -> Any:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return pickle.loads(stream.read(*LENGTH.unpack(head)))


def _write(stream: BinaryIO, work: Callable[[], object]) -> None:
    from modular_api.errors import ModularError, describe, place_of

    try:
        answer: tuple[str, object] = ("result", work())
    except ModularError as error:
        answer = ("error", str(error))
    except Exception as error:
        answer = ("error", f"unexpected {describe(error)}, at {place_of(error)}")
    stream.write(packed(answer))
    stream.flush()


def _description(app: ModularApp) -> Description:
    from modular_api.deploy.instance.documents import documents_of

    documents = {
        (module.name, *key): document
        for module in app.modules_apps
        for key, document in documents_of(module).items()
    }
    return Description(app.describe(), documents)


def _write_gateway(app: ModularApp, order: GatewayOrder) -> None:
    from modular_api.app.pages import pages_of
    from modular_api.deploy.nginx.gateway import write_gateway

    places = order.places
    write_gateway(
        places.nginx_config,
        order.config,
        app.describe(),
        pages_of(app, order.config.modules),
        places.gateway_places(),
        addresses=order.addresses,
        listen=order.listen,
    )
