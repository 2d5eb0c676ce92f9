"""Who may import whom, read from source code: nothing is imported to find out."""

from modular_api.boundaries.faces import face_violations
from modular_api.boundaries.imports import Import, imports_in
from modular_api.boundaries.modules import declared_uses, module_violations
from modular_api.boundaries.violation import Violation

__all__ = [
    "Import",
    "Violation",
    "declared_uses",
    "face_violations",
    "imports_in",
    "module_violations",
]
