"""Run several generations and report them as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from modular_api.codegen.errors import (
    CodegenError,
    GenerationDrift,
    SeveralModulesFailed,
)
from modular_api.codegen.summary import ModuleSummary, Summary


def do_all(generations: Iterable[Callable[[], Summary]]) -> Summary:
    """Run each, even if one before it failed, and report everything at once.

    Raises:
        GenerationDrift: lists what all of them found stale.
        CodegenError: what failed; SeveralModulesFailed for more than one.
    """
    done: list[ModuleSummary] = []
    drifts: list[GenerationDrift] = []
    errors: list[CodegenError] = []
    for generate in generations:
        try:
            done += generate().modules
        except GenerationDrift as drift:
            drifts.append(drift)
        except SeveralModulesFailed as several:
            errors += several.errors
        except CodegenError as error:
            errors.append(error)
    if drifts:
        plans = [plan for drift in drifts for plan in drift.plans]
        errors.append(GenerationDrift(plans, drifts[0].mend))
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralModulesFailed(errors)
    return Summary(tuple(done))
