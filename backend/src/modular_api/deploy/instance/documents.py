"""What a process serves, told to its manager alone.

On the private address nothing that guards a module stands before its documents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from modular_api.app.generation import job_of
from modular_api.app.modular_app import ModularApp
from modular_api.deploy.instance.spec import DOCUMENTS
from modular_api.module.module_app import ModuleApp
from modular_api.types import Document

Documents: TypeAlias = Mapping[tuple[str, str], Document]
"""By version and kind: `("v1", "openapi")`."""


def documents_of(module: ModuleApp) -> Documents:
    """Return every document of a module."""
    job = job_of(module, module.directory or Path())
    return {(d.version, d.kind): json.loads(d.content) for d in job.documents}


def documents_route(app: ModularApp) -> Route:
    """Return the route that tells the documents of one module."""
    modules = {module.name: module for module in app.modules_apps}

    async def documents(request: Request) -> Response:
        module = modules.get(request.path_params["module"])
        if module is None:
            return Response(status_code=404)
        found = [
            {"version": version, "kind": kind, "document": document}
            for (version, kind), document in documents_of(module).items()
        ]
        return JSONResponse({"documents": found})

    return Route(f"{DOCUMENTS}/{{module}}", documents)
