"""What a process keeps to itself, so that two instances of a module would disagree."""

from __future__ import annotations

from collections.abc import Iterator

from modular_api.module.idempotency import has_idempotent_routes
from modular_api.module.idempotency_store import is_shared
from modular_api.module.module_app import ModuleApp


def process_state(module: ModuleApp) -> tuple[str, ...]:
    """Name what each process of a module has of its own; nothing where all agree."""
    return tuple(_process_state(module))


def _process_state(module: ModuleApp) -> Iterator[str]:
    declaration = module.declaration
    if declaration.stateful:
        yield "the state of its service (stateful=True)"
    apps = module.versions.values()
    if any(has_idempotent_routes(app.routes) for app in apps) and not is_shared(
        declaration.idempotency_store
    ):
        yield (
            "the answers under its idempotency keys "
            "(idempotency_store=SqliteStore(…) shares them)"
        )
    pushed = sorted({name for socket in module.ws_versions for name in socket.pushed})
    if pushed:
        yield (
            f"the updates it pushes to {', '.join(pushed)} "
            "(those of a `stream` every instance has)"
        )
