"""Generate the spec files and typed clients of modules from their documents."""

from __future__ import annotations

from modular_api.codegen.clean import clean_generated
from modular_api.codegen.engine import Engine
from modular_api.codegen.errors import CodegenError, GenerationDrift
from modular_api.codegen.job import GenerationJob, SpecDocument
from modular_api.codegen.mode import GenerationMode
from modular_api.codegen.python_target import PythonClient
from modular_api.codegen.summary import ModuleSummary, Summary
from modular_api.codegen.target import Target
from modular_api.codegen.worker_process import WorkerPool

__all__ = [
    "CodegenError",
    "Engine",
    "GenerationDrift",
    "GenerationJob",
    "GenerationMode",
    "ModuleSummary",
    "PythonClient",
    "SpecDocument",
    "Summary",
    "Target",
    "WorkerPool",
    "clean_generated",
]
